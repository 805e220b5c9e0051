"""身份证号码: eighteen digits with a date and a check digit, or the old fifteen.

The check digit alone passes for one number in eleven, with date and province for about one in
66,000; so only all three together block. Area codes are not looked up beyond the province:
codes that were abolished live on in numbers.

Source: GB 11643-1999; check digit ISO 7064, MOD 11-2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from publisher.screening.finding import Action
from publisher.screening.passage import Passage

RULE = "id_number"
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECKS = "10X98765432"
PROVINCES = {*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55)}
PROVINCES |= {*range(61, 66), 71, 81, 82, 83}  # 83: residence permit of Taiwan residents

_GAP = r"[ \t\-–—]{0,2}"
_EIGHTEEN = re.compile(
    rf"(?<![0-9A-Za-z])([1-8]\d{{5}}){_GAP}((?:19|20)\d{{2}}){_GAP}(\d{{2}}){_GAP}(\d{{2}})"
    rf"{_GAP}(\d{{3}}){_GAP}([\dXx])(?![0-9A-Za-z])"
)
_FIFTEEN = re.compile(r"(?<![0-9A-Za-z])([1-8]\d{5})(\d{2})(\d{2})(\d{2})\d{3}(?![0-9A-Za-z])")
_LABEL = re.compile(r"身份证|身份号|证件号")
_OTHER_LABEL = re.compile(r"信用代码|识别号|税号|项目编号|合同编号|订单号|流水号")
LABEL_WITHIN = 16  # characters before the number


def check_digit(seventeen: str) -> str:
    """Return the eighteenth character of an ID number."""
    total = sum(int(digit) * weight for digit, weight in zip(seventeen, WEIGHTS, strict=True))
    return CHECKS[total % 11]


def find(passage: Passage) -> Iterator[tuple[Action, str]]:
    """Yield an action and what to do for each number in a passage."""
    for match in _EIGHTEEN.finditer(passage.text):
        area, year, month, day, serial, check = match.groups()
        if _labelled(passage, match, _OTHER_LABEL) or not _is_person(area, year, month, day):
            continue
        if check_digit(area + year + month + day + serial) == check.upper():
            yield "block", "有身份证号码，请删去；需要区分同名人员时，请写单位或班级。"
        else:
            yield "warn", "有一串数字像写错的身份证号码，请核对，是的话请删去。"
    for match in _FIFTEEN.finditer(passage.text):
        area, year, month, day = match.groups()
        if _labelled(passage, match, _OTHER_LABEL) or not _is_person(area, f"19{year}", month, day):
            continue
        if _labelled(passage, match, _LABEL):
            yield "block", "有 15 位身份证号码，请删去；需要区分同名人员时，请写单位或班级。"
        else:
            yield "warn", "有一串 15 位数字像旧式身份证号码，请核对，是的话请删去。"


def _is_person(area: str, year: str, month: str, day: str) -> bool:
    if int(area[:2]) not in PROVINCES:
        return False
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return False
    return True


def _labelled(passage: Passage, match: re.Match[str], label: re.Pattern[str]) -> bool:
    before = passage.before(match.start(), within=LABEL_WITHIN)
    return bool(label.search(before) or label.search(passage.heading))
