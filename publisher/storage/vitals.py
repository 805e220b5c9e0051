"""The reads that tell whether it works. All are over what is open; none grows with history."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, aliased

from publisher.model.delivery import Delivery, stands
from publisher.model.states import OPEN, DeliveryState
from publisher.model.target import Target


def open_counts(session: Session) -> dict[DeliveryState, int]:
    """Return how many deliveries stand in each state that is not final."""
    found = session.execute(
        select(Delivery.state, func.count()).where(stands(*OPEN)).group_by(Delivery.state)
    )
    counted = {DeliveryState(state): count for state, count in found}
    return {state: counted.get(state, 0) for state in sorted(OPEN)}


def overdue(session: Session, *, now: datetime) -> int:
    """Return how many open deliveries are past their deadline: a person has to look."""
    found = session.scalar(
        select(func.count()).select_from(Delivery).where(Delivery.deadline_at <= now)
    )
    return found or 0


def stuck_lanes(session: Session, *, now: datetime, since: datetime) -> list[str]:
    """Return the lanes that have let something lie since then without any reason.

    A reason is: the target is paused or paced, the delivery waits for another one, or the lane is
    at work: it is sending, or has sent something meanwhile.
    """
    lying = session.scalars(
        select(Delivery.lane)
        .join(Target, Target.name == Delivery.lane, isouter=True)
        .where(stands(DeliveryState.PLANNED), Delivery.due_at <= since)
        .where(Delivery.not_after >= now, Target.paused_at.is_(None))
        .where(or_(Target.next_send_at.is_(None), Target.next_send_at <= since))
        .where(_is_its_turn())
    )
    sending = set(
        session.scalars(
            select(Delivery.lane)
            .where(Delivery.lease_until.is_not(None), Delivery.deadline_at > now)
            .distinct()
        )
    )
    return [
        lane for lane in lying if lane not in sending and not _has_sent(session, lane, since=since)
    ]


def _is_its_turn() -> ColumnElement[bool]:
    first = aliased(Delivery)
    is_there = select(first.id).where(
        first.id == Delivery.after_id, first.state == DeliveryState.CONFIRMED
    )
    return or_(Delivery.after_id.is_(None), is_there.exists())


def _has_sent(session: Session, lane: str, *, since: datetime) -> bool:
    sent = select(Delivery.id).where(Delivery.target == lane, Delivery.accepted_at >= since)
    return session.scalar(sent.limit(1)) is not None
