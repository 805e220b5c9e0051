"""What waits for people in the ledger. Each read is over what is open, by an index of its own."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session, joinedload

from publisher.model.delivery import NOT_SENT, Delivery, stands
from publisher.model.item import Edition, FrozenRendition, Item
from publisher.model.states import DeliveryState as S
from publisher.model.states import EditionState
from publisher.storage.queries import WITHOUT_WORDS

LATE = timedelta(hours=1)  # a long row of one account takes most of an hour


class Matter(StrEnum):
    """What is the matter with a delivery, so that a person has to know of it."""

    BY_HAND = "by_hand"  # a person has it in hand, and makes it visible
    LATE = "late"  # its time has come and it has not gone out, or its last moment is past
    UNCONFIRMED = "unconfirmed"  # nobody knows yet whether it is there
    FAILED = "failed"
    TAKE_DOWN = "take_down"  # it was to be down by now


@dataclass(frozen=True, kw_only=True)
class Whose:
    """Whose matters are asked for; `person_id` None: everybody's."""

    person_id: int | None
    in_hand: Collection[str] = ()  # targets whose deliveries are made visible by this person


def deliveries(
    session: Session,
    matter: Matter,
    *,
    whose: Whose,
    assisted: Collection[str],
    now: datetime,
    offset: int = 0,
    limit: int,
) -> list[Delivery]:
    """Return what is the matter, oldest first; `assisted` are the targets served by hand."""
    ids = _ids(matter, whose=whose, assisted=assisted, now=now)
    edition = joinedload(Delivery.rendition).joinedload(FrozenRendition.edition)
    query = select(Delivery).where(Delivery.id.in_(ids)).order_by(Delivery.id)
    query = query.options(
        joinedload(Delivery.item), edition.defer(Edition.body), edition.defer(Edition.manifest)
    )
    return list(session.scalars(query.offset(offset).limit(limit)))


def count(
    session: Session,
    matter: Matter,
    *,
    whose: Whose,
    assisted: Collection[str],
    now: datetime,
) -> int:
    """Return how many deliveries it is the matter with."""
    ids = _ids(matter, whose=whose, assisted=assisted, now=now).subquery()
    return session.scalar(select(func.count()).select_from(ids)) or 0


def _ids(matter: Matter, *, whose: Whose, assisted: Collection[str], now: datetime) -> Select[int]:
    query = select(Delivery.id).where(_condition(matter, assisted=assisted, now=now))
    if matter in (Matter.LATE, Matter.FAILED):
        query = query.where(_still_matters())
    if whose.person_id is None:
        return query
    is_theirs = select(Item.id).where(
        Item.id == Delivery.item_id, Item.created_by_id == whose.person_id
    )
    in_hand = stands(S.ACCEPTED) & Delivery.target.in_(sorted(whose.in_hand))
    return query.where(or_(is_theirs.exists(), in_hand))


def _condition(matter: Matter, *, assisted: Collection[str], now: datetime) -> ColumnElement[bool]:
    is_past = Delivery.deadline_at <= now
    # hides the index of the target from SQLite: it holds all that was ever sent there
    is_by_hand = Delivery.target.concat("").in_(sorted(assisted))
    match matter:
        case Matter.BY_HAND:
            return is_past & stands(S.ACCEPTED) & is_by_hand
        case Matter.TAKE_DOWN:
            return is_past & stands(S.WITHDRAWING)
        case Matter.FAILED:
            return _is_undecided(S.FAILED)
        case Matter.UNCONFIRMED:
            waits = select(Delivery.id).where(is_past, stands(S.ACCEPTED, S.SENDING), ~is_by_hand)
            lost = select(Delivery.id).where(stands(S.UNCONFIRMED))
            return Delivery.id.in_(waits.union_all(lost))
        case Matter.LATE:
            missed = select(Delivery.id).where(_is_undecided(S.MISSED))
            due = select(Delivery.id).where(stands(S.PLANNED), Delivery.due_at <= now - LATE)
            asks = select(Delivery.id).where(stands(S.PLANNED), is_past)
            return Delivery.id.in_(missed.union(due, asks))


def _is_undecided(state: S) -> ColumnElement[bool]:
    """Return the condition for what was given up, as the index of the undecided spells it."""
    return stands(*NOT_SENT) & Delivery.decided_at.is_(None) & (Delivery.state == state)


def _still_matters() -> ColumnElement[bool]:
    """Return the condition that an item is to be out: it may be withdrawn while it is sent."""
    is_wanted = (
        select(FrozenRendition.id)
        .join(FrozenRendition.edition)
        .join(Edition.item)
        .where(FrozenRendition.id == Delivery.rendition_id)
        .where(Edition.state == EditionState.APPROVED, Item.withdrawn_at.is_(None))
    )
    return is_wanted.exists()


def sent_back(session: Session, person_id: int) -> Sequence[Edition]:
    """Return the editions that came back to their author, the latest first."""
    query = (
        select(Edition)
        .join(Edition.item)
        .where(Edition.state == EditionState.SENT_BACK, Edition.is_newest)
        .where(Item.created_by_id == person_id, Item.withdrawn_at.is_(None))
        .order_by(Edition.submitted_at.desc())
        .options(*WITHOUT_WORDS)
    )
    return session.scalars(query).all()


def in_review_until(session: Session, *, until: datetime) -> Sequence[Edition]:
    """Return what is still in review and was to be out, or comes to its last moment, by then."""
    query = (
        select(Edition)
        .join(Edition.item)
        .where(Edition.state == EditionState.IN_REVIEW, Item.withdrawn_at.is_(None))
        .where(or_(Edition.publish_at <= until, Edition.not_after <= until))
        .order_by(Edition.submitted_at)
        .options(joinedload(Edition.item), *WITHOUT_WORDS)
    )
    return session.scalars(query).all()
