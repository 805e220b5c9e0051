"""The mark by which a page of somebody else's system is known to be ours, and unchanged."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256

from channels._text import plain_text

MARK = re.compile(r'data-yigao="([A-Za-z0-9._-]+) ([0-9a-f]{64})"')


@dataclass(frozen=True)
class Mark:
    """What stands in an article of ours: whose delivery it is, and a digest of its words."""

    key: str
    digest: str

    @classmethod
    def read(cls, page: str) -> Mark | None:
        """Return the mark in an article, or on its page; None: it is not ours."""
        found = MARK.search(page)
        return cls(found[1], found[2]) if found else None

    @classmethod
    def of(cls, body: str, *, key: str) -> Mark:
        """Return the mark that belongs to an article."""
        return cls(key=key, digest=digest_of(body))

    def around(self, body: str) -> str:
        """Return the article with the mark around it."""
        return f'<div data-yigao="{self.key} {self.digest}">\n{body}\n</div>'


def digest_of(article: str) -> str:
    """Return the sha256 of the words: tags may be tidied on the way, words may not."""
    return sha256("".join(plain_text(article).split()).encode()).hexdigest()
