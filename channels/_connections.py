"""Connections to outlets, kept between calls and shared by all threads.

http.client does the talking: requests and urllib3 stand on it, and without them a call takes a
fifth of the time. It also has connecting and asking apart, so that what failed before the first
byte of a request is known to have stayed here.
"""

from __future__ import annotations

import io
import ssl
import time
from collections import deque
from functools import lru_cache, partial
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from socket import socket
from typing import Any, NamedTuple

from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.util import wait_for_read

# Servers hang up on an idle connection after 5 s at the earliest (uvicorn, Node, Apache). A request
# that meets the hang-up half-way is lost or not, and nobody can tell.
IDLE_S = 4.0


class Origin(NamedTuple):
    """Whom a connection leads to."""

    is_tls: bool
    host: str
    port: int


class Pool:
    """The connections that wait for the next call; deques need no lock."""

    def __init__(self) -> None:
        self._idle: dict[Origin, deque[tuple[float, HTTPConnection]]] = {}

    def take(self, origin: Origin) -> HTTPConnection | None:
        """Return a connection that still stands, None where there is none."""
        idle = self._idle.get(origin, ())
        while idle:
            try:
                kept_at, connection = idle.pop()  # the last used: the others may grow old
            except IndexError:  # another thread was faster
                return None
            if _stands(connection, kept_at=kept_at):
                return connection
            connection.close()
        return None

    def keep(self, origin: Origin, connection: HTTPConnection) -> None:
        """Keep a connection whose answer was read to its end, unless the outlet closed it."""
        if connection.sock is not None:
            self._idle.setdefault(origin, deque()).append((time.monotonic(), connection))

    def sweep(self, *, since: float | None = None) -> None:
        """Close what has waited since that moment or longer, wherever it leads."""
        since = time.monotonic() - IDLE_S if since is None else since
        for idle in list(self._idle.values()):
            while idle:
                try:
                    kept_at, connection = idle.popleft()
                except IndexError:
                    break
                if kept_at > since:
                    idle.appendleft((kept_at, connection))
                    break
                connection.close()


def _stands(connection: HTTPConnection, *, kept_at: float) -> bool:
    # what can be read before anything was asked is the end of the connection
    return time.monotonic() - kept_at < IDLE_S and not wait_for_read(connection.sock, timeout=0)


def connect(origin: Origin, *, timeout_s: float) -> HTTPConnection:
    """Open a connection; of an OSError from here nothing was asked yet."""
    connection: HTTPConnection
    if origin.is_tls:
        connection = HTTPSConnection(
            origin.host, origin.port, timeout=timeout_s, context=_trusted()
        )
    else:
        connection = HTTPConnection(origin.host, origin.port, timeout=timeout_s)
    try:
        connection.connect()
    except BaseException:
        connection.close()
        raise
    return connection


@lru_cache(maxsize=1)
def _trusted() -> ssl.SSLContext:
    """Return who is believed: reading the list takes longer than a call."""
    context = ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH)
    context.set_alpn_protocols(["http/1.1"])
    return context


def answer(connection: HTTPConnection, *, timeout_s: float, until: float) -> HTTPResponse:
    """Return the answer with its head read; its last byte must come before `until`."""
    patient = partial(_Answer, timeout_s=timeout_s, until=until)
    connection.response_class = patient  # type: ignore[assignment]  # it is only called
    return connection.getresponse()


def content(response: HTTPResponse, *, at_most: int) -> bytes:
    """Return the body whole; half of one is an HTTPException, too much a ValueError."""
    body = response.read(at_most + 1)
    if len(body) > at_most:
        raise ValueError("too large")
    if response.length:
        raise HTTPException("half an answer")
    return body


class _Answer(HTTPResponse):
    """An answer, of which both head and body are read with patience that ends."""

    def __init__(self, sock: socket, *args: Any, timeout_s: float, until: float, **options: Any):
        super().__init__(sock, *args, **options)
        raw = self.fp.detach()
        self.fp = io.BufferedReader(_Patient(raw, sock, timeout_s=timeout_s, until=until))


class _Patient(io.RawIOBase):
    """The bytes of an answer, until a moment: the limit of a socket only counts between two."""

    def __init__(self, raw: io.RawIOBase, sock: socket, *, timeout_s: float, until: float) -> None:
        self._raw, self._sock = raw, sock
        self._timeout_s, self._until = timeout_s, until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if left < self._timeout_s:
            self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()
