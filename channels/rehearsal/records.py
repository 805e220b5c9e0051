"""What a practice outlet remembers: one SQLite file, which survives a restart."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

S = TypeVar("S", bound=BaseModel)

BUSY_TIMEOUT_S = 10.0
SHARED_SCHEMA = """
CREATE TABLE IF NOT EXISTS setting (id INTEGER PRIMARY KEY CHECK (id = 1), json TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS fault (
    id INTEGER PRIMARY KEY, call TEXT NOT NULL, kind TEXT NOT NULL,
    times INTEGER, value TEXT NOT NULL);
"""


class Records:
    """One file; a connection for each transaction, so that any thread may ask."""

    def __init__(self, path: Path, schema: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        with closing(self._connect()) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(SHARED_SCHEMA + schema)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.row_factory = sqlite3.Row
        return connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection that writes alone; an exception undoes what was written."""
        with closing(self._connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")


def settings(connection: sqlite3.Connection, kind: type[S]) -> S:
    """Return the settings of this outlet; what was never set has its default."""
    row = connection.execute("SELECT json FROM setting WHERE id = 1").fetchone()
    return kind.model_validate_json(row["json"]) if row else kind()


def change(connection: sqlite3.Connection, kind: type[S], changes: dict[str, object]) -> S:
    """Change some settings and return all; pydantic.ValidationError where one is wrong."""
    before = settings(connection, kind).model_dump()
    after = kind.model_validate(before | changes)
    connection.execute("REPLACE INTO setting VALUES (1, ?)", (after.model_dump_json(),))
    return after
