from __future__ import annotations

from datetime import UTC, datetime, timedelta

from channels.wechat.budget import Budget
from tests.channels.wechat.scene import MemoryShelf

BEFORE_MIDNIGHT = datetime(2026, 11, 24, 15, 59, tzinfo=UTC)  # 23:59 in Beijing


def test_so_many_calls_a_day_are_taken_and_no_more() -> None:
    budget = Budget(appid="wx1", kind="delete", most=2, shelf=MemoryShelf())

    assert [budget.take() for _ in range(3)] == [True, True, False]
    assert budget.left == 0


def test_all_that_share_an_account_share_its_calls() -> None:
    shelf = MemoryShelf()
    one, other = (Budget(appid="wx1", kind="look", most=1, shelf=shelf) for _ in range(2))
    foreign = Budget(appid="wx2", kind="look", most=1, shelf=shelf)

    assert one.take()
    assert not other.take()
    assert foreign.take()


def test_a_new_day_in_beijing_has_its_own_calls() -> None:
    shelf, moment = MemoryShelf(), BEFORE_MIDNIGHT
    budget = Budget(appid="wx1", kind="look", most=1, shelf=shelf, now=lambda: moment)
    assert budget.take()
    assert not budget.take()

    moment = BEFORE_MIDNIGHT + timedelta(minutes=1)

    assert budget.take()
