"""银行卡号和账号: the numbers of cards by their check digit, and what an account is called.

Luhn's check passes for one number of nineteen digits in ten, so it blocks only beside a word of
banking. Accounts of the college itself have no check digit; those stand in the settings.

Source: ISO/IEC 7812-1 (annex B, Luhn); 62 is China UnionPay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from publisher.screening.finding import Action
from publisher.screening.passage import Passage

RULE = "bank_account"
LABEL_WITHIN = 24  # characters before the number
_NUMBER = re.compile(
    r"(?<![0-9A-Za-z.])(?:62\d{2}|4\d{3}|5[1-5]\d{2}|3[57]\d{2}|9\d{3})(?:[ \-]?\d{4}){2}"
    r"[ \-]?\d{4}(?:[ \-]?\d{1,3})?(?![0-9A-Za-z])"
)
_LABEL = re.compile(r"卡\s*号|账\s*号|帐\s*号|账户|开户行|银行")
_OTHER_LABEL = re.compile(r"信用代码|识别号|税号|项目|合同|订单|流水|条形?码|ISBN|ISSN")


def find(passage: Passage) -> Iterator[tuple[Action, str]]:
    """Yield an action and what to do for each number in a passage."""
    for match in _NUMBER.finditer(passage.text):
        before = passage.before(match.start(), within=LABEL_WITHIN)
        if _OTHER_LABEL.search(before) or _OTHER_LABEL.search(passage.heading):
            continue
        is_labelled = bool(_LABEL.search(before) or _LABEL.search(passage.heading))
        is_card = checks(re.sub(r"\D", "", match[0]))
        if is_labelled and is_card:
            yield "block", "有银行卡号，请删去。"
        elif is_labelled:
            yield "warn", "有银行账号，请核对：是个人的请删去，是学校的请登记为办公号码。"
        elif is_card:
            yield "warn", "有一串数字像银行卡号，请核对，是的话请删去。"


def checks(digits: str) -> bool:
    """Say whether the last digit is the one that Luhn's rule asks for."""
    doubled = [int(digit) * 2 for digit in digits[-2::-2]]
    single = [int(digit) for digit in digits[-1::-2]]
    return (sum(n - 9 if n > 9 else n for n in doubled) + sum(single)) % 10 == 0
