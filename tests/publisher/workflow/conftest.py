"""An office: people with their roles, and a desk with toy channels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from publisher import settings
from publisher.channel import Channel, Content, Links, Rendition
from publisher.errors import UnfitError
from publisher.model.delivery import Delivery
from publisher.model.item import Edition, Item
from publisher.model.people import Person
from publisher.model.review import Verdict
from publisher.storage import queries
from publisher.storage.database import Database
from publisher.storage.media import MediaStore
from publisher.workflow import compose, people, review
from publisher.workflow.compose import Draft
from publisher.workflow.desk import Desk
from publisher.workflow.review import Judgement
from tests import make
from tests.make import NINE, FakeChannel


@dataclass(frozen=True, kw_only=True)
class Narrow(FakeChannel):
    """An outlet that takes short titles only."""

    label = "窄渠道"

    def render(self, content: Content) -> Rendition:
        if len(content.title) > 10:
            raise UnfitError(f"标题有 {len(content.title)} 个字，最多 10 个字", field="title")
        return super().render(content)


@dataclass(frozen=True, kw_only=True)
class Site(FakeChannel, Links):
    """An outlet whose addresses are known beforehand."""

    label = "官网"

    def link(self, content: Content) -> str:
        return f"http://127.0.0.1/{content.index_number}.html"


@dataclass
class Office:
    """Acts of people on a real database, each in a transaction of its own."""

    desk: Desk
    staff: dict[str, int] = field(default_factory=dict)

    def write(self, by: str = "林晓", *, at: datetime = NINE, **changes: Any) -> int:
        """Draft an item; return its id."""
        with self.desk.database.sessions.begin() as session:
            person = session.get_one(Person, self.staff[by])
            return compose.draft(session, self.desk, draft(**changes), by=person, at=at).id

    def edit(self, item_id: int, by: str = "林晓", *, at: datetime = NINE, **changes: Any) -> None:
        with self.desk.database.sessions.begin() as session:
            person = session.get_one(Person, self.staff[by])
            item = queries.item(session, item_id)
            compose.edit(session, self.desk, item, draft(**changes), by=person, at=at)

    def submit(self, item_id: int, by: str = "林晓", *, at: datetime = NINE) -> Edition:
        return review.submit(self.desk, item_id, by=self.staff[by], at=at)

    def review(
        self,
        item_id: int,
        stage: str,
        by: str,
        *,
        verdict: Verdict = Verdict.APPROVE,
        digest: str | None = None,
        opinion: str = "",
        at: datetime = NINE,
    ) -> None:
        with self.desk.database.sessions.begin() as session:
            edition = queries.item(session, item_id).edition
            judgement = Judgement(
                stage=stage, verdict=verdict, digest=digest or edition.digest or "", opinion=opinion
            )
            person = session.get_one(Person, self.staff[by])
            review.review(session, self.desk, edition, judgement, by=person, at=at)

    def approved(self, *, at: datetime = NINE, **changes: Any) -> int:
        """An item that has passed all three stages."""
        item_id = self.write(at=at, **changes)
        self.submit(item_id, at=at)
        for stage, name in (("department", "王建国"), ("office", "陈敏"), ("secrecy", "郑涛")):
            self.review(item_id, stage, name, at=at)
        return item_id

    def act(self, by: str, do: Callable[..., Any], *given: Any, **named: Any) -> None:
        """Call a workflow function with session, desk and person."""
        with self.desk.database.sessions.begin() as session:
            person = session.get_one(Person, self.staff[by])
            do(session, *given, by=person, at=NINE, **named)

    def item(self, item_id: int) -> Item:
        with self.desk.database.reads() as session:
            item = queries.item(session, item_id)
            for edition in item.editions:
                assert edition.reviews is not None
                assert edition.renditions is not None
                assert edition.files is not None
            return item

    def deliveries(self, item_id: int) -> list[Delivery]:
        with self.desk.database.reads() as session:
            return queries.deliveries_of(session, item_id)


def draft(**changes: Any) -> Draft:
    values: dict[str, Any] = {
        "title": "停水通知",
        "body": "<p>周六停水</p>",
        "summary": "周六停水",
        "targets": ("site", "gate"),
    }
    return Draft(**(values | changes))


@pytest.fixture
def channels() -> dict[str, Channel]:
    return {"site": Site(), "gate": FakeChannel(), "narrow": Narrow()}


@pytest.fixture
def office(tmp_path: Path, channels: dict[str, Channel]) -> Office:
    return opened(make.database(tmp_path), tmp_path, channels)


def opened(database: Database, folder: Path, channels: dict[str, Channel]) -> Office:
    """An office with its people, on a fresh database."""
    desk = Desk(
        settings=settings.load(folder),
        database=database,
        channels=channels,
        media=MediaStore(folder / "data" / "media"),
    )
    made = Office(desk)
    staff = {
        "林晓": ("author",),
        "周宁": ("author", "department_reviewer"),
        "王建国": ("department_reviewer",),
        "陈敏": ("office_reviewer",),
        "郑涛": ("secrecy_reviewer",),
        "全能": ("department_reviewer", "office_reviewer", "secrecy_reviewer"),
        "吴凡": ("operator",),
        "赵琳": ("auditor",),
    }
    with desk.database.sessions.begin() as session:
        for name, roles in staff.items():
            person = people.add(session, name, roles=roles, password=None, at=NINE)
            made.staff[name] = person.id
    return made
