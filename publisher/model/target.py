"""What is known of a target beside its settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from publisher.model.base import Base


class Target(Base):
    """One configured place on a channel; the row appears when the target is first used."""

    __tablename__ = "target"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    checked_at: Mapped[datetime | None]
    health: Mapped[dict[str, Any]] = mapped_column(default=dict)  # channel.Health, as it was


class Pause(Base):
    """Nothing goes out within this scope until it is lifted; take-downs go on."""

    __tablename__ = "pause"

    scope: Mapped[str] = mapped_column(String(64), primary_key=True)  # see scopes_of
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(64))  # a person, or "系统"
    because: Mapped[str] = mapped_column(Text)


EVERYTHING = "everything"


def scopes_of(target: str, kind: str) -> tuple[str, str, str]:
    """Return the scopes whose pause holds a target of that kind of channel, widest first."""
    return EVERYTHING, f"channel:{kind}", f"target:{target}"


@dataclass(frozen=True)
class Place:
    """What a target shares with others: the kind of its channel, and the lane of its account."""

    kind: str
    lane: str


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

    name: Mapped[str] = mapped_column(String(64), primary_key=True)  # "ticker", "worker OWNER"
    at: Mapped[datetime]
    owner: Mapped[str] = mapped_column(String(64), default="")  # the process it is of
