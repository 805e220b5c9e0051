"""家庭住址和出生日期, as a label says that they follow."""

from __future__ import annotations

import re
from collections.abc import Iterator

from publisher.screening.finding import Action
from publisher.screening.passage import Passage

RULE = "home_or_birth"
_LABEL = r"(?:家庭(?:住址|地址)|现?住址|居住地址|户籍(?:地址|所在地|地)|户口所在地)"
_ENDS = r"(?:省|市|县|区|镇|乡|村|街|路|小区|栋|号|室)"
_HOME = re.compile(
    rf"{_LABEL}(?:\s*[::为是]\s*|\s+)[^\s,，。;；:：]{{1,12}}?{_ENDS}"
    rf"|{_LABEL}[^\s,，。;；:：、的]{{2,8}}?(?:省|市|县|区)"
)
_BORN = re.compile(
    r"出生(?:日期|年月日|年月|时间)?\s*[::为是于]{0,2}\s*(?:19|20)\d{2}\s*[年./\-]?\s*\d{1,2}"
    r"(?P<day>\s*[月./\-]?\s*\d{1,2})?"
)
_BORN_FIRST = re.compile(r"(?:19|20)\d{2}年\d{1,2}月(?P<day>\d{1,2}日)?(?:出?生)(?!产|效|活|态|源)")


def find(passage: Passage) -> Iterator[tuple[Action, str]]:
    """Yield an action and what to do for each in a passage."""
    for _ in _HOME.finditer(passage.text):
        yield "block", "有家庭住址或户籍地址，请删去。"
    for pattern in (_BORN, _BORN_FIRST):
        for match in pattern.finditer(passage.text):
            if match["day"]:
                yield "block", "有出生日期，请删去。"
            else:
                yield "warn", "有出生年月，请核对：公示办法没有要求的请删去。"
