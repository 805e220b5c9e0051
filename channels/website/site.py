"""The site: what happens, and in which order, when a notice goes up or comes down.

The page of a notice is the one truth. Everything else (its attachments, lists, feed, sitemap)
is made to agree with it by `_settle`, which can be repeated; so a process killed between any two
files is healed by whoever comes next, and work never grows with what has been published before.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from channels.website.catalogue import PER_PAGE, Catalogue, Entry, alone, opened
from channels.website.notice import COLUMNS, Notice, with_addresses
from channels.website.pages import STATIC, Pages
from channels.website.tree import Tree, write
from publisher.channel import Rendition
from publisher.errors import PermanentError

WAIT_S = 60.0  # for another delivery, or for all pages being written in a new look
FEED_SIZE = 50
HOME_SIZE = 10
HOME_SIZE_OF_COLUMN = 3


@dataclass(frozen=True)
class Site:
    """One site in one folder."""

    folder: Path
    pages: Pages

    @property
    def tree(self) -> Tree:
        return Tree(self.folder / "public")

    def put(self, rendition: Rendition, *, key: str) -> None:
        """Publish: files first, so that no page names what is not there; then page, then lists."""
        index_number = rendition.facts["index_number"]
        with self._alone() as catalogue:
            notice = self._notice(rendition, key=key)
            catalogue.remember(notice)
            catalogue.begin(index_number)
            for part in rendition.parts:
                write(self.tree.media(index_number) / part.name, part.file)
            self._write_notice(notice)
            self._settle_all(catalogue)

    def take_down(self, index_number: str, *, reason: str) -> None:
        """Leave a page that says so under the address, and nothing anywhere else."""
        with self._alone() as catalogue:
            catalogue.begin(index_number)
            notice = self.tree.notice(index_number)
            if notice is not None and not notice.is_withdrawn:
                self._write_notice(_withdrawn(notice, reason=reason))
            self._settle_all(catalogue)

    def finish(self) -> None:
        """Finish what a killed process left half done; leave it to others who are at work."""
        with self.catalogue() as catalogue:
            if not catalogue.unsettled():
                return
        with suppress(TimeoutError), self._alone(wait_s=0) as catalogue:
            self._settle_all(catalogue)

    def refresh(self) -> None:
        """Write everything anew if the look of the pages has changed or nothing is there yet."""
        with self._alone() as catalogue:
            if catalogue.look() != self.pages.look:
                self._write_everything(catalogue)
            self._settle_all(catalogue)

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
            if catalogue.look() is None:
                self._write_everything(catalogue)
            yield catalogue

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
        notice = Notice(
            key=key,
            digest=sha256(rendition.body).hexdigest(),
            facts={**rendition.facts, **times},
            article=with_addresses(rendition.body, index_number, names),
        )
        if not notice.is_as_approved:
            raise PermanentError("the article spells an address of its own media")
        return notice

    def _write_notice(self, notice: Notice) -> None:
        write(self.tree.page(notice.index_number), self.pages.notice(notice))

    def _dress(self, notice: Notice) -> None:
        """Write a page in the present look, unless it has it."""
        path, page = self.tree.page(notice.index_number), self.pages.notice(notice)
        if path.read_bytes() != page:
            write(path, page)

    def _settle_all(self, catalogue: Catalogue) -> None:
        for index_number in catalogue.unsettled():
            with catalogue.transaction():
                self._settle(catalogue, index_number)

    def _settle(self, catalogue: Catalogue, index_number: str) -> None:
        """Make attachments, catalogue and lists agree with the page of one notice."""
        before = catalogue.find(index_number)
        notice = self.tree.notice(index_number)
        self.tree.prune(index_number, keep=notice.media if notice else ())
        if notice is not None:
            catalogue.enter(notice)
        else:
            catalogue.drop(index_number)
        after = catalogue.find(index_number)
        for entry in {entry for entry in (before, after) if entry is not None}:
            self._write_lists_of(catalogue, entry)
        self._write_newest(catalogue)
        catalogue.settled(index_number)

    def _write_lists_of(self, catalogue: Catalogue, entry: Entry) -> None:
        self._write_column(catalogue, entry.column, entry.page)
        if entry.place % PER_PAGE == 0 and entry.page > 1:
            self._write_column(catalogue, entry.column, entry.page - 1)  # it has a newer one now
        self._write_front(catalogue, entry.column)
        self._write_month(catalogue, entry.month)

    def _write_column(self, catalogue: Catalogue, code: str, number: int) -> None:
        last = -(-catalogue.size(code) // PER_PAGE)
        page = self.pages.column(
            code,
            catalogue.page(code, number),
            newer=f"{number + 1}.html" if number < last else "./",
            older=f"{number - 1}.html" if number > 1 else None,
        )
        write(self.tree.column(code, number), page)

    def _write_front(self, catalogue: Catalogue, code: str) -> None:
        entries = catalogue.newest_of(code, PER_PAGE + 1)
        older = f"{entries[PER_PAGE].page}.html" if len(entries) > PER_PAGE else None
        page = self.pages.column(code, entries[:PER_PAGE], newer=None, older=older)
        write(self.tree.column(code), page)

    def _write_month(self, catalogue: Catalogue, name: str) -> None:
        entries = catalogue.month(name)
        if entries:
            write(self.tree.month(name), self.pages.month(entries))
        else:
            self.tree.month(name).unlink(missing_ok=True)  # a sitemap names at least one page

    def _write_newest(self, catalogue: Catalogue) -> None:
        """Write what names the newest of all columns: front page, feed, index of the sitemaps."""
        columns = {code: catalogue.newest_of(code, HOME_SIZE_OF_COLUMN) for code in COLUMNS}
        home = self.pages.home(catalogue.newest(HOME_SIZE), columns)
        write(self.tree.root / "index.html", home)
        newest = catalogue.newest(FEED_SIZE)
        updated_at = max((entry.updated_at for entry in newest), default=datetime.now(UTC))
        write(self.tree.root / "feed.xml", self.pages.feed(newest, updated_at=updated_at))
        write(self.tree.root / "sitemap.xml", self.pages.months(catalogue.months()))

    def _write_everything(self, catalogue: Catalogue) -> None:
        for path in STATIC.iterdir():
            write(self.tree.root / "assets" / path.name, path.read_bytes())
        write(self.tree.root / "404.html", self.pages.not_found())
        write(self.tree.root / "robots.txt", self.pages.robots())
        with catalogue.transaction():
            self._read_pages(catalogue)
            for code in COLUMNS:
                for number in range(1, -(-catalogue.size(code) // PER_PAGE) + 1):
                    self._write_column(catalogue, code, number)
                self._write_front(catalogue, code)
            for month in catalogue.months():
                self._write_month(catalogue, month.name)
            self._write_newest(catalogue)
            catalogue.wears(self.pages.look)

    def _read_pages(self, catalogue: Catalogue) -> None:
        """Learn what stands on the site from its pages, and give each the present look."""
        notices = sorted(self.tree.notices(), key=lambda notice: notice.moment("published_at"))
        for notice in notices:
            self._dress(notice)
            if catalogue.delivery(notice.key) is None:
                catalogue.remember(notice)
            catalogue.enter(notice)
        for index_number in set(catalogue.index_numbers()) - {n.index_number for n in notices}:
            catalogue.drop(index_number)


def _withdrawn(notice: Notice, *, reason: str) -> Notice:
    """Return what is left of a notice; not even its title, which may be what was wrong."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    kept = {name: notice.facts[name] for name in ("index_number", "column", "published_at")}
    facts = {**kept, "updated_at": now, "withdrawn_at": now, "reason": reason}
    return Notice(key=notice.key, digest="", facts=facts)
