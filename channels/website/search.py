"""The search of the site, as our own server answers it: any string of the pages, newest first."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode

from channels.website.catalogue import Hit
from channels.website.site import Site

MOST_CHARS, MOST_WORDS = 60, 6
PER_PAGE = 20
AROUND = 40  # characters shown before and after what was found
Piece = tuple[str, bool]  # words, and whether they were asked for
BUSY = "正在查找的内容太多，请多写几个字再试"


@dataclass(frozen=True)
class Question:
    """What a reader asks for."""

    words: tuple[str, ...]
    before: int | None  # only what is older than this hit

    @classmethod
    def of(cls, query: str) -> Question | None:
        """Return the question in a query string; None: nothing is asked for."""
        said = parse_qs(query, max_num_fields=20)
        text = said.get("q", [""])[0].replace("\0", "")[:MOST_CHARS]
        words = tuple(text.split()[:MOST_WORDS])
        before = said.get("before", [""])[0]
        number = int(before) if re.fullmatch("[0-9]{1,12}", before) else None
        return cls(words, number) if words else None

    @property
    def text(self) -> str:
        return " ".join(self.words)


def answer(site: Site, question: Question) -> tuple[bytes, int]:
    """Return the page of results and its HTTP status."""
    try:
        with site.catalogue() as catalogue:
            hits = catalogue.search(question.words, before=question.before, limit=PER_PAGE + 1)
    except (TimeoutError, sqlite3.OperationalError):
        page = site.pages.results(question.text, [], count="", next="", trouble=BUSY)
        return page, 503
    has_more = len(hits) > PER_PAGE
    hits = hits[:PER_PAGE]
    is_first = question.before is None
    count = f"找到 {len(hits)} 条" if is_first and not has_more else "从新到旧，每页 20 条"
    older = {"q": question.text, "before": hits[-1].number} if has_more else {}
    found = [(hit.entry, around(hit, question.words)) for hit in hits]
    page = site.pages.results(question.text, found, count=count, next=urlencode(older), trouble="")
    return page, 200


def around(hit: Hit, words: tuple[str, ...]) -> list[Piece]:
    """Return the words around the first place where something was found; []: in the title only."""
    text = " ".join(hit.text.split())
    lower = text.lower()
    places = [at for at in (lower.find(word.lower()) for word in words) if at >= 0]
    if not places:
        return []
    first = max(0, min(places) - AROUND)
    last = min(len(text), min(places) + 2 * AROUND)
    pattern = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    pieces = re.split(f"({pattern})", text[first:last], flags=re.IGNORECASE)
    found = [(piece, at % 2 == 1) for at, piece in enumerate(pieces) if piece]
    start = [("…", False)] if first else []
    return start + found + ([("…", False)] if last < len(text) else [])
