"""Every delivery that is not final is somebody's until a moment; after it, people know."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from publisher import settings
from publisher.alarms import watch
from publisher.channel import Receipt, Rendition
from publisher.delivery import confirm, recover, takedown, worker
from publisher.delivery.works import Works
from publisher.errors import RetryableError, UnknownOutcomeError
from publisher.model.delivery import Delivery
from publisher.model.states import OPEN
from publisher.model.states import DeliveryState as S
from publisher.storage import vitals
from publisher.workflow import withdraw
from tests import make
from tests.make import NINE, FakeChannel

NOT_YET = UnknownOutcomeError("not yet")
LOST = UnknownOutcomeError("lost")
REFUSED = RetryableError("refused")
LATE = NINE + timedelta(hours=2)  # the lease of a dead worker is over


class Killed(BaseException):
    """The process dies here."""


@dataclass(frozen=True, kw_only=True)
class Gate(FakeChannel):
    """An outlet that has something happen while it is called."""

    meanwhile: list[Callable[[], None]] = field(default_factory=list)

    def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
        for act in self.meanwhile:
            act()
        return super().deliver(rendition, key=key)


@dataclass
class Walk:
    """One delivery, sent through its states by the real functions."""

    works: Works
    gate: Gate
    delivery: int = 0
    seen: list[S] = field(default_factory=list)

    def send(self, at: datetime = NINE) -> None:
        worker.run_lane(self.works, "gate", now=lambda: at)
        self.look_at_it()

    def look(self, at: datetime) -> None:
        confirm.run_target(self.works, "gate", now=lambda: at)
        self.look_at_it()

    def die_while_sending(self) -> None:
        self.gate.meanwhile.append(killed)
        with contextlib.suppress(Killed):
            self.send()
        self.gate.meanwhile.clear()
        self.look_at_it()

    def recover(self) -> None:
        recover.recover(self.works, now=LATE)
        self.look_at_it()

    def expire(self, at: datetime) -> None:
        takedown.expire(self.works, now=at)
        self.look_at_it()

    def withdraw(self) -> None:
        with self.works.database.sessions.begin() as session:
            row = session.get_one(Delivery, self.delivery)
            deadline_at = NINE + timedelta(hours=1)
            withdraw.take_back(row, reason="有误", at=NINE, deadline_at=deadline_at)
        self.look_at_it()

    def look_at_it(self) -> None:
        """See where it stands now, and that it is somebody's until a moment."""
        row = make.stored(self.works, self.delivery)
        state = S(row.state)
        if state in OPEN:
            until = row.not_after if state == S.PLANNED else row.deadline_at
            assert until is not None, f"{state} is nobody's"
        self.seen.append(state)


def killed() -> None:
    raise Killed


def sent_and_not_seen_yet(walk: Walk) -> None:
    walk.gate.shows[:] = [NOT_YET]
    walk.send()
    walk.look(NINE + timedelta(seconds=30))


def looked_at_in_the_middle_of_the_call(walk: Walk) -> None:
    walk.gate.meanwhile.append(walk.look_at_it)
    walk.gate.shows[:] = [NOT_YET]
    walk.send()


def refused_for_now(walk: Walk) -> None:
    walk.gate.answers[:] = [REFUSED]
    walk.send()


def answer_lost(walk: Walk) -> None:
    walk.gate.answers[:], walk.gate.shows[:] = [LOST], [NOT_YET]
    walk.send()
    walk.look(NINE + timedelta(minutes=2))


def died_while_sending(walk: Walk) -> None:
    walk.gate.shows[:] = [NOT_YET]
    walk.die_while_sending()
    walk.recover()


def withdrawn_before(walk: Walk) -> None:
    walk.withdraw()


def withdrawn_after(walk: Walk) -> None:
    walk.gate.shows[:] = [NOT_YET]
    walk.send()
    walk.withdraw()


def withdrawn_while_the_answer_is_lost(walk: Walk) -> None:
    answer_lost(walk)
    walk.withdraw()


def expired(walk: Walk) -> None:
    walk.send()
    walk.look(NINE + timedelta(seconds=30))
    walk.expire(NINE + timedelta(hours=30))


STORIES: dict[Callable[[Walk], None], list[S]] = {
    sent_and_not_seen_yet: [S.ACCEPTED, S.ACCEPTED],
    looked_at_in_the_middle_of_the_call: [S.SENDING, S.ACCEPTED],
    refused_for_now: [S.PLANNED],
    answer_lost: [S.UNCONFIRMED, S.UNCONFIRMED],
    died_while_sending: [S.SENDING, S.UNCONFIRMED],
    withdrawn_before: [S.CANCELLED],
    withdrawn_after: [S.ACCEPTED, S.WITHDRAWING],
    withdrawn_while_the_answer_is_lost: [S.UNCONFIRMED, S.UNCONFIRMED, S.WITHDRAWING],
    expired: [S.ACCEPTED, S.CONFIRMED, S.WITHDRAWING],
}


@pytest.fixture
def walk(tmp_path: Path) -> Walk:
    gate = Gate()
    made = Walk(make.works(tmp_path, {"gate": gate}), gate)
    made.delivery = make.delivery(made.works, expires_at=NINE + timedelta(hours=30))
    return made


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_an_open_delivery_is_somebodys_until_a_moment_and_then_people_know(
    walk: Walk, tmp_path: Path, story: Callable[[Walk], None]
) -> None:
    story(walk)

    assert walk.seen == STORIES[story]
    much_later = NINE + timedelta(days=30)
    recover.miss(walk.works, now=much_later)
    watch.watch(walk.works, settings.load(tmp_path), now=much_later)
    is_open = make.stored(walk.works, walk.delivery).state in OPEN
    with walk.works.database.reads() as session:
        kinds = [watch.kind_of(alarm.key) for alarm in vitals.open_alarms(session)]
    assert ("overdue" in kinds) is is_open


def test_the_stories_go_through_every_state_that_is_not_final() -> None:
    assert {state for seen in STORIES.values() for state in seen} >= OPEN
