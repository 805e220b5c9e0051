from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from publisher.channel import Bundles, Event, Ration, Rations, Receipt, Rendition, Repeats
from publisher.delivery import claims, confirm, events, recover, takedown, worker
from publisher.delivery.calls import Calls
from publisher.delivery.works import Works
from publisher.errors import ChannelError, RetryableError, UnknownOutcomeError
from publisher.model.delivery import Delivery
from publisher.model.lane import Lane, Spent
from publisher.model.states import DeliveryState as S
from publisher.settings import Delivery as Limits
from publisher.storage import locks
from publisher.storage.database import Database
from publisher.storage.group import GroupCommit
from publisher.storage.media import MediaStore
from publisher.workflow.withdraw import take_back
from tests import make
from tests.make import NINE, FakeChannel
from tests.threads import at_once, failures


@pytest.fixture
def gate() -> FakeChannel:
    return FakeChannel()


@pytest.fixture
def works(store: Database, tmp_path: Path, gate: FakeChannel) -> Works:
    return Works(
        database=store,
        media=MediaStore(tmp_path / "media"),
        channels={"gate": gate},
        limits=Limits(),
    )


def another(works: Works, name: str) -> Works:
    """A second process on the same ledger."""
    return replace(works, owner=name, calls=Calls(), turns=GroupCommit())


def at(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


def test_workers_of_several_processes_never_send_the_same_delivery(
    works: Works, gate: FakeChannel
) -> None:
    deliveries = [make.delivery(works) for _ in range(30)]
    processes = [another(works, f"process {n}") for n in range(4)]

    done = at_once(*(partial(worker.run_lane, p, "gate", now=at(NINE)) for p in processes))
    assert failures(done) == []

    assert sorted(key for key, _ in gate.sent) == sorted(f"delivery-{d}" for d in deliveries)
    assert {make.stored(works, d).state for d in deliveries} == {S.ACCEPTED}


def test_what_one_process_holds_another_leaves_alone(works: Works, gate: FakeChannel) -> None:
    held, free = make.delivery(works), make.delivery(works)
    with works.database.sessions.begin() as session:
        [claim] = claims.claim_all(session, works, [works.room("gate")], now=NINE)
        if works.database.engine.dialect.name == "postgresql":  # where it need not wait
            worker.run_lane(another(works, "other"), "gate", now=at(NINE))
    worker.run_lane(another(works, "other"), "gate", now=at(NINE))

    assert claim.ids == (held,)
    assert [key for key, _ in gate.sent] == [f"delivery-{free}"]


def test_a_life_from_plan_to_proof_of_removal(works: Works, gate: FakeChannel) -> None:
    delivery = make.delivery(works, expires_at=NINE + timedelta(hours=1))
    ten = NINE + timedelta(hours=1)

    worker.run_lane(works, "gate", now=at(NINE))
    confirm.run_target(works, "gate", now=at(NINE))
    up = make.stored(works, delivery).state
    gate.shows.append(None)
    takedown.expire(works, now=ten)
    takedown.run_target(works, "gate", now=at(ten))

    row = make.stored(works, delivery)
    assert up == S.CONFIRMED
    assert row.state == S.EXPIRED
    assert [(a.step, a.outcome) for a in row.attempts] == [
        ("deliver", "accepted"),
        ("withdraw", "done"),
    ]


def test_faults_seen_by_two_processes_open_one_breaker(works: Works, gate: FakeChannel) -> None:
    gate.answers[:] = [RetryableError("refused")]
    for _ in range(20):
        make.delivery(works)
    processes = [another(works, f"process {n}") for n in range(2)]

    done = at_once(*(partial(worker.run_lane, p, "gate", now=at(NINE)) for p in processes))
    assert failures(done) == []

    with works.database.reads() as session:
        lane = session.get_one(Lane, "gate")
    assert lane.breaker == "open"
    assert lane.openings == 1
    assert len(gate.sent) <= 4  # one may have been under way in the other process


def test_what_a_dead_process_left_is_settled_once_by_whoever_comes_first(works: Works) -> None:
    deliveries = [make.delivery(works) for _ in range(10)]
    dead = another(works, "dead")
    with works.database.sessions.begin() as session:
        for _ in deliveries:
            claims.claim_all(session, dead, [dead.room("gate")], now=NINE)
    late = NINE + timedelta(hours=1)
    processes = [another(works, f"process {n}") for n in range(3)]
    settled = at_once(*(partial(recover.recover, p, now=late) for p in processes))

    assert sum(count for count in settled if isinstance(count, int)) == 10
    assert failures(settled) == []
    assert {make.stored(works, d).state for d in deliveries} == {S.UNCONFIRMED}


def test_a_withdrawal_while_it_is_recorded_is_never_overlooked(works: Works) -> None:
    @dataclass(frozen=True, kw_only=True)
    class Meanwhile(FakeChannel):
        def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
            thread.start()
            return Receipt(remote_id="r1")

    def withdraw() -> None:
        with works.database.sessions.begin() as session:
            row = session.get_one(Delivery, delivery)
            locks.item(session, row.item_id)
            row.item.withdrawn_at, row.item.withdrawal_reason = NINE, "有误"
            for one in locks.deliveries(session, row.item_id):
                take_back(one, reason="有误", at=NINE, deadline_at=NINE)

    for _ in range(10):
        thread = threading.Thread(target=withdraw)
        there = replace(works, channels={"gate": Meanwhile()})
        delivery = make.delivery(there)
        worker.run_lane(there, "gate", now=at(NINE))
        thread.join()
        assert make.stored(works, delivery).state == S.WITHDRAWING


def test_a_lost_answer_is_never_sent_again_by_any_process(works: Works, gate: FakeChannel) -> None:
    gate.answers[:] = [UnknownOutcomeError("lost")]
    gate.shows.append(UnknownOutcomeError("not yet"))
    delivery = make.delivery(works)
    processes = [another(works, f"process {n}") for n in range(3)]

    for minute in range(10):
        now = at(NINE + timedelta(minutes=minute))
        for process in processes:
            worker.run_lane(process, "gate", now=now)
            confirm.run_target(process, "gate", now=now)

    assert len(gate.sent) == 1
    assert make.stored(works, delivery).state == S.UNCONFIRMED


@dataclass(frozen=True, kw_only=True)
class Keyed(FakeChannel, Bundles, Repeats):
    """It takes several in one call, knows a call by its key, and tells what it has sent."""

    calls: list[str] = field(default_factory=list)

    def deliver_bundle(
        self, renditions: Sequence[Rendition], *, key: str, handle: str
    ) -> Sequence[Receipt | ChannelError]:
        return [self.deliver(renditions[0], key=key)] * len(renditions)

    def repeat(
        self, renditions: Sequence[Rendition], *, key: str, handle: str
    ) -> Sequence[Receipt | ChannelError]:
        self.calls.append(key)
        return [Receipt(remote_id=f"m:{place}") for place, _ in enumerate(renditions, start=1)]


def test_of_several_processes_one_repeats_a_lost_call(works: Works) -> None:
    gate = Keyed(answers=[UnknownOutcomeError("lost")])
    there = replace(works, channels={"gate": gate})
    deliveries = [make.delivery(there) for _ in range(3)]
    worker.run_lane(there, "gate", now=at(NINE))
    processes = [another(there, f"process {n}") for n in range(4)]
    later = NINE + timedelta(minutes=2)

    done = at_once(*(partial(worker.run_lane, p, "gate", now=at(later)) for p in processes))

    assert failures(done) == []
    assert gate.calls == ["bundle-1"]
    assert [make.stored(there, d).remote_id for d in deliveries] == ["m:1", "m:2", "m:3"]


def test_a_withdrawal_while_a_call_is_repeated_stops_it_or_takes_it_down(works: Works) -> None:
    def withdraw(delivery: int) -> None:
        with works.database.sessions.begin() as session:
            row = session.get_one(Delivery, delivery)
            locks.item(session, row.item_id)
            row.item.withdrawn_at, row.item.withdrawal_reason = NINE, "有误"
            for one in locks.deliveries(session, row.item_id):
                take_back(one, reason="有误", at=NINE, deadline_at=NINE)

    for _ in range(10):
        gate = Keyed(answers=[UnknownOutcomeError("lost")])
        there = another(replace(works, channels={"gate": gate}), "process")
        delivery = make.delivery(there)
        worker.run_lane(there, "gate", now=at(NINE))
        later = at(NINE + timedelta(minutes=2))

        done = at_once(
            partial(worker.run_lane, there, "gate", now=later), partial(withdraw, delivery)
        )

        row = make.stored(there, delivery)
        assert failures(done) == []
        assert row.state == S.WITHDRAWING
        assert (row.remote_id is not None) == bool(gate.calls)
        with works.database.sessions.begin() as session:
            session.get_one(Lane, "gate").close()


@dataclass(frozen=True, kw_only=True)
class Rationed(FakeChannel, Rations):
    """Three a day."""

    def rations(self) -> tuple[Ration, ...]:
        return (Ration(sends=3, period="day"),)


def test_a_send_made_by_hand_that_several_processes_are_told_of_is_counted_once(
    works: Works,
) -> None:
    there = replace(works, channels={"gate": Rationed()})
    told = Event(remote_id="77", at=NINE, is_send=True)
    processes = [another(there, f"process {n}") for n in range(4)]

    done = at_once(*(partial(events.take, p, "gate", told, now=NINE) for p in processes))

    with works.database.reads() as session:
        counted = {row.period: row.sends for row in session.scalars(select(Spent))}
    assert failures(done) == []
    assert counted == {"2026-11-24": 1}
