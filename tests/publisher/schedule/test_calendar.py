from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher import settings
from publisher.schedule import calendar
from publisher.schedule.calendar import A_DAY, add_working_days, is_working_day, unknown_years

YEARS = settings.load(Path("no such folder")).working_days
KNOWN = st.dates(date(2024, 1, 1), date(2026, 11, 1))
COUNTS = st.integers(0, 30)


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2024, 2, 29), True),  # a Thursday that most years lack
        (date(2026, 2, 14), True),  # Saturday, 调休
        (date(2026, 5, 9), True),  # Saturday, 调休
        (date(2025, 1, 26), True),  # Sunday, 调休
        (date(2026, 5, 10), False),  # the Sunday after it
        (date(2026, 2, 17), False),  # Spring Festival, a Tuesday
        (date(2026, 10, 7), False),  # a Wednesday
        (date(2026, 10, 8), True),
    ],
)
def test_knows_holidays_and_weekends_at_work(day: date, works: bool) -> None:
    assert is_working_day(day, YEARS) is works


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2027, 1, 1), False),  # New Year, a Friday
        (date(2027, 1, 4), True),
        (date(2027, 2, 6), False),  # a Saturday: nobody knows yet whether it is made up
        (date(2027, 5, 3), True),  # a Monday
        (date(2027, 10, 1), False),
        (date(2028, 2, 29), True),
    ],
)
def test_a_year_without_data_counts_from_monday_to_friday(day: date, works: bool) -> None:
    assert is_working_day(day, YEARS) is works


@pytest.mark.parametrize(
    ("count", "start", "last"),
    [
        (20, "2026-09-18", "2026-10-22"),
        (5, "2026-09-30", "2026-10-13"),
        (20, "2026-02-10", "2026-03-16"),
        (5, "2026-04-29", "2026-05-09"),
        (15, "2026-01-01", "2026-01-22"),
        (10, "2025-09-26", "2025-10-16"),
        (5, "2025-01-20", "2025-01-26"),
        (1, "2024-02-28", "2024-02-29"),
    ],
)
def test_counts_working_days_over_holidays(count: int, start: str, last: str) -> None:
    found = add_working_days(date.fromisoformat(start), count, YEARS)

    assert found == date.fromisoformat(last)


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (date(2026, 12, 1), date(2026, 12, 31), ()),
        (date(2026, 12, 31), date(2027, 1, 1), (2027,)),
        (date(2023, 12, 31), date(2028, 1, 1), (2023, 2027, 2028)),
    ],
)
def test_years_without_data_are_named(first: date, last: date, expected: tuple[int, ...]) -> None:
    assert unknown_years(first, last, YEARS) == expected


@given(KNOWN, COUNTS)
def test_there_are_as_many_working_days_as_were_counted(day: date, count: int) -> None:
    last = add_working_days(day, count, YEARS)

    between = [day + timedelta(days=n) for n in range(1, (last - day).days + 1)]
    assert sum(is_working_day(one, YEARS) for one in between) == count
    assert count == 0 or is_working_day(last, YEARS)


@given(KNOWN, COUNTS, COUNTS)
def test_counting_on_is_counting_at_once(day: date, first: int, second: int) -> None:
    at_once = add_working_days(day, first + second, YEARS)

    assert add_working_days(add_working_days(day, first, YEARS), second, YEARS) == at_once


@given(KNOWN, COUNTS)
def test_beginning_later_never_ends_earlier(day: date, count: int) -> None:
    later = add_working_days(day + A_DAY, count, YEARS)

    assert later >= add_working_days(day, count, YEARS)


@pytest.mark.parametrize("year", sorted(YEARS))
def test_the_data_of_a_year_agrees_with_itself(year: int) -> None:
    known = YEARS[year]

    assert all(day.weekday() >= calendar.SATURDAY for day in known.make_up_workdays)
    # what is given off beyond the days of the law is worked off at weekends
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(366)]
    works = sum(is_working_day(day, YEARS) for day in days if day.year == year)
    assert works in range(248, 252)
