"""The reads that tell whether it works. All are over what is open; none grows with history."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, aliased

from publisher.model.delivery import Delivery
from publisher.model.states import OPEN, DeliveryState
from publisher.model.target import Target


def open_counts(session: Session) -> dict[DeliveryState, int]:
    """Return how many deliveries stand in each state that is not final."""
    found = session.execute(
        select(Delivery.state, func.count())
        .where(Delivery.state.in_([state.value for state in OPEN]))
        .group_by(Delivery.state)
    )
    counted = {DeliveryState(state): count for state, count in found}
    return {state: counted.get(state, 0) for state in sorted(OPEN)}


def overdue(session: Session, *, now: datetime) -> int:
    """Return how many open deliveries are past their deadline: a person has to look."""
    found = session.scalar(
        select(func.count())
        .select_from(Delivery)
        .where(Delivery.state.in_([state.value for state in OPEN]), Delivery.deadline_at <= now)
    )
    return found or 0


def stuck_lanes(session: Session, *, now: datetime, since: datetime) -> list[str]:
    """Return the lanes that have let something lie since then without any reason.

    A reason is: the target is paused or paced, the delivery waits for another one, or the lane is
    at work: it is sending, or has sent something meanwhile.
    """
    found = session.scalars(
        select(Delivery.lane)
        .join(Target, Target.name == Delivery.lane, isouter=True)
        .where(Delivery.state == DeliveryState.PLANNED, Delivery.due_at <= since)
        .where(Delivery.not_after >= now, Target.paused_at.is_(None))
        .where(or_(Target.next_send_at.is_(None), Target.next_send_at <= since))
        .where(_is_its_turn(), ~_is_at_work(since))
        .distinct()
        .order_by(Delivery.lane)
    )
    return list(found)


def _is_its_turn() -> ColumnElement[bool]:
    first = aliased(Delivery)
    is_there = select(first.id).where(
        first.id == Delivery.after_id, first.state == DeliveryState.CONFIRMED
    )
    return or_(Delivery.after_id.is_(None), is_there.exists())


def _is_at_work(since: datetime) -> ColumnElement[bool]:
    other = aliased(Delivery)
    sending = select(other.id).where(
        other.target == Delivery.target, other.state == DeliveryState.SENDING
    )
    sent = select(other.id).where(other.target == Delivery.target, other.accepted_at >= since)
    return or_(sending.exists(), sent.exists())
