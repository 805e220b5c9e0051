"""The life of an item, driven by a process that may die: sent, seen, withdrawn, proved gone.

Time is the shared clock. At each moment everything is done that the ticker would have done; then
the clock moves on to when something is due next.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable
from ctypes import c_int
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Engine, event, select
from sqlalchemy.orm import Session, configure_mappers

from channels import _http
from publisher import settings
from publisher.channel import Bundles, Channel, Rendition
from publisher.delivery import check, confirm, follow, recover, takedown, worker
from publisher.delivery.works import Works
from publisher.model.advice import BY_STATE, advice
from publisher.model.delivery import Delivery
from publisher.model.item import Item
from publisher.model.lane import Lane
from publisher.model.people import Person
from publisher.model.states import OPEN
from publisher.model.states import DeliveryState as S
from publisher.settings import Delivery as Limits
from publisher.storage import queries, renditions
from publisher.storage.database import Database, open_database
from publisher.storage.media import MediaStore
from publisher.workflow import settle, withdraw
from publisher.workflow.desk import Desk
from tests import make
from tests.crash.channels import KINDS
from tests.crash.clock import Clock
from tests.crash.outlet import Fault
from tests.make import NINE

LIMITS = Limits(lease_s=10.0)
PERSON_S = 120.0  # that a person takes until they have looked
END_S = 40 * 3600.0  # nothing may be open longer
TARGET = "gate"
OPERATOR = "值班员"

configure_mappers()  # once, before this process is forked


@dataclass(frozen=True, kw_only=True)
class Case:
    """One life, and where it is cut short."""

    folder: str
    database: str
    outlet: str
    channel: str  # one of channels.KINDS
    fault: Fault
    commit: int = 0  # the process dies at its commit of this number; 0: it does not …
    is_after: bool = False  # … before it, or after it
    call: int = 0  # or in its call of this number, when the outlet has done it
    commits: c_int | None = None  # counted here, for all processes to see


def works_of(
    case: Case, clock: Clock, *, database: Database | None = None, is_victim: bool = False
) -> Works:
    """Return the installation of a case, as a process of its own would have it."""
    kind = KINDS[case.channel]
    channel: Channel = kind(url=case.outlet, clock=clock, fault=case.fault, is_victim=is_victim)
    return Works(
        database=database or open_database(case.database),
        media=MediaStore(Path(case.folder) / "media"),
        channels={TARGET: channel},
        limits=LIMITS,
    )


def begin(case: Case, works: Works) -> None:
    """Make an item, or three for a channel that bundles, and plan their deliveries."""
    count = 3 if issubclass(KINDS[case.channel], Bundles) else 1
    with works.database.sessions.begin() as session:
        make.person(session, OPERATOR, "operator")
        for number in range(1, count + 1):
            approved = make.edition(session, targets=[TARGET])
            text = f"通知 {number}"
            shown = Rendition(body=text.encode(), media_type="text/plain", title=text)
            frozen = renditions.freeze(TARGET, shown, works.media)
            frozen.edition = approved
            session.add(
                Delivery(
                    rendition=frozen,
                    item_id=approved.item_id,
                    target=TARGET,
                    lane=TARGET,
                    due_at=NINE,
                    not_after=NINE + timedelta(hours=24),
                )
            )


@dataclass
class Death:
    """Kills this process at a commit that writes something. All commits are of one thread."""

    at: int
    is_after: bool
    commits: c_int
    _has_written: bool = False

    def step(self, commit: Callable[[Any], None], connection: Any) -> None:
        """Commit, and die where it is time."""
        if not self._has_written:
            commit(connection)
            return
        self.commits.value += 1
        self._perhaps(is_after=False)
        commit(connection)
        self._perhaps(is_after=True)
        self._has_written = False

    def look(self, connection: Any, cursor: Any, statement: str, *others: Any) -> None:
        """See whether something is written."""
        verb = statement.lstrip()[:6].upper()
        if verb in ("INSERT", "UPDATE", "DELETE") and cursor.rowcount != 0:
            self._has_written = True

    def _perhaps(self, *, is_after: bool) -> None:
        if self.commits.value == self.at and is_after == self.is_after:
            die()


def await_death(case: Case, engine: Engine) -> None:
    """Count the commits of a database, and die at one of them."""
    assert case.commits is not None
    death = Death(case.commit, case.is_after, case.commits)
    event.listen(engine, "after_cursor_execute", death.look)
    engine.dialect.do_commit = partial(  # type: ignore[method-assign]
        death.step, engine.dialect.do_commit
    )


def die() -> None:
    """Die as by a power cut."""
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


def live_and_die(case: Case, clock: Clock) -> None:
    """Be the only process, and live until death comes."""
    quiet()
    works = works_of(case, clock, is_victim=True)
    await_death(case, works.database.engine)
    live(case, works, clock, is_alone=True)


def help_and_die(case: Case, clock: Clock) -> None:
    """Be one of two workers, which neither moves time on nor acts for people, until death comes."""
    quiet()
    works = works_of(case, clock, is_victim=True)
    await_death(case, works.database.engine)
    while next_moment_s(works, clock) is not None:
        tick(works, clock)


def quiet() -> None:
    """Log nothing: what is judged is what the public and the ledger have seen."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def live(case: Case, works: Works, clock: Clock, *, is_alone: bool) -> None:
    """Live the life to its end."""
    recover.recover(works, now=clock.now(), is_alone=is_alone)
    while True:
        tick(works, clock)
        act(case, works, clock)
        coming_s = next_moment_s(works, clock)
        if coming_s is None:
            return
        clock.move_to(coming_s)


def tick(works: Works, clock: Clock) -> None:
    """Do all that is due now, as ticker and workers do."""
    now = clock.now()
    recover.beat(works, now=now)
    recover.recover(works, now=now)
    recover.miss(works, now=now)
    follow.stop_waiting(works, now=now)
    takedown.expire(works, now=now)
    with works.database.reads() as session:
        is_to_be_asked = bool(queries.lanes_to_probe(session, now=now))
    if is_to_be_asked:
        check.check(works, TARGET, now=now)
    worker.run_lane(works, TARGET, now=clock.now)
    confirm.run_target(works, TARGET, now=clock.now)
    takedown.run_target(works, TARGET, now=clock.now)


def deliveries(session: Session) -> list[Delivery]:
    """Return all deliveries, in order."""
    return list(session.scalars(select(Delivery).order_by(Delivery.id)))


def next_moment_s(works: Works, clock: Clock) -> float | None:
    """Return when something is due next, None when the life is over."""
    now = clock.now()
    with works.database.reads() as session:
        rows = deliveries(session)
        if not any(row.state in OPEN or _is_to_go(session, row) for row in rows):
            return None
        lane = session.get(Lane, TARGET)
    found = [moment for row in rows if row.state in OPEN for moment in _moments(row)]
    coming = [moment for moment in found if moment is not None]
    is_due = any(moment <= now for moment in coming)  # and not done: the lane is closed
    if lane is not None:
        coming += [moment for moment in (lane.probe_at, lane.next_send_at) if moment is not None]
    later = [(moment - NINE).total_seconds() for moment in coming if moment > now]
    coming_s = min(later + [clock.now_s() + 1.0] * (is_due or not later))
    assert coming_s < END_S, "it never ends"
    return coming_s


def _is_to_go(session: Session, row: Delivery) -> bool:
    item = session.get_one(Item, row.item_id)
    return row.state == S.CONFIRMED and item.withdrawn_at is None


def _moments(row: Delivery) -> list[datetime | None]:
    due_at = row.due_at if row.state == S.PLANNED else None
    person_at = row.deadline_at + timedelta(seconds=PERSON_S) if row.deadline_at else None
    return [due_at, row.check_at, row.lease_until, person_at]


def act(case: Case, works: Works, clock: Clock) -> None:
    """Do what people do: settle what was left to them, and withdraw what was seen."""
    now = clock.now()
    home = settings.load(Path(case.folder))
    desk = Desk(settings=home, database=works.database, channels=works.channels, media=works.media)
    with works.database.reads() as session:
        asked = queries.needs_a_person(session, now=now - timedelta(seconds=PERSON_S))
        theirs = [row.id for row in asked if row.state in OPEN]
        up = [row.id for row in deliveries(session) if row.state == S.CONFIRMED]
    for id in theirs:
        _settle(case, desk, id, at=now)
    for id in up:
        with works.database.sessions.begin() as session:
            by = session.scalars(select(Person).where(Person.name == OPERATOR)).one()
            item = session.get_one(Delivery, id).item
            withdraw.withdraw(session, desk, item, reason="有误", by=by, at=now)


def _settle(case: Case, desk: Desk, id: int, *, at: datetime) -> None:
    """Look at the outlet with a person's eyes, take down by hand what is to go, and say so."""
    with desk.database.sessions.begin() as session:
        row = session.get_one(Delivery, id)
        is_looked_up = row.check_at is not None
        assert is_looked_up or advice(row) != BY_STATE[S(row.state)], "nobody tells the person"
        by = session.scalars(select(Person).where(Person.name == OPERATOR)).one()
        text = row.rendition.title
        is_up = look_by_hand(case, text, is_to_go=row.state == S.WITHDRAWING)
        outcome = "delivered" if is_up else "not_delivered"
        if row.state in (S.UNCONFIRMED, S.ACCEPTED, S.WITHDRAWING):
            seen = settle.Sighting(outcome=outcome, note="看过")
            settle.settle(session, desk, row, seen, by=by, at=at)


def look_by_hand(case: Case, text: str, *, is_to_go: bool) -> bool:
    """Say whether a text is up, having taken it down by hand where it is to go."""
    asked = {"text": text, "is_to_go": is_to_go}
    return bool(_http.post_json(f"{case.outlet}/_by_hand", asked)["is_up"])
