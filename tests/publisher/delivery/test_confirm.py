from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from publisher.channel import Finds, Receipt, Rendition
from publisher.delivery import confirm, outcomes, worker
from publisher.delivery.works import Works
from publisher.errors import RetryableError, UnknownOutcomeError
from publisher.model.delivery import Delivery
from publisher.model.states import DeliveryState as S
from publisher.storage import locks
from publisher.storage.database import open_database
from tests import make
from tests.make import NINE, Board, FakeChannel, Mute

SEEN = Receipt(remote_id="r1", url="http://127.0.0.1/7", evidence="页面返回 200")
NOT_YET = UnknownOutcomeError("not yet")
LOST = UnknownOutcomeError("lost")


def at(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


def minutes(works: Works, count: int, *, every_s: int = 10) -> None:
    """Let time pass: send and look, as the ticker does."""
    for second in range(0, count * 60, every_s):
        worker.run_lane(works, "gate", now=at(NINE + timedelta(seconds=second)))
        confirm.run_target(works, "gate", now=at(NINE + timedelta(seconds=second)))


def test_accepted_is_confirmed_when_it_is_seen(tmp_path: Path) -> None:
    works = make.works(tmp_path, {"gate": FakeChannel(shows=[SEEN])})
    delivery = make.delivery(works)

    minutes(works, 1)

    row = make.stored(works, delivery)
    assert row.state == S.CONFIRMED
    assert row.url == "http://127.0.0.1/7"
    assert row.check_at is None
    assert [(o.found, o.evidence) for o in row.observations] == [("present", "页面返回 200")]


def test_a_look_that_saw_half_a_character_is_recorded(tmp_path: Path) -> None:
    odd = Receipt(remote_id="r1", evidence="迎新\ud83d")
    works = make.works(tmp_path, {"gate": FakeChannel(shows=[odd])})
    delivery = make.delivery(works)

    minutes(works, 1)

    row = make.stored(works, delivery)
    assert row.state == S.CONFIRMED
    assert [o.evidence for o in row.observations] == ["迎新?"]


def test_not_yet_is_asked_again_ever_more_rarely(tmp_path: Path) -> None:
    gate = FakeChannel(shows=[NOT_YET])
    works = make.works(tmp_path, {"gate": gate})
    delivery = make.delivery(works)

    minutes(works, 60)

    row = make.stored(works, delivery)
    assert row.state == S.ACCEPTED
    assert 8 < len(gate.looked) < 30
    assert len(row.observations) == 1


def test_a_lost_answer_is_looked_up_and_found(tmp_path: Path) -> None:
    gate = FakeChannel(answers=[LOST], shows=[SEEN])
    works = make.works(tmp_path, {"gate": gate})
    delivery = make.delivery(works)

    minutes(works, 5)

    assert len(gate.sent) == 1
    assert gate.looked == [None]
    assert make.stored(works, delivery).state == S.CONFIRMED


def test_a_lost_answer_is_not_looked_up_under_the_name_of_an_earlier_send(tmp_path: Path) -> None:
    gate = Board(answers=[LOST], public=["new"])
    works = make.works(tmp_path, {"gate": gate})
    delivery = make.sent_again(works)

    minutes(works, 5)

    row = make.stored(works, delivery)
    assert len(gate.sent) == 1
    assert (row.state, row.remote_id) == (S.CONFIRMED, "new")


def test_absent_once_is_not_believed(tmp_path: Path) -> None:
    gate = FakeChannel(answers=[LOST], shows=[None, SEEN])
    works = make.works(tmp_path, {"gate": gate})
    delivery = make.delivery(works)

    minutes(works, 5)

    assert len(gate.sent) == 1
    assert make.stored(works, delivery).state == S.CONFIRMED


def test_absent_twice_and_apart_is_sent_again(tmp_path: Path) -> None:
    gate = FakeChannel(answers=[LOST, Receipt(remote_id="r2")], shows=[None, None, SEEN])
    works = make.works(tmp_path, {"gate": gate})
    delivery = make.delivery(works)

    minutes(works, 5, every_s=1)

    row = make.stored(works, delivery)
    absent = [o.at for o in row.observations if o.found == "absent"]
    assert len(gate.sent) == 2
    assert absent[1] - absent[0] >= timedelta(seconds=outcomes.MIN_APART_S)
    assert row.state == S.CONFIRMED


def test_an_unclear_look_between_two_absent_ones_begins_anew(tmp_path: Path) -> None:
    gate = FakeChannel(answers=[LOST], shows=[None, RetryableError("refused"), None, SEEN])
    works = make.works(tmp_path, {"gate": gate})
    make.delivery(works)

    minutes(works, 10)

    assert len(gate.sent) == 1


def test_accepted_and_then_gone_is_a_failure_that_a_person_decides(tmp_path: Path) -> None:
    gate = FakeChannel(shows=[None])
    works = make.works(tmp_path, {"gate": gate})
    delivery = make.delivery(works)

    minutes(works, 5)

    assert len(gate.sent) == 1
    assert make.stored(works, delivery).state == S.FAILED


def test_a_bug_in_a_look_proves_nothing(tmp_path: Path) -> None:
    gate = FakeChannel(answers=[LOST], shows=[ZeroDivisionError("a bug")])
    works = make.works(tmp_path, {"gate": gate})
    delivery = make.delivery(works)

    minutes(works, 5)

    assert len(gate.sent) == 1
    assert make.stored(works, delivery).state == S.UNCONFIRMED


def test_an_outlet_that_cannot_be_asked_is_left_to_a_person(tmp_path: Path) -> None:
    works = make.works(tmp_path, {"gate": Mute()})
    delivery = make.delivery(works)

    minutes(works, 5)

    row = make.stored(works, delivery)
    assert row.state == S.UNCONFIRMED
    assert row.check_at is None
    assert row.deadline_at == NINE


def test_a_look_that_was_overtaken_writes_nothing(tmp_path: Path) -> None:
    works = make.works(tmp_path, {"gate": FakeChannel(answers=[LOST], shows=[SEEN])})
    delivery = make.delivery(works)
    worker.run_lane(works, "gate", now=at(NINE))
    later = NINE + timedelta(minutes=1)
    with works.database.sessions.begin() as session:
        taken = confirm.claim(session, works, "gate", states=confirm.LOOKED_AT, now=later)
    assert taken is not None

    with works.database.sessions.begin() as session:
        row = session.get_one(type(taken), delivery)
        row.begin_takedown("withdrawn", reason="有误", at=later, deadline_at=later)
    with works.database.sessions.begin() as session:
        confirm.record(session, works, taken, SEEN, at=later)

    assert make.stored(works, delivery).state == S.WITHDRAWING


@pytest.mark.parametrize(
    ("remote_id", "shows", "state"),
    [
        ("r1", SEEN, S.CONFIRMED),  # the outlet still knows it
        ("r1", None, S.UNCONFIRMED),  # taken down since, or never there: a person looks
        (None, None, S.UNCONFIRMED),  # our own records are as old as the backup
    ],
)
def test_what_was_restored_is_never_sent_again_by_a_channel_that_cannot_find(
    tmp_path: Path, remote_id: str | None, shows: Receipt | None, state: S
) -> None:
    gate = FakeChannel(shows=[shows])
    works = make.works(tmp_path, {"gate": gate})
    delivery = make.delivery(
        works, state=S.UNCONFIRMED, is_restored=True, remote_id=remote_id, check_at=NINE
    )

    minutes(works, 60)

    assert gate.sent == []
    assert make.stored(works, delivery).state == state


def test_what_was_restored_is_sent_once_a_channel_that_can_find_has_found_nothing(
    tmp_path: Path,
) -> None:
    @dataclass(frozen=True, kw_only=True)
    class Finding(FakeChannel, Finds):
        def find(self, rendition: Rendition, *, key: str) -> Receipt | None:
            assert rendition == make.PLAIN
            return None

    gate = Finding()
    works = make.works(tmp_path, {"gate": gate})
    later = NINE + timedelta(minutes=30)
    delivery = make.delivery(
        works, state=S.UNCONFIRMED, is_restored=True, check_at=NINE, due_at=later
    )

    minutes(works, 29)
    before = len(gate.sent)
    minutes(works, 35)

    assert before == 0
    assert len(gate.sent) == 1
    assert make.stored(works, delivery).state == S.CONFIRMED


def test_looks_that_are_written_together_and_a_person_never_wait_in_a_circle(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    works = make.works(tmp_path, {"gate": FakeChannel()})
    works = replace(works, database=open_database(postgres_url))
    vanished = make.delivery(works, state=S.ACCEPTED, absent_at=NINE - timedelta(minutes=1))
    settled = make.delivery(works, state=S.ACCEPTED)
    first, second = (make.stored(works, delivery) for delivery in (vanished, settled))
    has_noted = threading.Event()

    def give_up(*arguments: Any, **named: Any) -> None:
        outcomes.give_up(*arguments, **named)
        has_noted.set()

    def write() -> None:
        turns = [
            confirm.Turn(target="gate", looked_at=one, seen=seen, goes_on=False, at=NINE)
            for one, seen in ((first, None), (second, SEEN))
        ]
        with works.database.sessions.begin() as session:
            confirm.take_turns(session, works, turns)

    monkeypatch.setattr(confirm, "give_up", give_up)
    with ThreadPoolExecutor() as pool, works.database.sessions.begin() as session:
        locks.delivery(session, session.get_one(Delivery, settled))
        written = pool.submit(write)
        has_noted.wait(1)
        locks.chain(session)
        session.commit()

        written.result()
    states = [make.stored(works, delivery).state for delivery in (vanished, settled)]
    assert states == [S.FAILED, S.CONFIRMED]
