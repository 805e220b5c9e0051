"""An outlet that knows what is public, what came in when, and how many came at once.

`python -m tests.engines.outlet` runs one by itself, for measurements.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Outlet:
    """What the outlet has seen; accounts are the first part of a path, keys the second."""

    url: str = ""
    takes_s: float = 0.0  # each delivery
    posts: list[str] = field(default_factory=list)  # "account/key", in order
    public: set[str] = field(default_factory=set)
    refuses: dict[str, int] = field(default_factory=dict)  # account -> status
    most_at_once: Counter[str] = field(default_factory=Counter)  # account
    holding: threading.Event = field(default_factory=threading.Event)  # set: answers at once
    _now: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.holding.set()

    def take(self, place: str) -> int:
        """Take a delivery in and answer: it is public before the answer is out."""
        account = place.partition("/")[0]
        with self._lock:
            self.posts.append(place)
            self._now[account] += 1
            self.most_at_once[account] = max(self.most_at_once[account], self._now[account])
        try:
            if account in self.refuses:
                return self.refuses[account]
            self.public.add(place)
            time.sleep(self.takes_s)
            self.holding.wait()
            return 200
        finally:
            with self._lock:
                self._now[account] -= 1

    def has_taken(self, count: int, *, patience_s: float = 90.0) -> bool:
        """Wait until so many deliveries have come in; False where they do not."""
        end = time.monotonic() + patience_s
        while len(self.posts) < count:
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
        return True

    def repeated(self) -> list[str]:
        """Return what came more than once."""
        return [place for place, times in Counter(self.posts).items() if times > 1]


class _Handler(BaseHTTPRequestHandler):
    outlet: Outlet
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer(self.outlet.take(self.path[1:]))

    def do_GET(self) -> None:
        self._answer(200 if self.path[1:] in self.outlet.public else 404)

    def do_DELETE(self) -> None:
        self.outlet.public.discard(self.path[1:])
        self._answer(200)

    def _answer(self, status: int) -> None:
        self.send_response_only(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: a test's output is its own."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that went away: they are killed."""


@contextmanager
def running(*, port: int = 0) -> Iterator[Outlet]:
    """Run an outlet on the loopback."""
    outlet = Outlet()
    handler = type("Handler", (_Handler,), {"outlet": outlet})
    server = _Server(("127.0.0.1", port), handler)
    outlet.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield outlet
    finally:
        outlet.holding.set()
        server.shutdown()
        server.server_close()
