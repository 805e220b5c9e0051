"""A call whose answer was lost is made again where the outlet knows a call by its key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from publisher.channel import (
    Bundles,
    Paces,
    Prepares,
    Ration,
    Rations,
    Receipt,
    Rendition,
    Repeats,
)
from publisher.delivery import confirm, recover, repeat, retry, send, worker
from publisher.delivery.calls import Call
from publisher.delivery.claims import Claim
from publisher.delivery.works import Works
from publisher.errors import (
    ChannelError,
    CredentialsError,
    PermanentError,
    RetryableError,
    SpentError,
    UnknownOutcomeError,
)
from publisher.model.delivery import Attempt, Bundle, Delivery
from publisher.model.lane import Lane, Spent
from publisher.model.states import DeliveryState as S
from publisher.model.target import Pause
from publisher.storage.renditions import Thawed
from publisher.workflow.withdraw import take_back
from tests import make
from tests.make import NINE, FakeChannel

Outcomes = Sequence[Receipt | ChannelError]
LOST = UnknownOutcomeError("lost")
NOT_YET = UnknownOutcomeError("not yet")


@dataclass(frozen=True, kw_only=True)
class Keyed(FakeChannel, Prepares, Repeats, Rations):
    """An outlet that knows a call by its key: a repeat shows nothing anew."""

    repeated: list[tuple[str, str]] = field(default_factory=list)  # key and handle
    says: list[Exception | Outcomes] = field(default_factory=list)  # to repeats; the last holds
    sends: int = 5

    def prepare(self, rendition: Rendition, *, key: str) -> str:
        return f"draft {len(self.sent) + 1}"

    def deliver_prepared(self, rendition: Rendition, *, key: str, handle: str) -> Receipt:
        return self.deliver(rendition, key=key)

    def repeat(self, renditions: Sequence[Rendition], *, key: str, handle: str) -> Outcomes:
        self.repeated.append((key, handle))
        said = self.says[0]
        if len(self.says) > 1:
            self.says.pop(0)
        if isinstance(said, Exception):
            raise said
        return said

    def rations(self) -> tuple[Ration, ...]:
        return (Ration(sends=self.sends, period="day"),)


@dataclass(frozen=True, kw_only=True)
class Digest(Keyed, Bundles):
    """One that takes several in one call."""

    def prepare_bundle(self, renditions: Sequence[Rendition], *, key: str) -> str:
        return f"draft of {key}"

    def deliver_bundle(self, renditions: Sequence[Rendition], *, key: str, handle: str) -> Outcomes:
        return [self.deliver(renditions[0], key=key)] * len(renditions)


@dataclass(frozen=True, kw_only=True)
class Paced(Keyed, Paces):
    """One that is not to be used fast."""

    def gap_s(self) -> float:
        return 600.0


def keyed(*says: Exception | Outcomes, kind: type[Keyed] = Keyed, sends: int = 5) -> Keyed:
    """An outlet that loses its first answer and has nothing to tell when it is asked."""
    took = Receipt(remote_id="new")
    return kind(answers=[LOST, took], shows=[NOT_YET], says=list(says), sends=sends)


def at(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


def after(seconds: float) -> datetime:
    return NINE + timedelta(seconds=seconds)


def run(works: Works, seconds: float) -> None:
    """Do what is due so long after nine."""
    worker.run_lane(works, "gate", now=at(after(seconds)))


def lost(tmp_path: Path, gate: Keyed, count: int = 1) -> tuple[Works, list[int]]:
    """Deliveries whose call was made at nine, and has lost its answer."""
    works = make.works(tmp_path, {"gate": gate})
    ids = [make.delivery(works) for _ in range(count)]
    run(works, 0)
    assert {make.stored(works, one).state for one in ids} == {S.UNCONFIRMED}
    return works, ids


def due(works: Works, seconds: float) -> list[str]:
    with works.database.reads() as session:
        return repeat.lanes(session, works, now=after(seconds))


def spent(works: Works) -> int:
    with works.database.reads() as session:
        return sum(row.sends for row in session.query(Spent))


def claim(works: Works, seconds: float) -> Claim:
    with works.database.sessions.begin() as session:
        [claimed] = repeat.claim_all(session, works, [works.room("gate")], now=after(seconds))
    return claimed


def test_the_same_call_is_made_again_with_its_key_and_handle_once_it_may(tmp_path: Path) -> None:
    gate = keyed([Receipt(remote_id="first")])
    works, [one] = lost(tmp_path, gate)

    run(works, 59)
    early = list(gate.repeated)
    run(works, 60)

    row = make.stored(works, one)
    assert early == []
    assert gate.repeated == [(f"delivery-{one}", "draft 1")]
    assert (row.state, row.remote_id) == (S.ACCEPTED, "first")
    assert [(a.step, a.outcome) for a in row.attempts] == [
        ("prepare", "done"),
        ("deliver", "UnknownOutcomeError"),
        ("repeat", "accepted"),
    ]
    assert len(gate.sent) == 1


def test_a_bundle_is_repeated_as_a_whole_in_its_order_with_its_key(tmp_path: Path) -> None:
    gate = keyed([Receipt(remote_id="m:1"), Receipt(remote_id="m:2")], kind=Digest)
    works, ids = lost(tmp_path, gate, count=2)

    run(works, 60)

    assert gate.repeated == [("bundle-1", "draft of bundle-1")]
    assert [make.stored(works, one).remote_id for one in ids] == ["m:1", "m:2"]


def test_it_is_repeated_ever_more_rarely_and_not_when_the_outlet_may_have_forgotten(
    tmp_path: Path,
) -> None:
    gate = keyed(LOST)
    works, [one] = lost(tmp_path, gate)

    for minute in range(0, 23 * 60, 5):
        run(works, minute * 60)

    row = make.stored(works, one)
    repeats = [act.started_at for act in row.attempts if act.step == "repeat"]
    gaps = [later - earlier for earlier, later in pairwise(repeats)]
    assert gaps[0] < gaps[-1] == timedelta(hours=1)
    assert repeats[-1] < after(gate.repeat_within_s)
    assert row.state == S.UNCONFIRMED
    assert len(gate.sent) == 1


def test_a_repeat_puts_off_no_deadline(tmp_path: Path) -> None:
    works, [one] = lost(tmp_path, keyed(LOST))
    told_at = make.stored(works, one).deadline_at

    run(works, 60)

    assert make.stored(works, one).deadline_at == told_at


def test_a_repeat_costs_no_send_and_needs_none_to_be_left(tmp_path: Path) -> None:
    gate = keyed([Receipt(remote_id="first")], sends=1)
    works, [one] = lost(tmp_path, gate)

    run(works, 60)

    assert make.stored(works, one).state == S.ACCEPTED
    assert spent(works) == 1


@pytest.mark.parametrize(
    "error",
    [
        RetryableError("nobody listens"),
        SpentError("nothing left", period="day"),
        CredentialsError("who?"),
        UnknownOutcomeError("lost again"),
        ZeroDivisionError("a bug"),
    ],
)
def test_that_it_cannot_be_repeated_now_proves_nothing_of_the_first_call(
    tmp_path: Path, error: Exception
) -> None:
    gate = keyed(error, sends=3)
    works, [one] = lost(tmp_path, gate)

    run(works, 60)

    row = make.stored(works, one)
    assert (row.state, row.handle) == (S.UNCONFIRMED, "draft 1")
    assert spent(works) == (3 if isinstance(error, SpentError) else 1)


def test_repeats_that_are_lost_too_are_no_fault_of_the_account(tmp_path: Path) -> None:
    works, _ = lost(tmp_path, keyed(LOST))
    with works.database.reads() as session:
        before = session.get_one(Lane, "gate").faults

    for seconds in (60, 180, 420, 900):
        run(works, seconds)

    with works.database.reads() as session:
        lane = session.get_one(Lane, "gate")
    assert (lane.breaker, lane.faults) == ("closed", before)


def test_refused_for_good_is_failed(tmp_path: Path) -> None:
    works, [one] = lost(tmp_path, keyed(PermanentError("no", advice="平台不收")))

    run(works, 60)

    row = make.stored(works, one)
    assert (row.state, row.advice) == (S.FAILED, "平台不收")
    assert spent(works) == 0


def test_refused_credentials_open_the_breaker(tmp_path: Path) -> None:
    works, [one] = lost(tmp_path, keyed(CredentialsError("who?")))

    run(works, 60)

    with works.database.reads() as session:
        assert session.get_one(Lane, "gate").breaker == "open"
    assert make.stored(works, one).state == S.UNCONFIRMED
    assert due(works, 600) == []


def test_damaged_bytes_prove_nothing_of_the_first_call(tmp_path: Path) -> None:
    gate = keyed([Receipt(remote_id="first")])
    works, [one] = lost(tmp_path, gate)
    for file in works.media.folder.rglob("*"):
        if file.is_file():
            file.unlink()

    run(replace(works, thawed=Thawed()), 60)  # as another process, which has read nothing yet

    assert gate.repeated == []
    assert make.stored(works, one).state == S.UNCONFIRMED


def _pause(works: Works, one: int) -> None:
    with works.database.sessions.begin() as session:
        session.add(Pause(scope="target:gate", at=NINE, by="吴凡", because="检修"))


def _open_breaker(works: Works, one: int) -> None:
    with works.database.sessions.begin() as session:
        session.merge(Lane(name="gate", breaker="open", advice=""))


def _withdraw(works: Works, one: int) -> None:
    with works.database.sessions.begin() as session:
        row = session.get_one(Delivery, one)
        row.item.withdrawn_at = NINE
        take_back(row, reason="有误", at=NINE, deadline_at=NINE)


def _changed(**values: object) -> Callable[[Works, int], None]:
    def change(works: Works, one: int) -> None:
        with works.database.sessions.begin() as session:
            row = session.get_one(Delivery, one)
            for name, value in values.items():
                setattr(row, name, value)

    return change


def _replace(works: Works, one: int) -> None:
    with works.database.sessions.begin() as session:
        session.get_one(Delivery, one).rendition.edition.state = "replaced"


def _dissolve(works: Works, one: int) -> None:
    with works.database.sessions.begin() as session:
        session.get_one(Bundle, 1).frozen_at = None


def _see(works: Works, one: int) -> None:
    with works.database.sessions.begin() as session:
        session.get_one(Delivery, one).settle(S.CONFIRMED, at=NINE)


@pytest.mark.parametrize(
    "change",
    [
        _pause,
        _open_breaker,
        _withdraw,
        _replace,
        _dissolve,
        _see,
        _changed(not_after=after(30)),
        _changed(expires_at=after(30)),
        _changed(is_restored=True),
        _changed(lease_owner="another worker"),
        _changed(handle="another draft"),
    ],
)
def test_a_call_is_not_repeated_where_any_of_it_is_not_to_go_out_as_it_was(
    tmp_path: Path, change: Callable[[Works, int], None]
) -> None:
    gate = keyed([Receipt(remote_id="m:1"), Receipt(remote_id="m:2")], kind=Digest)
    works, [first, _] = lost(tmp_path, gate, count=2)
    change(works, first)

    run(works, 60)

    assert gate.repeated == []


def test_the_ticker_is_told_of_free_lanes_only_when_it_is_time(tmp_path: Path) -> None:
    works, [one] = lost(tmp_path, keyed(LOST))

    assert due(works, 59) == []
    assert due(works, 60) == ["gate"]
    _pause(works, one)
    assert due(works, 60) == []


def test_a_repeat_keeps_to_the_pace_of_its_account_and_leaves_a_gap(tmp_path: Path) -> None:
    gate = keyed([Receipt(remote_id="first")], kind=Paced)
    works, _ = lost(tmp_path, gate)
    make.delivery(works)

    run(works, 599)
    early = list(gate.repeated)
    run(works, 600)

    assert early == []
    assert len(gate.repeated) == 1
    assert len(gate.sent) == 1  # the next one waits for its gap


def test_who_dies_before_the_repeat_leaves_it_to_be_repeated_with_the_same_key(
    tmp_path: Path,
) -> None:
    gate = keyed([Receipt(remote_id="first")])
    works, [one] = lost(tmp_path, gate)
    claim(works, 60)

    recover.recover(works, now=after(60 + 10 * works.limits.lease_s))
    row = make.stored(works, one)
    run(works, 60 + 10 * works.limits.lease_s)

    assert (row.state, row.attempts[-1].step, row.attempts[-1].outcome) == (
        S.UNCONFIRMED,
        "repeat",
        "lost",
    )
    assert spent(works) == 1
    assert gate.repeated == [(f"delivery-{one}", "draft 1")]
    assert make.stored(works, one).state == S.ACCEPTED


def test_a_repeat_that_may_still_be_under_way_is_not_made_again(tmp_path: Path) -> None:
    gate = keyed([Receipt(remote_id="first")])
    works, [one] = lost(tmp_path, gate)
    claimed = claim(works, 60)
    late = 60 + 10 * works.limits.lease_s

    with works.calls.noted(Call("send gate", claimed.ids)):
        recover.recover(works, now=after(late))
        run(works, late)

    assert make.stored(works, one).lease_owner == works.owner
    assert gate.repeated == []


def test_the_late_answer_of_a_repeat_is_believed(tmp_path: Path) -> None:
    gate = keyed([Receipt(remote_id="first")])
    works, [one] = lost(tmp_path, gate)
    claimed = claim(works, 60)
    sent = send.send(works, claimed, now=at(after(61)))
    recover.recover(works, now=after(60 + 10 * works.limits.lease_s))

    room = works.room("gate", 0)
    worker.write(works, worker.Turn(sent=sent, room=room, at=after(1200)))

    row = make.stored(works, one)
    assert (row.state, row.remote_id, row.lease_owner) == (S.ACCEPTED, "first", None)


def test_what_is_withdrawn_while_it_is_repeated_is_taken_down(tmp_path: Path) -> None:
    gate = keyed([Receipt(remote_id="first")])
    works, [one] = lost(tmp_path, gate)
    claimed = claim(works, 60)
    _withdraw(works, one)

    sent = send.send(works, claimed, now=at(after(61)))
    worker.write(works, worker.Turn(sent=sent, room=works.room("gate", 0), at=after(61)))

    row = make.stored(works, one)
    assert (row.state, row.remote_id) == (S.WITHDRAWING, "first")


def test_nothing_found_before_a_repeat_proves_nothing_afterwards(tmp_path: Path) -> None:
    gate = keyed(LOST)
    gate.shows[:] = [None]
    works, [one] = lost(tmp_path, gate)
    confirm.run_target(works, "gate", now=at(after(58)))
    assert make.stored(works, one).absent_at == after(58)

    run(works, 60)

    assert make.stored(works, one).absent_at is None


def test_waits_between_repeats_double_up_to_an_hour() -> None:
    waits = [retry.repeat_s(repeats, first_s=60.0) for repeats in range(8)]

    assert waits == [60.0, 120.0, 240.0, 480.0, 960.0, 1920.0, 3600.0, 3600.0]


def test_the_acts_of_a_delivery_begin_with_its_last_send(tmp_path: Path) -> None:
    works, [one] = lost(tmp_path, keyed(LOST))
    with works.database.sessions.begin() as session:
        for step in ("repeat", "deliver", "repeat", "repeat"):
            session.add(Attempt(delivery_id=one, step=step, started_at=NINE))

    with works.database.reads() as session:
        acts = repeat.acts_of(session, one)

    assert [act.step for act in acts] == ["deliver", "repeat", "repeat"]
