"""Days in a sentence and what they may mean."""

from __future__ import annotations

from datetime import date

from publisher.screening.wording.days import days, readings, years


def test_a_period_within_a_month_has_its_last_day() -> None:
    (day,) = days("11月20日至25日")

    assert day.on(2026, last=True) == date(2026, 11, 25)


def test_the_year_before_in_the_sentence_comes_first() -> None:
    text = "2025年3月1日至12月5日"
    day = list(days(text))[1]

    assert readings(day, text, base=date(2026, 11, 27))[0] == date(2025, 12, 5)


def test_without_a_year_the_nearest_is_meant() -> None:
    (day,) = days("1月5日")

    assert readings(day, "1月5日", base=date(2026, 12, 20)) == [date(2027, 1, 5)]


def test_an_academic_year_is_no_year() -> None:
    assert years("2025—2026学年，2026年") == [2026]
