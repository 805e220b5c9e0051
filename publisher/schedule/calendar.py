"""Working days, 调休 included. Pure: the holidays are data of config/working-days.toml."""

from __future__ import annotations

from datetime import date, timedelta

from publisher.settings import WorkingDays

A_DAY = timedelta(days=1)
SATURDAY = 5
# Days off whatever a year's notice says: New Year, Labour Day, National Day. Those of the lunar
# calendar are not among them. Source: 《全国年节及纪念日放假办法》, as of 2024-11-10.
FIXED = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})


def is_working_day(day: date, years: WorkingDays) -> bool:
    """Say whether offices work on a day; in a year without data this is an estimate."""
    year = years.get(day.year)
    if year is None:
        return day.weekday() < SATURDAY and (day.month, day.day) not in FIXED
    if day in year.make_up_workdays:
        return True
    return day.weekday() < SATURDAY and day not in year.holidays


def add_working_days(day: date, count: int, years: WorkingDays) -> date:
    """Return the working day that is `count` after a day, which itself is not counted."""
    while count > 0:
        day += A_DAY
        count -= is_working_day(day, years)
    return day


def unknown_years(first: date, last: date, years: WorkingDays) -> tuple[int, ...]:
    """Return the years without data that a stretch of days, both ends included, touches."""
    return tuple(year for year in range(first.year, last.year + 1) if year not in years)
