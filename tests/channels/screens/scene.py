"""Screens on a real socket, and a player that says what a test tells it to."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import uuid4

import requests
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from channels.screens import Screens
from publisher.errors import UnknownOutcomeError

Found = TypeVar("Found")
PATIENCE_S = 30.0


@dataclass
class Site:
    """The public site with the screens on it; can be stopped and started at the same address."""

    screens: Screens
    port: int = 0
    _server: uvicorn.Server | None = None
    _thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        app = Starlette(routes=[Mount(self.screens.mount, self.screens.pages())])
        config = uvicorn.Config(
            app, log_level="error", ws="none", lifespan="off", timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        self._server = server
        self._thread = threading.Thread(target=lambda: server.run(sockets=[listener]), daemon=True)
        self._thread.start()
        while not server.started:
            time.sleep(0.01)

    def stop(self) -> None:
        if self._server and self._thread:
            self.screens.closing()
            self._server.should_exit = True
            self._thread.join()


@dataclass
class Player:
    """Speaks for one screen as the page does."""

    url: str  # of the screen
    session: requests.Session = field(default_factory=requests.Session)

    def manifest(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.session.get(f"{self.url}/manifest.json", timeout=10).json()
        return answer

    def says(self, event: str, key: str, *, at: datetime | None = None, id: str = "") -> int:
        moment = (at or datetime.now(UTC)).isoformat()
        report = {"id": id or uuid4().hex, "key": key, "event": event, "from": moment, "to": moment}
        return self.posts("reports", [report]).status_code

    def beats(self, *, version: int = 0, key: str = "", keys: tuple[str, ...] = ()) -> int:
        said = {"version": version, "key": key, "keys": list(keys)}
        return self.posts("heartbeat", said).status_code

    def posts(self, path: str, body: object) -> requests.Response:
        return self.session.post(f"{self.url}/{path}", json=body, timeout=10)


def eventually(ask: Callable[[], Found]) -> Found:
    """Ask, as the worker does, until the outcome is known."""
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            return ask()
        except UnknownOutcomeError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
