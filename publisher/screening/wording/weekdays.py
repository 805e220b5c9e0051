"""Days that are not in the calendar, or that fall on another day of the week."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from publisher.screening.finding import Finding
from publisher.screening.passage import normalised
from publisher.screening.wording.days import WEEKDAYS, Day, days, nearby, readings
from publisher.screening.wording.reading import Line, Page

_LONG_BEFORE, _LONG_AFTER = timedelta(days=366), timedelta(days=731)
_MONTH = re.compile(r"(?<!\d)(?:19|20)\d\d\s*年\s*(?:1[3-9]|[2-9]\d|0{1,2})\s*月")
_AHEAD = re.compile(r"定于|将于|拟于|请于|时间[:：为]")
_LASTING = re.compile(r"有效|任期|聘期|服务期|合同|毕业|入学|出生|建校|成立|实施|施行")


def find(page: Page) -> Iterator[Finding]:
    """Yield what is wrong with the days of a notice."""
    for line in page.lines:
        text = normalised(line.text)
        found = list(days(text))
        for day in found:
            yield from _judged(day, text, line=line, page=page)
        months = {day.start for day in found}
        if any(match.start() not in months for match in _MONTH.finditer(text)):
            yield line.finding("impossible_date", "warn", "写的月份不存在，请核对日期。")


def _judged(day: Day, text: str, *, line: Line, page: Page) -> Iterator[Finding]:
    base = page.notice.base
    meant = readings(day, text, base=base, title=page.notice.title)
    if not meant or (day.until is not None and not _has_end(day, text, page)):
        if day.is_wordy:
            yield line.finding("impossible_date", "warn", f"的“{_named(day)}”不存在，请核对日期。")
    elif day.weekday is not None and day.weekday not in [found.weekday() for found in meant]:
        right = f"{meant[0].year}年{meant[0].month}月{meant[0].day}日是星期"
        advice = f"的星期与日期不符，{right}{WEEKDAYS[meant[0].weekday()]}，请核对。"
        yield line.finding("weekday", "warn", advice)
    elif not base - _LONG_BEFORE <= meant[0] <= base + _LONG_AFTER and _is_ahead(day, text):
        advice = "安排的日期离成文日期很远，请核对年份。"
        yield line.finding("distant_date", "inform", advice)


def _has_end(day: Day, text: str, page: Page) -> bool:
    return bool(readings(day, text, base=page.notice.base, title=page.notice.title, last=True))


def _named(day: Day) -> str:
    year = f"{day.year}年" if day.year else ""
    return f"{year}{day.month}月{day.day}日" + (f"至{day.until}日" if day.until else "")


def _is_ahead(day: Day, text: str) -> bool:
    """Tell whether the sentence of a day arranges something, rather than tells or bounds it."""
    before = re.split("[。；;\n]", nearby(text, day.start))[-1]
    after = re.split("[。；;\n]", text[day.end : day.end + 200])[0]
    is_arranged = day.year is not None and _AHEAD.search(before)
    return bool(is_arranged) and not _LASTING.search(before + after)
