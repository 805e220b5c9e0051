"""The outlet says that nothing is left of a ration: it is believed, and what waits says so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from publisher.channel import Bundles, Ration, Rations, Receipt, Rendition
from publisher.delivery import breaker, gates, replan, worker
from publisher.delivery.works import Works
from publisher.errors import ChannelError, SpentError
from publisher.model.lane import Lane, Spent
from publisher.model.states import DeliveryState as S
from tests import make
from tests.make import NINE, FakeChannel

TODAY, MONTH = "2026-11-24", "2026-11"
TOMORROW = NINE + timedelta(hours=15, minutes=5)  # campus midnight, and five minutes
USED_UP = SpentError("45028", period="day")


@dataclass(frozen=True, kw_only=True)
class Rationed(FakeChannel, Rations):
    """Three a day, eight a month."""

    def rations(self) -> tuple[Ration, ...]:
        return (Ration(sends=3, period="day"), Ration(sends=8, period="month"))


@dataclass(frozen=True, kw_only=True)
class Digest(Rationed, Bundles):
    """One that takes several in one call."""

    def deliver_bundle(
        self, renditions: Sequence[Rendition], *, key: str, handle: str
    ) -> Sequence[Receipt | ChannelError]:
        return [self.deliver(renditions[0], key=key)] * len(renditions)


def at(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


def refused(tmp_path: Path, gate: FakeChannel, *, count: int = 1) -> tuple[Works, list[int]]:
    """Deliveries that were sent at nine, where nothing was left to the account."""
    works = make.works(tmp_path, {"gate": gate})
    ids = [make.delivery(works, not_after=NINE + timedelta(days=40)) for _ in range(count)]
    worker.run_lane(works, "gate", now=at(NINE))
    return works, ids


def spent(works: Works) -> dict[str, int]:
    with works.database.reads() as session:
        return {row.period: row.sends for row in session.scalars(select(Spent))}


@pytest.mark.parametrize(
    ("period", "counted"), [("day", {TODAY: 3, MONTH: 0}), ("month", {TODAY: 0, MONTH: 8})]
)
def test_the_ledger_believes_the_outlet(
    tmp_path: Path, period: str, counted: dict[str, int]
) -> None:
    error = SpentError("45028", period="month" if period == "month" else "day")
    gate = Rationed(answers=[error])

    works, _ = refused(tmp_path, gate, count=2)

    assert spent(works) == counted
    assert len(gate.sent) == 1  # the second one is not even tried


def test_a_bundle_is_one_send_that_was_not_made(tmp_path: Path) -> None:
    works, ids = refused(tmp_path, Digest(answers=[USED_UP]), count=3)

    assert spent(works) == {TODAY: 3, MONTH: 0}
    assert {make.stored(works, one).state for one in ids} == {S.PLANNED}


def test_it_is_neither_a_fault_of_the_account_nor_a_try(tmp_path: Path) -> None:
    works, [one] = refused(tmp_path, Rationed(answers=[USED_UP]))

    with works.database.reads() as session:
        lane = session.get(Lane, "gate")
    assert lane is None or lane.faults == 0
    assert make.stored(works, one).tries == 0
    assert not breaker.counts(USED_UP)


def test_what_waits_gets_the_next_moment_and_says_why(tmp_path: Path) -> None:
    gate = Rationed(answers=[USED_UP, Receipt(remote_id="r1")])
    works, [one] = refused(tmp_path, gate)

    moved = replan.replan(works, now=NINE + timedelta(minutes=1))
    row = make.stored(works, one)
    worker.run_lane(works, "gate", now=at(row.due_at))

    assert moved == 1
    assert row.due_at == TOMORROW
    assert "今天的发送次数已用完" in row.advice
    assert make.stored(works, one).state == S.ACCEPTED


def test_a_ration_that_is_not_counted_here_is_waited_for_all_the_same(tmp_path: Path) -> None:
    gate = FakeChannel(answers=[USED_UP])
    works, [one] = refused(tmp_path, gate)

    row = make.stored(works, one)
    assert (row.state, row.due_at) == (S.PLANNED, TOMORROW)
    assert row.advice.startswith("平台说今天的发送次数已用完，改到 ")
    assert len(gate.sent) == 1


def test_the_outlets_own_time_is_never_undercut(tmp_path: Path) -> None:
    error = SpentError("45028", period="day", advice="请明天再发")
    error.after_s = 86_400.0
    works, [one] = refused(tmp_path, FakeChannel(answers=[error]))

    row = make.stored(works, one)
    assert row.due_at == NINE + timedelta(days=1)
    assert row.advice == "请明天再发"


def test_more_than_the_limit_stays_more(tmp_path: Path) -> None:
    gate = Rationed()
    works = make.works(tmp_path, {"gate": gate})
    with works.database.sessions.begin() as session:
        session.add(Spent(lane="gate", period=TODAY, sends=5))

    with works.database.sessions.begin() as session:
        is_counted = gates.exhaust(session, "gate", gate, "day", now=NINE)

    assert is_counted
    assert spent(works) == {TODAY: 5}
