"""车牌号码: seven characters, eight of a car without an engine.

Source: GA 36-2018.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from publisher.screening.finding import Action
from publisher.screening.passage import Passage

RULE = "number_plate"
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z][·•\s]?"
    r"(?:[DFABCEGHJK][A-HJ-NP-Z0-9]\d{4}|\d{5}[DFABCEGHJK]"
    r"|(?=[A-HJ-NP-Z]{0,4}\d)[A-HJ-NP-Z0-9]{4}[A-HJ-NP-Z0-9挂学警港澳])(?![A-Z0-9])"
)


def find(passage: Passage) -> Iterator[tuple[Action, str]]:
    """Yield a warning for a passage with a number plate: the college has cars of its own."""
    if _PLATE.search(passage.text):
        yield "warn", "有车牌号码，请核对：是个人的车请删去。"
