"""What was confirmed is looked at again: it may be gone, or its address be known late."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from publisher.channel import Channel, Receipt, Watches
from publisher.delivery import confirm, recover, takedown, worker
from publisher.delivery.watching import TAKEN_AWAY
from publisher.delivery.works import Works
from publisher.errors import UnknownOutcomeError
from publisher.model.delivery import Delivery
from publisher.model.note import Note
from publisher.model.states import DeliveryState as S
from publisher.workflow.withdraw import take_back
from tests import make
from tests.make import NINE, Answer, FakeChannel

THERE = Receipt(remote_id="r1", evidence="已发表")
HOUR = 3600.0


@dataclass(frozen=True, kw_only=True)
class Watched(FakeChannel, Watches):
    """An outlet at which things are looked at again after an hour, four, and a day."""

    after_s: list[float] = field(default_factory=lambda: [HOUR, 4 * HOUR, 24 * HOUR])

    def watch_after_s(self, looks: int) -> float | None:
        return self.after_s[looks] if looks < len(self.after_s) else None


def at(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


def after(seconds: float) -> datetime:
    return NINE + timedelta(seconds=seconds)


def look(works: Works, seconds: float) -> None:
    confirm.run_target(works, "gate", now=at(after(seconds)))


def confirmed(folder: Path, *shows: Answer) -> tuple[Works, Watched, int]:
    """A delivery that was confirmed at nine; what later looks find."""
    gate = Watched(shows=[THERE, *shows])
    works = make.works(folder, {"gate": gate})
    one = make.delivery(works)
    worker.run_lane(works, "gate", now=at(NINE))
    look(works, 0)
    assert make.stored(works, one).state == S.CONFIRMED
    return works, gate, one


def test_it_is_looked_at_again_when_its_channel_says_and_then_no_more(tmp_path: Path) -> None:
    works, gate, one = confirmed(tmp_path)
    planned = []

    for seconds in (HOUR, 4 * HOUR, 24 * HOUR):
        planned.append(make.stored(works, one).check_at)
        look(works, seconds - 1)
        look(works, seconds)

    row = make.stored(works, one)
    assert planned == [after(HOUR), after(4 * HOUR), after(24 * HOUR)]
    assert (row.state, row.check_at) == (S.CONFIRMED, None)
    assert len(gate.looked) == 1 + 3


def test_an_address_that_is_known_late_is_kept_and_what_is_as_before_is_not_told_again(
    tmp_path: Path,
) -> None:
    found = Receipt(remote_id="r1", url="https://outlet.example/1", evidence="已发表")
    works, _, one = confirmed(tmp_path, THERE, found)

    look(works, HOUR)
    before = make.stored(works, one)
    look(works, 4 * HOUR)

    row = make.stored(works, one)
    assert (before.url, len(before.observations)) == ("", 1)
    assert (row.url, len(row.observations)) == ("https://outlet.example/1", 2)


def test_what_the_outlet_has_taken_away_fails_and_is_left_to_a_person(tmp_path: Path) -> None:
    works, gate, one = confirmed(tmp_path, None)

    look(works, HOUR)
    once = make.stored(works, one).state
    look(works, HOUR + 10)
    worker.run_lane(works, "gate", now=at(after(2 * HOUR)))

    row = make.stored(works, one)
    with works.database.reads() as session:
        verbs = [note.verb for note in session.query(Note)]
    assert once == S.CONFIRMED
    assert (row.state, row.advice) == (S.FAILED, TAKEN_AWAY)
    assert row.deadline_at == row.ended_at == after(HOUR + 10)
    assert row.check_at is None
    assert verbs == ["flipped"]
    assert len(gate.sent) == 1


def test_what_is_back_at_the_second_look_was_never_away(tmp_path: Path) -> None:
    works, _, one = confirmed(tmp_path, None, THERE)

    look(works, HOUR)
    look(works, HOUR + 10)

    row = make.stored(works, one)
    assert (row.state, row.absent_at, row.check_at) == (S.CONFIRMED, None, after(24 * HOUR))
    assert [seen.found for seen in row.observations] == ["present", "absent", "present"]


def test_an_unclear_look_says_nothing_to_anybody(tmp_path: Path) -> None:
    works, _, one = confirmed(tmp_path, UnknownOutcomeError("down", advice="平台故障"))

    look(works, HOUR)

    row = make.stored(works, one)
    assert (row.state, row.advice, row.deadline_at) == (S.CONFIRMED, "", None)
    assert row.check_at == after(4 * HOUR)


def test_an_unclear_look_after_one_that_found_nothing_is_made_again_soon(tmp_path: Path) -> None:
    works, _, one = confirmed(tmp_path, None, UnknownOutcomeError("down"), None)

    look(works, HOUR)
    look(works, HOUR + 10)
    suspected = make.stored(works, one)
    look(works, 2 * HOUR + 10)

    assert (suspected.state, suspected.check_at) == (S.CONFIRMED, after(2 * HOUR + 10))
    assert make.stored(works, one).state == S.FAILED


@pytest.mark.parametrize("now", [{}, {"gate": FakeChannel(shows=[UnknownOutcomeError("?")])}])
def test_a_target_that_is_not_watched_any_more_is_left_alone(
    tmp_path: Path, now: dict[str, Channel]
) -> None:
    works, _, one = confirmed(tmp_path)

    look(replace(works, channels=now), HOUR)

    row = make.stored(works, one)
    assert (row.state, row.check_at) == (S.CONFIRMED, None)


def test_looks_that_were_missed_are_not_made_all_at_once(tmp_path: Path) -> None:
    works, gate, one = confirmed(tmp_path)

    look(works, 30 * HOUR)

    assert len(gate.looked) == 2
    assert make.stored(works, one).check_at == after(30 * HOUR + 60)


def test_what_somebody_waits_for_is_looked_at_first(tmp_path: Path) -> None:
    works, gate, watched = confirmed(tmp_path)
    new = make.delivery(works)
    gate.answers[:] = [Receipt(remote_id="r2")]
    worker.run_lane(works, "gate", now=at(after(HOUR + 1)))
    gate.looked.clear()
    gate.shows[:] = []

    look(works, HOUR + 1)

    assert [receipt.remote_id for receipt in gate.looked if receipt] == ["r2", "r1"]
    assert {make.stored(works, one).state for one in (watched, new)} == {S.CONFIRMED}


def test_a_watched_look_far_ahead_is_no_fault_of_the_clock(tmp_path: Path) -> None:
    works, _, one = confirmed(tmp_path)
    look(works, HOUR)
    look(works, 4 * HOUR)

    recover.mend_clock(works, now=after(4 * HOUR))

    assert make.stored(works, one).check_at == after(24 * HOUR)


@pytest.mark.parametrize("end", ["withdrawn", "expired"])
def test_what_is_watched_is_taken_down_at_once(tmp_path: Path, end: str) -> None:
    works, gate, one = confirmed(tmp_path)
    gate.shows[:] = [None]
    with works.database.sessions.begin() as session:
        row = session.get_one(Delivery, one)
        if end == "withdrawn":
            take_back(row, reason="有误", at=after(60), deadline_at=after(HOUR))
        else:
            row.expires_at = after(60)

    takedown.expire(works, now=after(60))
    takedown.run_target(works, "gate", now=at(after(60)))

    row = make.stored(works, one)
    assert (row.state, row.check_at) == (S(end), None)
    assert gate.withdrawn == ["r1"]


def test_what_a_person_sends_again_after_it_was_taken_away_begins_anew(tmp_path: Path) -> None:
    works, gate, one = confirmed(tmp_path, None)
    look(works, HOUR)
    look(works, HOUR + 10)
    with works.database.sessions.begin() as session:
        session.get_one(Delivery, one).plan_again(after(2 * HOUR))
    gate.shows[:] = [THERE]

    planned = make.stored(works, one)
    worker.run_lane(works, "gate", now=at(after(2 * HOUR)))
    look(works, 2 * HOUR)

    row = make.stored(works, one)
    assert (planned.confirmed_at, planned.remote_id, planned.deadline_at) == (None, None, None)
    assert (row.state, row.check_at) == (S.CONFIRMED, after(3 * HOUR))
    assert len(gate.sent) == 2
