"""The chrome around the articles, the lists and the feeds: from facts to bytes, nothing written."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from channels.website.catalogue import Entry, Month
from channels.website.kinds import kind_of
from channels.website.notice import COLUMNS, Notice, place_of
from publisher.channel import CAMPUS_TIME

HERE = Path(__file__).parent
STATIC = HERE / "static"
GENERATOR = "一稿"  # on every page; the status check looks for it
SHOWN = ("title", "summary", "department", "category_name", "kind", "reason")  # empty: not known
NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


@dataclass(frozen=True, kw_only=True)
class Imprint:
    """What is the same on all pages: whose site it is and where."""

    base_url: str  # without a slash at its end
    site_name: str
    college_name: str
    icp: str = ""
    police_number: str = ""
    contact: str = ""

    @property
    def root(self) -> str:
        """The path of the site on its host, empty where it has the host to itself."""
        return urlsplit(self.base_url).path

    @property
    def domain(self) -> str:
        return urlsplit(self.base_url).netloc

    @property
    def police_digits(self) -> str:
        """The number in 闽公网安备35000000000000号, which the register is asked for."""
        return "".join(re.findall("[0-9]", self.police_number))

    def url(self, index_number: str) -> str:
        """Return the permalink of a notice."""
        return f"{self.base_url}/{quote(place_of(index_number) or '')}.html"


@dataclass(frozen=True)
class Pages:
    """All pages of one site."""

    imprint: Imprint

    @cached_property
    def look(self) -> str:
        """What all pages have in common, as a digest; when it changes, all are written anew."""
        files = sorted([*(HERE / "templates").iterdir(), *STATIC.iterdir()])
        parts = [repr(self.imprint).encode(), *(path.read_bytes() for path in files)]
        return sha256(b"".join(parts)).hexdigest()

    def notice(self, notice: Notice) -> bytes:
        """Return the page of a notice: its article as approved, inside the site's chrome."""
        name = "withdrawn.html" if notice.is_withdrawn else "notice.html"
        return self._page(
            name,
            notice=notice,
            facts=dict.fromkeys(SHOWN, "") | dict(notice.facts),
            facts_json=json.dumps(dict(notice.facts), ensure_ascii=False, sort_keys=True),
            article=notice.article.decode(),
            url=self.imprint.url(notice.index_number),
            column=notice.column,
        )

    def home(self, newest: Sequence[Entry], columns: Mapping[str, Sequence[Entry]]) -> bytes:
        return self._page("home.html", newest=newest, columns=columns)

    def column(
        self, code: str, entries: Sequence[Entry], *, newer: str | None, older: str | None
    ) -> bytes:
        """Return one page of a column, newest first; newer, older: its neighbours' file names."""
        return self._page("column.html", column=code, entries=entries, newer=newer, older=older)

    def not_found(self) -> bytes:
        return self._page("not_found.html")

    def feed(self, newest: Sequence[Entry], *, updated_at: datetime) -> bytes:
        return self._page("feed.xml", newest=newest, updated_at=updated_at)

    def month(self, entries: Sequence[Entry]) -> bytes:
        return self._page("month.xml", entries=entries)

    def months(self, months: Sequence[Month]) -> bytes:
        return self._page("months.xml", months=months)

    def robots(self) -> bytes:
        return f"User-agent: *\nAllow: /\nSitemap: {self.imprint.base_url}/sitemap.xml\n".encode()

    def _page(self, name: str, **values: Any) -> bytes:
        template = environment().get_template(name)
        return template.render(imprint=self.imprint, **values).encode()


@cache
def environment() -> Environment:
    """Return the templates of this channel with the words for days, moments and sizes."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.globals |= {"COLUMNS": COLUMNS, "GENERATOR": GENERATOR}
    made.filters |= {
        "day": day,
        "moment": moment,
        "stamp": stamp,
        "size": size,
        "kind_words": lambda name: kind_of(name).words,
        "for_xml": lambda text: NOT_IN_XML.sub("", text),
    }
    return made


def day(value: date) -> str:
    """Return a day as people say it; a moment is taken in campus time."""
    local = value.astimezone(CAMPUS_TIME) if isinstance(value, datetime) else value
    return f"{local.year}年{local.month}月{local.day}日"


def moment(value: datetime) -> str:
    """Return a moment as people say it, in campus time."""
    local = value.astimezone(CAMPUS_TIME)
    return f"{day(local)} {local.hour}:{local.minute:02}"


def stamp(value: datetime) -> str:
    """Return a moment as the label PubDate has it: 2026-11-24 08:30."""
    return f"{value.astimezone(CAMPUS_TIME):%Y-%m-%d %H:%M}"


def size(size_bytes: int) -> str:
    """Return a size for readers: 820 B, 66 KB, 1.2 MB."""
    if size_bytes < 1000:
        return f"{size_bytes} B"
    if size_bytes < 1_000_000:
        return f"{round(size_bytes / 1000)} KB"
    return f"{size_bytes / 1_000_000:.1f} MB"
