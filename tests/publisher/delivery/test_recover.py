from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from publisher.delivery import recover, worker
from publisher.delivery.works import Works
from publisher.model.states import DeliveryState as S
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
    worker.claim(replace(works, owner=owner), "gate", now=at)
    return delivery


def test_a_call_under_way_in_this_process_keeps_its_claim(works: Works) -> None:
    delivery = claimed_by(works, works.owner)
    works.in_flight.add(delivery)

    settled = recover.recover(works, now=OVER)

    row = make.stored(works, delivery)
    assert settled == 0
    assert (row.state, row.lease_until) == (S.SENDING, OVER + LEASE)


def test_what_a_dead_process_left_is_settled(works: Works) -> None:
    delivery = claimed_by(works, "dead")

    settled = recover.recover(works, now=OVER)

    row = make.stored(works, delivery)
    assert settled == 1
    assert (row.state, row.lease_owner, row.lease_until) == (S.UNCONFIRMED, None, None)


def test_a_call_whose_claim_went_to_another_process_does_not_keep_that_one(works: Works) -> None:
    delivery = claimed_by(works, "dead")
    works.in_flight.add(delivery)

    recover.recover(works, now=OVER)

    assert make.stored(works, delivery).state == S.UNCONFIRMED


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
