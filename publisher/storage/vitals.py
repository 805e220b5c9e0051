"""The reads that tell whether it works. All are over what is open; none grows with history."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import String, column, func, literal, select, values
from sqlalchemy.orm import Session, joinedload

from publisher.model.alarm import Alarm
from publisher.model.delivery import Delivery, stands
from publisher.model.item import FrozenRendition
from publisher.model.lane import Lane
from publisher.model.states import OPEN, DeliveryState
from publisher.model.target import Beat
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
    found = select(func.count()).select_from(Delivery).where(Delivery.deadline_at <= now)
    return session.scalar(found.where(~_IS_FLIPPED)) or 0


_IS_FLIPPED = (Delivery.state == DeliveryState.FAILED) & Delivery.confirmed_at.is_not(None)


def flipped(session: Session, *, limit: int = 50) -> list[Delivery]:
    """Return what was confirmed and is there no more, until a person has decided; with titles."""
    found = (
        select(Delivery)
        .where(Delivery.deadline_at.is_not(None), _IS_FLIPPED)
        .order_by(Delivery.deadline_at, Delivery.id)
        .limit(limit)
        .options(joinedload(Delivery.rendition).joinedload(FrozenRendition.edition))
    )
    return list(session.scalars(found))


def lying(
    session: Session,
    lanes: Collection[str],
    *,
    now: datetime,
    since: datetime,
    closed: Collection[str] = (),
) -> list[str]:
    """Return the lanes with something whose turn has come since then, beside closed targets.

    Asks lane by lane, so that it costs the same however much is planned for later.
    """
    oldest = oldest_due_at(session)
    if not lanes or oldest is None or oldest > since:
        return []
    asked = values(column("lane", String), name="asked").data([(lane,) for lane in sorted(lanes)])
    each = asked.cte("each")
    is_lying = (
        select(literal(1))
        .where(Delivery.lane == each.c.lane, stands(DeliveryState.PLANNED))
        .where(Delivery.rank_at <= since, Delivery.due_at <= since, Delivery.not_after >= now)
        .where(Delivery.target.not_in(closed), queries.is_its_turn())
        .exists()
    )
    return sorted(session.scalars(select(each.c.lane).where(is_lying)))


def sending(session: Session, *, now: datetime) -> set[str]:
    """Return the lanes that are sending, within the time that a call may take."""
    found = session.scalars(
        select(Delivery.lane)
        .where(Delivery.lease_until.is_not(None), Delivery.deadline_at > now)
        .distinct()
    )
    return set(found)


def has_sent(session: Session, targets: Collection[str], *, since: datetime) -> bool:
    """Say whether an outlet took anything since then at one of these targets."""
    sent = select(Delivery.id).where(Delivery.target.in_(targets), Delivery.accepted_at >= since)
    return session.scalar(sent.limit(1)) is not None


def most_overdue(session: Session, *, now: datetime) -> Delivery | None:
    """Return the open delivery whose deadline passed first, with its title."""
    return session.scalar(
        select(Delivery)
        .where(Delivery.deadline_at <= now, ~_IS_FLIPPED)
        .order_by(Delivery.deadline_at)
        .limit(1)
        .options(joinedload(Delivery.rendition).joinedload(FrozenRendition.edition))
    )


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
