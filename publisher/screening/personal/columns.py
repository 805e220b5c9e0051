"""表格里的个人信息: a column that is headed so, whatever stands in it.

A form with empty columns is no leak, and neither is a column in which all is masked. Results of
examinations and offices' telephone numbers are published as a duty, so those are left to the
other rules.

Source: 教财厅函〔2017〕28号 (aid lists: no numbers, addresses, telephones, dates of birth).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from publisher.screening.finding import Action
from publisher.screening.passage import Passage

RULE = "personal_column"
BY_COLUMN = True  # one finding for a column, not one for each cell
_NUMBERS = re.compile(
    r"身份证|证件号|护照号|学\s*号|考生号|准考证|学籍号|工\s*号|教工号|职工号|手机|移动电话"
    r"|银行卡|卡\s*号|银行账号|个人账号"
)
_WORDS = re.compile(
    r"家庭(?:住址|地址)|现?住址|户籍|户口|困难(?:类型|原因|等级)|致困|残疾|病史|病情"
)
_BORN = re.compile(r"出生(?:日期|年月)?")
_MASK = re.compile(r"[*×●]{2,}|[xX]{3,}")
_FULL_DATE = re.compile(r"(?:19|20)\d{2}(?:[年./\-]\d{1,2}[月./\-]\d{1,2}|\d{4}(?!\d))")
_LANDLINE = re.compile(r"(?:\(?0\d{2,3}\)?[ \-]?)?\d{7,8}(?:(?:转|-)\d{1,6})?")
_NOTHING = re.compile(r"[\s/\\\-—_.。、]*|无|略|同上|待定|不详")
LEAST_DIGITS = 6


def find(passage: Passage) -> Iterator[tuple[Action, str]]:
    """Yield an action and what to do for a cell that stands in such a column."""
    text = passage.text.strip()
    if not passage.is_cell or passage.heading.endswith(text) or _NOTHING.fullmatch(text):
        return
    if _NUMBERS.search(passage.heading) and _is_number(text, heading=passage.heading):
        yield "block", "是证件、学号、手机或账户一类的号码，请删去这一列，或遮住号码的大部分。"
    if _WORDS.search(passage.heading):
        yield "block", "是住址、户籍、困难情况一类的个人信息，请删去这一列。"
    if _BORN.search(passage.heading) and not _MASK.search(text):
        if _FULL_DATE.search(text):
            yield "block", "是出生日期，请删去这一列。"
        elif re.search(r"\d{4}", text):
            yield "warn", "是出生年月，请核对：公示办法没有要求的请删去。"


def _is_number(text: str, *, heading: str) -> bool:
    if _MASK.search(text) or len(re.findall(r"\d", text)) < LEAST_DIGITS:
        return False
    return not ("电话" in heading and _LANDLINE.fullmatch(text))
