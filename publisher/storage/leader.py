"""Of several processes on one ledger one has the ticker; another takes over when it is gone.

On PostgreSQL an advisory lock of a connection of its own: the server frees it when the connection
ends, however that comes about. On SQLite the lock of a small database beside the ledger, which the
operating system frees with the process.
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError

from publisher.storage.database import Database
from publisher.storage.locks import OURS, TICKER


class Leadership:
    """The right to tick, which one process has at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Connection | None = None
        self._file: sqlite3.Connection | None = None

    @property
    def is_exclusive(self) -> bool:
        """Whether whoever leads is also the only one at work: an SQLite ledger has one process."""
        return self._database.engine.dialect.name == "sqlite"

    def hold(self) -> bool:
        """Return whether it is ours, taking it where it is free."""
        try:
            return self._hold_file() if self.is_exclusive else self._hold_lock()
        except (SQLAlchemyError, sqlite3.Error):
            self.let_go()
            return False

    def _hold_file(self) -> bool:
        if self._file is None:
            path = Path(f"{self._database.engine.url.database}-ticker")
            self._file = sqlite3.connect(path, timeout=0, isolation_level=None,
                                         check_same_thread=False)  # fmt: skip
        if not self._file.in_transaction:
            self._file.execute("BEGIN EXCLUSIVE")
        return True

    def _hold_lock(self) -> bool:
        if self._connection is not None:
            self._connection.execute(select(1))  # raises where the server has let us go
            return True
        connection = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        if connection.scalar(select(func.pg_try_advisory_lock(OURS, TICKER))):
            self._connection = connection
            return True
        connection.close()
        return False

    def let_go(self) -> None:
        """Give it up."""
        connection, self._connection = self._connection, None
        file, self._file = self._file, None
        if connection is not None:
            with contextlib.suppress(SQLAlchemyError):
                connection.invalidate()  # not back into the pool: the lock goes with it
                connection.close()
        if file is not None:
            file.close()
