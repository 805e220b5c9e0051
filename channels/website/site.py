"""The site: what happens, and in which order, when a notice goes up or comes down.

The page of a notice is the one truth. Everything else (its attachments, its neighbours, lists,
feeds, sitemaps, the search) is made to agree with it by `_settle`, which can be repeated; so a
process killed between any two files is healed by whoever comes next, and work never grows with
what has been published before.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from channels.website.catalogue import Catalogue, Entry, alone, opened
from channels.website.copies.mirror import Mirror
from channels.website.lists import Lists
from channels.website.notice import Notice, with_addresses
from channels.website.pages import Pages
from channels.website.rebuild import Trees, rebuild
from channels.website.tree import Tree
from publisher.channel import Rendition
from publisher.errors import ChannelError, PermanentError

WAIT_S = 60.0  # for another delivery, or for all pages being written in a new look


@dataclass(frozen=True)
class Site:
    """One site in one folder."""

    folder: Path
    pages: Pages
    mirrors: tuple[Mirror, ...] = ()  # copies at other places

    @property
    def tree(self) -> Tree:
        return Tree(self.folder / "public")

    def put(self, rendition: Rendition, *, key: str) -> None:
        """Publish here: files before the page that names them, the page before its lists."""
        index_number = rendition.facts["index_number"]
        with self._alone() as catalogue:
            notice = self._notice(rendition, key=key)
            catalogue.remember(notice)
            catalogue.begin(index_number)
            tree = self.tree
            for part in rendition.parts:
                tree.write(tree.media(index_number) / part.name, part.file)
            tree.write(tree.page(index_number), self.pages.notice(notice))
            tree.settle()
            self._settle_all(catalogue)

    def take_down(self, index_number: str, *, reason: str) -> None:
        """Leave a page that says so under the address and nothing else, here and at the copies."""
        with self._alone() as catalogue:
            catalogue.begin(index_number)
            tree = self.tree
            notice = tree.notice(index_number)
            if notice is not None and not notice.is_withdrawn:
                gone = _withdrawn(notice, reason=reason)
                tree.write(tree.page(index_number), self.pages.notice(gone))
                tree.settle()
            self._settle_all(catalogue)
        self.copy()

    def copy(self) -> None:
        """Bring all copies up to date; the error of the first that cannot be, after all others."""
        failures: list[Exception] = []
        for mirror in self.mirrors:
            try:
                mirror.push(self.tree.root)
            except (ChannelError, OSError, sqlite3.Error) as error:
                failures.append(error)
        if failures:
            raise failures[0]

    def behind(self) -> int:
        """Return how many files have still to go to some copy."""
        return sum(mirror.pending() for mirror in self.mirrors)

    def finish(self) -> bool:
        """Finish what a killed process left half done; False: others are at work on it."""
        with self.catalogue() as catalogue:
            if not catalogue.unsettled():
                return True
        with suppress(TimeoutError), self._alone(wait_s=0) as catalogue:
            self._settle_all(catalogue)
        return False

    def refresh(self) -> None:
        """Write everything anew if the look of the pages has changed or nothing is there yet."""
        with self._alone() as catalogue:
            if catalogue.look() != self.pages.look:
                self._rebuild(catalogue)
            self._settle_all(catalogue)

    def is_large(self, count: int) -> bool:
        """Whether so many notices stand here, or stood, and readers see them now."""
        with self.catalogue() as catalogue:
            return self.tree.root.is_dir() and catalogue.count() >= count

    @contextmanager
    def catalogue(self) -> Iterator[Catalogue]:
        """Open the catalogue for reading; before the first notice it is empty, and not a file."""
        path = self.folder / "catalogue.db"
        with opened(path if path.exists() else Path(":memory:")) as catalogue:
            yield catalogue

    @contextmanager
    def _alone(self, *, wait_s: float = WAIT_S) -> Iterator[Catalogue]:
        """Open the catalogue for writing; a new one learns first what stands on the site."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (
            alone(self.folder / "lock.db", wait_s=wait_s),
            opened(self.folder / "catalogue.db") as catalogue,
        ):
            if catalogue.look() is None or not self.tree.root.is_dir():
                self._rebuild(catalogue)
            yield catalogue

    def _rebuild(self, catalogue: Catalogue) -> None:
        rebuild(Trees(self.folder), self.pages, catalogue)
        for mirror in self.mirrors:
            mirror.note_all(self.tree.root)
        catalogue.wears(self.pages.look)

    def _notice(self, rendition: Rendition, *, key: str) -> Notice:
        index_number = rendition.facts["index_number"]
        names = [part.name for part in rendition.parts]
        now = datetime.now(UTC).isoformat(timespec="seconds")
        times = {"published_at": now, "updated_at": now}
        before = self.tree.notice(index_number)
        if before is not None and not before.is_withdrawn:
            times["published_at"] = before.facts["published_at"]
            if before.key == key:
                times["updated_at"] = before.facts["updated_at"]
        published_at = datetime.fromisoformat(times["published_at"])
        notice = Notice(
            key=key,
            digest=sha256(rendition.body).hexdigest(),
            facts={**rendition.facts, **times},
            article=with_addresses(rendition.body, index_number, names, published_at=published_at),
        )
        if not notice.is_as_approved:
            raise PermanentError("the article spells an address of its own media")
        return notice

    def _settle_all(self, catalogue: Catalogue) -> None:
        for index_number in catalogue.unsettled():
            with catalogue.transaction():
                self._settle(catalogue, index_number)

    def _settle(self, catalogue: Catalogue, index_number: str) -> None:
        """Make attachments, catalogue, neighbours and lists agree with the page of one notice."""
        tree = self.tree
        lists = Lists(tree, self.pages, catalogue)
        before = catalogue.find(index_number)
        notice = tree.notice(index_number)
        tree.prune(index_number, keep=notice.media if notice else ())
        if notice is not None:
            catalogue.enter(notice)
            catalogue.index(notice)
        else:
            catalogue.drop(index_number)
        after = catalogue.find(index_number)
        entries = {entry for entry in (before, after) if entry is not None}
        for entry in entries:
            self._dress_around(lists, entry)
        for entry in entries:
            lists.of(entry)
        lists.newest()
        tree.settle()
        self._note(tree, index_number, notice)
        catalogue.settled(index_number)

    def _note(self, tree: Tree, index_number: str, notice: Notice | None) -> None:
        """Note for the copies what belongs to a change, also where another process made it."""
        page = tree.page(index_number).relative_to(tree.root).as_posix()
        media = tree.media(index_number).relative_to(tree.root).as_posix()
        names = {f"{media}/{name}" for name in notice.media} if notice else set()
        is_gone = notice is None or notice.is_withdrawn
        for mirror in self.mirrors:
            known = mirror.below(f"{media}/")
            mirror.note(
                {*tree.written, *names, page},
                {*tree.removed, *(known - names)},
                tombstones={page} if is_gone else (),
            )

    def _dress_around(self, lists: Lists, entry: Entry) -> None:
        """Let a notice and those before and after it name each other, as far as they stand."""
        near = lists.neighbours(entry)
        names = [entry.index_number, *(one.index_number for one in (near.older, near.newer) if one)]
        for index_number in names:
            notice = lists.tree.notice(index_number)
            known = lists.catalogue.find(index_number)
            if known is not None and notice is not None and not notice.is_withdrawn:
                page = self.pages.notice(notice, lists.neighbours(known))
                lists.tree.write(lists.tree.page(index_number), page)


def _withdrawn(notice: Notice, *, reason: str) -> Notice:
    """Return what is left of a notice; not even its title, which may be what was wrong."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    kept = {name: notice.facts[name] for name in ("index_number", "column", "published_at")}
    facts = {**kept, "updated_at": now, "withdrawn_at": now, "reason": reason}
    return Notice(key=notice.key, digest="", facts=facts)
