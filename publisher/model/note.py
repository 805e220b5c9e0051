"""Who did what, when: append only, each note sealed with the one before it."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from publisher.model.base import Base, Words


class Note(Base):
    """One act. `seal` is a SHA-256 over this note and the seal of the note before."""

    __tablename__ = "note"
    __table_args__ = (Index("ix_note_item", "item_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    who: Mapped[str] = mapped_column(String(64))  # a person's name, or "系统"
    verb: Mapped[str] = mapped_column(String(32))
    item_id: Mapped[int | None] = mapped_column(ForeignKey("item.id"))
    delivery_id: Mapped[int | None] = mapped_column(ForeignKey("delivery.id"))
    target: Mapped[str | None] = mapped_column(String(32))
    text: Mapped[str] = mapped_column(Words, default="")
    seal: Mapped[str] = mapped_column(String(64))

    def sealed(self, before: str) -> str:
        """Return the seal that belongs to this note after one whose seal was `before`."""
        facts = [
            before,
            self.at.astimezone(UTC).isoformat(),
            self.who,
            self.verb,
            self.item_id,
            self.delivery_id,
            self.target,
            self.text,
        ]
        written = json.dumps(facts, ensure_ascii=False).encode("utf-8", "replace")
        return hashlib.sha256(written).hexdigest()
