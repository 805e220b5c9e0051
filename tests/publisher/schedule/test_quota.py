from __future__ import annotations

from datetime import UTC, datetime

import pytest

from publisher.channel import Ration
from publisher.schedule import quota
from tests.make import NINE

DAILY, MONTHLY = Ration(sends=1, period="day"), Ration(sends=4, period="month", reserve=1)
TODAY, NOVEMBER = "2026-11-24", "2026-11"


@pytest.mark.parametrize(
    ("spent", "for_all", "for_urgent"),
    [
        ({}, 1, 1),
        ({TODAY: 1}, 0, 0),
        ({NOVEMBER: 2}, 1, 1),
        ({NOVEMBER: 3}, 0, 1),
        ({NOVEMBER: 9}, 0, 0),
    ],
)
def test_all_rations_hold_and_what_is_kept_is_for_the_urgent(
    spent: dict[str, int], for_all: int, for_urgent: int
) -> None:
    left = [
        quota.left([DAILY, MONTHLY], spent, is_urgent=is_urgent, now=NINE)
        for is_urgent in (False, True)
    ]

    assert left == [for_all, for_urgent]


def test_nothing_is_counted_where_there_is_no_ration() -> None:
    assert quota.left([], {}, is_urgent=False, now=NINE) is None


@pytest.mark.parametrize(
    ("spent", "opens"),
    [
        ({}, NINE),
        ({TODAY: 1}, datetime(2026, 11, 24, 16, 5, tzinfo=UTC)),
        ({NOVEMBER: 3}, datetime(2026, 11, 30, 16, 5, tzinfo=UTC)),
        ({TODAY: 1, NOVEMBER: 3}, datetime(2026, 11, 30, 16, 5, tzinfo=UTC)),
    ],
)
def test_a_send_is_there_again_a_little_after_midnight_on_the_campus(
    spent: dict[str, int], opens: datetime
) -> None:
    assert quota.opens_at([DAILY, MONTHLY], spent, is_urgent=False, now=NINE) == opens


def test_never_where_every_send_is_kept() -> None:
    kept = Ration(sends=1, period="day", reserve=1)

    assert quota.opens_at([kept], {}, is_urgent=False, now=NINE) is None
    assert quota.opens_at([kept], {}, is_urgent=True, now=NINE) == NINE


@pytest.mark.parametrize(
    ("month", "begins"), [(11, (2026, 12, 1)), (12, (2027, 1, 1)), (1, (2026, 2, 1))]
)
def test_a_month_gives_way_to_the_next(month: int, begins: tuple[int, int, int]) -> None:
    moment = datetime(2026, month, 10, tzinfo=UTC)

    found = quota.renewed_at(MONTHLY, moment)

    assert (found.year, found.month, found.day) == begins
    assert quota.begun_at(MONTHLY, found).date() == found.date()
