"""What a page of the site says of itself.

Every page carries its key, digest and facts, so that a reader over HTTP can prove it, and the
catalogue, the lists and the chrome around it can be built anew from the pages alone.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from publisher.channel import CAMPUS_TIME

GENERAL = "00"  # the column of notices without a place on the official list
COLUMNS: Mapping[str, str] = {
    GENERAL: "通知公告",
    # the ten classes of 高等学校信息公开事项清单 (教办函〔2014〕23号), by their two digits
    "01": "基本信息",
    "02": "招生考试信息",
    "03": "财务、资产及收费信息",
    "04": "人事师资信息",
    "05": "教学质量信息",
    "06": "学生管理服务信息",
    "07": "学风建设信息",
    "08": "学位、学科信息",
    "09": "对外交流与合作信息",
    "10": "其他",
}

INDEX_NUMBER = re.compile(r"\w+-\w+-([0-9]{4})-\w+")  # institution, class, year, serial number
MARK = re.compile(
    rb'<section class="(?:notice|withdrawn)" data-key="([^"]*)" data-digest="([0-9a-f]*)"'
    rb' data-facts="([^"]*)">\n(.*)\n</section><!-- end of notice -->',
    re.DOTALL,
)


def column_of(category: str) -> str:
    """Return the code of the column for a number on the official list: "03" for "0307"."""
    return category[:2] if category[:2] in COLUMNS else GENERAL


def place_of(index_number: str) -> str | None:
    """Return where a notice stands, "info/2026/13771-0307-2026-0001"; None: no such number.

    The title is never part of it, and what is not an index number never becomes a path.
    """
    match = INDEX_NUMBER.fullmatch(index_number)
    return f"info/{match[1]}/{index_number}" if match else None


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One page below /info: a notice as it was approved, or what is left of a withdrawn one."""

    key: str  # of the delivery that wrote it
    digest: str  # sha256 of the approved article; empty: withdrawn
    facts: Mapping[str, str]  # those of the rendition, and published_at, updated_at, withdrawn_at
    article: bytes = b""  # the approved article, its media named by address

    @classmethod
    def read(cls, page: bytes) -> Notice | None:
        """Return what a page says of itself; None: it is not a notice of this site."""
        mark = MARK.search(page)
        facts = _facts(mark[3]) if mark else None
        if mark is None or facts is None:
            return None
        key = html.unescape(mark[1].decode())
        return cls(key=key, digest=mark[2].decode(), facts=facts, article=mark[4])

    @property
    def index_number(self) -> str:
        return self.facts["index_number"]

    @property
    def column(self) -> str:
        return self.facts.get("column", GENERAL)

    @property
    def is_withdrawn(self) -> bool:
        return "withdrawn_at" in self.facts

    @property
    def is_as_approved(self) -> bool:
        """Whether the article in the page is byte for byte the approved one."""
        approved = with_names(self.article, self.index_number)
        return sha256(approved).hexdigest() == self.digest

    @property
    def media(self) -> tuple[str, ...]:
        """The names of the pictures and attachments that the article shows or offers."""
        found = re.findall(rb'="' + re.escape(self.index_number.encode()) + NAME, self.article)
        return tuple(name.decode() for name in found)

    @property
    def labels(self) -> dict[str, str]:
        """The name that a reader sees of each attachment, by the name of its file."""
        link = rb'<a href="' + re.escape(self.index_number.encode()) + NAME
        found = re.findall(link + rb' download="([^"]*)"', self.article)
        return {name.decode(): html.unescape(label.decode()) for name, label in found}

    def moment(self, name: str) -> datetime:
        """Return a fact that is a moment, in campus time."""
        return datetime.fromisoformat(self.facts[name]).astimezone(CAMPUS_TIME)


def _facts(attribute: bytes) -> dict[str, str] | None:
    """Return the facts of a page, None: they are none."""
    try:
        facts = json.loads(html.unescape(attribute.decode()))
        for name in ("published_at", "updated_at"):
            datetime.fromisoformat(facts[name])
    except (ValueError, KeyError, TypeError):
        return None
    return facts if place_of(facts.get("index_number", "")) else None


NAME = rb'/([A-Za-z0-9][A-Za-z0-9._-]*)"'


def with_addresses(article: bytes, index_number: str, names: Iterable[str]) -> bytes:
    """Return the approved article with `media:NAME` replaced by addresses relative to its page."""
    for name in names:
        address = f'="{index_number}/{name}"'
        article = article.replace(f'="media:{name}"'.encode(), address.encode())
    return article


def with_names(article: bytes, index_number: str) -> bytes:
    """Undo with_addresses."""
    return re.sub(rb'="' + re.escape(index_number.encode()) + NAME, rb'="media:\1"', article)
