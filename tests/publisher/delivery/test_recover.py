from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from publisher.delivery import claims, outcomes, recover
from publisher.delivery.calls import Call, Calls
from publisher.delivery.works import Works
from publisher.model.delivery import Delivery
from publisher.model.states import DeliveryState as S
from publisher.model.target import Beat
from publisher.storage import locks
from publisher.storage.database import open_database
from tests import make
from tests.make import NINE, FakeChannel

LEASE = timedelta(seconds=180)
OVER = NINE + LEASE


@pytest.fixture
def works(tmp_path: Path) -> Works:
    return make.works(tmp_path, {"gate": FakeChannel()}, lease_s=180)


def claimed_by(works: Works, owner: str, *, at: datetime = NINE) -> int:
    """A delivery that a process of that name is about to send; its id."""
    delivery = make.delivery(works, due_at=at, not_after=at + timedelta(hours=24))
    with works.database.sessions.begin() as session:
        room = works.room("gate")
        claims.claim_all(session, replace(works, owner=owner), [room], now=at)
    return delivery


def test_a_call_that_outlives_its_lease_is_cut_and_keeps_its_name(works: Works) -> None:
    delivery = claimed_by(works, works.owner)

    with works.calls.noted(Call("send gate", (delivery,))):
        settled = recover.recover(works, now=OVER)
        row = make.stored(works, delivery)
    recover.recover(works, now=OVER)

    assert settled == 1
    assert (row.state, row.lease_owner, row.lease_until) == (S.UNCONFIRMED, works.owner, None)
    assert make.stored(works, delivery).lease_owner is None


def test_a_worker_that_lives_elsewhere_keeps_its_name_until_it_is_silent(works: Works) -> None:
    elsewhere = replace(works, owner="elsewhere")
    delivery = claimed_by(works, "elsewhere")
    recover.beat(elsewhere, now=OVER)

    recover.recover(works, now=OVER)
    while_alive = make.stored(works, delivery).lease_owner
    recover.recover(works, now=OVER + recover.ALIVE)

    assert while_alive == "elsewhere"
    assert make.stored(works, delivery).lease_owner is None


def test_a_worker_elsewhere_lets_go_of_what_it_is_not_calling_for(works: Works) -> None:
    elsewhere = replace(works, owner="elsewhere", calls=Calls())
    ended, hangs = claimed_by(works, "elsewhere"), claimed_by(works, "elsewhere")
    recover.beat(elsewhere, now=OVER)
    recover.recover(works, now=OVER)

    with elsewhere.calls.noted(Call("send gate", (hangs,))):
        recover.beat(elsewhere, now=OVER)

    assert make.stored(works, ended).lease_owner is None
    assert make.stored(works, hangs).lease_owner == "elsewhere"


def test_who_is_alone_need_not_wait_for_the_leases_of_others(works: Works) -> None:
    delivery = claimed_by(works, "dead")
    recover.beat(replace(works, owner="dead"), now=NINE)

    recover.recover(works, now=NINE)
    before = make.stored(works, delivery).state
    recover.recover(works, now=NINE, is_alone=True)

    row = make.stored(works, delivery)
    assert before == S.SENDING
    assert (row.state, row.lease_owner) == (S.UNCONFIRMED, None)
    with works.database.reads() as session:
        assert session.get(Beat, "worker dead") is None


def test_what_a_dead_process_left_is_settled(works: Works) -> None:
    delivery = claimed_by(works, "dead")

    settled = recover.recover(works, now=OVER)

    row = make.stored(works, delivery)
    assert settled == 1
    assert (row.state, row.lease_owner, row.lease_until) == (S.UNCONFIRMED, None, None)


def test_nobody_who_settles_a_delivery_and_says_so_waits_in_a_circle(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    works = make.works(tmp_path, {"gate": FakeChannel()}, lease_s=180)
    works = replace(works, database=open_database(postgres_url))
    cut = make.delivery(works, state=S.UNCONFIRMED, lease_owner="dead")
    over = claimed_by(works, "dead")
    has_noted = threading.Event()

    def note(*arguments: Any, **named: Any) -> None:
        outcomes.note(*arguments, **named)
        has_noted.set()

    monkeypatch.setattr(recover, "note", note)
    with ThreadPoolExecutor() as pool, works.database.sessions.begin() as session:
        locks.delivery(session, session.get_one(Delivery, cut))
        recovered = pool.submit(recover.recover, works, now=OVER)
        assert has_noted.wait(30)
        locks.chain(session)
        session.commit()

        assert recovered.result() == 1
    assert make.stored(works, over).state == S.UNCONFIRMED
    assert make.stored(works, cut).lease_owner is None


@pytest.mark.parametrize(
    ("ahead", "state"),
    [(LEASE, S.SENDING), (LEASE + timedelta(seconds=1), S.UNCONFIRMED)],
)
def test_a_lease_longer_than_any_is_of_a_clock_set_back(
    works: Works, ahead: timedelta, state: S
) -> None:
    delivery = claimed_by(works, "dead", at=NINE + ahead)

    recover.recover(works, now=NINE)

    assert make.stored(works, delivery).state == state


@pytest.mark.parametrize(
    ("ahead", "after"),
    [
        (recover.FARTHEST_LOOK, NINE + recover.FARTHEST_LOOK),
        (recover.FARTHEST_LOOK + timedelta(seconds=1), NINE),
        (timedelta(days=365), NINE),
    ],
)
def test_a_look_in_a_far_future_is_brought_back(
    works: Works, ahead: timedelta, after: datetime
) -> None:
    delivery = make.delivery(works, state=S.ACCEPTED, check_at=NINE + ahead)

    recover.mend_clock(works, now=NINE)

    assert make.stored(works, delivery).check_at == after
