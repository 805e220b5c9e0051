"""Who waits for whom. The order: item, edition, deliveries by id, single rows, chain of notes.

Whoever takes more than one of these takes them in this order, and none waits in a circle. On
SQLite a writing transaction holds the only write lock, so nothing here is asked of it. The locks
of rows let foreign keys point at the row meanwhile (FOR NO KEY UPDATE): a note about an item may
be written while somebody changes the item.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, object_mapper

from publisher.model.base import Base
from publisher.model.delivery import Delivery
from publisher.model.item import Edition, Item

Row = TypeVar("Row", bound=Base)

OURS = 7943  # the first half of the number of every advisory lock of this program
MIGRATION, NOTES, TICKER = 1, 2, 3  # the second half
CHANGE: dict[str, Any] = {"key_share": True}  # FOR NO KEY UPDATE


def item(session: Session, item_id: int) -> None:
    """Keep others from acting on an item until this transaction ends.

    What the session has read before is forgotten: it may have changed while we waited.
    """
    session.flush()
    session.execute(select(Item.id).where(Item.id == item_id).with_for_update(key_share=True))
    session.expire_all()


def items_stay(session: Session, item_ids: Collection[int]) -> Sequence[Item]:
    """Return items as they are now, and let nobody act on them until this transaction ends.

    Several may hold that at once: it is for those who write what came of a delivery, and must not
    miss a withdrawal. All items of one transaction are to be asked for in one call.
    """
    found = session.scalars(
        select(Item)
        .where(Item.id.in_(item_ids))
        .order_by(Item.id)
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    )
    return found.all()


def edition(session: Session, edition_id: int) -> None:
    """Keep others from planning an edition until this transaction ends."""
    session.execute(
        select(Edition.id).where(Edition.id == edition_id).with_for_update(key_share=True)
    )


def deliveries(session: Session, item_id: int) -> Sequence[Delivery]:
    """Return the deliveries of an item that is locked, locked themselves, as they are now."""
    found = session.scalars(
        select(Delivery)
        .where(Delivery.item_id == item_id)
        .order_by(Delivery.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return found.all()


def delivery(session: Session, row: Delivery) -> None:
    """Lock one delivery after its item, and read it anew."""
    item(session, row.item_id)
    one = select(Delivery.id).where(Delivery.id == row.id)  # alone: no outer join can be locked
    session.execute(one.with_for_update(key_share=True))
    session.expire(row)


def row(session: Session, wanted: Row) -> Row:
    """Return the row with the primary key of `wanted`, locked; `wanted` itself where it is new."""
    session.flush()
    key = tuple(object_mapper(wanted).primary_key_from_instance(wanted))
    found = session.get(type(wanted), key, with_for_update=CHANGE, populate_existing=True)
    return found or first(session, wanted)


def first(session: Session, wanted: Row) -> Row:
    """Add a row, or return the one that somebody else has added under its key meanwhile."""
    key = tuple(object_mapper(wanted).primary_key_from_instance(wanted))
    try:
        with session.begin_nested():
            session.add(wanted)
    except IntegrityError:
        return session.get_one(type(wanted), key, with_for_update=CHANGE)
    return wanted


def chain(session: Session) -> None:
    """Let nobody else append a note until this transaction ends."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(OURS, NOTES)))


def migrating(connection: Connection) -> None:
    """Wait, as long as it takes, until no other process changes the schema."""
    if connection.dialect.name == "postgresql":
        for statement in (
            "SET LOCAL statement_timeout = 0",
            "SET LOCAL lock_timeout = 0",
            f"SELECT pg_advisory_xact_lock({OURS}, {MIGRATION})",
            "SET LOCAL lock_timeout = '40s'",  # nobody waits behind us for a busy table
        ):
            connection.execute(text(statement))
