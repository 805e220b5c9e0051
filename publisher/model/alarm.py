"""What people have to be told because no machine can mend it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from publisher.model.base import Base, Words

OPEN: dict[str, Any] = {
    "sqlite_where": text("until IS NULL"),
    "postgresql_where": text("until IS NULL"),
}


class Alarm(Base):
    """One fault from the moment it was seen until it was seen no more."""

    __tablename__ = "alarm"
    __table_args__ = (
        Index("ix_alarm_open", "key", unique=True, **OPEN),  # one open alarm for one fault
        Index("ix_alarm_since", "since", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(128))  # what it is about: "breaker qq", "disk"
    since: Mapped[datetime]
    until: Mapped[datetime | None]  # None: still so
    text: Mapped[str] = mapped_column(Words)  # one Chinese sentence: what is so, and what to do
    told_at: Mapped[datetime | None]  # when people were sent word of it
