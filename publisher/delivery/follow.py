"""Those that wait for the leading target, and the 公示期 that begins with it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher.delivery.outcomes import note
from publisher.delivery.works import Works
from publisher.model.delivery import Delivery, stands
from publisher.model.states import DeliveryState as S
from publisher.schedule import following, period

MANY = 500  # in one transaction
STILL_TO_COME = (S.PLANNED, S.SENDING, S.ACCEPTED, S.UNCONFIRMED)


def stop_waiting(works: Works, *, now: datetime) -> int:
    """End the waits that have lasted long enough, each once; return how many there were.

    By policy the follower goes without its leader, or a person is asked. What is past its latest
    moment is left to `recover.miss`.
    """
    with works.database.sessions.begin() as session:
        rows = session.scalars(
            select(Delivery)
            .where(stands(S.PLANNED), Delivery.follow_until <= now, Delivery.not_after >= now)
            .order_by(Delivery.id)
            .limit(MANY)
            .with_for_update(key_share=True, skip_locked=True)
        ).all()
        for row in rows:
            leader = session.get(Delivery, row.after_id) if row.after_id is not None else None
            row.follow_until = None
            if leader is not None and leader.state != S.CONFIRMED:
                _stop(session, works, row, leader, now=now)
    return len(rows)


def _stop(
    session: Session, works: Works, row: Delivery, leader: Delivery, *, now: datetime
) -> None:
    channel = works.channels.get(leader.target)
    name = (channel.label if channel else "") or leader.target
    if row.follow_else == "send":
        row.after_id, row.advice, row.deadline_at = None, "", None
        note(session, row, "follow", text=f"{name}那一处一直没有确认，不再等它", at=now)
        return
    row.deadline_at = row.deadline_at or now
    if leader.state in STILL_TO_COME:
        row.advice = f"{name}那一处还没有确认，这一处在等它；可以照常发送，或继续等它"
        note(session, row, "follow", text=f"{name}那一处还没有确认，等人决定", at=now)
    else:
        row.advice = row.advice or following.LEADER_FAILED


def start_display(session: Session, works: Works, row: Delivery, *, at: datetime) -> None:
    """Begin the 公示期 of an edition when its leading target is confirmed, in that transaction."""
    edition = row.rendition.edition
    if following.leader_of(edition.targets, works.channels) == row.target:
        period.begin(session, row, years=works.working_days, at=at)
