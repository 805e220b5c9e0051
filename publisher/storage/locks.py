"""Who waits for whom. The order is: item, its deliveries by id, target, chain of notes.

Whoever takes more than one of these takes them in this order, and none waits in a circle. On
SQLite a writing transaction holds the only write lock, so nothing here is asked of it. The locks
of rows let foreign keys point at the row meanwhile (FOR NO KEY UPDATE): a note about an item may
be written while somebody changes the item.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, func, select, text
from sqlalchemy.orm import Session

from publisher.model.delivery import Delivery
from publisher.model.item import Item

OURS = 7943  # the first half of the number of every advisory lock of this program
MIGRATION, NOTES = 1, 2  # the second half


def item(session: Session, item_id: int) -> None:
    """Keep others from acting on an item until this transaction ends.

    What the session has read before is forgotten: it may have changed while we waited.
    """
    session.flush()
    session.execute(select(Item.id).where(Item.id == item_id).with_for_update(key_share=True))
    session.expire_all()


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
    session.refresh(row, with_for_update={"key_share": True})


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
            "SET LOCAL lock_timeout = '30s'",  # nobody waits behind us for a busy table
        ):
            connection.execute(text(statement))
