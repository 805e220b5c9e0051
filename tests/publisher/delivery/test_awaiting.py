"""What the outlet took and nobody sees before a person has done something there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from publisher.channel import Receipt
from publisher.delivery import claims, confirm, recover, send, worker
from publisher.delivery.works import Works
from publisher.errors import UnknownOutcomeError
from publisher.model.states import DeliveryState as S
from publisher.storage import queries
from tests import make
from tests.make import NINE, FakeChannel

STEPS = "请登录公众平台，在草稿箱里点群发"
DRAFTED = Receipt(remote_id="draft-1", awaits=STEPS)
NOT_YET = UnknownOutcomeError("not yet")
LOST = UnknownOutcomeError("lost")


def at(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


def look(works: Works, seconds: float) -> None:
    confirm.run_target(works, "gate", now=at(NINE + timedelta(seconds=seconds)))


def asked_of_people(works: Works) -> list[int]:
    with works.database.reads() as session:
        return [row.id for row in queries.needs_a_person(session, now=NINE)]


def drafted(tmp_path: Path, gate: FakeChannel) -> tuple[Works, int]:
    works = make.works(tmp_path, {"gate": gate})
    one = make.delivery(works)
    worker.run_lane(works, "gate", now=at(NINE))
    return works, one


def test_a_person_is_told_at_once_what_to_do(tmp_path: Path) -> None:
    works, one = drafted(tmp_path, FakeChannel(answers=[DRAFTED]))

    row = make.stored(works, one)
    assert (row.state, row.advice, row.check_at) == (S.ACCEPTED, STEPS, NINE)
    assert asked_of_people(works) == [one]


def test_where_nothing_is_awaited_nobody_is_told(tmp_path: Path) -> None:
    works, one = drafted(tmp_path, FakeChannel())

    assert make.stored(works, one).advice == ""
    assert asked_of_people(works) == []


def test_looks_meanwhile_are_rare_and_leave_the_steps_as_they_were(tmp_path: Path) -> None:
    gate = FakeChannel(answers=[DRAFTED], shows=[NOT_YET])
    works, one = drafted(tmp_path, gate)

    for minute in range(121):
        look(works, minute * 60)

    row = make.stored(works, one)
    assert (row.state, row.advice) == (S.ACCEPTED, STEPS)
    assert len(gate.looked) == 3
    assert asked_of_people(works) == [one]


def test_the_channels_own_advice_takes_the_place_of_the_steps(tmp_path: Path) -> None:
    gate = FakeChannel(
        answers=[DRAFTED], shows=[UnknownOutcomeError("?", advice="草稿已被改动"), NOT_YET]
    )
    works, one = drafted(tmp_path, gate)

    look(works, 0)
    look(works, 3600)

    assert make.stored(works, one).advice == "草稿已被改动"


def test_what_becomes_visible_is_confirmed_and_off_the_list(tmp_path: Path) -> None:
    gate = FakeChannel(answers=[DRAFTED], shows=[NOT_YET, Receipt(remote_id="m-1")])
    works, one = drafted(tmp_path, gate)

    look(works, 0)
    look(works, 3600)

    row = make.stored(works, one)
    assert (row.state, row.advice, row.remote_id) == (S.CONFIRMED, "", "m-1")
    assert asked_of_people(works) == []


@pytest.mark.parametrize("first", [LOST, Receipt(remote_id="m-0")])
def test_a_look_that_finds_it_waiting_for_a_person_says_so(
    tmp_path: Path, first: Receipt | Exception
) -> None:
    gate = FakeChannel(answers=[first], shows=[DRAFTED, NOT_YET])
    works, one = drafted(tmp_path, gate)

    look(works, 10)
    found = make.stored(works, one)
    look(works, 3610)

    row = make.stored(works, one)
    assert (found.state, found.remote_id, found.advice) == (S.ACCEPTED, "draft-1", STEPS)
    assert found.check_at == NINE + timedelta(seconds=3610)
    assert (row.state, row.advice) == (S.ACCEPTED, STEPS)
    assert row.deadline_at == row.accepted_at


def test_a_late_answer_brings_the_steps_too(tmp_path: Path) -> None:
    works = make.works(tmp_path, {"gate": FakeChannel(answers=[DRAFTED])})
    one = make.delivery(works)
    with works.database.sessions.begin() as session:
        [claim] = claims.claim_all(session, works, [works.room("gate")], now=NINE)
    sent = send.send(works, claim, now=at(NINE))
    later = NINE + 10 * timedelta(seconds=works.limits.lease_s)
    recover.recover(works, now=later)

    worker.write(works, worker.Turn(sent=sent, room=works.room("gate", 0), at=later))

    row = make.stored(works, one)
    assert (row.state, row.advice, row.deadline_at) == (S.ACCEPTED, STEPS, NINE)
