"""What outlets report by themselves: a look at once, and sends that people made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from publisher.channel import ASGIApp, Event, Ration, Rations, Receipt, Reports, Shares
from publisher.delivery import confirm, events, worker
from publisher.delivery.works import Works
from publisher.errors import UnknownOutcomeError
from publisher.model.lane import OutsideSend, Spent
from publisher.model.note import Note
from publisher.model.states import DeliveryState as S
from tests import make, threads
from tests.make import NINE, FakeChannel

LATER = NINE + timedelta(minutes=30)
PUSH, LINK = "test_events:gh_1", "test_events:gh_1/link"


@dataclass(frozen=True, kw_only=True)
class Account(FakeChannel, Shares, Rations, Reports):
    """One way of using an account that calls back."""

    way: str = ""

    def account(self) -> str:
        return f"gh_1{self.way}"

    def rations(self) -> tuple[Ration, ...]:
        return () if self.way else (Ration(sends=1, period="day"), Ration(sends=4, period="month"))

    def receiver(self, tell: Callable[[Event], None]) -> ASGIApp:
        raise NotImplementedError


@pytest.fixture
def push() -> Account:
    return Account(answers=[Receipt(remote_id="9:8")])


@pytest.fixture
def works(tmp_path: Path, push: Account) -> Works:
    return make.works(tmp_path, {"push": push, "link": Account(way="/link")})


def at(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


def event(remote_id: str, *, is_send: bool = False) -> Event:
    return Event(remote_id=remote_id, at=LATER, is_send=is_send, text="群发成功")


def sent(works: Works, *, look: bool = False) -> int:
    """A delivery that was pushed at nine, and that is not to be looked at soon."""
    one = make.delivery(works, target="push", lane=PUSH)
    worker.run_lane(works, PUSH, now=at(NINE))
    confirm.run_target(works, "push", now=at(NINE))
    return one


def spent(works: Works) -> dict[str, int]:
    with works.database.reads() as session:
        return {row.period: row.sends for row in session.scalars(select(Spent))}


def outside(works: Works) -> list[tuple[str, str]]:
    with works.database.reads() as session:
        return [(row.lane, row.remote_id) for row in session.scalars(select(OutsideSend))]


@pytest.mark.parametrize("name", ["9", "9:8"])
@pytest.mark.parametrize("seen", [UnknownOutcomeError("not yet"), Receipt(remote_id="9:8")])
def test_what_is_reported_is_looked_at_at_once(
    works: Works, push: Account, name: str, seen: Receipt | Exception
) -> None:
    push.shows[:] = [seen]
    one = sent(works)

    places = events.take(works, "push", event(name), now=LATER)

    assert places == ["push"]
    assert make.stored(works, one).check_at == LATER


@pytest.mark.parametrize("name", ["8", "90", "9:", "%", "_"])
def test_what_is_reported_of_others_touches_nothing_of_ours(works: Works, name: str) -> None:
    one = sent(works)

    places = events.take(works, "push", event(name), now=LATER)

    assert places == []
    assert make.stored(works, one).check_at is None
    assert outside(works) == []


def test_a_report_that_comes_to_another_target_of_the_account_is_understood(works: Works) -> None:
    one = sent(works)

    places = events.take(works, "link", event("9", is_send=True), now=LATER)

    assert places == ["push"]
    assert make.stored(works, one).check_at == LATER
    assert outside(works) == []


def test_a_confirmed_one_that_is_reported_and_gone_is_found_out(
    works: Works, push: Account
) -> None:
    one = sent(works)
    push.shows[:] = [None]

    events.take(works, "push", event("9"), now=LATER)
    confirm.run_target(works, "push", now=at(LATER))
    confirm.run_target(works, "push", now=at(LATER + timedelta(minutes=1)))

    assert make.stored(works, one).state == S.FAILED


@pytest.mark.parametrize("told", ["push", "link"])
def test_a_send_made_by_hand_is_counted_once_however_often_it_is_told(
    works: Works, told: str
) -> None:
    for _ in range(3):
        events.take(works, told, event("77", is_send=True), now=LATER)

    with works.database.reads() as session:
        [note] = session.scalars(select(Note)).all()
    assert spent(works) == {"2026-11-24": 1, "2026-11": 1}
    assert outside(works) == [(PUSH, "77")]
    assert (note.verb, note.target) == ("outside_send", "push")


def test_two_processes_that_are_told_at_once_count_it_once(works: Works) -> None:
    def tell() -> object:
        return events.take(works, "push", event("77", is_send=True), now=LATER)

    results = threads.at_once(tell, tell, tell)

    assert threads.failures(results) == []
    assert spent(works)["2026-11"] == 1


def test_a_send_of_ours_is_not_counted_again(works: Works) -> None:
    sent(works)

    events.take(works, "push", event("9", is_send=True), now=LATER)

    assert spent(works) == {"2026-11-24": 1, "2026-11": 1}


def test_what_may_be_our_lost_call_is_counted_until_it_is_known_as_ours(
    works: Works, push: Account
) -> None:
    push.answers[:], push.shows[:] = [UnknownOutcomeError("lost")], [UnknownOutcomeError("?")]
    one = sent(works)

    places = events.take(works, "push", event("9", is_send=True), now=LATER)
    counted = spent(works)["2026-11"]
    before = events.sort_out(works, now=LATER)
    push.shows[:] = [Receipt(remote_id="9:8")]
    confirm.run_target(works, "push", now=at(LATER))
    after = events.sort_out(works, now=LATER)

    assert places == ["push"]
    assert (counted, before, after) == (2, 0, 1)
    assert spent(works) == {"2026-11-24": 1, "2026-11": 1}
    assert outside(works) == []
    assert make.stored(works, one).state == S.CONFIRMED


def test_a_lost_call_of_ours_takes_back_nothing_of_what_was_made_by_hand(
    works: Works, push: Account
) -> None:
    push.answers[:] = [UnknownOutcomeError("lost")]
    push.shows[:] = [Receipt(remote_id="9:8")]
    sent(works)

    events.take(works, "push", event("77", is_send=True), now=LATER)
    confirm.run_target(works, "push", now=at(LATER))

    assert events.sort_out(works, now=LATER) == 0
    assert spent(works)["2026-11"] == 2


def test_what_was_sent_long_ago_is_not_looked_at(works: Works) -> None:
    one = sent(works)

    places = events.take(works, "push", event("9"), now=NINE + timedelta(days=41))

    assert places == []
    assert make.stored(works, one).check_at is None


def test_a_report_dated_ahead_of_our_clock_counts_for_now(works: Works) -> None:
    ahead = Event(remote_id="77", at=NINE + timedelta(days=40), is_send=True)

    events.take(works, "push", ahead, now=NINE)

    assert set(spent(works)) == {"2026-11-24", "2026-11"}


def test_a_send_that_a_person_was_asked_to_make_is_not_counted_again(
    works: Works, push: Account
) -> None:
    push.answers[:] = [Receipt(remote_id="draft:3", awaits="请到后台群发")]
    push.shows[:] = [UnknownOutcomeError("in hand")]
    one = sent(works)

    for _ in range(2):
        places = events.take(works, "push", event("77", is_send=True), now=LATER)
        asked_for = spent(works)["2026-11"]
    events.take(works, "push", event("78", is_send=True), now=LATER)

    row = make.stored(works, one)
    assert (places, asked_for) == (["push"], 1)
    assert [seen.evidence for seen in row.observations][1:] == [f"{events.BY_A_PERSON}（77）"]
    assert (row.state, row.check_at) == (S.ACCEPTED, LATER)
    assert spent(works)["2026-11"] == 2  # that one nobody was asked to make
