from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from channels.wechat.times import push_times, slot, until_tomorrow_s
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


def test_a_day_ends_at_campus_midnight() -> None:
    assert until_tomorrow_s(datetime(2026, 11, 24, 16, 0, tzinfo=UTC)) == 24 * 3600 + 300
