from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from publisher import app as composition
from publisher import clock, settings
from publisher.app import App
from publisher.channel import Ration, Receipt, Rendition, Repeats, Shares
from publisher.delivery import recover
from publisher.delivery.calls import Call
from publisher.errors import ChannelError, UnknownOutcomeError
from publisher.model.alarm import Alarm
from publisher.model.delivery import Delivery
from publisher.model.item import Edition
from publisher.model.lane import OutsideSend, Spent
from publisher.model.states import DeliveryState as S
from publisher.model.states import EditionState
from publisher.model.target import EVERYTHING, Pause, Target
from publisher.schedule import quota
from publisher.storage import queries
from publisher.ticker import HEART, Ticker
from tests import make
from tests.make import FakeChannel
from tests.pushing import Digest

PATIENCE_S = 30.0


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    wired = composition.wire(settings.load(tmp_path))
    wired.channels["gate"] = FakeChannel()
    yield wired
    wired.lanes.close()


def ticking(app: App, until: Callable[[], bool]) -> bool:
    ticker = Ticker(app)
    ticker.start()
    end = time.monotonic() + PATIENCE_S
    try:
        while not until() and time.monotonic() < end:
            time.sleep(0.05)
        return until()
    finally:
        ticker.stop()


def test_time_sends_confirms_and_takes_down_again(app: App) -> None:
    now = clock.now()
    delivery = make.delivery(
        app.works,
        due_at=now + timedelta(seconds=1),
        not_after=now + timedelta(hours=1),
        expires_at=now + timedelta(seconds=5),
    )
    gate = app.channels["gate"]
    assert isinstance(gate, FakeChannel)
    gate.shows.extend([Receipt(remote_id="r1", evidence="看到了"), None])

    assert ticking(app, lambda: make.stored(app.works, delivery).state == S.EXPIRED)

    row = make.stored(app.works, delivery)
    assert len(gate.sent) == 1
    assert row.attempts[0].started_at >= row.due_at
    assert [o.found for o in row.observations] == ["present", "absent"]


def test_a_delivery_planned_by_another_process_is_found(app: App, tmp_path: Path) -> None:
    other = replace(app.works, database=make.database(tmp_path))
    ticker = Ticker(app)
    ticker.start()
    ticker.stop()
    now = clock.now()
    delivery = make.delivery(other, due_at=now, not_after=now + timedelta(hours=1))

    assert ticking(app, lambda: make.stored(other, delivery).state == S.CONFIRMED)


def test_what_an_earlier_process_left_is_settled_at_the_start(app: App) -> None:
    gate = app.channels["gate"]
    assert isinstance(gate, FakeChannel)
    gate.answers[:] = [UnknownOutcomeError("lost")]
    gate.shows.append(Receipt(remote_id="r1"))
    now = clock.now()
    delivery = make.delivery(app.works, due_at=now, not_after=now + timedelta(hours=1))
    with app.database.sessions.begin() as session:
        row = session.get_one(Delivery, delivery)
        row.state, row.fence = S.SENDING, 1
        row.lease_owner, row.lease_until = "the dead", now - timedelta(seconds=1)

    assert ticking(app, lambda: make.stored(app.works, delivery).state == S.CONFIRMED)


@dataclass(frozen=True, kw_only=True)
class Keyed(FakeChannel, Repeats):
    """An outlet that loses its first answer, and knows a call by its key."""

    repeat_after_s = 0.5

    def repeat(
        self, renditions: Sequence[Rendition], *, key: str, handle: str
    ) -> Sequence[Receipt | ChannelError]:
        return [Receipt(remote_id=f"the first {key}")]


def test_a_lost_call_is_repeated_in_time(app: App) -> None:
    unknown = UnknownOutcomeError("lost")
    app.channels["gate"] = Keyed(answers=[unknown], shows=[unknown])
    now = clock.now()
    delivery = make.delivery(app.works, due_at=now, not_after=now + timedelta(hours=1))

    assert ticking(app, lambda: make.stored(app.works, delivery).state == S.ACCEPTED)

    assert make.stored(app.works, delivery).remote_id == f"the first delivery-{delivery}"


def test_what_was_counted_as_made_by_hand_and_is_ours_is_taken_back(app: App) -> None:
    now = clock.now()
    make.delivery(app.works, state=S.ACCEPTED, remote_id="m1", accepted_at=now)
    with app.database.sessions.begin() as session:
        session.add(OutsideSend(lane="gate", remote_id="m1", at=now))

    def is_taken_back() -> bool:
        with app.database.reads() as session:
            return session.get(OutsideSend, ("gate", "m1")) is None

    assert ticking(app, is_taken_back)


def test_it_shows_that_it_lives_and_checks_its_targets(app: App) -> None:
    def lives() -> bool:
        with app.database.reads() as session:
            return queries.last_beat(session, HEART) is not None

    def is_checked() -> bool:
        with app.database.reads() as session:
            target = session.get(Target, "gate")
            return target is not None and target.checked_at is not None

    assert ticking(app, lambda: lives() and is_checked())


def test_what_has_no_send_left_is_planned_anew(app: App) -> None:
    app.channels["push"] = Digest()
    now = clock.now()
    delivery = make.delivery(
        app.works, target="push", due_at=now, not_after=now + timedelta(hours=1)
    )
    today = quota.period_of(Ration(sends=1, period="day"), now)
    with app.database.sessions.begin() as session:
        session.add(Spent(lane="push", period=today, sends=1))

    Ticker(app).housekeeping()

    row = make.stored(app.works, delivery)
    assert row.due_at > now
    assert row.advice.startswith("今天的发送次数已用完，改到 ")


def test_it_ticks_on_when_the_clock_was_set_back_by_an_hour(app: App) -> None:
    ticker = Ticker(app)
    ticker.start()
    for job in ticker._scheduler.get_jobs():
        job.modify(next_run_time=clock.now() + timedelta(hours=1))  # as the scheduler would see it
    now = clock.now()
    delivery = make.delivery(app.works, due_at=now, not_after=now + timedelta(hours=1))

    end = time.monotonic() + PATIENCE_S
    while make.stored(app.works, delivery).state != S.CONFIRMED and time.monotonic() < end:
        time.sleep(0.05)
    ticker.stop()

    assert make.stored(app.works, delivery).state == S.CONFIRMED


@pytest.mark.parametrize(("ahead_s", "sends"), [(600.0, 1), (601.0, 0), (-3600.0, 1)])
def test_a_clock_that_jumps_forward_publishes_nothing_before_a_person_has_looked(
    app: App, ahead_s: float, sends: int
) -> None:
    gate = app.channels["gate"]
    assert isinstance(gate, FakeChannel)
    now = clock.now()
    make.delivery(app.works, due_at=now, not_after=now + timedelta(hours=1))
    ticker = Ticker(app, drift=lambda: ahead_s)

    ticker.send()
    app.lanes.rest(PATIENCE_S)

    with app.database.reads() as session:
        pause = session.get(Pause, EVERYTHING)
        alarms = session.scalars(select(Alarm.key)).all()
    assert len(gate.sent) == sends
    assert (pause is not None) == (not sends)
    assert alarms == ([] if sends else ["clock"])


def test_of_two_tickers_one_stands_by_and_takes_over(app: App, tmp_path: Path) -> None:
    first, second = Ticker(app), Ticker(app)
    first.start()
    second.start()
    both = (first.leads, second.leads)

    first.stop()
    end = time.monotonic() + PATIENCE_S
    while not second.leads and time.monotonic() < end:
        time.sleep(0.05)
    after = (first.leads, second.leads)
    second.stop()

    assert both == (True, False)
    assert after == (False, True)


def test_nobody_takes_over_from_one_whose_call_is_under_way(app: App) -> None:
    first, second = Ticker(app), Ticker(app)
    first.start()
    with app.works.calls.noted(Call("send gate", (1,))):
        first.stop()
        second.start()
        meanwhile = second.leads
    first.stop()
    end = time.monotonic() + PATIENCE_S
    while not second.leads and time.monotonic() < end:
        time.sleep(0.05)
    after = second.leads
    second.stop()

    assert (meanwhile, after) == (False, True)


def test_what_is_planned_follows_its_target_to_another_account(app: App) -> None:
    @dataclass(frozen=True, kw_only=True)
    class Moved(FakeChannel, Shares):
        def account(self) -> str:
            return "another"

    app.channels["gate"] = Moved()
    later = clock.now() + timedelta(hours=1)
    planned = make.delivery(app.works, lane="gate", due_at=later, not_after=later)
    sent = make.delivery(app.works, lane="gate", state=S.CONFIRMED)
    gone = make.delivery(app.works, target="gone", due_at=later, not_after=later)
    ticker = Ticker(app)

    ticker.start()
    ticker.stop()

    lanes = [make.stored(app.works, one).lane for one in (planned, sent, gone)]
    assert lanes == ["test_ticker:another", "gate", "gone"]


def test_a_call_that_outlives_its_lease_is_given_up_and_its_lane_goes_on(app: App) -> None:
    hung, release = threading.Event(), threading.Event()

    @dataclass(frozen=True, kw_only=True)
    class Hanging(FakeChannel):
        def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
            if not self.sent:
                self.sent.append((key, b""))
                hung.set()
                release.wait(PATIENCE_S)
                return Receipt(remote_id="late")
            return super().deliver(rendition, key=key)

    limits = app.settings.delivery.model_copy(update={"lease_s": 0.5})
    app.works = replace(app.works, limits=limits)
    app.channels["gate"] = gate = Hanging(shows=[UnknownOutcomeError("not yet")])
    now = clock.now()
    first, second = (
        make.delivery(app.works, due_at=now, not_after=now + timedelta(hours=1)) for _ in range(2)
    )
    app.wake_due()
    assert hung.wait(PATIENCE_S)

    time.sleep(0.6)
    app.watch_calls()
    recover.recover(app.works, now=clock.now())
    app.wake_due()
    assert app.lanes.rest(PATIENCE_S)
    states = (make.stored(app.works, first).state, make.stored(app.works, second).state)
    release.set()
    end = time.monotonic() + PATIENCE_S
    while make.stored(app.works, first).state != S.ACCEPTED and time.monotonic() < end:
        time.sleep(0.05)

    assert states == (S.UNCONFIRMED, S.ACCEPTED)
    assert make.stored(app.works, first).remote_id == "late"
    assert len(gate.sent) == 2


def test_an_app_that_is_closed_begins_nothing_more(app: App) -> None:
    now = clock.now()
    delivery = make.delivery(app.works, due_at=now, not_after=now + timedelta(hours=1))

    app.close()
    app.wake_due()

    assert app.lanes.busy() == ()
    assert make.stored(app.works, delivery).state == S.PLANNED


def test_what_its_reviewers_left_until_its_time_was_over_goes_back_by_itself(app: App) -> None:
    now = clock.now()
    with app.database.sessions.begin() as session:
        edition = make.edition(session, state="in_review", submitted_at=now, not_after=now)
        edition_id = edition.id

    def has_lapsed() -> bool:
        with app.database.reads() as session:
            return session.get_one(Edition, edition_id).state == EditionState.SENT_BACK

    assert ticking(app, has_lapsed)
