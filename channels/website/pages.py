"""The chrome around the articles, the lists and the feeds: from facts to bytes, nothing written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, TemplateError

from channels.website import codes, feeds
from channels.website.catalogue import Entry, Line, Month, Named
from channels.website.imprint import Imprint
from channels.website.notice import Notice
from channels.website.words import GENERATOR, HERE, environment
from publisher.errors import ConfigError

STATIC = HERE / "static"
SHOWN = (  # empty: not known
    "title",
    "summary",
    "department",
    "category_name",
    "kind",
    "document_number",
    "reason",
)
STANDING = {  # pages that belong to no notice: file, template
    "404.html": "not_found.html",
    "guide.html": "guide.html",
    "request.html": "request.html",
    "search/index.html": "search.html",
}


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """The notices before and after one in its column; None: it is the first or the last."""

    older: Named | None = None
    newer: Named | None = None


ALONE = Neighbours()


@dataclass(frozen=True)
class Pages:
    """All pages of one site."""

    imprint: Imprint

    @cached_property
    def look(self) -> str:
        """What all pages have in common, as a digest; when it changes, all are written anew."""
        parts = [repr(self.imprint).encode()]
        for path in sorted(self._sources()):
            parts += [path.name.encode(), path.read_bytes()]
        return sha256(b"".join(parts)).hexdigest()

    def _sources(self) -> list[Path]:
        found = [*(HERE / "templates").iterdir(), *STATIC.iterdir()]
        if self.imprint.theme:
            found += [path for path in self.imprint.theme.rglob("*") if path.is_file()]
        return found + ([self.imprint.logo] if self.imprint.logo else [])

    @cached_property
    def _templates(self) -> Environment:
        made = environment(self.imprint.theme)
        made.globals |= {
            "imprint": self.imprint,
            "root": self.imprint.root,
            "COLUMNS": self.imprint.columns.names,
            "GENERATOR": GENERATOR,
        }
        return made

    def assets(self) -> dict[str, bytes]:
        """Return the files below /assets, by name; the college's own stand before ours."""
        folders = [STATIC, *([self.imprint.theme / "static"] if self.imprint.theme else [])]
        found = {
            path.name: path.read_bytes()
            for folder in folders
            if folder.is_dir()
            for path in folder.iterdir()
            if path.is_file()
        }
        if self.imprint.logo:
            found[self.imprint.logo_name] = self.imprint.logo.read_bytes()
        found["site.css"] = self._coloured(found["site.css"])
        return found

    def _coloured(self, style: bytes) -> bytes:
        return style + f":root {{ --blue: {self.imprint.colour}; }}\n".encode()

    def notice(self, notice: Notice, neighbours: Neighbours = ALONE) -> bytes:
        """Return the page of a notice: its article as approved, inside the site's chrome."""
        name = "withdrawn.html" if notice.is_withdrawn else "notice.html"
        url = self.imprint.url(notice.index_number)
        return self._page(
            name,
            notice=notice,
            facts=dict.fromkeys(SHOWN, "") | dict(notice.facts),
            facts_json=json.dumps(dict(notice.facts), ensure_ascii=False, sort_keys=True),
            article=notice.article.decode(),
            url=url,
            column=notice.column,
            column_name=self._column_name(notice.column),
            neighbours=neighbours,
            code=self._code(notice, url),
            linked_data=feeds.linked_data(notice, self.imprint),
        )

    def _code(self, notice: Notice, url: str) -> str:
        if notice.is_withdrawn:
            return ""
        return notice.code if notice.code and notice.code_url == url else codes.svg(url)

    def home(self, newest: Sequence[Entry], columns: Mapping[str, Sequence[Entry]]) -> bytes:
        return self._page("home.html", newest=newest, columns=columns)

    def column(
        self, code: str, entries: Sequence[Entry], *, newer: str | None, older: str | None
    ) -> bytes:
        """Return one page of a column, newest first; newer, older: its neighbours' file names."""
        return self._page(
            "column.html",
            column=code,
            column_name=self._column_name(code),
            entries=entries,
            newer=newer,
            older=older,
        )

    def reports(self, entries: Sequence[Entry]) -> bytes:
        """Return the list of the yearly reports, newest first."""
        return self._page("reports.html", entries=entries)

    def results(
        self, words: str, entries: Sequence[tuple[Entry, Sequence[tuple[str, bool]]]], **values: str
    ) -> bytes:
        """Return what a search found; `values`: `count`, `next` and `trouble` of the template."""
        return self._page("results.html", words=words, entries=entries, **values)

    def standing(self) -> dict[str, bytes]:
        """Return the pages that belong to no notice, by file name."""
        made = {name: self._page(template) for name, template in STANDING.items()}
        return made | {"robots.txt": self.robots()}

    def not_found(self) -> bytes:
        return self._page("not_found.html")

    def feed(self, newest: Sequence[Entry], *, updated_at: datetime) -> bytes:
        return self._page("feed.xml", newest=newest, updated_at=updated_at)

    def json_feed(self, newest: Sequence[Entry]) -> bytes:
        return feeds.json_feed(newest, self.imprint)

    def month(self, lines: Sequence[Line]) -> bytes:
        return feeds.sitemap(lines, self.imprint)

    def titles(self, lines: Sequence[Line]) -> bytes:
        return feeds.titles(lines)

    def months(self, months: Sequence[Month]) -> bytes:
        return self._page("months.xml", months=months)

    def robots(self) -> bytes:
        rules = "User-agent: *\nAllow: /\nDisallow: /search/\n"
        return f"{rules}Sitemap: {self.imprint.base_url}/sitemap.xml\n".encode()

    def _column_name(self, code: str) -> str:
        # a column that the college has given up keeps its notices and its address
        return self.imprint.columns.names.get(code, "其他栏目")

    def _page(self, name: str, **values: Any) -> bytes:
        try:
            return self._templates.get_template(name).render(**values).encode()
        except TemplateError as error:
            raise ConfigError(f"模板 {name} 有错：{error}", key="theme") from error
