from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from publisher.channel import (
    Channel,
    Content,
    Health,
    Paces,
    Ration,
    Rations,
    Receipt,
    Rendition,
    Shares,
)
from publisher.delivery import check, claims, confirm, recover, worker
from publisher.delivery.works import Works
from publisher.errors import CredentialsError, PermanentError, RetryableError, UnknownOutcomeError
from publisher.model.lane import Lane, Spent
from publisher.model.note import Note
from publisher.model.states import DeliveryState as S
from publisher.model.target import Pause
from publisher.model.urgency import Urgency
from tests import make
from tests.make import NINE, FakeChannel

DOWN = RetryableError("refused")
TAKEN = Receipt(remote_id="r1")


@dataclass(frozen=True, kw_only=True)
class Checked(FakeChannel):
    """An outlet that says how it is; the last answer holds."""

    feels: list[Health] = field(default_factory=lambda: [Health(is_reachable=True)])

    def check(self) -> Health:
        return self.feels.pop(0) if len(self.feels) > 1 else self.feels[0]


def at(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


def after(seconds: float) -> datetime:
    return NINE + timedelta(seconds=seconds)


def pause(works: Works, scope: str) -> None:
    with works.database.sessions.begin() as session:
        session.add(Pause(scope=scope, at=NINE, by="吴凡", because="演练"))


def lane_of(works: Works, name: str = "gate") -> Lane:
    with works.database.reads() as session:
        return session.get_one(Lane, name)


@pytest.mark.parametrize("scope", ["everything", "channel:make", "target:gate"])
def test_a_pause_of_each_scope_holds(tmp_path: Path, scope: str) -> None:
    gate = FakeChannel()
    works = make.works(tmp_path, {"gate": gate})
    make.delivery(works)
    pause(works, scope)

    worker.run_lane(works, "gate", now=at(NINE))

    assert gate.sent == []


@pytest.mark.parametrize("scope", ["channel:wechat", "target:site"])
def test_a_pause_of_another_scope_does_not(tmp_path: Path, scope: str) -> None:
    gate = FakeChannel()
    works = make.works(tmp_path, {"gate": gate})
    make.delivery(works)
    pause(works, scope)

    worker.run_lane(works, "gate", now=at(NINE))

    assert len(gate.sent) == 1


@dataclass(frozen=True, kw_only=True)
class OneAccount(FakeChannel, Shares):
    def account(self) -> str:
        return "bot"


def test_of_two_targets_of_one_account_one_may_be_paused(tmp_path: Path) -> None:
    first, second = OneAccount(), OneAccount()
    works = make.works(tmp_path, {"first": first, "second": second})
    make.delivery(works, target="first", lane="make:bot")
    make.delivery(works, target="second", lane="make:bot")
    pause(works, "target:first")

    worker.run_lane(works, "make:bot", now=at(NINE))

    assert (len(first.sent), len(second.sent)) == (0, 1)


def test_an_outlet_that_is_down_is_asked_and_not_hammered(tmp_path: Path) -> None:
    gate = Checked(answers=[DOWN])
    works = make.works(tmp_path, {"gate": gate})
    deliveries = [make.delivery(works) for _ in range(20)]

    worker.run_lane(works, "gate", now=at(NINE))

    assert len(gate.sent) == 3
    assert {make.stored(works, d).state for d in deliveries} == {S.PLANNED}
    assert lane_of(works).probe_at == after(30)


def test_once_a_check_finds_it_well_one_goes_first_and_then_all(tmp_path: Path) -> None:
    gate = Checked(answers=[DOWN, DOWN, DOWN, TAKEN])
    works = make.works(tmp_path, {"gate": gate})
    for _ in range(20):
        make.delivery(works)
    worker.run_lane(works, "gate", now=at(NINE))

    check.check(works, "gate", now=after(30))
    half_open = lane_of(works).breaker
    worker.run_lane(works, "gate", now=at(after(60)))

    assert half_open == "half_open"
    assert len(gate.sent) == 3 + 20
    assert lane_of(works).breaker == "closed"


def test_an_account_that_is_well_is_as_others_are_once_nothing_waits_to_be_tried(
    tmp_path: Path,
) -> None:
    gate = Checked(answers=[CredentialsError("401")])
    works = make.works(tmp_path, {"gate": gate})
    delivery = make.delivery(works, not_after=NINE + timedelta(hours=1))
    worker.run_lane(works, "gate", now=at(NINE))
    check.check(works, "gate", now=after(480))
    check.check(works, "gate", now=after(500))
    while_it_waits = lane_of(works).breaker

    recover.miss(works, now=after(7200))
    check.check(works, "gate", now=after(7200))

    assert while_it_waits == "half_open"
    assert make.stored(works, delivery).state == S.MISSED
    assert lane_of(works).breaker == "closed"


def test_while_one_is_tried_no_other_goes(tmp_path: Path) -> None:
    works = make.works(tmp_path, {"gate": Checked(answers=[DOWN])})
    for _ in range(5):
        make.delivery(works)
    worker.run_lane(works, "gate", now=at(NINE))
    check.check(works, "gate", now=after(30))

    with works.database.sessions.begin() as session:
        first = claims.claim_all(session, works, [works.room("gate", 5)], now=after(31))
    with works.database.sessions.begin() as session:
        second = claims.claim_all(session, works, [works.room("gate", 5)], now=after(32))

    assert [len(first), len(second)] == [1, 0]


def test_one_that_is_not_well_is_asked_again_later(tmp_path: Path) -> None:
    gate = Checked(answers=[DOWN], feels=[Health(is_reachable=False, advice="请检查网络")])
    works = make.works(tmp_path, {"gate": gate})
    for _ in range(3):
        make.delivery(works)
    worker.run_lane(works, "gate", now=at(NINE))

    check.check(works, "gate", now=after(30))
    worker.run_lane(works, "gate", now=at(after(31)))

    assert len(gate.sent) == 3
    assert lane_of(works).probe_at == after(30 + 60)


@dataclass(frozen=True, kw_only=True)
class Unasked(Channel):
    """An outlet that cannot be asked how it is, and refuses our account."""

    keys: list[str] = field(default_factory=list)

    def render(self, content: Content) -> Rendition:
        return make.PLAIN

    def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
        self.keys.append(key)
        raise CredentialsError("401")


def test_one_that_cannot_be_asked_is_tried_ever_more_rarely(tmp_path: Path) -> None:
    gate = Unasked()
    works = make.works(tmp_path, {"gate": gate})
    make.delivery(works)

    for seconds in range(0, 3600, 15):  # as often as the ticker looks
        check.check(works, "gate", now=after(seconds))
        worker.run_lane(works, "gate", now=at(after(seconds)))

    assert len(gate.keys) == 5  # after 8 minutes, 15, 15, 15


def test_one_that_cannot_be_asked_is_tried_although_the_clock_was_set_back(tmp_path: Path) -> None:
    gate = Unasked()
    works = make.works(tmp_path, {"gate": gate})
    make.delivery(works, due_at=after(-7200))
    worker.run_lane(works, "gate", now=at(NINE))

    check.check(works, "gate", now=after(-3600))

    assert lane_of(works).breaker == "half_open"


def test_an_account_is_spared_until_its_time_however_well_a_check_finds_it(tmp_path: Path) -> None:
    gate = Checked(answers=[CredentialsError("46")])
    works = make.works(tmp_path, {"gate": gate})
    make.delivery(works)
    worker.run_lane(works, "gate", now=at(NINE))

    for second in range(30, 480, 30):
        check.check(works, "gate", now=after(second))
        worker.run_lane(works, "gate", now=at(after(second)))

    assert len(gate.sent) == 1


def test_an_open_breaker_is_told_once(tmp_path: Path) -> None:
    gate = Checked(answers=[CredentialsError("401", advice="请检查密钥")])
    works = make.works(tmp_path, {"gate": gate})
    for _ in range(3):
        make.delivery(works)

    for minute in range(60):
        worker.run_lane(works, "gate", now=at(after(60 * minute)))
        check.check(works, "gate", now=after(60 * minute + 30))

    with works.database.reads() as session:
        told = session.query(Note).filter(Note.verb == "breaker").all()
    assert 3 < len(gate.sent) < 7
    assert [note.text for note in told] == ["请检查密钥"]


def test_the_breaker_of_one_account_is_not_that_of_another(tmp_path: Path) -> None:
    broken, gate = Checked(answers=[CredentialsError("401")]), FakeChannel()
    works = make.works(tmp_path, {"broken": broken, "gate": gate})
    make.delivery(works, target="broken")
    make.delivery(works)

    worker.run_lane(works, "broken", now=at(NINE))
    worker.run_lane(works, "gate", now=at(NINE))

    assert len(gate.sent) == 1


def test_the_one_that_closes_it_keeps_the_gap_of_its_account(tmp_path: Path) -> None:
    @dataclass(frozen=True, kw_only=True)
    class Slow(Checked, Paces):
        def gap_s(self) -> float:
            return 15.0

    gate = Slow(answers=[CredentialsError("401"), TAKEN])
    works = make.works(tmp_path, {"gate": gate})
    for _ in range(3):
        make.delivery(works)
    worker.run_lane(works, "gate", now=at(NINE))
    check.check(works, "gate", now=after(480))

    worker.run_lane(works, "gate", now=at(after(481)))
    at_once = len(gate.sent)
    worker.run_lane(works, "gate", now=at(after(496)))

    assert at_once == 2
    assert len(gate.sent) == 3


@dataclass(frozen=True, kw_only=True)
class Rationed(FakeChannel, Rations):
    def rations(self) -> tuple[Ration, ...]:
        return (Ration(sends=2, period="day"), Ration(sends=3, period="month"))


def test_a_ration_is_kept_by_the_day_and_by_the_month_of_campus_time(tmp_path: Path) -> None:
    gate = Rationed()
    works = make.works(tmp_path, {"gate": gate})
    far = NINE + timedelta(days=60)
    for _ in range(9):
        make.delivery(works, not_after=far)
    sends = []

    for day in range(10):  # 24 November to 3 December
        worker.run_lane(works, "gate", now=at(NINE + timedelta(days=day)))
        sends.append(len(gate.sent))

    assert sends == [2, 3, 3, 3, 3, 3, 3, 5, 6, 6]


def test_what_certainly_did_not_go_out_has_not_spent_anything(tmp_path: Path) -> None:
    gate = Rationed(answers=[PermanentError("no"), DOWN, UnknownOutcomeError("lost"), TAKEN])
    works = make.works(tmp_path, {"gate": gate})
    for _ in range(4):
        make.delivery(works)

    worker.run_lane(works, "gate", now=at(NINE))

    with works.database.reads() as session:
        assert session.get_one(Spent, ("gate", "2026-11-24")).sends == 2
    assert len(gate.sent) == 4


def test_what_is_proved_not_to_have_arrived_has_not_spent_anything(tmp_path: Path) -> None:
    gate = Rationed(answers=[UnknownOutcomeError("lost"), TAKEN], shows=[None])
    works = make.works(tmp_path, {"gate": gate})
    make.delivery(works)

    for second in (0, 10, 20):
        worker.run_lane(works, "gate", now=at(after(second)))
        confirm.run_target(works, "gate", now=at(after(second + 5)))
    worker.run_lane(works, "gate", now=at(after(30)))

    assert len(gate.sent) == 2
    with works.database.reads() as session:
        assert session.get_one(Spent, ("gate", "2026-11-24")).sends == 1


def test_an_emergency_goes_first_and_starves_nobody(tmp_path: Path) -> None:
    gate = FakeChannel()
    works = make.works(tmp_path, {"gate": gate})
    waited_long = make.delivery(works, due_at=NINE - timedelta(minutes=61))
    waited_short = make.delivery(works, due_at=NINE - timedelta(minutes=59))
    urgent = make.delivery(works, urgency=Urgency.URGENT)
    emergency = make.delivery(works, urgency=Urgency.EMERGENCY)

    worker.run_lane(works, "gate", now=at(NINE))

    order = [int(key.removeprefix("delivery-")) for key, _ in gate.sent]
    assert order == [waited_long, emergency, waited_short, urgent]


def test_an_emergency_is_not_sent_before_its_time(tmp_path: Path) -> None:
    gate = FakeChannel()
    works = make.works(tmp_path, {"gate": gate})
    make.delivery(works, urgency=Urgency.EMERGENCY)

    worker.run_lane(works, "gate", now=at(NINE - timedelta(seconds=1)))

    assert gate.sent == []


def test_what_is_missed_and_to_be_asked_about_has_an_owner(tmp_path: Path) -> None:
    works = make.works(tmp_path, {"gate": FakeChannel()})
    asked, silent = make.delivery(works, late="ask"), make.delivery(works, late="miss")
    late = NINE + timedelta(hours=25)

    recover.miss(works, now=late)

    assert make.stored(works, asked).deadline_at == late
    assert make.stored(works, silent).deadline_at is None
