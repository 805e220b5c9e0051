"""手机号码: eleven digits from 13 on, in the groups that people write them in.

Numbers that look the same and are none are told apart by what stands beside them: a label (QQ群,
会议号, 编号), a unit of money, the letters of a code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from publisher.screening.finding import Action
from publisher.screening.passage import Passage

RULE = "mobile"
# lengths of the groups, e.g. 138 0013 8000; ten thousand other splits are dates, counts and codes
HABITS = {
    (11,),
    (3, 4, 4),
    (3, 8),
    (7, 4),
    (4, 3, 4),
    (5, 6),
    (3, 3, 5),
    (3, 2, 2, 2, 2),
    (1,) * 11,
}
_NUMBER = re.compile(
    r"(?<!\d)(?:(?:\+|00)?86[ \-]{0,2}|0)?(1(?:[ \t\-–—~_·.]{0,2}\d){10})(?![0-9A-Za-z])"
)
_PHONE_WORD = re.compile(r"(?:tel|phone|mobile|mob|cell|wechat|wx|vx|sms)[.:\-]*$", re.IGNORECASE)
_CODE = re.compile(
    r"(?<![0-9A-Za-z])[A-Z][A-Z0-9]*(?:[\-_][A-Z0-9]+)*[\-_]?$"
)  # of a project or contract
_GLUED = re.compile(r"[0-9A-Za-z._/\-]+$")
_OTHER = r"(?:QQ\s*群|群\s*号|群|会议\s*(?:号|ID)|编\s*号|项目号|合同号|订单号|流水号|单号"
_OTHER += r"|学\s*号|工\s*号|考生号|准考证号|邮编|信用代码|识别号|ISBN|ISSN)"
_OTHER_LABEL = re.compile(_OTHER + r"(?:码)?[^\d\w]{0,3}(?:为|是)?[^\d\w]{0,2}$", re.IGNORECASE)
_OTHER_HEADING = re.compile(_OTHER, re.IGNORECASE)
_MONEY_BEFORE = re.compile(r"(?:[¥$€]|人民币|金额)\s*[::]?\s*$")
_AMOUNT_AFTER = re.compile(r"(?:\.\d{1,4})?\s*(?:元|万|亿|人次|千瓦|度|吨|字节|平方)|\.\d{2}(?!\d)")
LABEL_WITHIN = 16  # characters before the number


def find(passage: Passage) -> Iterator[tuple[Action, str]]:
    """Yield an action and what to do for each number in a passage."""
    for match in _NUMBER.finditer(passage.text):
        if _is_written_so(match[1]) and not _is_something_else(passage, match):
            if _is_part_of_more(passage.text[: match.start()]):
                yield "warn", "有一串数字像手机号码，请核对，是的话请删去。"
            else:
                yield "block", "有手机号码，请删去或改用办公电话。"


def _is_written_so(number: str) -> bool:
    groups = tuple(len(group) for group in re.split(r"\D+", number))
    digits = re.sub(r"\D", "", number)
    return digits[1] in "3456789" and groups in HABITS and ("." not in number or len(groups) == 3)


def _is_something_else(passage: Passage, match: re.Match[str]) -> bool:
    before = passage.before(match.start(), within=LABEL_WITHIN)
    return bool(
        _OTHER_LABEL.search(before)
        or (passage.is_cell and _OTHER_HEADING.search(passage.heading))
        or _MONEY_BEFORE.search(before)
        or _AMOUNT_AFTER.match(passage.text, match.end())
        or (_CODE.search(before) and not _PHONE_WORD.search(before))
    )


def _is_part_of_more(before: str) -> bool:
    """Whether a longer figure or an address goes on into the number."""
    glued = _GLUED.search(before[-LABEL_WITHIN:])
    return bool(glued and not _PHONE_WORD.search(before) and re.search(r"\d\.$|/", glued[0]))
