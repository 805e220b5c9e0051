from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from publisher.channel import CAMPUS_TIME, Paces, Rests
from publisher.schedule import expected
from tests.make import NINE, FakeChannel


@dataclass(frozen=True, kw_only=True)
class Slow(FakeChannel, Paces):
    def gap_s(self) -> float:
        return 90.0

    def usual_gap_s(self) -> float:
        return 60.0


@dataclass(frozen=True, kw_only=True)
class Sleepy(Slow, Rests):
    """Sleeps from ten in the evening to seven in the morning."""

    def rest_until(self, moment: datetime) -> datetime:
        local = moment.astimezone(CAMPUS_TIME)
        if local.hour >= 22:
            local += timedelta(days=1)
        elif local.hour >= 7:
            return moment
        return local.replace(hour=7, minute=0, second=0)


def test_a_row_ends_after_its_usual_gaps() -> None:
    assert expected.end(Slow(), 200, start=NINE) == NINE + timedelta(minutes=199)


def test_a_row_goes_on_after_the_hours_of_rest() -> None:
    ten_to_ten = datetime(2026, 11, 24, 21, 50, tzinfo=CAMPUS_TIME)

    end = expected.end(Sleepy(), 30, start=ten_to_ten)

    assert end == datetime(2026, 11, 25, 7, 19, tzinfo=CAMPUS_TIME)


@pytest.mark.parametrize("waiting", [0, expected.MOST + 1])
def test_nothing_is_said_of_no_row_nor_of_one_without_an_end(waiting: int) -> None:
    assert expected.end(Slow(), waiting, start=NINE) is None


def test_an_account_without_a_pace_needs_no_time() -> None:
    assert expected.end(FakeChannel(), 200, start=NINE) is None
