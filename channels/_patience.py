"""An adapter for requests whose calls end: in time, over head and body together.

requests and urllib3 limit the seconds between two bytes; an outlet that drips would hold a lane
for ever. Here the bytes of an answer come through a reader that knows when it has to be over.
"""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from socket import socket
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection

# Servers hang up on an idle connection after 5 s at the earliest (uvicorn, Node, Apache). A request
# that meets the hang-up half-way is lost or not, and nobody can tell.
IDLE_S = 4.0
TOTAL_TIMES = 3  # an answer may take so many times what may pass between two of its bytes
KEPT = 64  # connections to one outlet: more than one lane has calls under way

_of_thread = threading.local()


@contextmanager
def until(moment: float) -> Iterator[None]:
    """Let every answer that this thread reads be over at that moment of time.monotonic()."""
    _of_thread.until = moment
    try:
        yield
    finally:
        del _of_thread.until


class _Bytes(io.RawIOBase):
    """The bytes of an answer, as long as there is time for them."""

    def __init__(self, raw: io.RawIOBase, sock: socket) -> None:
        self._raw, self._sock = raw, sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = _of_thread.until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if left < (self._sock.gettimeout() or left):
            self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(HTTPResponse):
    """An answer that is read with patience that ends."""

    def __init__(self, sock: socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp = io.BufferedReader(_Bytes(self.fp.detach(), sock))


class _Connection(HTTPConnection):
    response_class = _Answer

    def send(self, data: Any) -> None:
        """Send with all the time that is left: urllib3 gives a body that of a connection."""
        _give_time(self.sock)
        super().send(data)


class _SafeConnection(HTTPSConnection):
    response_class = _Answer

    def send(self, data: Any) -> None:
        _give_time(self.sock)
        super().send(data)


def _give_time(sock: socket | None) -> None:
    if sock is not None:  # None: it opens with what comes first, the head
        left = _of_thread.until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        sock.settimeout(left)


class _Pool(HTTPConnectionPool):
    """A pool that does not trust a connection which has been idle for long."""

    ConnectionCls = _Connection

    def _get_conn(self, timeout: float | None = None) -> Any:
        connection: Any = super()._get_conn(timeout)
        if time.monotonic() - getattr(connection, "kept_at_s", 0.0) >= IDLE_S:
            connection.close()  # it opens anew
        return connection

    def _put_conn(self, conn: Any) -> None:
        if conn is not None:
            conn.kept_at_s = time.monotonic()
        super()._put_conn(conn)


class _SafePool(_Pool, HTTPSConnectionPool):
    ConnectionCls = _SafeConnection  # type: ignore[assignment]  # as in urllib3 itself


def manager(*, connect_s: float, read_s: float) -> PoolManager:
    """Return what libraries over urllib3 send with; each call is made within `until`."""
    made: PoolManager = Patient().poolmanager
    timeout = Timeout(connect=connect_s, read=read_s)
    made.connection_pool_kw |= {"timeout": timeout, "retries": False}
    return made


class Patient(HTTPAdapter):
    """What requests sends with: kept connections, no retry, and answers that end.

    By itself it gives an answer TOTAL_TIMES the read timeout; within `until`, until then.
    """

    def __init__(self) -> None:
        super().__init__(pool_connections=KEPT, pool_maxsize=KEPT, max_retries=0)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SafePool}

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        *args: Any,
        **options: Any,
    ) -> Response:
        if hasattr(_of_thread, "until"):
            return super().send(request, stream, timeout, *args, **options)
        with until(time.monotonic() + TOTAL_TIMES * timeout[1]):
            response = super().send(request, stream, timeout, *args, **options)
            _ = response.content  # read here, where there is a limit
        return response
