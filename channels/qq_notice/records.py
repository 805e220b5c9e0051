"""What was about to be sent, kept so that a lost answer can be looked up.

After a lost answer there is no receipt, and a notice can be found again only by its words.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

KEPT_S = 90 * 86400  # nobody looks a lost answer up later
BUSY_TIMEOUT_S = 10.0
TABLE = """
CREATE TABLE IF NOT EXISTS sending (
    key TEXT PRIMARY KEY, group_id TEXT NOT NULL, digest TEXT NOT NULL,
    title TEXT NOT NULL, began_at_s INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS sending_by_age ON sending (began_at_s);
CREATE INDEX IF NOT EXISTS sending_by_words ON sending (group_id, digest);
"""


@dataclass(frozen=True, kw_only=True)
class Sending:
    """One notice that may be in one group."""

    group: str
    digest: str  # of its words, see notices.digest
    title: str
    began_at_s: int  # Unix time of the first attempt, by our clock


@dataclass(frozen=True, kw_only=True)
class Records:
    """The records of one target; several threads and processes may use them at once."""

    folder: Path  # made when something is first written

    def write(self, key: str, sending: Sending) -> None:
        """Note that it is about to be sent; the moment of the first attempt stays."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._open() as database:
            database.executescript(TABLE)
            database.execute(
                "DELETE FROM sending WHERE began_at_s < ?", (sending.began_at_s - KEPT_S,)
            )
            database.execute(
                "INSERT INTO sending VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET"
                " group_id = excluded.group_id, digest = excluded.digest, title = excluded.title",
                (key, sending.group, sending.digest, sending.title, sending.began_at_s),
            )

    def read(self, key: str) -> Sending | None:
        """Return what was noted; None: no attempt got as far as sending."""
        if not self._file.exists():
            return None
        with self._open() as database:
            row = database.execute(
                "SELECT group_id, digest, title, began_at_s FROM sending WHERE key = ?", (key,)
            ).fetchone()
        if row is None:
            return None
        group, digest, title, began_at_s = row
        return Sending(group=group, digest=digest, title=title, began_at_s=began_at_s)

    def knows(self, group: str, digest: str) -> bool:
        """Say whether these words were ever about to be sent to that group."""
        if not self._file.exists():
            return False
        with self._open() as database:
            found = database.execute(
                "SELECT 1 FROM sending WHERE group_id = ? AND digest = ?", (group, digest)
            ).fetchone()
        return found is not None

    @property
    def _file(self) -> Path:
        return self.folder / "sending.sqlite3"

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._file, timeout=BUSY_TIMEOUT_S)) as database:
            database.execute("PRAGMA journal_mode = WAL")
            with database:
                yield database
