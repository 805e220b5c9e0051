"""What a page of the site says of itself.

Every page carries its key, digest and facts, so that a reader over HTTP can prove it, and the
catalogue, the lists and the chrome around it can be built anew from the pages alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from channels._text import plain_text
from channels.website.columns import GENERAL
from publisher.channel import CAMPUS_TIME

INDEX_NUMBER = re.compile(r"\w+-\w+-([0-9]{4})-\w+")  # institution, class, year, serial number
MARK = re.compile(
    rb'<section class="(?:notice|withdrawn)" data-key="([^"]*)" data-digest="([0-9a-f]*)"'
    rb' data-facts="([^"]*)">\n(.*)\n</section><!-- end of notice -->',
    re.DOTALL,
)
CODE = re.compile(
    rb'<aside class="origin"[^>]*>\n(<svg .*?</svg>)\n.*?<a href="([^"]*)">', re.DOTALL
)


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
    code: str = field(default="", compare=False)  # the page's QR code as SVG; costly to draw
    code_url: str = field(default="", compare=False)  # what it says

    @classmethod
    def read(cls, page: bytes) -> Notice | None:
        """Return what a page says of itself; None: it is not a notice of this site."""
        mark = MARK.search(page)
        facts = _facts(mark[3]) if mark else None
        if mark is None or facts is None:
            return None
        code = CODE.search(page, mark.end())
        return cls(
            key=_unescaped(mark[1].decode()),
            digest=mark[2].decode(),
            facts=facts,
            article=mark[4],
            code=code[1].decode() if code else "",
            code_url=_unescaped(code[2].decode()) if code else "",
        )

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
        index_number = self.index_number.encode()
        found = ADDRESS.findall(self.article)
        return tuple(name.decode() for owner, name in found if owner == index_number)

    @property
    def labels(self) -> dict[str, str]:
        """The name that a reader sees of each attachment, by the name of its file."""
        index_number = self.index_number.encode()
        return {
            name.decode(): _unescaped(label.decode())
            for owner, name, label in DOWNLOAD.findall(self.article)
            if owner == index_number
        }

    @property
    def words(self) -> str:
        """What can be searched for: text, names of attachments, and the numbers of the notice."""
        _, start, body = self.article.decode().partition('<div class="body">')
        lines = plain_text(f"{start}{body}".removesuffix("</article>\n") if start else "")
        numbers = (self.facts.get("document_number", ""), self.index_number)
        return "\n".join(filter(None, (lines, *numbers)))

    def moment(self, name: str) -> datetime:
        """Return a fact that is a moment, in campus time."""
        return datetime.fromisoformat(self.facts[name]).astimezone(CAMPUS_TIME)


def _unescaped(text: str) -> str:
    """Undo the escaping of the templates, which is of five characters; html.unescape costs more."""
    for written, meant in (("&#34;", '"'), ("&#39;", "'"), ("&lt;", "<"), ("&gt;", ">")):
        text = text.replace(written, meant)
    return text.replace("&amp;", "&")


def _facts(attribute: bytes) -> dict[str, str] | None:
    """Return the facts of a page, None: they are none."""
    try:
        facts = json.loads(_unescaped(attribute.decode()))
        for name in ("published_at", "updated_at"):
            datetime.fromisoformat(facts[name])
    except (ValueError, KeyError, TypeError):
        return None
    return facts if place_of(facts.get("index_number", "")) else None


PUBLISHED = '<span data-fact="published">发布时填写</span>'.encode()
PUBLISHED_THEN = re.compile(rb'<span data-fact="published">.*?</span>')
# of any notice, so that one pattern serves all pages: owner and name of a file
ADDRESS = re.compile(rb'="([^"/]+)/([A-Za-z0-9][A-Za-z0-9._-]*)"')
DOWNLOAD = re.compile(rb'<a href="([^"/]+)/([A-Za-z0-9][A-Za-z0-9._-]*)" download="([^"]*)"')


def with_addresses(
    article: bytes, index_number: str, names: Iterable[str], *, published_at: datetime
) -> bytes:
    """Return the approved article with `media:NAME` as addresses, and the day of publication."""
    for name in names:
        address = f'="{index_number}/{name}"'
        article = article.replace(f'="media:{name}"'.encode(), address.encode())
    day = published_at.astimezone(CAMPUS_TIME).date()
    said = f'<time datetime="{day}">{day.year}年{day.month}月{day.day}日</time>'
    return article.replace(PUBLISHED, f'<span data-fact="published">{said}</span>'.encode())


def with_names(article: bytes, index_number: str) -> bytes:
    """Undo with_addresses."""
    article = PUBLISHED_THEN.sub(PUBLISHED, article)
    owner = index_number.encode()
    return ADDRESS.sub(
        lambda found: b'="media:' + found[2] + b'"' if found[1] == owner else found[0], article
    )
