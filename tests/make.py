"""A valid thing of each kind; a test changes what matters to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from publisher.channel import (
    Channel,
    Checks,
    Confirms,
    Content,
    Health,
    Receipt,
    Rendition,
    Withdraws,
)
from publisher.delivery.works import Works
from publisher.errors import UnknownOutcomeError
from publisher.model.delivery import Delivery
from publisher.model.item import Edition, FrozenRendition, Item
from publisher.model.people import Person, Role
from publisher.model.states import DeliveryState
from publisher.settings import Delivery as Limits
from publisher.storage import renditions
from publisher.storage.database import Database, migrate, open_database
from publisher.storage.media import MediaStore

NINE = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)  # 9:00 in Beijing
PLAIN = Rendition(body="周六停水".encode(), media_type="text/plain", title="停水通知")
Answer = Receipt | Exception | None


@dataclass(frozen=True, kw_only=True)
class FakeChannel(Channel, Confirms, Withdraws, Checks):
    """An outlet that answers as it was told; the last answer of each kind holds."""

    label = "假渠道"
    typical_delay_s = 2.0

    answers: list[Receipt | Exception] = field(default_factory=lambda: [Receipt(remote_id="r1")])
    shows: list[Answer] = field(default_factory=list)  # what confirm finds
    refuses: list[Exception | None] = field(default_factory=list)  # what withdraw does
    sent: list[tuple[str, bytes]] = field(default_factory=list)  # key and body
    looked: list[Receipt | None] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)

    def render(self, content: Content) -> Rendition:
        return Rendition(
            body=f"{content.title}\n{content.link}".encode(),
            media_type="text/plain",
            title=content.title,
        )

    def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
        self.sent.append((key, rendition.body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def confirm(self, *, key: str, receipt: Receipt | None) -> Receipt | None:
        self.looked.append(receipt)
        shown = receipt if not self.shows else self.shows[0]
        if len(self.shows) > 1:
            self.shows.pop(0)
        if isinstance(shown, Exception):
            raise shown
        return shown

    def withdraw(self, receipt: Receipt, *, reason: str) -> None:
        self.withdrawn.append(receipt.remote_id)
        refusal = self.refuses.pop(0) if self.refuses else None
        if refusal is not None:
            raise refusal

    def check(self) -> Health:
        return Health(is_reachable=True)


@dataclass(frozen=True, kw_only=True)
class Mute(Channel):
    """An outlet that loses its answer and can never be asked."""

    label = "哑渠道"

    def render(self, content: Content) -> Rendition:
        return PLAIN

    def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
        raise UnknownOutcomeError("lost")


@dataclass(frozen=True, kw_only=True)
class Board(FakeChannel):
    """An outlet that knows what is public: by the name it gave, or by our key."""

    public: list[str] = field(default_factory=list)

    def confirm(self, *, key: str, receipt: Receipt | None) -> Receipt | None:
        names = [name for name in self.public if receipt is None or receipt.remote_id == name]
        return Receipt(remote_id=names[0]) if names else None

    def withdraw(self, receipt: Receipt, *, reason: str) -> None:
        if receipt.remote_id in self.public:
            self.public.remove(receipt.remote_id)


def database(folder: Path) -> Database:
    """A migrated SQLite database in a file, as in an installation."""
    opened = open_database(f"sqlite:///{folder / 'data' / 'publisher.db'}")
    migrate(opened.engine)
    return opened


def works(folder: Path, channels: dict[str, Channel], **limits: Any) -> Works:
    """Everything the work of time needs, on a fresh database."""
    return Works(
        database=database(folder),
        media=MediaStore(folder / "data" / "media"),
        channels=channels,
        limits=Limits(**limits),
    )


def person(session: Session, name: str, *roles: str) -> Person:
    """Somebody with these roles."""
    made = Person(name=name, created_at=NINE, role_rows=[Role(name=role) for role in roles])
    session.add(made)
    session.flush()
    return made


def edition(session: Session, **changes: Any) -> Edition:
    """An approved edition of a new item."""
    author = person(session, f"作者{session.query(Person).count()}", "author")
    item = Item(kind="通知", created_at=NINE, created_by=author)
    values = {
        "number": 1,
        "state": "approved",
        "title": "停水通知",
        "body": "<p>周六停水</p>",
        "targets": ["gate"],
        "overrides": {},
        "findings": [],
        "remarks": [],
        "created_at": NINE,
        "created_by": author,
    }
    made = Edition(item=item, **(values | changes))
    session.add(made)
    session.flush()
    return made


def delivery(made_for: Works, *, target: str = "gate", **changes: Any) -> int:
    """A planned delivery that is due at nine, of a new item; its id."""
    with made_for.database.sessions.begin() as session:
        approved = edition(session, targets=[target])
        return delivery_of(session, made_for, approved, target=target, **changes).id


def delivery_of(
    session: Session, made_for: Works, approved: Edition, *, target: str, **changes: Any
) -> Delivery:
    """A planned delivery of an edition."""
    frozen: FrozenRendition = renditions.freeze(target, PLAIN, made_for.media)
    frozen.edition = approved
    values = {
        "target": target,
        "lane": target,
        "due_at": NINE,
        "not_after": NINE + timedelta(hours=24),
    }
    made = Delivery(rendition=frozen, item_id=approved.item_id, **(values | changes))
    session.add(made)
    session.flush()
    return made


def sent_again(made_for: Works) -> int:
    """A delivery that was once accepted as "old", vanished, and is due again; its id."""
    failed = delivery(
        made_for, state=DeliveryState.FAILED, remote_id="old", accepted_at=NINE, ended_at=NINE
    )
    with made_for.database.sessions.begin() as session:
        session.get_one(Delivery, failed).plan_again(NINE)
    return failed


def stored(made_for: Works, delivery_id: int) -> Delivery:
    """The delivery as the ledger has it now, with attempts and observations."""
    with made_for.database.reads() as session:
        row = session.get_one(Delivery, delivery_id)
        assert row.attempts is not None
        assert row.observations is not None
        assert row.item is not None
        assert row.rendition is not None
        return row
