"""An office that is visited by browser: toy channels, people with passwords, and their door."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from httpx2 import Response
from lxml import html
from PIL import Image as Picture
from starlette.testclient import TestClient

from publisher import app, clock, console, settings
from publisher.app import App
from publisher.channel import Channel, Checks, Content, Health, Links, Part, Rendition, Splits
from publisher.errors import UnfitError
from publisher.model.delivery import Delivery
from publisher.model.item import Item
from publisher.storage import queries
from publisher.workflow import people
from tests.make import FakeChannel

PASSWORD = "correct horse 9"
STAFF = {
    "林晓": ("author",),
    "王建国": ("department_reviewer",),
    "陈敏": ("office_reviewer",),
    "郑涛": ("secrecy_reviewer",),
    "吴凡": ("operator", "administrator"),
    "赵琳": ("auditor",),
    "周宁": ("author", "department_reviewer"),
}
REVIEWERS = ("王建国", "陈敏", "郑涛")
NOTICE: dict[str, Any] = {
    "title": "停水通知",
    "body": "周六停水。\n请提前储水。",
    "body_form": "text",
    "summary": "周六停水",
    "kind": "通知",
    "audience": "public",
    "department": "后勤管理处",
    "targets": ["site", "board"],
}
LATER = "2099-11-24T08:30"
MAX_TITLE = 12  # characters, on the board


@dataclass(frozen=True, kw_only=True)
class Site(FakeChannel, Links, Checks):
    """An outlet of pages, whose addresses are known beforehand."""

    label = "官网"
    troubles: list[Health] = field(default_factory=list)

    def render(self, content: Content) -> Rendition:
        parts = [
            Part(name=image.name, media_type=image.media_type, file=image.file, label=image.alt)
            for image in content.images
        ]
        return Rendition(
            body=f"<article>{content.body}</article>".encode(),
            media_type="text/html",
            title=content.title,
            parts=tuple(parts),
            facts={"index_number": content.index_number},
        )

    def link(self, content: Content) -> str:
        return f"http://127.0.0.1/{content.index_number}.html"

    def check(self) -> Health:
        return self.troubles[-1] if self.troubles else Health(is_reachable=True, is_signed_in=True)


@dataclass(frozen=True, kw_only=True)
class Board(FakeChannel):
    """An outlet that takes short titles only, as text."""

    label = "公告屏"

    def render(self, content: Content) -> Rendition:
        if len(content.title) > MAX_TITLE:
            raise UnfitError(f"标题超过 {MAX_TITLE} 个字，请缩短", field="title")
        return super().render(content)


@dataclass(frozen=True, kw_only=True)
class Walls(FakeChannel, Splits):
    """An outlet of two places that shows a picture."""

    label = "大屏"
    names: tuple[str, ...] = ("library", "canteen")

    def parts(self) -> tuple[str, ...]:
        return self.names

    def part(self, name: str) -> Channel:
        return self

    def part_label(self, name: str) -> str:
        return {"library": "图书馆", "canteen": "食堂"}[name]

    def render(self, content: Content) -> Rendition:
        return Rendition(body=picture(), media_type="image/png", title=content.title)


@dataclass
class Visit:
    """One person's browser, without scripts."""

    client: TestClient
    page: html.HtmlElement | None = None

    def get(self, path: str, *, status: int = 200) -> html.HtmlElement:
        """Open a page."""
        return self._read(self.client.get(path), status)

    def post(
        self, path: str, *, status: int = 200, files: Any = None, **fields: Any
    ) -> html.HtmlElement:
        """Send a form with the token of the page that is open; what follows is the next page."""
        fields.setdefault("form_token", self.token())
        return self._read(self.client.post(path, data=fields, files=files), status)

    def token(self) -> str:
        """Return the token of any page of this session."""
        page = self.client.get("/items").text
        found = re.search(r'name="form_token" value="([^"]+)"', page)
        return found[1] if found else ""

    def _read(self, answer: Response, status: int) -> html.HtmlElement:
        assert answer.status_code == status, answer.text
        self.page = html.fromstring(answer.text)
        self.url = answer.url.path
        return self.page


def words(page: html.HtmlElement) -> str:
    """Return the words of a page, white space made one."""
    return " ".join(page.text_content().split())


@dataclass
class Office:
    """The people of an office and their console."""

    app: App
    door: Any
    site: Site
    board: Board
    walls: Walls
    visits: dict[str, Visit] = field(default_factory=dict)

    def browser(self) -> TestClient:
        """Return a browser in which nobody has signed in."""
        headers = {"Origin": "http://testserver"}
        return TestClient(self.door, headers=headers, raise_server_exceptions=False)

    def of(self, name: str) -> Visit:
        """Return the browser of somebody who has signed in."""
        if name not in self.visits:
            client = self.browser()
            with self.app.database.sessions.begin() as session:
                person = people.named(session, name)
                cookie = people.sign_in(session, person, at=clock.now(), lasts=HOUR)
            client.cookies.set("yigao_session", cookie)
            self.visits[name] = Visit(client)
        return self.visits[name]

    def draft(self, by: str = "林晓", **changes: Any) -> int:
        """Write the usual notice in the editor; return its number."""
        visit = self.of(by)
        visit.post("/items", **(NOTICE | changes))
        return int(visit.url.rpartition("/")[2])

    def submitted(self, **changes: Any) -> int:
        """Write and submit; return its number."""
        number = self.draft(**changes)
        self.of("林晓").post(f"/items/{number}/submission")
        return number

    def review(self, number: int, by: str, *, status: int = 200, **fields: Any) -> Any:
        """Open the page of review and send its form, approval unless told otherwise."""
        edition = self.item(number).edition
        visit = self.of(by)
        page = visit.get(f"/editions/{edition.id}/review")
        shown = {
            one.get("name"): one.get("value")
            for one in page.xpath("//form[contains(@class, 'verdict')]//input[@type='hidden']")
        }
        asked = shown | {"verdict": "approve"} | fields
        return visit.post(f"/editions/{edition.id}/reviews", status=status, **asked)

    def approved(self, **changes: Any) -> int:
        """Write, submit and approve; return the number once all lanes are at rest."""
        number = self.submitted(**changes)
        for name in REVIEWERS:
            self.review(number, name)
        self.rest()
        return number

    def rest(self) -> None:
        """Wait until no lane is at work."""
        while self.app.lanes.busy():
            assert self.app.lanes.rest(30)

    def item(self, number: int) -> Item:
        """Return an item as the ledger has it."""
        with self.app.database.reads() as session:
            item = queries.item(session, number)
            for edition in item.editions:
                assert edition.reviews is not None
                assert edition.renditions is not None
                assert edition.files is not None
            return item

    def deliveries(self, number: int) -> list[Delivery]:
        """Return the deliveries of an item."""
        with self.app.database.reads() as session:
            return queries.deliveries_of(session, number)


HOUR = timedelta(hours=1)


def picture(media_type: str = "PNG") -> bytes:
    """Return a small picture."""
    out = BytesIO()
    Picture.new("RGB", (48, 27), (20, 84, 107)).save(out, format=media_type)
    return out.getvalue()


def found(folder: Path, **changes: Any) -> Office:
    """Open an office in an empty folder; changes are settings."""
    site, board, walls = Site(), Board(), Walls()
    installed = wired(folder, {"site": site, "board": board, "walls": walls}, **changes)
    office = Office(
        app=installed, door=console.build(installed), site=site, board=board, walls=walls
    )
    with installed.database.sessions.begin() as session:
        for name, roles in STAFF.items():
            person = people.add(session, name, roles=roles, password=None, at=clock.now())
            person.password_hash = PASSWORD_HASH
    return office


PASSWORD_HASH = people.HASHER.hash(PASSWORD)  # once: hashing takes long, on purpose


def wired(folder: Path, channels: dict[str, Channel], **changes: Any) -> App:
    """Wire an installation with these channels in place of configured ones."""
    chosen = dataclasses.replace(settings.load(folder), targets={}, **changes)
    bare = app.wire(chosen)
    return dataclasses.replace(
        bare,
        channels=channels,
        desk=dataclasses.replace(bare.desk, channels=channels),
        works=dataclasses.replace(bare.works, channels=channels),
    )
