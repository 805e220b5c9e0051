"""An outlet with a public of its own: who posts twice, shows it twice.

It has faults at the first post of each text, and can kill its caller in the middle of a call. `key`
is only what a post can be found by, unless the caller says that a call with that key has one effect
at the most.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from typing import Any

from tests.crash.clock import Clock

LATER_S = 15.0  # until a post that comes later is visible
SLOW_S = 40.0  # that a slow call takes: longer than a lease
PATIENCE_S = 0.3  # of real time, for others to move the clock on while a call is slow


class Fault(StrEnum):
    """What goes wrong at the first post of a text, or at the first take-down."""

    NONE = "none"
    REFUSED = "refused"  # nobody listens; see channels.py
    RESET = "accept then reset"
    ERROR_BEFORE = "5xx before the effect"
    ERROR_AFTER = "5xx after the effect"
    NO_ID = "200 without id"
    LATER = "visible later"
    RESET_LATER = "accept then reset, visible later"
    SLOW = "40 s slow"
    VANISHES = "vanishes"  # taken, and never to be seen
    TAKE_DOWN_RESET = "take-down done, then reset"


@dataclass
class Post:
    """One thing that the public saw, in seconds since nine."""

    id: str
    key: str
    text: str
    from_s: float
    until_s: float | None = None


@dataclass
class Public:
    """What was ever to be seen, and what goes wrong."""

    clock: Clock
    fault: Fault = Fault.NONE
    kill_at: int = 0  # the number of the call whose caller dies; 0: none
    calls: int = 0
    posts: list[Post] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)  # texts that have had their fault
    keyed: dict[str, list[str]] = field(default_factory=dict)  # names of what a keyed call showed
    lock: threading.Lock = field(default_factory=threading.Lock)

    def visible(self, key: str, id: str = "") -> Post | None:
        """Return what can be seen now under a key, or under the outlet's own name."""
        now = self.clock.now_s()
        for post in self.posts:
            is_asked = post.id == id if id else post.key == key
            is_up = post.from_s <= now and (post.until_s is None or post.until_s > now)
            if is_asked and is_up:
                return post
        return None

    def fault_of(self, text: str) -> Fault:
        """Return what goes wrong with this post, the first time that it comes."""
        if text in self.refused:
            return Fault.NONE
        self.refused.append(text)
        return self.fault

    def show(self, key: str, text: str, fault: Fault) -> Post:
        """Let the public see it."""
        wait_s = {Fault.LATER: LATER_S, Fault.RESET_LATER: LATER_S, Fault.SLOW: SLOW_S}
        begin_s = self.clock.now_s() + wait_s.get(fault, 0.0)
        end_s = begin_s if fault == Fault.VANISHES else None
        post = Post(f"post-{len(self.posts) + 1}", key, text, begin_s, end_s)
        self.posts.append(post)
        return post

    def hide(self, id: str) -> None:
        """Let the public see it no more."""
        for post in self.posts:
            if post.id == id and post.until_s is None:
                post.until_s = max(post.from_s, self.clock.now_s())


class _Handler(BaseHTTPRequestHandler):
    public: Public
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Tell what is visible under a key or a name; at /_public, what ever was."""
        if self.path == "/_public":
            posts = [asdict(post) for post in self.public.posts]
            self._answer(200, {"posts": posts, "calls": self.public.calls})
            return
        post = self.public.visible(**self._asked())
        self._perhaps_kill()
        self._answer(200 if post else 404, {"id": post.id} if post else {})

    def do_POST(self) -> None:
        """Show several texts at once, in one call."""
        asked = self._asked()
        if self.path in ("/_begin", "/_by_hand"):
            self._begin(asked) if self.path == "/_begin" else self._by_hand(asked)
            return
        public = self.public
        if asked["is_keyed"] and asked["key"] in public.keyed:
            self._perhaps_kill()
            self._answer(200, {"ids": public.keyed[asked["key"]]})
            return
        with public.lock:
            faults = [public.fault_of(text) for text in asked["texts"]]
            fault = faults[0] if faults else Fault.NONE
            shown = []
            if fault != Fault.ERROR_BEFORE:
                shown = [
                    public.show(f"{asked['key']}{place}", text, fault)
                    for place, text in zip(asked["places"], asked["texts"], strict=True)
                ]
                public.keyed[asked["key"]] = [one.id for one in shown]
        self._perhaps_kill()
        if fault == Fault.SLOW:
            self._take_long()
        if fault in (Fault.RESET, Fault.RESET_LATER):
            self._hang_up()
        elif fault in (Fault.ERROR_BEFORE, Fault.ERROR_AFTER):
            self._answer(500, {})
        else:
            self._answer(200, {} if fault == Fault.NO_ID else {"ids": [one.id for one in shown]})

    def do_PUT(self) -> None:
        """Prepare: nobody sees it."""
        asked = self._asked()
        self._perhaps_kill()
        self._answer(200, {"handle": f"draft of {asked['key']}"})

    def do_DELETE(self) -> None:
        """Take one post down."""
        asked = self._asked()
        with self.public.lock:
            self.public.hide(asked["id"])
            is_first = "take-down" not in self.public.refused
            self.public.refused.append("take-down")
        self._perhaps_kill()
        if is_first and self.public.fault == Fault.TAKE_DOWN_RESET:
            self._hang_up()
        else:
            self._answer(200, {})

    def _asked(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}"
        )
        return found

    def _begin(self, asked: dict[str, Any]) -> None:
        public = self.public
        public.fault, public.kill_at = Fault(asked["fault"]), asked["kill_at"]
        public.calls = 0
        public.posts, public.refused = [], []
        public.keyed.clear()
        self._answer(200, {})

    def _by_hand(self, asked: dict[str, Any]) -> None:
        """Show a person whether a text is up, who takes it down where it is to go."""
        up = [post for post in still_up(self.public.posts) if post.text == asked["text"]]
        for post in up if asked["is_to_go"] else []:
            self.public.hide(post.id)
        self._answer(200, {"is_up": bool(up) and not asked["is_to_go"]})

    def _perhaps_kill(self) -> None:
        """Kill the caller while it waits for an answer, if it asked for that by its number."""
        caller = self.headers.get("X-Victim")
        if caller is None:
            return
        with self.public.lock:
            self.public.calls += 1
            is_its_turn = self.public.calls == self.public.kill_at
        if is_its_turn:
            os.kill(int(caller), signal.SIGKILL)

    def _take_long(self) -> None:
        """Answer when the clock has gone on far enough; nobody moves it on but us, if need be."""
        clock = self.public.clock
        until_s = clock.now_s() + SLOW_S
        end = time.monotonic() + PATIENCE_S
        while clock.now_s() < until_s and time.monotonic() < end:
            time.sleep(0.005)
        clock.move_to(until_s)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _answer(self, status: int, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: a test's output is its own."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of callers that were killed."""


def serve(clock: Clock, told: Connection) -> None:
    """Tell the address, and serve until the process is ended."""
    handler = type("Handler", (_Handler,), {"public": Public(clock)})
    server = _Server(("127.0.0.1", 0), handler)
    told.send(f"http://127.0.0.1:{server.server_port}")
    server.serve_forever(0.05)


def most_at_once(posts: list[Post]) -> int:
    """Return how many posts of one text were visible at the same moment, at the most."""
    moments = [post.from_s for post in posts]
    return max((sum(_is_up(post, moment) for post in posts) for moment in moments), default=0)


def still_up(posts: list[Post]) -> list[Post]:
    """Return what is visible in the end, or will be."""
    return [post for post in posts if post.until_s is None]


def _is_up(post: Post, moment_s: float) -> bool:
    return post.from_s <= moment_s and (post.until_s is None or moment_s < post.until_s)


def by_text(posts: list[Post]) -> Iterator[list[Post]]:
    """Return the posts of each text."""
    for text in dict.fromkeys(post.text for post in posts):
        yield [post for post in posts if post.text == text]
