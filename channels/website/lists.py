"""What names notices: columns, front page, feeds, sitemaps, titles. Each can be written again.

The pages of a column are numbered from the oldest, so that a full one never changes except where
one of its notices is withdrawn, and one more notice touches a handful of files.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from channels.website.catalogue import PER_PAGE, Catalogue, Entry, Named
from channels.website.pages import Neighbours, Pages
from channels.website.tree import Tree

FEED_SIZE = 50
HOME_SIZE = 10
HOME_SIZE_OF_COLUMN = 3


@dataclass(frozen=True)
class Lists:
    """The lists of one site in one tree, made from its catalogue."""

    tree: Tree
    pages: Pages
    catalogue: Catalogue

    def of(self, entry: Entry) -> None:
        """Write what names one notice, or named it, by column and month."""
        self._column(entry.column, entry.page)
        if entry.place % PER_PAGE == 0 and entry.page > 1:
            self._column(entry.column, entry.page - 1)  # it has a newer one now
        self._front(entry.column)
        self._month(entry.month)

    def newest(self) -> None:
        """Write what names the newest of all columns: front page, feeds, index of the sitemaps."""
        root = self.tree.root
        columns = {
            code: self.catalogue.newest_of(code, HOME_SIZE_OF_COLUMN)
            for code in self.pages.imprint.columns.names
        }
        reports = self.catalogue.of_categories(self.pages.imprint.report_categories)
        self.tree.write(root / "reports" / "index.html", self.pages.reports(reports))
        home = self.pages.home(self.catalogue.newest(HOME_SIZE), columns)
        self.tree.write(root / "index.html", home)
        newest, months = self.catalogue.newest(FEED_SIZE), self.catalogue.months()
        updated_at = max((entry.updated_at for entry in newest), default=datetime.now(UTC))
        self.tree.write(root / "feed.xml", self.pages.feed(newest, updated_at=updated_at))
        self.tree.write(root / "feed.json", self.pages.json_feed(newest))
        names = [month.name for month in reversed(months)]
        self.tree.write(root / "search" / "months.json", json.dumps(names).encode())
        self.tree.write(root / "sitemap.xml", self.pages.months(months))

    def everything(self) -> None:
        """Write all lists."""
        for code in {*self.pages.imprint.columns.names, *self.catalogue.columns()}:
            for number in range(1, -(-self.catalogue.size(code) // PER_PAGE) + 1):
                self._column(code, number)
            self._front(code)
        for month in self.catalogue.months():
            self._month(month.name)
        self.newest()

    def neighbours(self, entry: Entry) -> Neighbours:
        """Return what stands before and after a notice in its column."""
        older, newer = self.catalogue.neighbours(entry)
        return Neighbours(older=older, newer=newer)

    def standing(self) -> Iterator[tuple[Named, Neighbours]]:
        """Go through all standing notices, each with its neighbours."""
        for code in self.catalogue.columns():
            older: Named | None = None
            entry: Named | None = None
            for newer in self.catalogue.standing(code):
                if entry is not None:
                    yield entry, Neighbours(older=older, newer=newer)
                older, entry = entry, newer
            if entry is not None:
                yield entry, Neighbours(older=older)

    def _column(self, code: str, number: int) -> None:
        last = -(-self.catalogue.size(code) // PER_PAGE)
        page = self.pages.column(
            code,
            self.catalogue.page(code, number),
            newer=f"{number + 1}.html" if number < last else "./",
            older=f"{number - 1}.html" if number > 1 else None,
        )
        self.tree.write(self.tree.column(code, number), page)

    def _front(self, code: str) -> None:
        entries = self.catalogue.newest_of(code, PER_PAGE + 1)
        older = f"{entries[PER_PAGE].page}.html" if len(entries) > PER_PAGE else None
        page = self.pages.column(code, entries[:PER_PAGE], newer=None, older=older)
        self.tree.write(self.tree.column(code), page)

    def _month(self, name: str) -> None:
        entries = self.catalogue.month(name)
        if entries:
            self.tree.write(self.tree.month(name), self.pages.month(entries))
            self.tree.write(self.tree.titles(name), self.pages.titles(entries[::-1]))
        else:  # a sitemap names at least one page
            self.tree.remove(self.tree.month(name))
            self.tree.remove(self.tree.titles(name))
