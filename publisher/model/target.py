"""What is known of a target beside its settings."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from publisher.model.base import Base


class Target(Base):
    """One configured place on a channel; the row appears when the target is first used."""

    __tablename__ = "target"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    paused_at: Mapped[datetime | None]
    paused_by: Mapped[str] = mapped_column(String(64), default="")  # a person, or "" for ourselves
    paused_because: Mapped[str] = mapped_column(Text, default="")
    next_send_at: Mapped[datetime | None]  # pacing: not before this
    checked_at: Mapped[datetime | None]
    health: Mapped[dict[str, Any]] = mapped_column(default=dict)  # channel.Health, as it was


class ShelfRow(Base):
    """A small value that all processes share: an access token."""

    __tablename__ = "shelf"

    key: Mapped[str] = mapped_column(String(128), primary_key=True)
    value: Mapped[str | None] = mapped_column(Text)
    ends_at: Mapped[datetime | None]
    locked_by: Mapped[str | None] = mapped_column(String(64))
    locked_until: Mapped[datetime | None]


class Beat(Base):
    """The last sign of life of a part of this program: the ticker, a worker."""

    __tablename__ = "beat"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime]
