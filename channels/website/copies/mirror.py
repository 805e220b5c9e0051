"""One copy of the site: what has to go there, in which order, and what has gone there.

What changes is noted before the site counts the change as done, so nothing is forgotten by a
process that dies; what was sent is noted after it was, so it may be sent twice and does no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path

from channels.website.catalogue import alone
from channels.website.copies import manifest
from channels.website.copies.journal import WAIT_S, Journal, Waiting, opened
from channels.website.copies.manifest import Manifest
from channels.website.copies.order import rank_of
from channels.website.copies.place import Place
from publisher.errors import RetryableError

MANIFEST = manifest.NAME
COMPARED = 200  # files in one question, where a place is compared
CALL_BYTES = 32 * 2**20  # in one call, where a place takes several files; a larger file goes alone
OURS = ("info", "column")  # folders in which nobody else has files
NO_SITE = "网站目录不在了，副本没有改动：检查磁盘是否挂载"


@dataclass(frozen=True)
class Mirror:
    """The copy at one place; its journal is here."""

    opened: Callable[[], Place]  # a connection of its own each time
    journal: Path
    site: str  # base_url of the site, so that two sites never share a place

    def note(
        self, changed: Iterable[str], removed: Iterable[str], *, tombstones: Collection[str] = ()
    ) -> None:
        """Note what has to go there."""
        ranks: list[tuple[str, int]] = []
        with opened(self.journal) as journal:
            for name in changed:
                is_new = journal.digest(name) is None
                is_tombstone = name in tombstones
                ranks.append((name, rank_of(name, is_new=is_new, is_tombstone=is_tombstone)))
            ranks += [(name, rank_of(name, is_gone=True)) for name in removed]
            journal.note(ranks)

    def note_all(self, root: Path) -> None:
        """Compare the whole site with what has gone there, and note what differs."""
        with opened(self.journal) as journal:
            _note_all(journal, root)

    def below(self, folder: str) -> set[str]:
        """Return what has gone there into a folder, given with its "/"."""
        with opened(self.journal) as journal:
            return journal.below(folder)

    def pending(self) -> int:
        """Return how many files have still to go there."""
        with opened(self.journal) as journal:
            return journal.count()

    def push(self, root: Path) -> int:
        """Send what is noted, in the safe order; return how many files. May be repeated."""
        with self._alone(root) as journal:
            if not journal.count():
                return 0
            with _open(self.opened) as place:
                self._take(journal, place, root)
                return self._send(journal, place, root)

    def copy(self, root: Path, changed: Sequence[str], removed: Sequence[str]) -> int:
        """Note and send."""
        self.note(changed, removed)
        return self.push(root)

    def repair(self, root: Path) -> int:
        """Compare every file at the place with the site; send what differs; return how many."""
        with self._alone(root) as journal, _open(self.opened) as place:
            if not self._take(journal, place, root):
                _compare(journal, place, root)
            return self._send(journal, place, root)

    def _take(self, journal: Journal, place: Place, root: Path) -> bool:
        """Stop where a stranger's site stands; make the journal agree with the place.

        Returns whether that needed a look at all files: the place was emptied, or was filled by
        another journal, as after a restored backup.
        """
        found = Manifest.read(place)
        if found is None:
            front = root / manifest.FRONT
            manifest.require_free(place, journal, front.read_bytes() if front.is_file() else None)
            if journal.files():
                _note_all(journal, root, is_anew=True)
                journal.forget()
            manifest.sign(place, journal, self.site, is_claim=True)
            return True
        if manifest.is_known(found, journal):
            return False  # also where the address of the site has changed since
        manifest.require_ours(found, self.site)
        _compare(journal, place, root)
        return True

    def _send(self, journal: Journal, place: Place, root: Path) -> int:
        sent = 0
        while rows := _of_size(journal.next(place.at_once), root):
            _require_there(root)
            names = [row.name for row in rows]
            digests = _digests(root, names)
            written = [name for name in digests if journal.digest(name) != digests[name]]
            if written:
                place.write_many(written, root)
            gone = [name for name in names if name not in digests]
            for name in gone:
                place.remove(name)
            journal.finish(rows, digests, gone)
            sent += len(rows)
        if sent:
            manifest.sign(place, journal, self.site)
        return sent

    @contextmanager
    def _alone(self, root: Path) -> Iterator[Journal]:
        """Open the journal for sending; in a new one all that stands on the site is noted."""
        self.journal.parent.mkdir(parents=True, exist_ok=True)
        lock = self.journal.with_suffix(".lock")
        with alone(lock, wait_s=WAIT_S), opened(self.journal) as journal:
            if journal.signed() is None:
                _note_all(journal, root)
            yield journal


@contextmanager
def _open(opened: Callable[[], Place]) -> Iterator[Place]:
    place = opened()
    try:
        yield place
    finally:
        place.close()


def _note_all(journal: Journal, root: Path, *, is_anew: bool = False) -> None:
    """Note what differs from what has gone there, by the journal's word; or all of it anew."""
    _require_there(root)
    known = journal.digests()
    there: set[str] = set()
    ranks: list[tuple[str, int]] = []
    for name in _names(root):
        there.add(name)
        if is_anew or known.get(name) != sha256((root / name).read_bytes()).hexdigest():
            ranks.append((name, rank_of(name, is_new=is_anew or name not in known)))
    journal.note(ranks + [(name, rank_of(name, is_gone=True)) for name in known.keys() - there])


def _compare(journal: Journal, place: Place, root: Path) -> None:
    """Note what differs from what is there, by a look at the place.

    Where the journal is lost only the place knows of files that were withdrawn since.
    """
    _require_there(root)
    gone = set(journal.digests())
    names = _names(root)
    while some := list(islice(names, COMPARED)):
        gone.difference_update(some)
        digests = _digests(root, some)  # first: what the site writes by now is noted by the site
        differing = set(place.differing(list(digests), root))
        ranks = [(name, rank_of(name, is_new=not journal.digest(name))) for name in differing]
        journal.note(ranks)
        journal.enter(digests | dict.fromkeys(differing, ""))  # whatever it was believed to be
    gone.update(name for folder in OURS for name in place.names(folder))
    strays = [name for name in gone if not (root / name).is_file()]
    journal.note((name, rank_of(name, is_gone=True)) for name in strays)


def _names(root: Path) -> Iterator[str]:
    """Go through the files that readers see."""
    for path in root.rglob("*"):
        name = path.relative_to(root)
        if path.is_file() and not any(part.startswith(".") for part in name.parts):
            yield name.as_posix()


def _digests(root: Path, names: Iterable[str]) -> dict[str, str]:
    """Return the digest of each file, but of those that are gone by now."""
    return {
        name: sha256((root / name).read_bytes()).hexdigest()
        for name in names
        if (root / name).is_file()
    }


def _of_size(rows: Sequence[Waiting], root: Path) -> list[Waiting]:
    """Return the first of them, as many as may go in one call."""
    taken: list[Waiting] = []
    size = 0
    for row in rows:
        path = root / row.name
        size += path.stat().st_size if path.is_file() else 0
        if taken and size > CALL_BYTES:
            break
        taken.append(row)
    return taken


def _require_there(root: Path) -> None:
    """Stop before an unmounted disk is taken for a site without pages."""
    if not root.is_dir():
        raise RetryableError(f"{root} is not there", advice=NO_SITE)
