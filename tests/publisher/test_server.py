from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from publisher import app as composition
from publisher import clock, server, settings
from publisher.channel import ASGIApp, Event, Reports
from publisher.errors import ConfigError
from publisher.model.states import DeliveryState as S
from publisher.storage.leader import Leadership
from tests import make
from tests.make import NINE, FakeChannel


def two_ports() -> list[int]:
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as other,
    ):
        return [made.getsockname()[1] for made in (one, other)]


def test_a_second_process_on_one_sqlite_ledger_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    console, site = two_ports()
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "publisher.toml").write_text(
        f"[server]\nconsole_port = {console}\nsite_port = {site}\n", encoding="utf-8"
    )
    monkeypatch.setattr(server, "HANDOVER_S", 0.5)
    app = composition.wire(settings.load(tmp_path))
    first = Leadership(app.database)
    assert first.hold()

    with pytest.raises(ConfigError, match="已经有 publisher serve 在运行"):
        server.serve(app)

    first.let_go()


@dataclass(frozen=True, kw_only=True)
class CalledBack(FakeChannel, Reports):
    """An outlet that tells the name of what has become visible, and asks for an echo at first."""

    def receiver(self, tell: Callable[[Event], None]) -> ASGIApp:
        async def receive(scope: Scope, channel: Receive, send: Send) -> None:
            asked = Request(scope, channel)
            said = (await asked.body()).decode() or asked.query_params["echo"]
            if asked.method == "POST":
                await run_in_threadpool(tell, Event(remote_id=said, at=NINE))
            await PlainTextResponse(said)(scope, channel, send)

        return receive


def test_outlets_call_us_at_one_address_for_each_target(tmp_path: Path) -> None:
    app = composition.wire(settings.load(tmp_path))
    app.channels["gate"] = CalledBack()
    one = make.delivery(
        app.works, state=S.ACCEPTED, remote_id="m1", accepted_at=clock.now(), deadline_at=None
    )
    outlet = TestClient(server.public_pages(app))

    asked = outlet.get("/callbacks/gate", params={"echo": "7"})
    told = outlet.post("/callbacks/gate", content="m1")
    app.lanes.rest(10.0)
    app.close()

    assert (asked.text, told.text) == ("7", "m1")
    assert make.stored(app.works, one).state == S.CONFIRMED
    assert outlet.post("/callbacks/other", content="m1").status_code == 404
