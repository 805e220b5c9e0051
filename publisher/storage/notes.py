"""Appending notes, each sealed with the one before."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from publisher.model.base import storable
from publisher.model.note import Note
from publisher.storage import locks

SYSTEM = "系统"


def append(session: Session, note: Note) -> None:
    """Append a note within the transaction of the act that it tells of.

    Nobody else appends until that has ended, so no two notes share a predecessor. To be called
    when all rows that the act changes are locked (see locks.py).
    """
    locks.chain(session)
    note.who, note.text = storable(note.who), storable(note.text or "")  # sealed as it is kept
    note.seal = note.sealed(
        session.scalar(select(Note.seal).order_by(Note.id.desc()).limit(1)) or ""
    )
    session.add(note)
    session.flush()


def last(session: Session) -> Note | None:
    """Return the newest note."""
    return session.scalar(select(Note).order_by(Note.id.desc()).limit(1))


def count(session: Session) -> int:
    """Return how many notes there are."""
    return session.scalar(select(func.count(Note.id))) or 0


def holds(session: Session, seal: str) -> bool:
    """Say whether a note has a seal that begins so."""
    begins = Note.seal.startswith(seal, autoescape=True)
    return session.scalar(select(Note.id).where(begins).limit(1)) is not None


def first_broken(session: Session) -> int | None:
    """Return the id of the first note whose seal does not fit, None where all do."""
    before = ""
    for note in session.scalars(select(Note).order_by(Note.id)).yield_per(1000):
        if note.seal != note.sealed(before):
            return note.id
        before = note.seal
    return None
