"""办公号码: what an office has published itself, and may be published again."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import replace

from publisher.screening.passage import Passage, normalised

_BETWEEN = r"[ \t\-–—.]{0,2}"


def hider(known: Collection[str]) -> Callable[[Passage], Passage]:
    """Return what takes these numbers and mailboxes out of a passage, before a rule reads it.

    A number is known however it is grouped; as a part of a longer one it is another.
    """
    said = [normalised(one).strip() for one in known]
    patterns = sorted({_pattern(one) for one in said if one}, key=len, reverse=True)
    if not patterns:
        return _same
    found = re.compile(rf"(?<![0-9A-Za-z])(?:{'|'.join(patterns)})(?![0-9A-Za-z])", re.IGNORECASE)

    def hide(passage: Passage) -> Passage:
        return replace(passage, text=found.sub("〇", passage.text))

    return hide


def _same(passage: Passage) -> Passage:
    return passage


def _pattern(known: str) -> str:
    if re.search(r"[^\d \t\-–—.()+]", known):
        return re.escape(known)  # a mailbox, or an account with letters
    return _BETWEEN.join(re.sub(r"\D", "", known))
