from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from publisher.errors import InvalidError
from publisher.schedule import times

NINE = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-24 09:00",
        "2026-11-24 9:00",
        "2026/11/24 9:00",
        "2026-11-24T09:00:00",
        "2026-11-24T09:00:00+08:00",
        "2026-11-24T01:00:00Z",
        "2026年11月24日 9:00",
        "2026年11月24日9点",
        "2026-11-24 09：00",
    ],
)
def test_reads_a_moment_as_people_and_programs_write_it(text: str) -> None:
    assert times.parse(text, field="publish_at") == NINE


@pytest.mark.parametrize(
    "text", ["", "明天", "9:00", "2026-11-24", "2026-02-30 9:00", "2026-11-24 25:00", "x" * 100]
)
def test_refuses_what_is_no_moment_and_names_the_field(text: str) -> None:
    with pytest.raises(InvalidError, match="发布时间") as caught:
        times.parse(text, field="publish_at")

    assert caught.value.field == "publish_at"
    assert caught.value.code == "bad_time"


@pytest.mark.parametrize("text", ["0001-01-01 0:00", "2101-01-01 8:00", "9999-12-31 23:59"])
def test_refuses_moments_that_no_calendar_of_ours_reaches(text: str) -> None:
    with pytest.raises(InvalidError) as caught:
        times.parse(text, field="publish_at")

    assert caught.value.code == "bad_time"


def test_takes_the_last_moment_of_the_last_year() -> None:
    last = times.parse("2101-01-01 7:59", field="publish_at")

    assert last == datetime(2100, 12, 31, 23, 59, tzinfo=UTC)


def test_says_a_moment_as_people_do() -> None:
    assert times.say(NINE + timedelta(minutes=5)) == "2026年11月24日 9:05"
    assert times.say(None) == ""


@pytest.mark.parametrize(
    ("hours", "field", "code"),
    [
        ({"publish_at": -1}, "publish_at", "past"),
        ({"expires_at": 0}, "expires_at", "past"),
        ({"publish_at": 2, "expires_at": 2}, "expires_at", "ends_before_it_begins"),
        ({"publish_at": 2, "not_after": 1}, "not_after", "ends_before_it_begins"),
    ],
)
def test_refuses_times_that_are_past_or_contradict(
    hours: dict[str, int], field: str, code: str
) -> None:
    given: dict[str, datetime | None] = {"publish_at": None, "not_after": None, "expires_at": None}
    given |= {name: NINE + timedelta(hours=hour) for name, hour in hours.items()}

    with pytest.raises(InvalidError) as caught:
        times.check_order(
            publish_at=given["publish_at"],
            not_after=given["not_after"],
            expires_at=given["expires_at"],
            now=NINE,
        )

    assert (caught.value.field, caught.value.code) == (field, code)


def test_a_moment_soon_to_come_is_said_with_its_day_of_the_week() -> None:
    assert times.say_day(NINE) == "11月24日（周二）9:00"
