"""遮得不够的身份证号码: with its first six and its last four digits shown.

What is hidden then is only the date of birth, of which few fit a year of students, and the check
digit says which: 164 days for those born in 2003 to 2008.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from publisher.screening.finding import Action
from publisher.screening.passage import Passage

RULE = "weak_mask"
LENGTHS = (15, 18)
MOST_SHOWN = 6  # digits; a school asks for no more to tell two people apart
_MASKED = re.compile(r"(?<![0-9A-Za-z])(\d{0,14})([*xX×●]{3,})(\d{0,8}[\dXx]?)(?![0-9A-Za-z*])")


def find(passage: Passage) -> Iterator[tuple[Action, str]]:
    """Yield an action and what to do for each number in a passage."""
    for match in _MASKED.finditer(passage.text):
        shown = len(match[1]) + len(match[3])
        if len(match[0]) in LENGTHS and shown > MOST_SHOWN:
            yield "warn", "身份证号码遮得不够，仍可推算出来：请整个删去，改写单位或班级。"
