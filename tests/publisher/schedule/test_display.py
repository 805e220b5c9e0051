from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher import settings
from publisher.channel import CAMPUS_TIME
from publisher.errors import InvalidError
from publisher.schedule import display
from publisher.schedule.calendar import is_working_day

YEARS = settings.load(Path("no such folder")).working_days


def at(text: str) -> datetime:
    """A moment on the campus."""
    return datetime.fromisoformat(text).replace(tzinfo=CAMPUS_TIME)


@pytest.mark.parametrize(
    ("begun", "days", "unit", "last"),
    [
        ("2026-09-18 09:00", 20, "working", date(2026, 10, 22)),
        ("2026-04-29 17:59", 5, "working", date(2026, 5, 9)),  # a Saturday at work
        ("2026-11-23 09:00", 5, "calendar", date(2026, 11, 30)),  # the 28th is a Saturday
        ("2026-11-23 09:00", 3, "calendar", date(2026, 11, 26)),
        ("2026-05-04 09:00", 5, "calendar", date(2026, 5, 9)),  # a Saturday at work is no day off
        ("2026-09-28 09:00", 3, "calendar", date(2026, 10, 8)),  # over the whole holiday
        ("2024-02-28 09:00", 1, "calendar", date(2024, 2, 29)),
        ("2026-11-24 00:00", 3, "calendar", date(2026, 11, 27)),
        ("2026-11-24 23:59", 3, "calendar", date(2026, 11, 27)),
    ],
)
def test_the_day_it_begins_is_not_counted_and_the_last_one_is_whole(
    begun: str, days: int, unit: str, last: date
) -> None:
    found = display.end(at(begun), days=days, unit=unit, years=YEARS)

    assert found.last_day == last
    assert found.at == at(f"{last} 00:00") + timedelta(days=1)
    assert not found.is_provisional


def test_the_day_is_that_of_the_campus() -> None:
    begun = datetime(2026, 11, 24, 16, 30, tzinfo=UTC)  # half past midnight on the 25th

    assert display.end(begun, days=1, unit="calendar", years=YEARS).last_day == date(2026, 11, 26)


@pytest.mark.parametrize(
    ("begun", "days", "unit", "expected"),
    [
        ("2026-12-28 09:00", 3, "working", False),
        ("2026-12-28 09:00", 4, "working", True),
        ("2026-12-28 09:00", 3, "calendar", False),
        ("2026-12-28 09:00", 7, "calendar", True),
    ],
)
def test_an_end_that_needs_a_year_without_data_is_provisional(
    begun: str, days: int, unit: str, expected: bool
) -> None:
    assert display.end(at(begun), days=days, unit=unit, years=YEARS).is_provisional is expected


@pytest.fixture(params=["UTC", "America/New_York", "Europe/Berlin", "Asia/Shanghai"])
def host(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose clock is set to another zone."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("host")
@pytest.mark.parametrize("begun", ["2026-03-07 15:30", "2026-03-29 09:30", "2026-10-24 10:30"])
def test_clock_changes_of_the_host_do_not_matter(begun: str) -> None:
    moment = at(begun).astimezone()  # as the host would write it

    found = display.end(moment, days=2, unit="calendar", years={})

    assert found.at.hour == 0
    assert found.at.utcoffset() == timedelta(hours=8)
    assert found == display.end(at(begun), days=2, unit="calendar", years={})


FIRST = datetime(2024, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 1000 * 86400).map(lambda after_s: FIRST + timedelta(seconds=after_s))
DAYS = st.integers(1, 30)
UNITS = st.sampled_from(sorted(display.UNITS))


@given(MOMENTS, DAYS, UNITS)
def test_a_display_is_never_shorter_than_what_was_asked(
    begun: datetime, days: int, unit: str
) -> None:
    found = display.end(begun, days=days, unit=unit, years=YEARS)

    assert found.at - begun >= timedelta(days=days)
    assert is_working_day(found.last_day, YEARS)


@given(MOMENTS, DAYS)
def test_working_days_are_never_shorter_than_calendar_days(begun: datetime, days: int) -> None:
    calendar = display.end(begun, days=days, unit="calendar", years=YEARS)

    assert display.end(begun, days=days, unit="working", years=YEARS).at >= calendar.at


@given(MOMENTS, st.integers(0, 7 * 86400), DAYS, UNITS)
def test_what_begins_later_never_ends_earlier(
    begun: datetime, later_s: int, days: int, unit: str
) -> None:
    later = begun + timedelta(seconds=later_s)

    ends = [display.end(one, days=days, unit=unit, years=YEARS).at for one in (begun, later)]
    assert ends[0] <= ends[1]


@pytest.mark.parametrize(
    ("text", "expected"), [("5", (5, "calendar")), (" 5-working ", (5, "working"))]
)
def test_reads_what_an_operator_types(text: str, expected: tuple[int, str]) -> None:
    assert display.parse(text) == expected


@pytest.mark.parametrize("text", ["", "five", "-5", "5.5", "²", "99999", "working"])
def test_says_how_to_write_a_length(text: str) -> None:
    with pytest.raises(InvalidError, match="写成 5（天）或 5-working（工作日）") as caught:
        display.parse(text)

    assert caught.value.field == "display_days"


@pytest.mark.parametrize(
    ("days", "unit", "field"),
    [
        (0, "calendar", "display_days"),
        (-1, "working", "display_days"),
        (366, "calendar", "display_days"),
        (5, "weeks", "display_unit"),
        (None, "weeks", "display_unit"),
    ],
)
def test_refuses_what_cannot_be(days: int | None, unit: str, field: str) -> None:
    with pytest.raises(InvalidError) as caught:
        display.check(days=days, unit=unit)

    assert caught.value.field == field


@pytest.mark.parametrize("days", [None, 1, 365])
def test_takes_what_can_be(days: int | None) -> None:
    display.check(days=days, unit="working")


def test_says_a_length_and_an_end() -> None:
    found = display.end(at("2026-09-18 09:00"), days=20, unit="working", years=YEARS)

    assert display.say(20, "working") == "20 个工作日"
    assert display.say(None, "working") == ""
    assert display.say_end(found) == "2026年10月22日 24:00"
