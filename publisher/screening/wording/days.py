"""Days in a sentence: 2026年11月28日（星期六）, 11月28日周六, 11月20日至25日, 2026-11-28."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

WEEKDAYS = "一二三四五六日"
_NEARBY = 200  # characters

_GAP = r"\s{0,4}"  # bounded: two open ones in a row take minutes over a page of spaces
_WORDY = (
    rf"(?:(?P<year>(?:19|20)\d\d){_GAP}年{_GAP})?"
    rf"(?P<month>\d{{1,2}}){_GAP}月{_GAP}(?P<day>\d{{1,2}}){_GAP}日"
)
_ISO = (
    r"(?P<iso_year>(?:19|20)\d\d)(?P<dash>[-/.])(?P<iso_month>\d{1,2})(?P=dash)"
    r"(?P<iso_day>\d{1,2})(?![\d.-])"
)
_WEEKDAY = (
    rf"(?:{_GAP}[(（]?{_GAP}(?:星期|周|礼拜)(?P<weekday>[一二三四五六日天])"
    rf"(?!{_GAP}[至到、和及—~-]))?(?:{_GAP}[)）])?"
)
_UNTIL = rf"(?:{_GAP}(?:至|到|—{{1,2}}|–|-|~|～){_GAP}(?P<until>\d{{1,2}}){_GAP}日)?"
_DAY = re.compile(rf"(?<![\d-])(?:{_WORDY}|{_ISO}){_WEEKDAY}{_UNTIL}")
_OTHER_YEAR = re.compile(
    r"(?:去年|前年|上年|明年|次年|翌年|后年|来年|农历|阴历|每年|历年)[^，。；]{0,3}$"
)
_WRITTEN_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)\s{0,4}年")


@dataclass(frozen=True, kw_only=True)
class Day:
    """A day as it was written."""

    year: int | None  # None: not written
    month: int
    day: int
    weekday: int | None  # Monday is 0
    until: int | None  # the last day, where a period within a month follows
    start: int
    end: int  # in the text
    is_wordy: bool  # with 月 and 日; what looks like 2026.2.30 may be a number of another kind

    def on(self, year: int, *, last: bool = False) -> date | None:
        """Return the day in a year, or the last one of its period; None where there is none."""
        try:
            return date(year, self.month, (self.until or self.day) if last else self.day)
        except ValueError:
            return None


def days(text: str) -> Iterator[Day]:
    """Yield the days in a text, except those of the lunar calendar or of a year named by a word."""
    for match in _DAY.finditer(text):
        if _OTHER_YEAR.search(nearby(text, match.start())):
            continue
        year = match["year"] or match["iso_year"]
        weekday = (match["weekday"] or "").replace("天", "日")
        yield Day(
            year=int(year) if year else None,
            month=int(match["month"] or match["iso_month"]),
            day=int(match["day"] or match["iso_day"]),
            weekday=WEEKDAYS.index(weekday) if weekday else None,
            until=int(match["until"]) if match["until"] else None,
            start=match.start(),
            end=match.end(),
            is_wordy=match["month"] is not None,
        )


def nearby(text: str, start: int) -> str:
    """Return what stands shortly before a place: a sentence, not a whole chapter."""
    return text[max(0, start - _NEARBY) : start]


def years(text: str) -> list[int]:
    """Return the years written in a text; 2025—2026学年 is none."""
    return [int(year) for year in _WRITTEN_YEAR.findall(text)]


def readings(day: Day, text: str, *, base: date, title: str = "", last: bool = False) -> list[date]:
    """Return the days that may be meant, the likeliest first; empty: there is no such day.

    Without a year it is that of the sentence before it, the occurrence nearest to the base, or
    the year of the title.
    """
    if day.year is not None:
        return [found] if (found := day.on(day.year, last=last)) else []
    near = (day.on(base.year + shift, last=last) for shift in (-1, 0, 1))
    nearest = sorted((found for found in near if found), key=lambda found: abs(found - base))
    named = [*years(nearby(text, day.start))[-1:]]
    before = [found for year in named if (found := day.on(year, last=last))]
    titled = [found for year in years(title) if (found := day.on(year, last=last))]
    return list(dict.fromkeys([*before, *nearest[:1], *titled]))
