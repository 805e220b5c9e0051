from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from unittest.mock import Mock

import pytest
from sqlalchemy import QueuePool, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import sessionmaker

from publisher.channel import Channel, Content, Paces, Prepares, Receipt, Rendition
from publisher.delivery import claims, confirm, gates, record, recover, send, takedown, worker
from publisher.delivery.calls import Call, Calls
from publisher.delivery.claims import Claim
from publisher.delivery.works import Works
from publisher.errors import (
    CredentialsError,
    PermanentError,
    RetryableError,
    UnknownOutcomeError,
)
from publisher.model.delivery import Delivery
from publisher.model.lane import Lane
from publisher.model.states import DeliveryState as S
from publisher.storage import queries
from publisher.storage.renditions import Thawed
from publisher.workflow.withdraw import take_back
from tests import make
from tests.make import NINE, FakeChannel


def at(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


def claim(works: Works) -> Claim:
    """Take what is due at nine, as a worker does."""
    with works.database.sessions.begin() as session:
        [claimed] = claims.claim_all(session, works, [works.room("gate", 1)], now=NINE)
    return claimed


def withdraw(works: Works, delivery: int) -> None:
    """Let a person withdraw the item of a delivery."""
    with works.database.sessions.begin() as session:
        row = session.get_one(Delivery, delivery)
        row.item.withdrawn_at, row.item.withdrawal_reason = NINE, "有误"
        take_back(row, reason="有误", at=NINE, deadline_at=NINE)


def test_sends_what_is_due_with_a_key_of_its_own(tmp_path: Path) -> None:
    gate = FakeChannel()
    works = make.works(tmp_path, {"gate": gate})
    delivery = make.delivery(works)

    worker.run_lane(works, "gate", now=at(NINE))

    row = make.stored(works, delivery)
    assert gate.sent == [(f"delivery-{delivery}", make.PLAIN.body)]
    assert row.state == S.ACCEPTED
    assert row.remote_id == "r1"
    assert [(a.step, a.outcome) for a in row.attempts] == [("deliver", "accepted")]
    assert row.check_at == NINE


def test_sends_nothing_before_its_time(tmp_path: Path) -> None:
    gate = FakeChannel()
    works = make.works(tmp_path, {"gate": gate})
    make.delivery(works)

    worker.run_lane(works, "gate", now=at(NINE - timedelta(seconds=1)))

    assert gate.sent == []


def test_sends_nothing_after_its_latest_moment(tmp_path: Path) -> None:
    gate = FakeChannel()
    works = make.works(tmp_path, {"gate": gate})
    delivery = make.delivery(works, not_after=NINE + timedelta(hours=1))

    worker.run_lane(works, "gate", now=at(NINE + timedelta(hours=2)))
    recover.miss(works, now=NINE + timedelta(hours=2))

    assert gate.sent == []
    assert make.stored(works, delivery).state == S.MISSED


def test_the_intent_is_in_the_ledger_before_the_call(tmp_path: Path) -> None:
    seen: list[tuple[str, int]] = []

    @dataclass(frozen=True, kw_only=True)
    class Watching(Channel):
        def render(self, content: Content) -> Rendition:
            return make.PLAIN

        def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
            row = make.stored(works, delivery)
            seen.append((row.state, len(row.attempts)))
            return Receipt(remote_id="r1")

    works = make.works(tmp_path, {"gate": Watching()})
    delivery = make.delivery(works)

    worker.run_lane(works, "gate", now=at(NINE))

    assert seen == [(S.SENDING, 1)]


def test_never_sends_an_unconfirmed_delivery_again(tmp_path: Path) -> None:
    gate = FakeChannel(answers=[UnknownOutcomeError("…")])
    works = make.works(tmp_path, {"gate": gate})
    make.delivery(works)

    for minute in range(60):
        worker.run_lane(works, "gate", now=at(NINE + timedelta(minutes=minute)))

    assert len(gate.sent) == 1


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (RetryableError("busy"), S.PLANNED),
        (PermanentError("no"), S.FAILED),
        (CredentialsError("who?"), S.PLANNED),
        (UnknownOutcomeError("lost"), S.UNCONFIRMED),
        (ZeroDivisionError("a bug"), S.UNCONFIRMED),
    ],
)
def test_each_outcome_has_its_state(tmp_path: Path, answer: Exception, state: S) -> None:
    works = make.works(tmp_path, {"gate": FakeChannel(answers=[answer])})
    delivery = make.delivery(works)

    worker.run_lane(works, "gate", now=at(NINE))

    assert make.stored(works, delivery).state == state


def test_tries_a_refusal_again_until_its_latest_moment_and_then_says_so(tmp_path: Path) -> None:
    gate = FakeChannel(answers=[RetryableError("busy", after_s=1)])
    works = make.works(tmp_path, {"gate": gate})
    delivery = make.delivery(works, not_after=NINE + timedelta(hours=1))

    for minute in range(120):
        now = NINE + timedelta(minutes=minute)
        worker.run_lane(works, "gate", now=at(now))
        recover.miss(works, now=now)

    assert 8 < len(gate.sent) < 15
    assert make.stored(works, delivery).state == S.MISSED


def test_waits_as_long_as_the_outlet_asks(tmp_path: Path) -> None:
    works = make.works(tmp_path, {"gate": FakeChannel(answers=[RetryableError("…", after_s=900)])})
    delivery = make.delivery(works)

    worker.run_lane(works, "gate", now=at(NINE))

    assert make.stored(works, delivery).due_at == NINE + timedelta(seconds=900)


def test_refused_credentials_open_the_breaker_and_lose_nothing(tmp_path: Path) -> None:
    gate = FakeChannel(answers=[CredentialsError("401", advice="请检查密钥")])
    works = make.works(tmp_path, {"gate": gate})
    first, second = make.delivery(works), make.delivery(works)

    worker.run_lane(works, "gate", now=at(NINE))

    with works.database.reads() as session:
        lane = session.get_one(Lane, "gate")
    assert len(gate.sent) == 1
    assert (lane.breaker, lane.advice) == ("open", "请检查密钥")
    assert {make.stored(works, d).state for d in (first, second)} == {S.PLANNED}


def test_waits_until_the_first_one_is_confirmed(tmp_path: Path) -> None:
    site, gate = FakeChannel(), FakeChannel()
    works = make.works(tmp_path, {"site": site, "gate": gate})
    leader = make.delivery(works, target="site")
    make.delivery(works, after_id=leader)

    worker.run_lane(works, "gate", now=at(NINE))
    before = len(gate.sent)
    with works.database.sessions.begin() as session:
        row = session.get_one(type(make.stored(works, leader)), leader)
        row.move(S.SENDING)
        row.move(S.ACCEPTED)
        row.settle(S.CONFIRMED, at=NINE)
    worker.run_lane(works, "gate", now=at(NINE))

    assert before == 0
    assert len(gate.sent) == 1


def test_one_lane_leaves_the_gap_that_its_account_needs(tmp_path: Path) -> None:
    @dataclass(frozen=True, kw_only=True)
    class Slow(FakeChannel, Paces):
        def gap_s(self) -> float:
            return 15.0

    gate = Slow()
    works = make.works(tmp_path, {"gate": gate})
    make.delivery(works)
    make.delivery(works)

    worker.run_lane(works, "gate", now=at(NINE))
    at_once = len(gate.sent)
    worker.run_lane(works, "gate", now=at(NINE + timedelta(seconds=15)))

    assert at_once == 1
    assert len(gate.sent) == 2


@pytest.mark.parametrize(
    ("wait", "sends"),
    [(gates.LONGEST_GAP, 0), (gates.LONGEST_GAP + timedelta(seconds=1), 1)],
)
def test_a_gap_longer_than_any_account_needs_is_a_clock_set_back(
    tmp_path: Path, wait: timedelta, sends: int
) -> None:
    gate = FakeChannel()
    works = make.works(tmp_path, {"gate": gate})
    make.delivery(works)
    with works.database.sessions.begin() as session:
        session.add(Lane(name="gate", next_send_at=NINE + wait))

    worker.run_lane(works, "gate", now=at(NINE))

    assert len(gate.sent) == sends


def test_two_workers_never_send_the_same_delivery(tmp_path: Path) -> None:
    gate = FakeChannel()
    works = make.works(tmp_path, {"gate": gate})
    deliveries = [make.delivery(works) for _ in range(20)]

    def work() -> None:
        worker.run_lane(works, "gate", now=at(NINE))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(key for key, _ in gate.sent) == sorted(f"delivery-{d}" for d in deliveries)


@pytest.mark.parametrize(("seconds", "sends"), [(179, 1), (180, 0)])
def test_a_claim_older_than_its_lease_is_never_sent(
    tmp_path: Path, seconds: int, sends: int
) -> None:
    gate = FakeChannel()
    works = make.works(tmp_path, {"gate": gate}, lease_s=180)
    make.delivery(works)
    claimed = claim(works)

    send.send(works, claimed, now=at(NINE + timedelta(seconds=seconds)))

    assert len(gate.sent) == sends


def test_a_claim_that_lay_too_long_is_never_sent_though_the_clock_was_set_back(
    tmp_path: Path,
) -> None:
    gate = FakeChannel()
    works = make.works(tmp_path, {"gate": gate}, lease_s=180)
    make.delivery(works)
    claimed = claim(works)

    long_ago = replace(claimed, taken_s=claimed.taken_s - 180)
    send.send(works, long_ago, now=at(NINE - timedelta(hours=1)))

    assert gate.sent == []


def test_a_call_that_lasts_longer_than_its_lease_is_not_made_twice(tmp_path: Path) -> None:
    clock = [NINE]

    @dataclass(frozen=True, kw_only=True)
    class Dripping(FakeChannel):
        def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
            for _ in range(20):
                clock[0] += timedelta(seconds=20)
                recover.recover(works, now=clock[0])
                confirm.run_target(works, "gate", now=at(clock[0]))
            return super().deliver(rendition, key=key)

    gate = Dripping(shows=[None])
    works = make.works(tmp_path, {"gate": gate})
    delivery = make.delivery(works)

    worker.run_lane(works, "gate", now=lambda: clock[0])

    assert len(gate.sent) == 1
    assert make.stored(works, delivery).state == S.ACCEPTED


def test_a_call_is_under_way_only_until_its_answer(tmp_path: Path) -> None:
    under_way: list[set[int]] = []

    @dataclass(frozen=True, kw_only=True)
    class Watched(FakeChannel):
        def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
            under_way.append(works.calls.deliveries())
            return super().deliver(rendition, key=key)

    works = make.works(tmp_path, {"gate": Watched()})
    delivery = make.delivery(works)

    worker.run_lane(works, "gate", now=at(NINE))

    assert under_way == [{delivery}]
    assert works.calls.deliveries() == set()


def test_a_receipt_that_comes_too_late_is_a_receipt_all_the_same(tmp_path: Path) -> None:
    before: list[str] = []

    @dataclass(frozen=True, kw_only=True)
    class Overtaken(FakeChannel):
        def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
            another = replace(works, owner="another", calls=Calls())
            recover.recover(another, now=NINE + timedelta(hours=1))
            before.append(make.stored(works, delivery).state)
            return Receipt(remote_id="late", url="http://127.0.0.1/7")

    works = make.works(tmp_path, {"gate": Overtaken()})
    delivery = make.delivery(works)

    worker.run_lane(works, "gate", now=at(NINE))

    row = make.stored(works, delivery)
    assert before == [S.UNCONFIRMED]
    assert row.state == S.ACCEPTED
    assert (row.remote_id, row.url) == ("late", "http://127.0.0.1/7")


@pytest.mark.parametrize(
    ("answer", "state", "said"),
    [
        (RetryableError("429", after_s=999_999_999_999.0), S.PLANNED, "429"),
        (PermanentError("errcode 1: 坏\ud83d"), S.FAILED, "errcode 1: 坏?"),
        (Receipt(remote_id="r\ud83d", evidence="迎新\ud83d"), S.ACCEPTED, "r?"),
    ],
)
def test_an_odd_answer_is_recorded_all_the_same(
    tmp_path: Path, answer: Receipt | Exception, state: S, said: str
) -> None:
    works = make.works(tmp_path, {"gate": FakeChannel(answers=[answer])})
    delivery = make.delivery(works)

    worker.run_lane(works, "gate", now=at(NINE))

    row = make.stored(works, delivery)
    assert row.state == state
    assert [attempt.said for attempt in row.attempts] == [said]


def test_a_delivery_without_a_channel_fails_and_keeps_no_lease(tmp_path: Path) -> None:
    works = make.works(tmp_path, {})
    delivery = make.delivery(works)

    worker.run_lane(works, "gate", now=at(NINE))

    row = make.stored(works, delivery)
    assert row.state == S.FAILED
    assert (row.lease_owner, row.lease_until) == (None, None)


def test_a_worker_that_outlived_its_lease_writes_nothing(tmp_path: Path) -> None:
    works = make.works(tmp_path, {"gate": FakeChannel()})
    delivery = make.delivery(works)
    claimed = claim(works)

    recover.recover(works, now=NINE + timedelta(hours=1))
    send.send(works, claimed, now=at(NINE + timedelta(hours=1)))

    row = make.stored(works, delivery)
    assert row.state == S.UNCONFIRMED
    assert row.remote_id is None


def test_what_a_dead_worker_may_have_sent_is_unconfirmed(tmp_path: Path) -> None:
    gate = FakeChannel()
    works = make.works(tmp_path, {"gate": gate})
    delivery = make.delivery(works)
    claim(works)

    recover.recover(works, now=NINE + timedelta(minutes=1))
    early = make.stored(works, delivery).state
    recover.recover(works, now=NINE + timedelta(minutes=10))

    assert early == S.SENDING
    assert make.stored(works, delivery).state == S.UNCONFIRMED
    assert gate.sent == []


@dataclass(frozen=True, kw_only=True)
class Drafting(FakeChannel, Prepares):
    """A channel with a draft before the visible act."""

    drafts: list[str] = field(default_factory=list)
    fault: list[Exception] = field(default_factory=list)

    def prepare(self, rendition: Rendition, *, key: str) -> str:
        self.drafts.append(key)
        if self.fault:
            raise self.fault.pop(0)
        return "draft-1"

    def deliver_prepared(self, rendition: Rendition, *, key: str, handle: str) -> Receipt:
        self.sent.append((key, handle.encode()))
        return Receipt(remote_id="r1")


def test_prepares_first_and_keeps_the_handle(tmp_path: Path) -> None:
    gate = Drafting()
    works = make.works(tmp_path, {"gate": gate})
    delivery = make.delivery(works)

    worker.run_lane(works, "gate", now=at(NINE))

    row = make.stored(works, delivery)
    assert gate.sent == [(f"delivery-{delivery}", b"draft-1")]
    assert row.handle == "draft-1"
    assert [(a.step, a.outcome) for a in row.attempts] == [
        ("prepare", "done"),
        ("deliver", "accepted"),
    ]


def test_an_answer_lost_while_preparing_may_be_repeated(tmp_path: Path) -> None:
    gate = Drafting(fault=[UnknownOutcomeError("lost")])
    works = make.works(tmp_path, {"gate": gate})
    delivery = make.delivery(works)

    worker.run_lane(works, "gate", now=at(NINE))
    worker.run_lane(works, "gate", now=at(NINE + timedelta(minutes=5)))

    assert len(gate.drafts) == 2
    assert len(gate.sent) == 1
    assert make.stored(works, delivery).state == S.ACCEPTED


def test_a_worker_that_died_while_preparing_has_sent_nothing(tmp_path: Path) -> None:
    works = make.works(tmp_path, {"gate": Drafting()})
    delivery = make.delivery(works)
    claim(works)

    recover.recover(works, now=NINE + timedelta(hours=1))

    assert make.stored(works, delivery).state == S.PLANNED


def test_the_visible_act_has_a_whole_lease_however_long_preparing_took(tmp_path: Path) -> None:
    clock = [NINE]
    leases: list[datetime | None] = []

    @dataclass(frozen=True, kw_only=True)
    class Lengthy(Drafting):
        def prepare(self, rendition: Rendition, *, key: str) -> str:
            clock[0] = NINE + timedelta(seconds=178)
            return super().prepare(rendition, key=key)

        def deliver_prepared(self, rendition: Rendition, *, key: str, handle: str) -> Receipt:
            leases.append(make.stored(works, delivery).lease_until)
            return super().deliver_prepared(rendition, key=key, handle=handle)

    works = make.works(tmp_path, {"gate": Lengthy()}, lease_s=180)
    delivery = make.delivery(works)

    worker.run_lane(works, "gate", now=lambda: clock[0])

    assert leases == [NINE + timedelta(seconds=178 + 180)]


def test_what_is_withdrawn_while_it_is_prepared_never_becomes_visible(tmp_path: Path) -> None:
    @dataclass(frozen=True, kw_only=True)
    class Withdrawn(Drafting):
        def prepare(self, rendition: Rendition, *, key: str) -> str:
            withdraw(works, delivery)
            return super().prepare(rendition, key=key)

    gate = Withdrawn()
    works = make.works(tmp_path, {"gate": gate})
    delivery = make.delivery(works)

    worker.run_lane(works, "gate", now=at(NINE))

    row = make.stored(works, delivery)
    assert gate.sent == []
    assert (row.state, row.lease_until) == (S.CANCELLED, None)


def test_damaged_bytes_are_never_sent(tmp_path: Path) -> None:
    gate = FakeChannel()
    works = make.works(tmp_path, {"gate": gate})
    delivery = make.delivery(works)
    works.media.path(make.stored(works, delivery).rendition.body_digest).write_bytes(b"else")

    worker.run_lane(works, "gate", now=at(NINE))

    row = make.stored(works, delivery)
    assert gate.sent == []
    assert row.state == S.FAILED
    assert "已损坏" in row.advice


def test_what_is_withdrawn_while_it_is_sent_comes_down_again(tmp_path: Path) -> None:
    @dataclass(frozen=True, kw_only=True)
    class Withdrawn(FakeChannel):
        def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
            withdraw(works, delivery)
            return Receipt(remote_id="r1")

    works = make.works(tmp_path, {"gate": Withdrawn()})
    delivery = make.delivery(works)

    worker.run_lane(works, "gate", now=at(NINE))

    row = make.stored(works, delivery)
    assert row.state == S.WITHDRAWING
    assert row.takedown_reason == "有误"


def test_those_that_wait_for_a_failed_one_say_so(tmp_path: Path) -> None:
    site = FakeChannel(answers=[PermanentError("no")])
    works = make.works(tmp_path, {"site": site, "gate": FakeChannel()})
    leader = make.delivery(works, target="site")
    follower = make.delivery(works, after_id=leader)

    worker.run_lane(works, "site", now=at(NINE))

    row = make.stored(works, follower)
    assert row.state == S.PLANNED
    assert "请先处理它" in row.advice
    assert row.deadline_at == NINE


def test_a_call_that_never_ends_is_given_up_and_looked_for(tmp_path: Path) -> None:
    gate = FakeChannel(shows=[None])
    works = make.works(tmp_path, {"gate": gate})
    delivery = make.delivery(works)
    claim(works)
    hours = [NINE + timedelta(hours=hour) for hour in range(1, 30)]

    with works.calls.noted(Call("send gate", (delivery,))):
        for hour in hours:
            recover.recover(works, now=hour)
            confirm.run_target(works, "gate", now=at(hour))

        with works.database.reads() as session:
            told = queries.needs_a_person(session, now=hours[-1])
        assert [one.id for one in told] == [delivery]
        assert told[0].state == S.UNCONFIRMED

    recover.recover(works, now=hours[-1])
    for minute in range(1, 200):
        confirm.run_target(works, "gate", now=at(hours[-1] + timedelta(minutes=minute)))
    assert make.stored(works, delivery).state == S.PLANNED


def test_nothing_is_begun_once_the_work_is_stopping(tmp_path: Path) -> None:
    gate = FakeChannel()
    works = make.works(tmp_path, {"gate": gate})
    make.delivery(works)

    works.stopping.set()
    worker.run_lane(works, "gate", now=at(NINE))

    assert gate.sent == []


def test_what_the_outlet_said_outlasts_a_busy_database(tmp_path: Path) -> None:
    @dataclass(frozen=True, kw_only=True)
    class Busy(FakeChannel):
        def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
            holder.start()
            holds.wait(5)
            return super().deliver(rendition, key=key)

    def hold() -> None:
        with closing(sqlite3.connect(tmp_path / "data" / "publisher.db")) as other:
            other.execute("BEGIN IMMEDIATE")
            holds.set()
            time.sleep(1)

    holds, holder = threading.Event(), threading.Thread(target=hold)
    gate = Busy()
    works = make.works(tmp_path, {"gate": gate})
    delivery = make.delivery(works)
    works.database.engine.dispose()
    event.listen(works.database.engine, "connect", impatient)

    worker.run_lane(works, "gate", now=at(NINE))
    holder.join()

    assert len(gate.sent) == 1
    assert make.stored(works, delivery).remote_id == "r1"


@pytest.mark.parametrize("fault", [OperationalError("", {}, OSError()), OSError("no such mount")])
def test_a_fault_of_our_own_before_the_call_is_neither_unknown_nor_one_of_the_outlet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    gate = FakeChannel()
    works = make.works(tmp_path, {"gate": gate})
    deliveries = [make.delivery(works) for _ in range(4)]
    with monkeypatch.context() as broken:
        broken.setattr(Thawed, "read", Mock(side_effect=fault))
        worker.run_lane(works, "gate", now=at(NINE))
    before = [make.stored(works, delivery).state for delivery in deliveries]

    worker.run_lane(works, "gate", now=at(NINE + timedelta(minutes=1)))

    assert before == [S.PLANNED] * 4
    assert len(gate.sent) == 4


def test_what_cannot_be_armed_was_certainly_not_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    works = make.works(tmp_path, {"gate": Drafting()})
    delivery = make.delivery(works)
    monkeypatch.setattr(send, "arm", Mock(side_effect=OperationalError("", {}, OSError())))

    worker.run_lane(works, "gate", now=at(NINE))

    assert make.stored(works, delivery).state == S.PLANNED


def test_an_answer_that_comes_after_all_keeps_it_from_being_sent_again(tmp_path: Path) -> None:
    gate = FakeChannel(shows=[None])
    works = make.works(tmp_path, {"gate": gate})
    delivery = make.delivery(works)
    claimed = claim(replace(works, owner="cut off"))  # from the database, not from the outlet
    sent = send.send(works, claimed, now=at(NINE))
    hour = NINE + timedelta(hours=1)

    recover.recover(works, now=hour)
    confirm.run_target(works, "gate", now=at(hour + timedelta(minutes=1)))
    confirm.run_target(works, "gate", now=at(hour + timedelta(minutes=2)))
    before = make.stored(works, delivery).state
    with works.database.sessions.begin() as session:
        record.record(session, works, sent)
    worker.run_lane(works, "gate", now=at(hour + timedelta(minutes=3)))

    assert before == S.PLANNED
    assert make.stored(works, delivery).state == S.ACCEPTED
    assert len(gate.sent) == 1


@pytest.mark.parametrize("believed", [S.CANCELLED, S.WITHDRAWN, S.EXPIRED, S.FAILED, S.MISSED])
def test_an_answer_that_comes_after_all_is_believed_whatever_was_decided(
    tmp_path: Path, believed: S
) -> None:
    gate = FakeChannel()
    works = make.works(tmp_path, {"gate": gate})
    delivery = make.delivery(works)
    sent = send.send(works, claim(replace(works, owner="cut off")), now=at(NINE))
    with works.database.sessions.begin() as session:
        row = session.get_one(Delivery, delivery)
        row.state, row.lease_owner, row.lease_until, row.ended_at = believed, None, None, NINE

    with works.database.sessions.begin() as session:
        record.record(session, works, sent)
    takedown.run_target(works, "gate", now=at(NINE))

    row = make.stored(works, delivery)
    is_to_stay = believed in (S.FAILED, S.MISSED)
    assert row.ended_at is None
    assert row.state == (S.ACCEPTED if is_to_stay else S.WITHDRAWING)
    assert gate.withdrawn == ([] if is_to_stay else ["r1"])


def test_what_the_outlet_said_outlasts_a_time_without_free_connections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @dataclass(frozen=True, kw_only=True)
    class Busy(FakeChannel):
        def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
            threading.Timer(0.5, narrow.connect().close).start()  # others have all there are
            return super().deliver(rendition, key=key)

    monkeypatch.setattr(worker, "RECORD_AGAIN_S", 0.1)
    gate = Busy()
    works = make.works(tmp_path, {"gate": gate})
    delivery = make.delivery(works)
    narrow = create_engine(
        works.database.engine.url, poolclass=QueuePool, pool_size=1, max_overflow=0, pool_timeout=0
    )
    sessions = sessionmaker(narrow, expire_on_commit=False)
    there = replace(works.database, engine=narrow, sessions=sessions, reads=sessions)

    worker.run_lane(replace(works, database=there), "gate", now=at(NINE))

    assert len(gate.sent) == 1
    assert make.stored(works, delivery).remote_id == "r1"
    narrow.dispose()


def impatient(connection: sqlite3.Connection, record: object) -> None:
    connection.execute("PRAGMA busy_timeout=20")
