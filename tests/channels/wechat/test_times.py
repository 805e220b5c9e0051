from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from channels.wechat.times import push_times, slot, until_next_push_s, until_tomorrow_s
from publisher.channel import CAMPUS_TIME
from publisher.errors import ConfigError


def campus(day: int, hour: int, minute: int = 0, second: int = 0, *, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, second, tzinfo=CAMPUS_TIME)


def test_push_times_are_put_in_order() -> None:
    assert push_times(("17:00", "07:30")) == (time(7, 30), time(17))


@pytest.mark.parametrize("written", ["24:00", "17：00", "5pm", "", "17:00:00"])
def test_what_is_no_time_is_named(written: str) -> None:
    with pytest.raises(ConfigError, match="不是时间"):
        push_times((written,))


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (campus(24, 7), campus(24, 7, 30)),
        (campus(24, 7, 30), campus(24, 7, 30)),
        (campus(24, 7, 30, 1), campus(24, 17)),
        (campus(24, 17), campus(24, 17)),
        (campus(24, 17, 0, 1), campus(25, 7, 30)),
        (campus(30, 23, 59), campus(1, 7, 30, month=12)),
    ],
)
def test_the_slot_is_the_first_time_that_is_not_before(
    moment: datetime, expected: datetime
) -> None:
    times = (time(7, 30), time(17))

    assert slot(moment, times) == expected
    assert slot(moment.astimezone(UTC), times) == expected


def test_without_times_every_moment_will_do() -> None:
    assert slot(campus(24, 3, 17), ()) == campus(24, 3, 17)


@pytest.mark.parametrize(
    ("now", "kind", "expected"),
    [
        (campus(24, 23, 59), "subscription", campus(25, 0, 5)),
        (campus(25, 0, 0), "subscription", campus(26, 0, 5)),
        (campus(30, 12), "subscription", campus(1, 0, 5, month=12)),
        (campus(1, 0, 0), "service", campus(1, 0, 5, month=12)),
        (campus(30, 23, 59), "service", campus(1, 0, 5, month=12)),
    ],
)
def test_the_next_push_is_on_the_next_day_or_in_the_next_month(
    now: datetime, kind: str, expected: datetime
) -> None:
    assert until_next_push_s(now, kind) == (expected - now).total_seconds()


def test_the_last_month_of_the_year_is_followed_by_the_first() -> None:
    now = campus(31, 12, month=12)

    assert until_next_push_s(now, "service") == 12 * 3600 + 300


def test_a_day_ends_at_campus_midnight() -> None:
    assert until_tomorrow_s(datetime(2026, 11, 24, 16, 0, tzinfo=UTC)) == 24 * 3600 + 300
