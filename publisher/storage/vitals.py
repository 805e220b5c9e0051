"""The reads that tell whether it works. All are over what is open; none grows with history."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, aliased

from publisher.model.alarm import Alarm
from publisher.model.delivery import Delivery, stands
from publisher.model.lane import Lane
from publisher.model.states import OPEN, DeliveryState
from publisher.model.target import Beat, Place
from publisher.storage import queries


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


def stuck_lanes(
    session: Session, *, now: datetime, since: datetime, places: Mapping[str, Place]
) -> list[str]:
    """Return the lanes that have let something lie since then without any reason.

    A reason is: its target is paused, the account is paced or its breaker is open, the delivery
    waits for another one, or the lane is at work: it is sending, or has sent something meanwhile.
    """
    lying = session.scalars(
        select(Delivery.lane)
        .distinct()
        .join(Lane, Lane.name == Delivery.lane, isouter=True)
        .where(stands(DeliveryState.PLANNED), Delivery.due_at <= since)
        .where(Delivery.not_after >= now, Delivery.target.not_in(held(session, places)))
        .where(or_(Lane.breaker.is_(None), Lane.breaker == "closed"))
        .where(or_(Lane.next_send_at.is_(None), Lane.next_send_at <= since))
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
        lane
        for lane in sorted(lying)
        if lane not in sending and not _has_sent(session, lane, since=since, places=places)
    ]


def held(session: Session, places: Mapping[str, Place]) -> list[str]:
    """Return the targets that a pause holds."""
    paused = {pause.scope: pause for pause in queries.pauses(session)}
    return [name for name, place in places.items() if queries.holding(paused, name, place)]


def _is_its_turn() -> ColumnElement[bool]:
    first = aliased(Delivery)
    is_there = select(first.id).where(
        first.id == Delivery.after_id, first.state == DeliveryState.CONFIRMED
    )
    return or_(Delivery.after_id.is_(None), is_there.exists())


def _has_sent(session: Session, lane: str, *, since: datetime, places: Mapping[str, Place]) -> bool:
    names = {name for name, place in places.items() if place.lane == lane} or {lane}
    sent = select(Delivery.id).where(Delivery.target.in_(names), Delivery.accepted_at >= since)
    return session.scalar(sent.limit(1)) is not None


def open_breakers(session: Session) -> list[Lane]:
    """Return the accounts whose breaker is not closed; there are as many rows as accounts."""
    return list(session.scalars(select(Lane).where(Lane.breaker != "closed").order_by(Lane.name)))


def oldest_due_at(session: Session) -> datetime | None:
    """Return the moment of the planned delivery that has been due longest, or comes first."""
    return session.scalar(select(func.min(Delivery.due_at)).where(stands(DeliveryState.PLANNED)))


def beats(session: Session, prefix: str) -> dict[str, datetime]:
    """Return the last signs of life of all parts whose names begin so."""
    found = session.execute(select(Beat.name, Beat.at).where(Beat.name.startswith(prefix)))
    return {beat.name: beat.at for beat in found}


def open_alarms(session: Session) -> list[Alarm]:
    """Return what is wrong and not over yet, the longest first."""
    return list(
        session.scalars(select(Alarm).where(Alarm.until.is_(None)).order_by(Alarm.since, Alarm.id))
    )


def past_alarms(session: Session, *, limit: int) -> list[Alarm]:
    """Return the last that are over, the newest first."""
    return list(
        session.scalars(
            select(Alarm)
            .where(Alarm.until.is_not(None))
            .order_by(Alarm.since.desc(), Alarm.id.desc())
            .limit(limit)
        )
    )
