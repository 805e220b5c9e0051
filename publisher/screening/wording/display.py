"""A 公示 says until when, and to whom one objects.

Source: domain notes 5.2: a 公示 without contact fails; both dates and the days are shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from publisher.screening.finding import Finding
from publisher.screening.passage import normalised
from publisher.screening.wording.reading import Page

_CONTACT = re.compile(
    r"联系人|联系方式|电话|热线|邮箱|电子邮件|邮件地址|e-?mail|\w@[\w-]"
    r"|(?<!\d)0\d{2,3}[-)\s]?\d{7,8}(?!\d)|(?<!\d)1[3-9]\d{9}(?!\d)",
    re.IGNORECASE,
)
_GAP, _DASH = r"\s{0,4}", "[至到—–~-]{1,2}"
_COUNT = r"(?:\d{1,3}|[一二两三四五六七八九十]{1,3})"
_PERIOD = re.compile(
    rf"{_COUNT}{_GAP}个?{_GAP}(?:工作日|自然日|天|日历日)"
    rf"|日[^。\n]{{0,12}}{_DASH}{_GAP}(?:[\d年]{{1,7}}月)?{_GAP}\d{{1,2}}{_GAP}日"
    rf"|\d[-./]\d{{1,2}}{_GAP}{_DASH}{_GAP}(?:\d{{4}}[-./])?\d{{1,2}}[-./]\d"
    rf"|公示期?[^。\n]{{0,8}}{_COUNT}日|[自从][^。\n]{{4,40}}止|长期公示|长期有效"
)


def find(page: Page) -> Iterator[Finding]:
    """Yield what a 公示 lacks."""
    if page.notice.kind != "公示":
        return
    text = normalised("\n".join(line.text for line in page.lines))
    if not _CONTACT.search(text):
        action: Literal["block", "warn"] = "block" if page.notice.needs_contact else "warn"
        advice = "没有写联系方式，请写明受理异议的联系人、电话或邮箱。"
        yield _missing("display_contact", advice, action=action)
    if not _PERIOD.search(text):
        yield _missing("display_period", "没有写公示期，请写明起止日期和工作日天数。")


def _missing(rule: str, advice: str, *, action: Literal["block", "warn"] = "warn") -> Finding:
    return Finding(rule=rule, action=action, place="body", message=f"公示正文{advice}")
