"""The day below the notice: the last paragraph that consists of a date."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import takewhile

from publisher.screening.finding import Finding
from publisher.screening.passage import normalised
from publisher.screening.wording.reading import Line, Page

_AFTER = 4  # paragraphs: the date, then remarks like （此件主动公开）; further up it is another day
_ANNEX = re.compile(r"附件\s*[\d０-９]{0,2}")  # what is printed below the notice
_FAR = timedelta(days=30)
_DATE = re.compile(r"((?:19|20)\d\d)\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*日")
_FIGURES = {figure: str(n) for n, figure in enumerate("〇一二三四五六七八九")} | {
    "零": "0",
    "○": "0",
}
_WORDY = re.compile(
    r"([〇零○一二三四五六七八九]{4})年([一二三四五六七八九十]{1,2})月([一二三四五六七八九十]{1,3})日"
)


def find(page: Page) -> Iterator[Finding]:
    """Yield at most one warning: differs from the notice's date, or is far from today."""
    last = _last(page)
    if last is None:
        return
    line, day = last
    issued_on, today = page.notice.issued_on, page.notice.today
    if issued_on is not None and day != issued_on:
        yield line.finding("closing_date", "warn", "的落款日期与填写的成文日期不一致，请核对。")
    elif day > today + _FAR:
        yield line.finding("closing_date", "warn", "的落款日期晚于今天 30 天以上，请核对。")
    elif day.year != today.year and today > day + _FAR:
        yield line.finding("closing_date", "warn", "的落款日期不是今年，请核对年份。")


def _last(page: Page) -> tuple[Line, date] | None:
    lines = list(takewhile(lambda line: not _ANNEX.fullmatch(line.text), page.paragraphs))
    for line in reversed(lines[-_AFTER:]):
        for text in reversed(line.text.split("\n")):
            day = _date(normalised(text).strip())
            if day is not None:
                return line, day
    return None


def _date(text: str) -> date | None:
    if match := _DATE.fullmatch(text):
        figures = tuple(map(int, match.groups()))
    elif match := _WORDY.fullmatch(text):
        year = int("".join(_FIGURES[figure] for figure in match[1]))
        figures = (year, _below_hundred(match[2]), _below_hundred(match[3]))
    else:
        return None
    try:
        return date(*figures)
    except ValueError:
        return None  # the rule of impossible days says so


def _below_hundred(words: str) -> int:
    tens, ten, ones = words.rpartition("十")
    lead = int(_FIGURES.get(tens, "1")) if ten else 0
    return lead * 10 + int(_FIGURES.get(ones, "0"))
