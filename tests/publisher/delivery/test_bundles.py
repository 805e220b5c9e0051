from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from publisher.channel import Bundles, Ration, Rations, Receipt, Rendition
from publisher.delivery import claims, confirm, recover, send, worker
from publisher.delivery.calls import Call
from publisher.delivery.works import Works
from publisher.errors import ChannelError, PermanentError, RetryableError, UnknownOutcomeError
from publisher.model.delivery import Delivery
from publisher.model.lane import Lane, Spent
from publisher.model.states import DeliveryState as S
from publisher.workflow.withdraw import take_back
from tests import make
from tests.make import NINE, FakeChannel

Outcomes = Sequence[Receipt | ChannelError]


@dataclass(frozen=True, kw_only=True)
class Digest(FakeChannel, Bundles):
    """An outlet that takes three at a time; what it does is told beforehand, call by call."""

    max_bundle = 3

    calls: list[tuple[str, int]] = field(default_factory=list)  # key, how many
    handles: list[str] = field(default_factory=list)
    does: list[Exception | Outcomes] = field(default_factory=list)
    while_preparing: list[Callable[[], None]] = field(default_factory=list)

    def prepare_bundle(self, renditions: Sequence[Rendition], *, key: str) -> str:
        for act in self.while_preparing:
            act()
        self.while_preparing.clear()
        return f"draft of {key}"

    def deliver_bundle(self, renditions: Sequence[Rendition], *, key: str, handle: str) -> Outcomes:
        self.calls.append((key, len(renditions)))
        self.handles.append(handle)
        done = self.does.pop(0) if self.does else None
        if isinstance(done, Exception):
            raise done
        return done or [Receipt(remote_id=f"{key}/{n}") for n in range(1, len(renditions) + 1)]


@dataclass(frozen=True, kw_only=True)
class Rationed(Digest, Rations):
    """One whose calls are counted."""

    def rations(self) -> tuple[Ration, ...]:
        return (Ration(sends=2, period="day"),)


def at(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


def later(minutes: float) -> datetime:
    return NINE + timedelta(minutes=minutes)


def planned(works: Works, count: int) -> list[int]:
    return [make.delivery(works) for _ in range(count)]


def rows(works: Works, ids: Sequence[int]) -> list[Delivery]:
    return [make.stored(works, delivery) for delivery in ids]


def withdraw(works: Works, delivery: int) -> None:
    with works.database.sessions.begin() as session:
        row = session.get_one(Delivery, delivery)
        row.item.withdrawn_at, row.item.withdrawal_reason = NINE, "有误"
        take_back(row, reason="有误", at=NINE, deadline_at=NINE)


def test_due_ones_go_out_together_in_order_with_one_key(tmp_path: Path) -> None:
    gate = Digest()
    works = make.works(tmp_path, {"gate": gate})
    ids = planned(works, 5)

    worker.run_lane(works, "gate", now=at(NINE))

    assert gate.calls == [("bundle-1", 3), ("bundle-2", 2)]
    assert gate.handles == ["draft of bundle-1", "draft of bundle-2"]
    found = rows(works, ids)
    assert [row.remote_id for row in found] == [
        "bundle-1/1", "bundle-1/2", "bundle-1/3", "bundle-2/1", "bundle-2/2",
    ]  # fmt: skip
    assert [row.key for row in found[:2]] == ["bundle-1.1", "bundle-1.2"]
    assert {row.state for row in found} == {S.ACCEPTED}


def test_one_alone_goes_out_as_a_bundle_of_one(tmp_path: Path) -> None:
    gate = Digest()
    works = make.works(tmp_path, {"gate": gate})
    planned(works, 1)

    worker.run_lane(works, "gate", now=at(NINE))

    assert gate.calls == [("bundle-1", 1)]


def test_each_has_the_outcome_that_the_outlet_gave_it(tmp_path: Path) -> None:
    gate = Digest(
        does=[[Receipt(remote_id="a"), PermanentError("refused"), UnknownOutcomeError("?")]]
    )
    works = make.works(tmp_path, {"gate": gate})
    ids = planned(works, 3)

    worker.run_lane(works, "gate", now=at(NINE))

    assert [row.state for row in rows(works, ids)] == [S.ACCEPTED, S.FAILED, S.UNCONFIRMED]


def test_what_was_proved_not_sent_goes_again_as_it_was_with_the_same_key(tmp_path: Path) -> None:
    gate = Digest(does=[RetryableError("busy", after_s=60)])
    works = make.works(tmp_path, {"gate": gate})
    planned(works, 2)
    worker.run_lane(works, "gate", now=at(NINE))

    make.delivery(works)  # due meanwhile, and not to be smuggled in
    worker.run_lane(works, "gate", now=at(later(3)))

    assert gate.calls[0] == ("bundle-1", 2)
    assert ("bundle-1", 2) in gate.calls[1:]
    assert ("bundle-2", 1) in gate.calls[1:]
    assert len(gate.calls) == 3


def test_a_lost_answer_leaves_all_of_them_unconfirmed_and_none_is_sent_again(
    tmp_path: Path,
) -> None:
    gate = Digest(does=[UnknownOutcomeError("lost")], shows=[UnknownOutcomeError("not yet")])
    works = make.works(tmp_path, {"gate": gate})
    ids = planned(works, 3)

    for minute in range(60):
        worker.run_lane(works, "gate", now=at(later(minute)))
        confirm.run_target(works, "gate", now=at(later(minute)))

    assert gate.calls == [("bundle-1", 3)]
    assert {row.state for row in rows(works, ids)} == {S.UNCONFIRMED}


def test_one_that_the_outlet_alone_refused_leaves_its_bundle(tmp_path: Path) -> None:
    gate = Digest(does=[[Receipt(remote_id="a"), RetryableError("busy", after_s=60)]])
    works = make.works(tmp_path, {"gate": gate})
    ids = planned(works, 2)

    worker.run_lane(works, "gate", now=at(NINE))
    worker.run_lane(works, "gate", now=at(later(3)))

    assert gate.calls == [("bundle-1", 2), ("bundle-2", 1)]
    assert [row.remote_id for row in rows(works, ids)] == ["a", "bundle-2/1"]


def test_the_same_key_never_carries_anything_else(tmp_path: Path) -> None:
    gate = Digest(does=[RetryableError("busy", after_s=60)])
    works = make.works(tmp_path, {"gate": gate})
    ids = planned(works, 3)
    worker.run_lane(works, "gate", now=at(NINE))

    withdraw(works, ids[1])
    worker.run_lane(works, "gate", now=at(later(3)))

    assert gate.calls == [("bundle-1", 3), ("bundle-2", 2)]
    assert [row.state for row in rows(works, ids)] == [S.ACCEPTED, S.CANCELLED, S.ACCEPTED]


def look(works: Works, minute: float) -> None:
    """Look at one delivery only."""
    now = later(minute)
    with works.database.sessions.begin() as session:
        delivery = confirm.claim(session, works, "gate", states=confirm.LOOKED_AT, now=now)
    assert delivery is not None
    seen = confirm.ask(works, delivery, call=Call("look gate"))
    with works.database.sessions.begin() as session:
        confirm.record(session, works, delivery, seen, at=now)


def test_what_is_left_of_a_dissolved_bundle_never_goes_out_under_its_key(tmp_path: Path) -> None:
    gate = Digest(does=[UnknownOutcomeError("lost")], shows=[None])
    works = make.works(tmp_path, {"gate": gate})
    planned(works, 2)
    worker.run_lane(works, "gate", now=at(NINE))

    confirm.run_target(works, "gate", now=at(later(1)))
    look(works, 2)  # the first is proved not to be there, and goes at once
    worker.run_lane(works, "gate", now=at(later(2)))
    look(works, 3)  # and then the second
    worker.run_lane(works, "gate", now=at(later(3)))

    assert gate.calls == [("bundle-1", 2), ("bundle-2", 1), ("bundle-3", 1)]


def test_what_one_has_left_never_goes_out_again_under_the_same_key(tmp_path: Path) -> None:
    alone = [UnknownOutcomeError("lost"), RetryableError("busy", after_s=600)]
    gate = Digest(does=[alone], shows=[None])
    works = make.works(tmp_path, {"gate": gate})
    planned(works, 2)
    worker.run_lane(works, "gate", now=at(NINE))

    confirm.run_target(works, "gate", now=at(later(1)))
    confirm.run_target(works, "gate", now=at(later(2)))
    worker.run_lane(works, "gate", now=at(later(2)))

    assert gate.calls == [("bundle-1", 2), ("bundle-2", 1)]


def test_one_past_its_latest_moment_does_not_go_again_with_its_bundle(tmp_path: Path) -> None:
    gate = Digest(does=[RetryableError("busy", after_s=60)])
    works = make.works(tmp_path, {"gate": gate})
    late = make.delivery(works, not_after=later(1))
    other = make.delivery(works)

    worker.run_lane(works, "gate", now=at(NINE))
    worker.run_lane(works, "gate", now=at(later(3)))

    assert gate.calls == [("bundle-1", 2), ("bundle-2", 1)]
    assert [row.state for row in rows(works, [late, other])] == [S.PLANNED, S.ACCEPTED]


def test_one_withdrawn_while_they_are_prepared_is_left_out_of_another_bundle(
    tmp_path: Path,
) -> None:
    gate = Digest()
    works = make.works(tmp_path, {"gate": gate})
    ids = planned(works, 3)
    gate.while_preparing.append(lambda: withdraw(works, ids[0]))

    worker.run_lane(works, "gate", now=at(NINE))

    assert gate.calls == [("bundle-2", 2)]
    assert [row.state for row in rows(works, ids)] == [S.CANCELLED, S.ACCEPTED, S.ACCEPTED]


def test_a_worker_that_died_with_a_bundle_leaves_each_of_them_unconfirmed(tmp_path: Path) -> None:
    gate = Digest()
    works = make.works(tmp_path, {"gate": gate})
    ids = planned(works, 2)
    with works.database.sessions.begin() as session:
        [claim] = claims.claim_all(session, works, [works.room("gate", 1)], now=NINE)
    assert send.arm(works, claim, handle="draft", at=NINE)

    recover.recover(works, now=NINE + timedelta(hours=1))

    assert {row.state for row in rows(works, ids)} == {S.UNCONFIRMED}
    assert {row.handle for row in rows(works, ids)} == {"draft"}


@pytest.mark.parametrize("count", [0, 1, 3])
def test_an_answer_for_another_number_of_them_says_nothing_of_any(
    tmp_path: Path, count: int
) -> None:
    gate = Digest(does=[[Receipt(remote_id="a")] * count if count else [PermanentError("x")]])
    works = make.works(tmp_path, {"gate": gate})
    ids = planned(works, 2)

    worker.run_lane(works, "gate", now=at(NINE))

    assert {row.state for row in rows(works, ids)} == {S.UNCONFIRMED}


def test_what_was_being_prepared_has_not_spent_anything(tmp_path: Path) -> None:
    gate = Rationed()
    works = make.works(tmp_path, {"gate": gate})
    ids = planned(works, 2)
    with works.database.sessions.begin() as session:
        claims.claim_all(session, works, [works.room("gate")], now=NINE)
    recover.recover(works, now=later(60))  # its worker died

    gate.while_preparing.append(lambda: withdraw(works, ids[0]))
    worker.run_lane(works, "gate", now=at(later(61)))

    assert gate.calls == [("bundle-2", 1)]
    with works.database.reads() as session:
        assert [row.sends for row in session.scalars(select(Spent))] == [1]


def test_a_call_that_fails_is_one_fault_however_many_it_carried(tmp_path: Path) -> None:
    works = make.works(tmp_path, {"gate": Digest(does=[UnknownOutcomeError("lost")])})
    planned(works, 3)

    worker.run_lane(works, "gate", now=at(NINE))

    with works.database.reads() as session:
        lane = session.get_one(Lane, "gate")
    assert (lane.faults, lane.breaker) == (1, "closed")


@pytest.mark.parametrize(
    ("second", "spent"),
    [
        (RetryableError("refused"), 1),
        ([RetryableError("not this one"), Receipt(remote_id="2"), Receipt(remote_id="3")], 2),
    ],
)
def test_a_refused_call_gives_back_what_one_call_takes(
    tmp_path: Path, second: Exception | Outcomes, spent: int
) -> None:
    first = [Receipt(remote_id=f"r{number}") for number in (1, 2, 3)]
    works = make.works(tmp_path, {"gate": Rationed(does=[first, second])})
    planned(works, 6)

    worker.run_lane(works, "gate", now=at(NINE), limit=2)

    with works.database.reads() as session:
        assert [row.sends for row in session.scalars(select(Spent))] == [spent]
