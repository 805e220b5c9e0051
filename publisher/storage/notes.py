"""Appending notes, each sealed with the one before."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher.model.note import Note

SYSTEM = "系统"


def append(session: Session, note: Note) -> None:
    """Append a note within the transaction of the act that it tells of.

    A writing transaction holds the only write lock, so no two notes share a predecessor.
    """
    note.seal = note.sealed(
        session.scalar(select(Note.seal).order_by(Note.id.desc()).limit(1)) or ""
    )
    session.add(note)
    session.flush()


def first_broken(session: Session) -> int | None:
    """Return the id of the first note whose seal does not fit, None where all do."""
    before = ""
    for note in session.scalars(select(Note).order_by(Note.id)).yield_per(1000):
        if note.seal != note.sealed(before):
            return note.id
        before = note.seal
    return None
