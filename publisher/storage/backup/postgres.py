"""A PostgreSQL database as a dump in custom format, and back in one transaction."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from psycopg import Connection as Psycopg
from sqlalchemy import URL, Connection, Engine, text

from publisher.storage.backup.archive import BackupError, Progress

PACKAGES = (
    "请安装与服务器同版本的 postgresql-client（Debian、Ubuntu：apt install postgresql-client）"
)
PATIENT = (  # dumping and loading take as long as they take
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL idle_in_transaction_session_timeout = 0",
)
COPY = re.compile(rb'COPY (?:\w+|"[^"]+")\.(\w+|"[^"]+") \((.*)\) FROM stdin;\n')
NOT_OURS = (  # lines of a script that are left out
    b"\\",  # orders to psql
    b"CREATE SCHEMA ",  # it is there already
    b"COMMENT ON SCHEMA ",
    b"SET transaction_timeout",  # only PostgreSQL 17 and newer know it
)
WAKEUPS = "procrastinate"  # how the names of its tables begin; wake-ups are found again, not kept
TABLES = (
    f"SELECT relname FROM pg_class WHERE relkind = 'r' AND relname NOT LIKE '{WAKEUPS}%'"
    " AND relnamespace = current_schema()::regnamespace ORDER BY relname"
)


@dataclass(frozen=True)
class Snapshot:
    """What was in the database at the moment of the dump."""

    revision: str
    counts: dict[str, int]


def dump(engine: Engine, to: Path, *, progress: Progress) -> Snapshot:
    """Write one moment of the database into a file, and tell what was in it."""
    _require("pg_dump")
    progress("导出数据库", 0)
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        for statement in PATIENT:
            connection.execute(text(statement))
        snapshot, schema = connection.execute(
            text("SELECT pg_export_snapshot(), current_schema()")
        ).one()
        _run(
            "pg_dump",
            "--format=custom",
            "--no-owner",
            "--no-privileges",
            f"--snapshot={snapshot}",
            f"--schema={schema}",
            f"--exclude-table-data={schema}.{WAKEUPS}*",
            f"--file={to}",
            url=engine.url,
        )
        return Snapshot(_revision(connection), _counts(connection))


def _revision(connection: Connection) -> str:
    return str(connection.scalar(text("SELECT version_num FROM alembic_version")))


def _counts(connection: Connection) -> dict[str, int]:
    names = connection.scalars(text(TABLES)).all()
    return {
        name: connection.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one()
        for name in names
    }


def examine(path: Path, *, names: Callable[[str], None]) -> dict[str, int]:
    """Return the number of rows of each table of a dump; `names` gets every digest in the records.

    Asks no server: the dump itself is read.
    """
    counts: dict[str, int] = {}
    with _script(path, "--data-only") as script:
        for line in script:
            if match := COPY.fullmatch(line):
                table = match[1].decode().strip('"')
                columns = [name.strip(' "') for name in match[2].decode().split(",")]
                counts[table] = 0
                for row in _rows(script):
                    counts[table] += 1
                    for digest in _digests(table, columns, row):
                        names(digest)
    return counts


def _rows(script: IO[bytes]) -> Iterator[bytes]:
    """Give the lines after a COPY, up to its end."""
    for row in script:
        if row == b"\\.\n":
            return
        yield row


def _digests(table: str, columns: list[str], line: bytes) -> Iterator[str]:
    """Give the digests in one row of the format of COPY."""
    if table not in ("medium", "rendition"):
        return
    row = dict(zip(columns, line.decode().rstrip("\n").split("\t"), strict=True))
    if table == "medium":
        yield row["digest"]
        return
    yield row["body_digest"]
    for part in json.loads(_plain(row["parts"])):
        yield part["digest"]


def _plain(field: str) -> str:
    """Undo the escapes of COPY. Source: postgresql.org/docs/current/sql-copy.html."""
    meant = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
    return re.sub(r"\\(.)", lambda found: meant.get(found[1], found[1]), field)


def load(connection: Psycopg, path: Path, *, aside: str) -> None:
    """Put a dump in place of the present schema, which is renamed; all in the open transaction."""
    with connection.cursor() as cursor:
        for statement in PATIENT:
            cursor.execute(statement.encode())
        row = cursor.execute("SELECT current_schema()").fetchone()
        schema = row[0] if row else "public"
        cursor.execute(f'ALTER SCHEMA "{schema}" RENAME TO "{aside}"'.encode())
        cursor.execute(f'CREATE SCHEMA "{schema}"'.encode())
        with _script(path) as script:
            _replay(connection, script)
        cursor.execute("RESET search_path")


def _replay(connection: Psycopg, script: IO[bytes]) -> None:
    """Run a script as psql would: statements, and between them the rows of COPY."""
    statements: list[bytes] = []
    for line in script:
        if line.startswith(NOT_OURS):
            continue
        statements.append(line)
        if COPY.fullmatch(line):
            connection.execute(b"".join(statements[:-1]))
            statements.clear()
            with connection.cursor().copy(line) as rows:
                for row in _rows(script):
                    rows.write(row)
    connection.execute(b"".join(statements))


@contextmanager
def _script(path: Path, *options: str) -> Iterator[IO[bytes]]:
    """Give a dump as SQL, line by line."""
    _require("pg_restore")
    with tempfile.TemporaryFile() as said:
        command = ["pg_restore", "--no-owner", "--no-privileges", *options, "--file=-", str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said) as process:
            assert process.stdout is not None
            try:
                yield process.stdout
                process.stdout.read()
            finally:
                process.stdout.close()
        said.seek(0)
        if process.returncode:
            raise BackupError(f"备份里的数据库读不出来：{_last_line(said.read())}")


def skip_ids(connection: Connection, tables: Iterable[str], *, ahead: int) -> None:
    """Have the next ids of these tables begin that far ahead of the last one."""
    for table in tables:
        connection.execute(
            text(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'),"
                f' coalesce(max(id), 0) + {ahead}) FROM "{table}"'
            )
        )


def alone(connection: Connection) -> None:
    """Raise BackupError where another program is connected to the database."""
    others = connection.scalars(
        text(
            "SELECT DISTINCT coalesce(nullif(application_name, ''), usename, '?')"
            " FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
    ).all()
    if others:
        names = "、".join(sorted(others))
        raise BackupError(f"还有程序连着这个数据库（{names}），请先停止所有服务和工作进程")


def _require(program: str) -> None:
    if shutil.which(program) is None:
        raise BackupError(f"找不到 {program}：{PACKAGES}")


def _run(program: str, *options: str, url: URL) -> None:
    """Run a program of PostgreSQL; its command line, which all may read, has no password."""
    address = url.set(drivername="postgresql", password=None).render_as_string()
    environment = dict(os.environ)
    if url.password is not None:
        environment["PGPASSWORD"] = str(url.password)
    command = [program, *options, f"--dbname={address}"]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    if done.returncode:
        message = _last_line(done.stderr)
        hint = (
            f"（{PACKAGES}）"
            if "version mismatch" in done.stderr.decode("utf-8", "replace")
            else ""
        )
        raise BackupError(f"{program} 失败：{message}{hint}")


def _last_line(said: bytes) -> str:
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "没有说明原因"
