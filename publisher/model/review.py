"""A reviewer's verdict on one digest."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from publisher.model.base import Base
from publisher.model.people import Person

if TYPE_CHECKING:
    from publisher.model.item import Edition


class Verdict(StrEnum):
    """What a reviewer can say."""

    APPROVE = "approve"
    SEND_BACK = "send_back"
    REJECT = "reject"


class Review(Base):
    """One verdict at one stage, on exactly what the reviewer was shown."""

    __tablename__ = "review"
    __table_args__ = (
        UniqueConstraint("edition_id", "stage"),
        UniqueConstraint("edition_id", "person_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id"))
    stage: Mapped[str] = mapped_column(String(32))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    verdict: Mapped[str] = mapped_column(String(16))
    digest: Mapped[str] = mapped_column(String(64))  # the one that was seen
    opinion: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime]

    edition: Mapped[Edition] = relationship(back_populates="reviews")
    person: Mapped[Person] = relationship(lazy="joined")
