"""The reads for the printed record of a review."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher.errors import NotFoundError
from publisher.model.delivery import Delivery
from publisher.model.item import Edition, FrozenRendition
from publisher.model.note import Note


def deliveries_of(session: Session, edition_id: int) -> list[Delivery]:
    """Return the deliveries of one edition, in the order planned."""
    found = session.scalars(
        select(Delivery)
        .join(Delivery.rendition)
        .where(FrozenRendition.edition_id == edition_id)
        .order_by(Delivery.id)
    )
    return list(found)


def seal(session: Session, item_id: int, *, but: str) -> str:
    """Return the seal of the last note about an item that is not of this verb."""
    query = select(Note.seal).where(Note.item_id == item_id, Note.verb != but)
    return session.scalar(query.order_by(Note.id.desc()).limit(1)) or ""


def edition_id(session: Session, item_id: int, number: int | None) -> int:
    """Return the id of a numbered edition of an item, of the newest submitted one for None."""
    query = select(Edition.id).where(Edition.item_id == item_id)
    query = query.where(Edition.digest.is_not(None) if number is None else Edition.number == number)
    found = session.scalar(query.order_by(Edition.number.desc()).limit(1))
    if found is None:
        which = "已提交的版次" if number is None else f"第 {number} 版"
        raise NotFoundError(f"稿件 {item_id} 没有{which}")
    return found
