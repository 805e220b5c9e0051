"""A scripted outlet on a real socket.

Only a socket tells a refused connection from a lost answer.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Act = Callable[["_Handler"], None]


@dataclass
class Request:
    """One request as it came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Outlet:
    """Answers as it was told; the last thing it was told holds for all further requests."""

    url: str
    requests: list[Request] = field(default_factory=list)
    _script: list[Act] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def received(self) -> list[Any]:
        """The JSON bodies that came in, in order."""
        return [request.json for request in self.requests if request.body]

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.requests]

    def answers(
        self, status: int = 200, body: object = None, headers: dict[str, str] | None = None
    ) -> None:
        """Tell it to answer so: bytes as they are, anything else as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        self._script.append(lambda handler: handler.answer(status, content, headers or {}))

    def answers_late(self, delay_s: float, body: object = None) -> None:
        """Tell it to take the request and answer after that many seconds."""

        def late(handler: _Handler) -> None:
            time.sleep(delay_s)
            handler.answer(200, json.dumps(body).encode(), {})

        self._script.append(late)

    def takes_it_and_hangs_up(self) -> None:
        """Tell it to read the whole request and cut the line without a word."""
        self._script.append(lambda handler: handler.hang_up())

    def answers_half(self) -> None:
        """Tell it to cut the line in the middle of its answer."""
        self._script.append(lambda handler: handler.answer_half())

    def next_act(self) -> Act:
        with self._lock:
            if not self._script:
                return lambda handler: handler.answer(200, b"{}", {})
            return self._script.pop(0) if len(self._script) > 1 else self._script[0]


class _Handler(BaseHTTPRequestHandler):
    outlet: Outlet
    protocol_version = "HTTP/1.1"

    def _take(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.outlet.requests.append(Request(self.command, self.path, dict(self.headers), body))
        self.outlet.next_act()(self)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _take

    def answer(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in ({"Content-Type": "application/json"} | headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def answer_half(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b'{"half":')
        self.hang_up()

    def hang_up(self) -> None:
        self.close_connection = True
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: a test's output is its own."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that went away: some tests do just that."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def start() -> tuple[Outlet, ThreadingHTTPServer]:
    """Start an outlet on a free port of the loopback."""
    handler = type("Handler", (_Handler,), {})
    server = _Server(("127.0.0.1", 0), handler)
    outlet = Outlet(url=f"http://127.0.0.1:{server.server_port}")
    handler.outlet = outlet  # type: ignore[attr-defined]  # made two lines above
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return outlet, server
