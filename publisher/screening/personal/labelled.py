"""学号、工号、考生号、证件号: numbers that only their label gives away.

Some notices need one to tell people of the same name apart; its last two or three digits do.

Source: police notice of 2025-08 to a college: 学号 and 工号 must not be shown in full.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from publisher.screening.finding import Action
from publisher.screening.passage import Passage

RULE = "personal_number"
_GAP = r"(?:码)?[\s::为是]{0,4}[((]?"
_NUMBER = re.compile(
    rf"(?:学\s*号|考生号|准考证号|报名号|学籍号|工\s*号|教工号|职工号|教师资格证号){_GAP}"
    r"([A-Za-z]{0,2}\d{6,20})(?![\d*×●])"
)
_PAPERS = re.compile(
    rf"(?:护照|通行证|军官证|士兵证|警官证|回乡证|台胞证|居留证)(?:编?号)?{_GAP}"
    r"([A-Za-z]{1,2}\d{6,9}|\d{7,9})(?![\d*×●])"
)


def find(passage: Passage) -> Iterator[tuple[Action, str]]:
    """Yield an action and what to do for each number in a passage."""
    for _ in _NUMBER.finditer(passage.text):
        yield "block", "有完整的学号、工号或考生号，请删去；需要区分同名人员时，只写末两三位。"
    for _ in _PAPERS.finditer(passage.text):
        yield "block", "有证件号码，请删去。"
