"""What went out and what is to go out, day by day: a few grouped reads for a whole month."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

from publisher.model.delivery import Delivery, stands
from publisher.model.item import Edition, FrozenRendition
from publisher.model.lane import OutsideSend
from publisher.model.states import DeliveryState as S

MOST = 2000  # lines of a month; beyond that it is no page to read


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An item at a target: when it went or is to go there, in how many places, in what states."""

    at: datetime
    item_id: int
    title: str
    target: str
    places: int
    bundle_id: int | None = None  # went out in one call with others of the same number
    position: int = 0
    is_planned: bool = False


def went(
    session: Session, targets: Collection[str], *, since: datetime, until: datetime
) -> list[Entry]:
    """Return what these targets took in a time, earliest first."""
    query = _grouped(func.min(Delivery.accepted_at)).where(
        Delivery.target.in_(targets), Delivery.accepted_at >= since, Delivery.accepted_at < until
    )
    return list(_entries(session, query, is_planned=False))


def planned(session: Session, *, since: datetime, until: datetime) -> list[Entry]:
    """Return what is due in a time and has not begun, earliest first."""
    query = _grouped(func.min(Delivery.due_at)).where(
        stands(S.PLANNED), Delivery.due_at >= since, Delivery.due_at < until
    )
    return list(_entries(session, query, is_planned=True))


def by_hand(
    session: Session, lanes: Collection[str], *, since: datetime, until: datetime
) -> list[tuple[str, datetime]]:
    """Return the sends of these accounts that people made at the outlet: lane and moment."""
    found = session.execute(
        select(OutsideSend.lane, OutsideSend.at)
        .where(OutsideSend.lane.in_(lanes), OutsideSend.at >= since, OutsideSend.at < until)
        .order_by(OutsideSend.at)
    )
    return [(lane, at) for lane, at in found]


def titles(session: Session, deliveries: Collection[int]) -> dict[int, tuple[int, str]]:
    """Return the item and the title of each of these deliveries, by their ids."""
    found = session.execute(
        select(Delivery.id, Delivery.item_id, Edition.title)
        .join(Delivery.rendition)
        .join(FrozenRendition.edition)
        .where(Delivery.id.in_(deliveries))
    )
    return {id: (item_id, title) for id, item_id, title in found}


def _grouped(moment: Any) -> Select[Any]:
    return (
        select(
            moment.label("at"),
            Delivery.item_id,
            Edition.title,
            Delivery.target,
            Delivery.bundle_id,
            func.min(Delivery.bundle_position).label("position"),
            func.count().label("places"),
        )
        .join(Delivery.rendition)
        .join(FrozenRendition.edition)
        .group_by(Delivery.item_id, Edition.id, Edition.title, Delivery.target, Delivery.bundle_id)
        .order_by(moment, Delivery.item_id)
        .limit(MOST)
    )


def _entries(session: Session, query: Select[Any], *, is_planned: bool) -> Iterator[Entry]:
    for row in session.execute(query):
        yield _entry(row, is_planned=is_planned)


def _entry(row: Row[Any], *, is_planned: bool) -> Entry:
    return Entry(
        at=row.at,
        item_id=row.item_id,
        title=row.title,
        target=row.target,
        places=row.places,
        bundle_id=row.bundle_id,
        position=row.position or 0,
        is_planned=is_planned,
    )
