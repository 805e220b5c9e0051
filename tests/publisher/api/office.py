"""An office that is asked over HTTP: toy channels, people with tokens, doors as in a server."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from httpx2 import Response
from sqlalchemy import func, select
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from publisher import api, app, clock, settings
from publisher.api import operations
from publisher.app import App
from publisher.channel import Channel, Content, Links, Part, Rendition
from publisher.errors import UnfitError
from publisher.model.base import Base
from publisher.workflow import people
from tests.make import FakeChannel

STAFF = {
    "林晓": ("author",),
    "王建国": ("department_reviewer",),
    "陈敏": ("office_reviewer",),
    "郑涛": ("secrecy_reviewer",),
    "吴凡": ("operator", "administrator"),
    "赵琳": ("auditor",),
    "周全": ("author", "department_reviewer", "office_reviewer", "secrecy_reviewer"),
    "钱进": ("department_reviewer", "office_reviewer"),
}
STAGES = {"department": "王建国", "office": "陈敏", "secrecy": "郑涛"}
LATER = "2099-11-24 08:30"
NOTICE: dict[str, Any] = {
    "title": "停水通知",
    "body_html": "<p>周六停水</p>",
    "targets": ["site", "board"],
}
MAX_TITLE = 12  # characters, on the board


@dataclass(frozen=True, kw_only=True)
class Site(FakeChannel, Links):
    """An outlet of pages, whose addresses are known beforehand."""

    label = "官网"

    def render(self, content: Content) -> Rendition:
        parts = [
            Part(name=image.name, media_type=image.media_type, file=image.file, label=image.alt)
            for image in content.images
        ]
        return Rendition(
            body=f"<h1>{content.title}</h1>{content.body}".encode(),
            media_type="text/html",
            title=content.title,
            parts=tuple(parts),
        )

    def link(self, content: Content) -> str:
        return f"http://127.0.0.1/{content.index_number}.html"


@dataclass(frozen=True, kw_only=True)
class Board(FakeChannel):
    """An outlet that takes short titles only."""

    label = "公告屏"

    def render(self, content: Content) -> Rendition:
        if len(content.title) > MAX_TITLE:
            raise UnfitError(f"标题超过 {MAX_TITLE} 个字，请缩短", field="title")
        return super().render(content)


@dataclass
class Office:
    """The people of an office, each with a token, and what they ask the API."""

    app: App
    client: TestClient
    site: Site
    board: Board
    tokens: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, *, by: str = "林晓", **request: Any) -> Response:
        """Ask the API as somebody."""
        headers = {"Authorization": f"Bearer {self.tokens[by]}"} | request.pop("headers", {})
        return self.client.request(method, f"/api/v1{path}", headers=headers, **request)

    def get(self, path: str, *, by: str = "林晓") -> Any:
        """Return what the API tells somebody."""
        answer = self.ask("GET", path, by=by)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, *, by: str = "林晓", **body: Any) -> Any:
        """Return what the API answers to an act that succeeds."""
        answer = self.ask("POST", path, by=by, json=body)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def draft(self, *, by: str = "林晓", **changes: Any) -> int:
        """Draft the usual notice; return its number."""
        number: int = self.post("/items", by=by, **(NOTICE | changes))["id"]
        return number

    def submitted(self, *, by: str = "林晓", **changes: Any) -> tuple[int, str]:
        """Draft and submit; return number and digest."""
        number = self.draft(by=by, **changes)
        return number, self.post(f"/items/{number}/submission", by=by)["digest"]

    def review(
        self, number: int, digest: str, stage: str, *, by: str = "", **body: Any
    ) -> Response:
        """Give a verdict, approval unless told otherwise."""
        verdict = {"stage": stage, "verdict": "approve", "digest": digest} | body
        return self.ask(
            "POST", f"/items/{number}/reviews", by=by or STAGES.get(stage, "王建国"), json=verdict
        )

    def approved(self, **changes: Any) -> int:
        """Draft, submit and approve; return the number once all lanes are at rest."""
        number, digest = self.submitted(**changes)
        for stage, reviewer in STAGES.items():
            answer = self.review(number, by=reviewer, stage=stage, digest=digest)
            assert answer.status_code == 201, answer.text
        self.rest()
        return number

    def rest(self) -> None:
        """Wait until no lane is at work."""
        while self.app.lanes.busy():
            assert self.app.lanes.rest(30)

    def counts(self) -> dict[str, int]:
        """Return how many rows every table has."""
        with self.app.database.reads() as session:
            return {
                table.name: session.scalar(select(func.count()).select_from(table)) or 0
                for table in Base.metadata.sorted_tables
            }


def found(folder: Path) -> Office:
    """Open an office in an empty folder."""
    site, board = Site(), Board()
    installed = wired(folder, {"site": site, "board": board})
    door = Starlette(
        routes=[
            Mount("/api/v1", api.build(installed)),
            *operations.router(installed).routes,
        ]
    )
    office = Office(app=installed, client=TestClient(door), site=site, board=board)
    with installed.database.sessions.begin() as session:
        for name, roles in STAFF.items():
            person = people.add(session, name, roles=roles, password=None, at=clock.now())
            office.tokens[name] = people.create_token(session, person, at=clock.now())
    return office


def wired(folder: Path, channels: dict[str, Channel]) -> App:
    """Wire an installation with these channels in place of configured ones."""
    bare = app.wire(dataclasses.replace(settings.load(folder), targets={}))
    return dataclasses.replace(
        bare,
        channels=channels,
        desk=dataclasses.replace(bare.desk, channels=channels),
        works=dataclasses.replace(bare.works, channels=channels),
    )
