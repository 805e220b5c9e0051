from __future__ import annotations

from datetime import UTC, datetime

import pytest

from publisher.console import words
from publisher.model.states import DeliveryState
from publisher.model.status import ItemStatus
from tests.make import NINE  # 9:00 on 24 November in Beijing


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (datetime(2026, 11, 24, 0, 30, tzinfo=UTC), "今天 8:30"),
        (datetime(2026, 11, 23, 16, 0, tzinfo=UTC), "今天 0:00"),
        (datetime(2026, 11, 23, 15, 59, tzinfo=UTC), "昨天 23:59"),
        (datetime(2026, 11, 24, 16, 0, tzinfo=UTC), "明天 0:00"),
        (datetime(2026, 11, 25, 16, 0, tzinfo=UTC), "2026年11月26日 0:00"),
        (datetime(2026, 11, 22, 15, 59, tzinfo=UTC), "2026年11月22日 23:59"),
    ],
)
def test_says_when_as_people_do(moment: datetime, said: str) -> None:
    assert words.when(moment, NINE) == said


@pytest.mark.parametrize("state", list(DeliveryState))
def test_every_state_of_a_delivery_can_be_seen(state: DeliveryState) -> None:
    assert words.DELIVERY_TONE[state] in words.TONE_ICON
    assert words.DELIVERY_STATE[state]


@pytest.mark.parametrize("status", list(ItemStatus))
def test_every_status_of_an_item_can_be_seen(status: ItemStatus) -> None:
    assert words.ITEM_TONE[status] in words.TONE_ICON
    assert words.ITEM_STATUS[status]


@pytest.mark.parametrize(
    ("size", "said"), [(1, "1 KB"), (2048, "2 KB"), (2**20 - 1, "1024 KB"), (3 * 2**19, "1.5 MB")]
)
def test_says_how_large_a_file_is(size: int, said: str) -> None:
    assert words.size(size) == said
