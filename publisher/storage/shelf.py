"""The shelf: small values with an end, shared by all threads and processes (channel.Shelf)."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from publisher import clock
from publisher.model.target import ShelfRow

LOCK_S = 60.0  # a holder that died is forgotten after this
POLL_S = 0.05
KEPT_AFTER = timedelta(days=7)  # a value whose time is over, before it is swept away


@dataclass(frozen=True)
class DatabaseShelf:
    """A shelf in the ledger's database; `name` keeps kinds of channels apart."""

    sessions: sessionmaker[Session]
    name: str

    def read(self, key: str) -> str | None:
        """Return the value, None where there is none or its time is over."""
        with self.sessions() as session:
            row = session.get(ShelfRow, self._full(key))
            if row is None or row.ends_at is None or row.ends_at <= clock.now():
                return None
            return row.value

    def write(self, key: str, value: str, *, ttl_s: float) -> None:
        """Keep the value for that many seconds."""
        ends_at = clock.now() + timedelta(seconds=ttl_s)
        self._make(key)
        with self.sessions.begin() as session:
            session.execute(
                update(ShelfRow)
                .where(ShelfRow.key == self._full(key))
                .values(value=value, ends_at=ends_at)
            )

    @contextmanager
    def lock(self, key: str) -> Iterator[None]:
        """Keep every other process and thread out of the same key; wait for it if need be."""
        self._make(key)
        owner = secrets.token_hex(8)
        while not self._take(key, owner):
            time.sleep(POLL_S)
            self._make(key)  # it may have been swept away meanwhile
        try:
            yield
        finally:
            with self.sessions.begin() as session:
                session.execute(
                    update(ShelfRow)
                    .where(ShelfRow.key == self._full(key), ShelfRow.locked_by == owner)
                    .values(locked_by=None, locked_until=None)
                )

    def _take(self, key: str, owner: str) -> bool:
        now = clock.now()
        is_free = or_(
            ShelfRow.locked_until.is_(None),
            ShelfRow.locked_until < now,
            ShelfRow.locked_until > now + timedelta(seconds=2 * LOCK_S),  # the clock was set back
        )
        with self.sessions.begin() as session:
            taken = session.execute(
                update(ShelfRow)
                .where(ShelfRow.key == self._full(key), is_free)
                .values(locked_by=owner, locked_until=now + timedelta(seconds=LOCK_S))
                .returning(ShelfRow.key)
            ).first()
        return taken is not None

    def _make(self, key: str) -> None:
        with self.sessions() as session:
            there = session.scalar(select(ShelfRow.key).where(ShelfRow.key == self._full(key)))
        if there is None:
            try:
                with self.sessions.begin() as session:
                    session.add(ShelfRow(key=self._full(key)))
            except IntegrityError:
                return  # another process made it between the two lines

    def _full(self, key: str) -> str:
        return f"{self.name}/{key}"


def sweep(sessions: sessionmaker[Session], *, now: datetime) -> int:
    """Delete what was over long ago; return how many values."""
    is_over = ShelfRow.ends_at < now - KEPT_AFTER
    is_free = or_(ShelfRow.locked_until.is_(None), ShelfRow.locked_until < now - KEPT_AFTER)
    with sessions.begin() as session:
        gone = session.execute(
            delete(ShelfRow).where(is_over, is_free).returning(ShelfRow.key)
        ).all()
    return len(gone)
