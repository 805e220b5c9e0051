"""Moving the ledger from SQLite to PostgreSQL: all of it, proved equal, or nothing.

The target is written in one transaction, so that whatever goes wrong leaves it as empty as it was.
Nothing is written to the SQLite file.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Row,
    String,
    Table,
    create_engine,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from publisher.errors import PublisherError
from publisher.model.base import Base
from publisher.model.note import Note
from publisher.storage import notes
from publisher.storage.backup import postgres, sqlite
from publisher.storage.database import migrate, newest, open_database

BATCH = 1000  # rows
Progress = Callable[[str, int], None]  # the table, and how many rows of it are there


class TransferError(PublisherError):
    """The ledger cannot be moved, or the copy is not equal; the message is a Chinese sentence."""


@dataclass(frozen=True)
class Moved:
    """One table, the same on both sides."""

    table: str
    rows: int
    digest: str  # SHA-256 over all rows in the order of their primary key


def transfer(
    source: str, target: str, *, by: str, at: datetime, progress: Progress
) -> tuple[Moved, ...]:
    """Copy every table in the order of foreign keys, compare both sides, and only then commit."""
    path = _sqlite_file(source, target)
    engine = open_database(target).engine
    try:
        with sqlite.alone(path) as held, _reading(held).connect() as origin:
            _require_newest(held)
            migrate(engine)
            with engine.begin() as connection:
                _prepare(connection)
                moved = tuple(_tables(origin, connection, progress=progress))
                _sign(connection, moved, by=by, at=at)
        return moved
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise TransferError(f"没有移动，PostgreSQL 里什么也没有留下：{reason}") from error
    finally:
        engine.dispose()


def _sqlite_file(source: str, target: str) -> Path:
    try:
        old, new = make_url(source), make_url(target)
        is_known = (old.get_backend_name(), new.get_backend_name()) == ("sqlite", "postgresql")
    except ArgumentError:
        is_known = False
    if not is_known:
        raise TransferError("只能从 SQLite 移到 PostgreSQL：--to 要以 postgresql+psycopg:// 开头")
    path = Path(old.database or "")
    if not path.is_file():
        raise TransferError(f"{path} 不存在，没有可以移动的数据")
    return path


def _reading(held: sqlite3.Connection) -> Engine:
    """Return an engine over the one connection that keeps everybody else out."""
    return create_engine("sqlite://", creator=lambda: held, poolclass=StaticPool)


def _require_newest(held: sqlite3.Connection) -> None:
    row = held.execute("SELECT version_num FROM alembic_version").fetchone()
    if row is None or row[0] != newest():
        raise TransferError("数据还是旧版本的结构，请先用这个版本启动一次服务，再停下来移动")


def _prepare(connection: Connection) -> None:
    """Make sure that nobody is there, and that nothing is."""
    for statement in postgres.PATIENT:
        connection.execute(text(statement))
    postgres.alone(connection)
    for table in Base.metadata.sorted_tables:
        if connection.execute(select(func.count()).select_from(table)).scalar_one():
            raise TransferError(f"PostgreSQL 里已经有数据（表 {table.name}），请换一个空的数据库")


def _tables(origin: Connection, target: Connection, *, progress: Progress) -> Iterator[Moved]:
    for table in Base.metadata.sorted_tables:
        with _any_order(target, table):
            count = 0
            for rows in _batches(_ordered(origin, table)):
                target.execute(insert(table), [dict(row._mapping) for row in rows])
                count += len(rows)
                progress(table.name, count)
        _go_on_counting(target, table)
        yield _compared(origin, target, table)


@contextmanager
def _any_order(connection: Connection, table: Table) -> Iterator[None]:
    """Let a row refer to one of its own table that comes later in the copy."""
    own = [key.name for key in table.foreign_key_constraints if key.referred_table is table]
    change = 'ALTER TABLE "{}" ALTER CONSTRAINT "{}" {}'
    for name in own:
        connection.execute(text(change.format(table.name, name, "DEFERRABLE INITIALLY DEFERRED")))
    yield
    for name in own:
        connection.execute(text(f'SET CONSTRAINTS "{name}" IMMEDIATE'))
        connection.execute(text(change.format(table.name, name, "NOT DEFERRABLE")))


def _ordered(connection: Connection, table: Table) -> Generator[Row[Any], None, None]:
    """Give all rows in the order of their primary key, which is the same on both sides."""
    is_postgresql = connection.dialect.name == "postgresql"
    keys = [
        column.collate("C") if is_postgresql and isinstance(column.type, String) else column
        for column in table.primary_key
    ]
    query = select(table).order_by(*keys).execution_options(yield_per=BATCH)
    with connection.execute(query) as rows:
        yield from rows


def _batches(rows: Iterator[Row[Any]]) -> Iterator[list[Row[Any]]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


def _go_on_counting(connection: Connection, table: Table) -> None:
    """Let the next id follow the last one."""
    column = table.autoincrement_column
    if column is None:
        return
    connection.execute(
        text(
            f"SELECT setval(pg_get_serial_sequence('{table.name}', '{column.name}'),"
            f' coalesce(max("{column.name}"), 1), max("{column.name}") IS NOT NULL)'
            f' FROM "{table.name}"'
        )
    )


def _compared(origin: Connection, target: Connection, table: Table) -> Moved:
    """Read both sides anew; TransferError names the first row that differs."""
    digest, count = hashlib.sha256(), 0
    with closing(_ordered(origin, table)) as olds, closing(_ordered(target, table)) as news:
        for old, new in zip_longest(olds, news):
            written = _canonical(old)
            if written != _canonical(new):
                raise TransferError(
                    f"表 {table.name} 两边不一样（{_place(table, old or new)}），没有移动，"
                    "PostgreSQL 里什么也没有留下"
                )
            digest.update(written)
            count += 1
    return Moved(table.name, count, digest.hexdigest())


def _place(table: Table, row: Row[Any] | None) -> str:
    values = row._mapping if row is not None else {}
    return "、".join(f"{key.name}={values.get(key.name)}" for key in table.primary_key)


def _canonical(row: Row[Any] | None) -> bytes:
    """Write a row down so that equal rows are equal bytes, whichever database they are from."""
    if row is None:
        return b""
    written = json.dumps(list(row), ensure_ascii=False, sort_keys=True, default=_spelt)
    return written.encode("utf-8", "surrogatepass") + b"\n"


def _spelt(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"a value of an unforeseen kind: {type(value).__name__}")


def _sign(connection: Connection, moved: Sequence[Moved], *, by: str, at: datetime) -> None:
    """Leave a note; the chain before it must be whole."""
    with Session(connection, join_transaction_mode="create_savepoint") as session:
        broken = notes.first_broken(session)
        if broken is not None:
            raise TransferError(f"操作记录从第 {broken} 条起被改动过，没有移动，请先查明原因")
        rows = sum(table.rows for table in moved)
        note = Note(at=at, who=by, verb="migrate_store", text=f"从 SQLite 移来 {rows} 条记录")
        notes.append(session, note)
        session.commit()
