from __future__ import annotations

from datetime import UTC, datetime

import pytest

from channels._quiet_hours import rest_until, spans
from publisher.channel import CAMPUS_TIME
from publisher.errors import ConfigError

NIGHT = ("22:30-07:00",)
NIGHT_AND_NOON = ("22:30-07:00", "12:00-14:00")


def campus(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=CAMPUS_TIME)


@pytest.mark.parametrize(
    ("moment", "until"),
    [
        (campus(24, 7), campus(24, 7)),
        (campus(24, 12), campus(24, 14)),
        (campus(24, 13, 59), campus(24, 14)),
        (campus(24, 14), campus(24, 14)),
        (campus(24, 22, 29), campus(24, 22, 29)),
        (campus(24, 22, 30), campus(25, 7)),
        (campus(24, 23, 59), campus(25, 7)),
        (campus(25, 0), campus(25, 7)),
        (campus(25, 6, 59), campus(25, 7)),
        (campus(30, 23), datetime(2026, 12, 1, 7, tzinfo=CAMPUS_TIME)),
    ],
)
def test_an_account_rests_until_the_end_of_the_span(moment: datetime, until: datetime) -> None:
    found = spans(NIGHT_AND_NOON)

    assert rest_until(moment, found) == until
    assert rest_until(moment.astimezone(UTC), found) == until


def test_spans_that_touch_are_one_rest() -> None:
    assert rest_until(campus(24, 23), spans(("22:00-07:00", "07:00-08:00"))) == campus(25, 8)


def test_without_spans_nobody_rests() -> None:
    assert rest_until(campus(24, 3), spans(())) == campus(24, 3)


@pytest.mark.parametrize("written", ["22:30", "22:30-7:00", "24:00-07:00", "夜里", "22.30-07.00"])
def test_what_is_no_span_is_named(written: str) -> None:
    with pytest.raises(ConfigError, match="不是时段") as raised:
        spans((written,))

    assert raised.value.key == "quiet_hours"


@pytest.mark.parametrize(
    "written", [("00:00-00:00",), ("07:00-19:00", "19:00-07:00"), ("06:00-20:00", "18:00-08:00")]
)
def test_spans_that_leave_no_time_are_refused(written: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="全天"):
        spans(written)
