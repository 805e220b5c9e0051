from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from publisher.channel import Receipt
from publisher.delivery import confirm, takedown, worker
from publisher.delivery.works import Works
from publisher.errors import PermanentError, RetryableError, UnknownOutcomeError
from publisher.model.delivery import Delivery
from publisher.model.states import DeliveryState as S
from publisher.model.target import Pause
from tests import make
from tests.make import NINE, Board, FakeChannel, Mute

TEN = NINE + timedelta(hours=1)
THERE = Receipt(remote_id="r1", evidence="还在")


def at(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


def published(works: Works, **changes: Any) -> int:
    delivery = make.delivery(works, **changes)
    worker.run_lane(works, "gate", now=at(NINE))
    confirm.run_target(works, "gate", now=at(NINE))
    return delivery


def withdrawn(works: Works, delivery: int) -> None:
    with works.database.sessions.begin() as session:
        row = session.get_one(Delivery, delivery)
        row.begin_takedown("withdrawn", reason="有误", at=TEN, deadline_at=TEN + timedelta(hours=1))


def passes(works: Works, seconds: int) -> None:
    for second in range(0, seconds, 5):
        takedown.run_target(works, "gate", now=at(TEN + timedelta(seconds=second)))


def test_withdrawn_only_when_a_look_has_proved_it(tmp_path: Path) -> None:
    gate = FakeChannel()
    works = make.works(tmp_path, {"gate": gate})
    delivery = published(works)
    gate.shows.extend([None])

    withdrawn(works, delivery)
    passes(works, 10)

    row = make.stored(works, delivery)
    assert gate.withdrawn == ["r1"]
    assert row.state == S.WITHDRAWN
    assert [(a.step, a.outcome) for a in row.attempts][-1] == ("withdraw", "done")
    assert row.observations[-1].found == "absent"


def test_what_is_still_there_is_taken_down_again(tmp_path: Path) -> None:
    gate = FakeChannel()
    works = make.works(tmp_path, {"gate": gate})
    delivery = published(works)
    gate.shows.extend([THERE, None])

    withdrawn(works, delivery)
    passes(works, 60)

    assert gate.withdrawn == ["r1", "r1"]
    assert make.stored(works, delivery).state == S.WITHDRAWN


def test_a_refused_take_down_is_repeated_until_it_is_done(tmp_path: Path) -> None:
    gate = FakeChannel()
    works = make.works(tmp_path, {"gate": gate})
    delivery = published(works)
    gate.refuses.extend([RetryableError("down")] * 5)
    gate.shows.extend([None])

    withdrawn(works, delivery)
    passes(works, 300)

    assert len(gate.withdrawn) == 6
    assert make.stored(works, delivery).state == S.WITHDRAWN


@pytest.mark.parametrize("refusal", [PermanentError("no such right"), UnknownOutcomeError("?")])
def test_a_take_down_that_cannot_be_done_stays_red(tmp_path: Path, refusal: Exception) -> None:
    gate = FakeChannel()
    works = make.works(tmp_path, {"gate": gate})
    delivery = published(works)
    gate.refuses.extend([refusal] * 1000)

    withdrawn(works, delivery)
    passes(works, 60)

    row = make.stored(works, delivery)
    assert row.state == S.WITHDRAWING
    assert row.advice == takedown.BY_HAND
    assert row.check_at is not None


def test_comes_down_at_its_planned_end(tmp_path: Path) -> None:
    gate = FakeChannel()
    works = make.works(tmp_path, {"gate": gate})
    delivery = published(works, expires_at=TEN)
    gate.shows.extend([None])

    early = takedown.expire(works, now=TEN - timedelta(seconds=1))
    takedown.expire(works, now=TEN)
    passes(works, 10)

    assert early == 0
    assert make.stored(works, delivery).state == S.EXPIRED


def test_an_unconfirmed_delivery_is_looked_up_and_taken_down(tmp_path: Path) -> None:
    gate = FakeChannel(answers=[UnknownOutcomeError("lost")], shows=[THERE, None])
    works = make.works(tmp_path, {"gate": gate})
    delivery = make.delivery(works)
    worker.run_lane(works, "gate", now=at(NINE))

    withdrawn(works, delivery)
    passes(works, 60)

    assert gate.withdrawn == ["r1"]
    assert make.stored(works, delivery).state == S.WITHDRAWN


def test_an_unconfirmed_delivery_that_never_arrived_is_believed_gone_the_second_time(
    tmp_path: Path,
) -> None:
    gate = FakeChannel(answers=[UnknownOutcomeError("lost")], shows=[None])
    works = make.works(tmp_path, {"gate": gate})
    delivery = make.delivery(works)
    worker.run_lane(works, "gate", now=at(NINE))

    withdrawn(works, delivery)
    passes(works, 5)
    after_one_look = make.stored(works, delivery).state
    passes(works, 60)

    assert gate.withdrawn == []
    assert after_one_look == S.WITHDRAWING
    assert make.stored(works, delivery).state == S.WITHDRAWN


def test_what_was_sent_twice_is_not_taken_down_under_its_old_name(tmp_path: Path) -> None:
    gate = Board(answers=[UnknownOutcomeError("lost")], public=["new"])
    works = make.works(tmp_path, {"gate": gate})
    delivery = make.sent_again(works)
    worker.run_lane(works, "gate", now=at(NINE))

    withdrawn(works, delivery)
    passes(works, 60)

    assert gate.public == []
    assert make.stored(works, delivery).state == S.WITHDRAWN


def test_what_nobody_can_ask_about_goes_to_a_person_at_once(tmp_path: Path) -> None:
    works = make.works(tmp_path, {"gate": Mute()})
    delivery = make.delivery(works)
    worker.run_lane(works, "gate", now=at(NINE))

    withdrawn(works, delivery)
    passes(works, 5)

    row = make.stored(works, delivery)
    assert row.state == S.WITHDRAWING
    assert (row.deadline_at, row.advice) == (TEN, takedown.BY_HAND)


def test_a_paused_target_is_taken_down_all_the_same(tmp_path: Path) -> None:
    gate = FakeChannel()
    works = make.works(tmp_path, {"gate": gate})
    delivery = published(works)
    gate.shows.extend([None])
    with works.database.sessions.begin() as session:
        session.add(Pause(scope="everything", at=NINE, by="吴凡", because="演练"))

    withdrawn(works, delivery)
    passes(works, 10)

    assert make.stored(works, delivery).state == S.WITHDRAWN
