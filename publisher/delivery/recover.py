"""What must not wait for ever: claims that outlived their lease, and what was not sent in time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.orm import Session

from publisher.delivery import gates
from publisher.delivery.outcomes import (
    end_attempts,
    look_later,
    note,
    take_down_if_withdrawn,
    tell_followers,
)
from publisher.delivery.retry import BETWEEN_LATE_LOOKS_S
from publisher.delivery.works import Works
from publisher.model.delivery import ACTS, Attempt, Delivery, stands
from publisher.model.item import Item
from publisher.model.states import DeliveryState as S
from publisher.model.target import Beat
from publisher.schedule.following import LEADER_FAILED
from publisher.schedule.plan import lane_of

log = structlog.get_logger()

FARTHEST_LOOK = timedelta(seconds=2 * BETWEEN_LATE_LOOKS_S)
WORKER = "worker "  # begins the name of a worker's beat; its owner follows
ALIVE = timedelta(seconds=90)  # a worker beats every 15 seconds
MOST = 500  # rows in one transaction
MISSED = "过了最晚发布时间，没有发出"
ASK_LATE = "过了最晚发布时间，没有发出。请决定：仍要发就重新发送，不发就登记为不再发送"


def beat(works: Works, *, now: datetime) -> None:
    """Show that this worker lives, and for which calls that were given up it still does.

    Only the process that ticks recovers; what a worker elsewhere has ended without a word, as
    where it slept too long to begin a call, only that worker knows.
    """
    with works.database.sessions.begin() as session:
        _let_go(session, works)
    with works.database.sessions.begin() as session:
        session.merge(Beat(name=WORKER + works.owner, at=now, owner=works.owner))


def leave(works: Works) -> None:
    """Take back the sign of life: what this worker has not ended, it will not."""
    with works.database.sessions.begin() as session:
        mine = session.get(Beat, WORKER + works.owner)
        if mine is not None:
            session.delete(mine)


def recover(works: Works, *, now: datetime, is_alone: bool = False) -> int:
    """Settle what stands in *sending* longer than its lease; return how many there were.

    Where the visible act had been armed, the outcome is unknown; where not, it certainly is not
    out. The call of a worker that lives may still arrive: its name stays on the row, so that a
    look that finds nothing is not believed. `is_alone` says that no other worker can be alive, so
    that its leases need not be waited for.
    """
    if is_alone:
        _forget_others(works)
    alive = _alive(works, now=now)
    with works.database.sessions.begin() as session:
        found = session.execute(
            select(Delivery.id, Delivery.item_id)
            .where(Delivery.lease_until.is_not(None), _is_over(works, now=now, is_alone=is_alone))
            .limit(MOST)
        ).all()
        items = sorted({item_id for _, item_id in found})
        session.execute(
            select(Item.id).where(Item.id.in_(items)).order_by(Item.id).with_for_update(read=True)
        )
        rows = session.scalars(
            select(Delivery)
            .where(Delivery.id.in_(sorted(delivery_id for delivery_id, _ in found)))
            .where(Delivery.state == S.SENDING, Delivery.lease_until.is_not(None))
            .order_by(Delivery.id)
            .with_for_update(key_share=True, skip_locked=True)
        ).all()
        _give_back(session, works, rows)
        for row in rows:
            _settle(session, works, row, is_alive=row.lease_owner in alive, now=now)
    with works.database.sessions.begin() as session:  # not behind the chain of notes
        _release(session, works, alive)
    return len(rows)


def _alive(works: Works, *, now: datetime) -> set[str]:
    with works.database.reads() as session:
        owners = session.scalars(
            select(Beat.owner).where(Beat.name.startswith(WORKER), Beat.at > now - ALIVE)
        )
        return {works.owner, *owners}


def _forget_others(works: Works) -> None:
    with works.database.sessions.begin() as session:
        others = delete(Beat).where(Beat.name.startswith(WORKER), Beat.owner != works.owner)
        session.execute(others)


def _is_over(works: Works, *, now: datetime, is_alone: bool) -> ColumnElement[bool]:
    lease = timedelta(seconds=works.limits.lease_s)
    conditions: list[ColumnElement[bool]] = [
        Delivery.lease_until <= now,
        Delivery.lease_until > now + 2 * lease,  # no lease is so long: the clock was set back
    ]
    if is_alone:
        conditions.append(Delivery.lease_owner != works.owner)
    return or_(*conditions)


def _give_back(session: Session, works: Works, rows: Sequence[Delivery]) -> None:
    """Take back from the rations what ended before the visible act, once for each call."""
    for row in rows:
        attempt, channel = _under_way(session, row), works.channel_of(row)
        is_first = row.bundle_position in (None, 1)
        if attempt and attempt.step not in ACTS and channel and is_first:
            gates.spend(session, row.lane, channel, -1, now=attempt.started_at)


def _under_way(session: Session, row: Delivery) -> Attempt | None:
    found = select(Attempt).where(Attempt.delivery_id == row.id, Attempt.ended_at.is_(None))
    return session.scalar(found.order_by(Attempt.id.desc()).limit(1))


def _settle(
    session: Session, works: Works, row: Delivery, *, is_alive: bool, now: datetime
) -> None:
    attempt = _under_way(session, row)
    is_armed = attempt is not None and attempt.step in ACTS
    said = "no answer within the lease" if is_alive else "the worker died"
    end_attempts(session, row.id, outcome="lost", said=said, at=now)
    row.fence += 1
    row.lease_until = None
    if not is_armed:
        row.lease_owner = None
        row.plan_again(row.due_at)
    else:
        row.lease_owner = row.lease_owner if is_alive else None
        row.move(S.UNCONFIRMED)
        deadline_at = row.deadline_at
        look_later(works, row, at=now, first=False)
        if attempt is not None and attempt.step == "repeat":
            row.deadline_at = deadline_at  # that of the first call
    log.error("a claim outlived its lease", delivery=row.id, said=said)
    note(session, row, "recover", text="发送中断", at=now)
    take_down_if_withdrawn(session, works, row, at=now)


def _release(session: Session, works: Works, alive: Collection[str]) -> None:
    """Forget the names of workers that are dead, and of calls of ours that are over."""
    session.execute(_FORGET.where(Delivery.lease_owner.not_in(sorted(alive))))
    _let_go(session, works)


def _let_go(session: Session, works: Works) -> None:
    busy = sorted(works.calls.deliveries())
    is_over = (Delivery.lease_owner == works.owner) & Delivery.id.not_in(busy)
    session.execute(_FORGET.where(is_over))


_FORGET = (
    update(Delivery)
    .where(Delivery.lease_owner.is_not(None), Delivery.lease_until.is_(None))
    .values(lease_owner=None)
    .execution_options(synchronize_session=False)
)


def mend_lanes(works: Works) -> None:
    """Bring what is planned to the lane of its target: the account may be another than before."""
    for target, channel in works.channels.items():
        lane = lane_of(target, channel)
        with works.database.sessions.begin() as session:
            elsewhere = (
                select(Delivery.id)
                .where(Delivery.target == target, stands(S.PLANNED), Delivery.lane != lane)
                .order_by(Delivery.id)
                .with_for_update(key_share=True, skip_locked=True)
            )
            session.execute(
                update(Delivery)
                .where(Delivery.id.in_(elsewhere))
                .values(lane=lane)
                .execution_options(synchronize_session=False)
            )


def mend_clock(works: Works, *, now: datetime) -> None:
    """Bring looks that were set by a clock far ahead back to now; what is watched may be far."""
    with works.database.sessions.begin() as session:
        session.execute(
            update(Delivery)
            .where(Delivery.check_at > now + FARTHEST_LOOK, Delivery.state != S.CONFIRMED)
            .values(check_at=now)
            .execution_options(synchronize_session=False)
        )


def miss(works: Works, *, now: datetime) -> int:
    """Mark what was not sent before its latest moment; return how many there were.

    Where a person is to be asked, it is theirs from that moment on.
    """
    with works.database.sessions.begin() as session:
        rows = session.scalars(
            select(Delivery)
            .where(stands(S.PLANNED), Delivery.not_after < now)
            .limit(MOST)
            .with_for_update(key_share=True, skip_locked=True)
        ).all()
        for row in rows:
            row.move(S.MISSED)
            is_asked = row.late == "ask"
            row.ended_at, row.deadline_at = now, now if is_asked else None
            waited = row.after_id is not None  # what was said of that is over
            row.advice = ASK_LATE if is_asked else "" if waited else row.advice
        session.flush()
        for row in rows:
            tell_followers(session, row, advice=LEADER_FAILED, deadline_at=now)
            note(session, row, "miss", text=MISSED, at=now)
    return len(rows)
