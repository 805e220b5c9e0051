"""Words that are nearly never right, from the list in slips.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources

from publisher.screening.finding import Finding
from publisher.screening.wording.reading import Page


@dataclass(frozen=True, kw_only=True)
class Slip:
    """A wrong word; it is right where a neighbour belongs to another word."""

    wrong: str
    right: str
    reason: str
    after: str = ""  # characters before it that make it right: 自 before 己经
    before: str = ""  # characters behind it that make it right: 名 behind 按排

    def is_in(self, text: str) -> bool:
        """Tell whether the word stands in a text, by itself."""
        start = text.find(self.wrong)
        while start >= 0:
            end = start + len(self.wrong)
            left, right = text[start - 1 : start] if start else "", text[end : end + 1]
            if not (left and left in self.after) and not (right and right in self.before):
                return True
            start = text.find(self.wrong, start + 1)
        return False


@cache
def slips() -> tuple[Slip, ...]:
    """Return the list that comes with the package."""
    text = resources.files(__package__).joinpath("slips.toml").read_text(encoding="utf-8")
    return tuple(Slip(**entry) for entry in tomllib.loads(text)["slip"])


def find(page: Page) -> Iterator[Finding]:
    """Yield a warning for each wrong word of each line."""
    for line in page.lines:
        for slip in slips():
            if slip.is_in(line.text):
                advice = f"的“{slip.wrong}”应为“{slip.right}”（{slip.reason}），请改正。"
                yield line.finding("slip", "warn", advice)
