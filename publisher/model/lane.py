"""What is known of an account: how fast it may be used, what is spent, and whether it answers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from publisher.model.base import Base, Words


class Lane(Base):
    """One account; its deliveries go out one after another. The row appears when needed."""

    __tablename__ = "lane"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    next_send_at: Mapped[datetime | None]  # pacing: not before this
    breaker: Mapped[str] = mapped_column(String(16), default="closed")  # see delivery/breaker.py
    faults: Mapped[int] = mapped_column(default=0)  # in a row
    openings: Mapped[int] = mapped_column(default=0)  # of the breaker, without a success between
    opened_at: Mapped[datetime | None]
    probe_at: Mapped[datetime | None]  # open: when the outlet is to be asked how it is
    advice: Mapped[str] = mapped_column(Words, default="")  # open: what a person should do

    def close(self) -> None:
        """Close the breaker: the account is used again as if nothing had been."""
        self.breaker, self.faults, self.openings = "closed", 0, 0
        self.opened_at, self.probe_at, self.advice = None, None, ""


class Spent(Base):
    """How many sends an account has made in one period of a ration."""

    __tablename__ = "spent"

    lane: Mapped[str] = mapped_column(String(64), primary_key=True)
    period: Mapped[str] = mapped_column(String(16), primary_key=True)  # "2026-11-25", "2026-11"
    sends: Mapped[int] = mapped_column(default=0)


class OutsideSend(Base):
    """A send of an account that the outlet reported and that is not ours: made by hand."""

    __tablename__ = "outside_send"

    lane: Mapped[str] = mapped_column(String(64), primary_key=True)
    remote_id: Mapped[str] = mapped_column(String(128), primary_key=True)  # the outlet's name
    at: Mapped[datetime]
