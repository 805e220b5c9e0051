"""The outlet of all benches: takes posts, counts them by key, and fails as it was told.

A process of its own with one thread around epoll, so that it is never what limits. A post is named
by its header `Idempotency-Key`. `python -m tests.bench.sink` measures how much it takes.
"""

from __future__ import annotations

import heapq
import json
import random
import re
import selectors
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from channels import _http
from tests.bench.measure import machine, show

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
KEY = re.compile(rb"\r\nidempotency-key: *([^\r]+)", re.IGNORECASE)
PIECE_BYTES = 65_536
PATIENCE_S = 15.0


@dataclass(frozen=True, kw_only=True)
class Manners:
    """How the sink behaves; each of the rates is a share of all posts, together at most 1."""

    delay_s: float = 0.0  # before each answer
    busy: float = 0.0  # 503, and nothing is there
    error: float = 0.0  # 500, and it is there all the same
    lost: float = 0.0  # it is there, and the line is cut without an answer
    vanished: float = 0.0  # the line is cut, and nothing is there
    slow: float = 0.0  # it is there, and the answer takes slow_s
    slow_s: float = 30.0

    def draw(self, chance: random.Random) -> str:
        """Return the fault of the next post, or "" for none."""
        left = chance.random()
        for fault in ("busy", "error", "lost", "vanished", "slow"):
            left -= getattr(self, fault)
            if left < 0:
                return fault
        return ""


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What has arrived; moments are seconds since the epoch."""

    posts: int  # requests that came in, whatever became of them
    there: int  # different keys that are there
    doubled: int  # keys that are there more than once
    first_at: float
    last_at: float

    @property
    def per_s(self) -> float:
        """Arrivals in a second, between the first and the last."""
        return (self.posts - 1) / (self.last_at - self.first_at)


@dataclass
class _Books:
    there: Counter[bytes] = field(default_factory=Counter)
    arrivals: list[float] = field(default_factory=list)

    def tally(self) -> Tally:
        return Tally(
            posts=len(self.arrivals),
            there=len(self.there),
            doubled=sum(times > 1 for times in self.there.values()),
            first_at=self.arrivals[0] if self.arrivals else 0.0,
            last_at=self.arrivals[-1] if self.arrivals else 0.0,
        )


def _response(status: str, content: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(content)}"
    return head.encode() + b"\r\n\r\n" + content


TAKEN = _response("200 OK", b'{"ok":true}')
BUSY = _response("503 Service Unavailable", b'{"ok":false}')
ERROR = _response("500 Internal Server Error", b'{"ok":false}')
ABSENT = _response("404 Not Found", b'{"ok":false}')
CUT = b""


class Server:
    """The sink itself."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.listener.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self.listener, selectors.EVENT_READ)
        self._late: list[tuple[float, int, socket.socket, bytes]] = []
        self._chance = random.Random(1)
        self._manners = Manners()
        self._books = _Books()
        self._number = 0

    def serve(self) -> None:
        """Serve until the process ends."""
        while True:
            wait_s = max(0.0, self._late[0][0] - time.monotonic()) if self._late else None
            for key, _ in self._selector.select(wait_s):
                if key.fileobj is self.listener:
                    self._accept()
                else:
                    self._read(key.fileobj, key.data)  # type: ignore[arg-type]  # a socket
            while self._late and self._late[0][0] <= time.monotonic():
                _, _, line, answer = heapq.heappop(self._late)
                self._answer(line, answer)

    def _accept(self) -> None:
        line, _ = self.listener.accept()
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(line, selectors.EVENT_READ, bytearray())

    def _read(self, line: socket.socket, buffer: bytearray) -> None:
        try:
            piece = line.recv(PIECE_BYTES)
        except OSError:
            piece = b""
        if not piece:
            self._close(line)
            return
        buffer += piece
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(buffer[:end])
        found = LENGTH.search(head)
        whole = end + 4 + (int(found[1]) if found else 0)
        if len(buffer) < whole:
            return
        body = bytes(buffer[end + 4 : whole])
        del buffer[:whole]
        self._take(line, head, body)

    def _take(self, line: socket.socket, head: bytes, body: bytes) -> None:
        method, path, _ = head.split(b" ", 2)
        if path.startswith(b"/_"):
            self._answer(line, self._control(method, path, body))
            return
        self._books.arrivals.append(time.time())
        fault = self._manners.draw(self._chance)
        if fault not in ("busy", "vanished"):
            found = KEY.search(head)
            self._books.there[found[1] if found else b""] += 1
        answer = {"busy": BUSY, "error": ERROR, "lost": CUT, "vanished": CUT}.get(fault, TAKEN)
        delay_s = self._manners.slow_s if fault == "slow" else self._manners.delay_s
        if delay_s:
            self._number += 1
            heapq.heappush(self._late, (time.monotonic() + delay_s, self._number, line, answer))
        else:
            self._answer(line, answer)

    def _control(self, method: bytes, path: bytes, body: bytes) -> bytes:
        """Answer the bench itself: what it has, what is there, how to behave from now on."""
        if path.startswith(b"/_posts/"):
            return TAKEN if path.removeprefix(b"/_posts/") in self._books.there else ABSENT
        if path == b"/_arrivals":
            return _response("200 OK", json.dumps({"at": self._books.arrivals}).encode())
        if method == b"POST":
            self._manners = Manners(**json.loads(body))
            self._books = _Books()
        return _response("200 OK", json.dumps(asdict(self._books.tally())).encode())

    def _answer(self, line: socket.socket, answer: bytes) -> None:
        try:
            if answer:
                line.send(answer)  # small: it always fits
            else:
                self._close(line)
        except OSError:
            self._close(line)

    def _close(self, line: socket.socket) -> None:
        if line.fileno() >= 0:
            self._selector.unregister(line)
            line.close()


@dataclass(frozen=True)
class Sink:
    """A sink that runs."""

    url: str

    def begin(self, manners: Manners | None = None) -> None:
        """Forget all that has arrived, and behave so from now on."""
        _http.post_json(f"{self.url}/_manners", asdict(manners or Manners()))

    def tally(self) -> Tally:
        """Return what has arrived."""
        return Tally(**self._ask("/_tally"))

    def arrivals(self) -> list[float]:
        """Return when each post came in."""
        return list(self._ask("/_arrivals")["at"])

    def wait(self, posts: int, *, patience_s: float = PATIENCE_S) -> Tally:
        """Return once so many have arrived, or when nothing more has come for a while."""
        tally = self.tally()
        until = time.monotonic() + patience_s
        while tally.posts < posts and time.monotonic() < until:
            time.sleep(0.2)
            before, tally = tally, self.tally()
            if tally.posts > before.posts:
                until = time.monotonic() + patience_s
        return tally

    def _ask(self, path: str) -> dict[str, Any]:
        return _http.json_object(_http.send("GET", f"{self.url}{path}"))


@contextmanager
def running() -> Iterator[Sink]:
    """Run a sink in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.sink", "serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Sink(process.stdout.readline().strip())
        finally:
            process.kill()


def main() -> None:
    """Serve, or show how much a sink takes from senders that do not wait for answers."""
    if sys.argv[1:] == ["serve"]:
        server = Server()
        show(f"http://127.0.0.1:{server.listener.getsockname()[1]}")
        server.serve()
    show(machine())
    with running() as sink:
        for manners in (Manners(), Manners(delay_s=0.05)):
            sink.begin(manners)
            _flood(sink.url, posts=30_000, lines=64)
            show(f"{manners.delay_s * 1000:.0f} ms: {sink.tally().per_s:,.0f} posts a second")


def _flood(url: str, *, posts: int, lines: int) -> None:
    """Keep every line busy from one thread; the answers are only counted."""
    host, port = url.removeprefix("http://").split(":")
    post = b"POST / HTTP/1.1\r\nHost: sink\r\nIdempotency-Key: %d\r\nContent-Length: 1000\r\n\r\n"
    body = b"x" * 1000
    selector = selectors.DefaultSelector()
    opened = [socket.create_connection((host, int(port))) for _ in range(lines)]
    sent = 0
    for line in opened:
        selector.register(line, selectors.EVENT_READ)
        line.sendall(post % sent + body)
        sent += 1
    while sent < posts:
        for key, _ in selector.select():
            line = key.fileobj  # type: ignore[assignment]  # one of ours
            line.recv(PIECE_BYTES)
            line.sendall(post % sent + body)
            sent += 1
    for line in opened:
        line.recv(PIECE_BYTES)
        line.close()


if __name__ == "__main__":
    main()
