"""The thing to be said, its wordings, and the files they use."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from publisher.errors import NotAllowedError
from publisher.model.base import Base
from publisher.model.people import Person
from publisher.model.review import Review
from publisher.model.states import EDITION_MOVES, EditionState
from publisher.model.urgency import Urgency

LATER: dict[str, Any] = {  # went out on one approval, and waits for the others
    "sqlite_where": text("expedited_at IS NOT NULL AND reviewed_at IS NULL"),
    "postgresql_where": text("expedited_at IS NOT NULL AND reviewed_at IS NULL"),
}


class Item(Base):
    """The thing to be said, from first draft to withdrawal."""

    __tablename__ = "item"
    __table_args__ = (Index("ix_item_created_at", "created_at", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))  # 文种: 通知 公示 公告 …
    category: Mapped[str] = mapped_column(String(16), default="")  # number on the official list
    department: Mapped[str] = mapped_column(String(200), default="")
    audience: Mapped[str] = mapped_column(String(16), default="public")  # or "campus"
    document_number: Mapped[str] = mapped_column(String(64), default="")  # 发文字号
    index_number: Mapped[str | None] = mapped_column(String(64), unique=True)  # from submission on
    issued_on: Mapped[date | None]
    urgency: Mapped[str] = mapped_column(String(16), default=Urgency.NORMAL)
    created_at: Mapped[datetime]
    created_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    withdrawal_reason: Mapped[str] = mapped_column(Text, default="")  # the public may read it
    withdrawal_note: Mapped[str] = mapped_column(Text, default="")  # for colleagues

    created_by: Mapped[Person] = relationship(foreign_keys=created_by_id)
    withdrawn_by: Mapped[Person | None] = relationship(foreign_keys=withdrawn_by_id)
    editions: Mapped[list[Edition]] = relationship(back_populates="item", order_by="Edition.number")

    @property
    def edition(self) -> Edition:
        """The newest wording."""
        return self.editions[-1]


class Edition(Base):
    """One numbered wording of an item; frozen when submitted; reviews attach to it."""

    __tablename__ = "edition"
    __table_args__ = (
        UniqueConstraint("item_id", "number"),
        Index("ix_edition_state", "state", "submitted_at"),
        Index("ix_edition_newest", "is_newest", "item_id"),
        # begins with the state: else SQLite reads all that was ever approved
        Index("ix_edition_later", "state", "expedited_at", **LATER),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    number: Mapped[int]  # 1, 2, 3 …
    is_newest: Mapped[bool] = mapped_column(default=True)
    state: Mapped[str] = mapped_column(String(16), default=EditionState.DRAFT)
    title: Mapped[str] = mapped_column(String(500))
    body: Mapped[str] = mapped_column(Text)  # clean HTML; see documents/html.py
    summary: Mapped[str] = mapped_column(Text, default="")
    targets: Mapped[list[str]]  # names of targets, in the order given
    overrides: Mapped[dict[str, Any]]  # target -> {title, summary, publish_at}
    publish_at: Mapped[datetime | None]  # None: as soon as approved
    not_after: Mapped[datetime | None]  # later than this is not better than never
    expires_at: Mapped[datetime | None]  # None: stays
    late: Mapped[str] = mapped_column(String(8), default="")  # send, ask, miss; "": as configured
    display_days: Mapped[int | None]  # 公示期: at least so long on the leading target
    display_unit: Mapped[str] = mapped_column(String(16), default="calendar")  # or "working"
    findings: Mapped[list[dict[str, str]]]  # of the screening: rule, action, place, message
    remarks: Mapped[list[str]]  # what the import had to say
    created_at: Mapped[datetime]
    created_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    editor_ids: Mapped[list[int]] = mapped_column(default=list)  # whoever wrote some of it
    submitted_at: Mapped[datetime | None]
    submitted_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    risk: Mapped[str] = mapped_column(String(16), default="")  # class, from submission on
    chain: Mapped[list[str]] = mapped_column(default=list)  # names of its stages of review
    approved_at: Mapped[datetime | None]  # from then on it may go out
    reviewed_at: Mapped[datetime | None]  # every stage has given its verdict
    expedited_at: Mapped[datetime | None]  # went out on one approval; the others follow
    expedited_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    expedited_because: Mapped[str] = mapped_column(Text, default="")
    manifest: Mapped[str | None] = mapped_column(Text)  # canonical JSON of all that was frozen
    digest: Mapped[str | None] = mapped_column(String(64), index=True)  # SHA-256 of the manifest

    item: Mapped[Item] = relationship(back_populates="editions")
    created_by: Mapped[Person] = relationship(foreign_keys=created_by_id)
    submitted_by: Mapped[Person | None] = relationship(foreign_keys=submitted_by_id)
    expedited_by: Mapped[Person | None] = relationship(foreign_keys=expedited_by_id)
    files: Mapped[list[EditionFile]] = relationship(
        back_populates="edition",
        order_by="(EditionFile.position, EditionFile.id)",
        cascade="all, delete-orphan",
    )
    reviews: Mapped[list[Review]] = relationship(back_populates="edition", order_by="Review.id")
    renditions: Mapped[list[FrozenRendition]] = relationship(
        back_populates="edition", order_by="FrozenRendition.id"
    )

    def move(self, to: EditionState) -> None:
        """Go to another state, or raise NotAllowedError with both names."""
        if to not in EDITION_MOVES[EditionState(self.state)]:
            raise NotAllowedError(
                f"版次不能从 {self.state} 变为 {to}（from {self.state} to {to}）",
                code="wrong_state",
            )
        self.state = to

    @property
    def awaits_verdicts(self) -> bool:
        """Whether a reviewer is to speak: before it goes out, or after an emergency did."""
        if self.state == EditionState.IN_REVIEW:
            return True
        return self.state == EditionState.APPROVED and self.is_reviewed_later

    @property
    def is_reviewed_later(self) -> bool:
        """Whether it went out on one approval, and the others are still to come."""
        return self.expedited_at is not None and self.reviewed_at is None

    @property
    def authors(self) -> set[int]:
        """The ids of everybody whose work it is; none of them may review it."""
        people = {self.item.created_by_id, self.submitted_by_id}
        for edition in self.item.editions:
            people |= {edition.created_by_id, *edition.editor_ids}
        return {person for person in people if person is not None}


class Medium(Base):
    """A file, named by its digest; its bytes are in the media store."""

    __tablename__ = "medium"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)  # SHA-256
    media_type: Mapped[str] = mapped_column(String(128))
    name: Mapped[str] = mapped_column(String(255))  # as it was uploaded first
    size_bytes: Mapped[int]
    created_at: Mapped[datetime]
    created_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    policy: Mapped[str | None] = mapped_column(String(16))  # by which it was read; None: not yet
    findings: Mapped[list[dict[str, str]] | None]  # of the screening, within the file


class EditionFile(Base):
    """A picture or an attachment of an edition."""

    __tablename__ = "edition_file"
    __table_args__ = (UniqueConstraint("edition_id", "role", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id"))
    digest: Mapped[str] = mapped_column(ForeignKey("medium.digest"))
    role: Mapped[str] = mapped_column(String(16))  # "image" or "attachment"
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(255))  # the body's media:NAME, or what readers see
    alt: Mapped[str] = mapped_column(Text, default="")

    edition: Mapped[Edition] = relationship(back_populates="files")
    medium: Mapped[Medium] = relationship(lazy="joined")


class FrozenRendition(Base):
    """An edition shaped for one target: the bytes that are approved and sent.

    Body and parts are in the media store; `parts` is a list of {name, media_type, digest, label}.
    `digest` is taken over all of it (see workflow/freeze.py).
    """

    __tablename__ = "rendition"
    __table_args__ = (UniqueConstraint("edition_id", "target"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id"))
    target: Mapped[str] = mapped_column(String(32))
    media_type: Mapped[str] = mapped_column(String(128))
    title: Mapped[str] = mapped_column(String(500))
    body_digest: Mapped[str] = mapped_column(String(64))
    parts: Mapped[list[dict[str, str]]]
    facts: Mapped[dict[str, str]]
    digest: Mapped[str] = mapped_column(String(64))

    edition: Mapped[Edition] = relationship(back_populates="renditions")


class Serial(Base):
    """The last number given out in one series; numbers are never used again."""

    __tablename__ = "serial"

    series: Mapped[str] = mapped_column(String(64), primary_key=True)
    last: Mapped[int]
