"""What has gone to one copy and what has still to go there, kept here in SQLite.

A manifest with 100,000 lines at the place would have to be written anew for each notice.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

WAIT_S = 60.0  # for another process that writes the same journal
SCHEMA = """
CREATE TABLE IF NOT EXISTS copied (name TEXT PRIMARY KEY, digest TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS waiting (
    noted INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, rank INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS waiting_rank ON waiting (rank, name);
CREATE TABLE IF NOT EXISTS signed (
    one INTEGER PRIMARY KEY CHECK (one = 1), sequence INTEGER NOT NULL,
    mark TEXT NOT NULL, intended TEXT NOT NULL);
"""


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A file that has to go, or to be taken away: what stands on the site decides."""

    noted: int  # never used twice: a file that is noted again while it is sent stays noted
    name: str
    rank: int


@dataclass(frozen=True, kw_only=True)
class Signed:
    """What the manifest at the place says if it was written with this journal."""

    sequence: int
    mark: str
    intended: str  # what it says if the answer to the last writing was lost


@dataclass(frozen=True)
class Journal:
    """One journal, open."""

    base: sqlite3.Connection

    def note(self, ranks: Iterable[tuple[str, int]]) -> None:
        """Note that these have to go, by name and rank; what was noted before is noted anew."""
        with self.base:
            self.base.executemany(
                "INSERT OR REPLACE INTO waiting (name, rank) VALUES (?, ?)", ranks
            )

    def count(self) -> int:
        """Return how many files wait."""
        return int(self.base.execute("SELECT count(*) FROM waiting").fetchone()[0])

    def files(self) -> int:
        """Return how many files are there."""
        return int(self.base.execute("SELECT count(*) FROM copied").fetchone()[0])

    def next(self, limit: int) -> list[Waiting]:
        """Return what goes next; all of it has one rank."""
        rows = self.base.execute(
            "SELECT noted, name, rank FROM waiting"
            " WHERE rank = (SELECT min(rank) FROM waiting) ORDER BY name LIMIT ?",
            (limit,),
        )
        return [Waiting(noted=noted, name=name, rank=rank) for noted, name, rank in rows]

    def finish(
        self, rows: Collection[Waiting], sent: Mapping[str, str], gone: Collection[str]
    ) -> None:
        """Note what is there now, by name and digest, and what no longer is."""
        with self.base:
            self._enter(sent)
            self.base.executemany("DELETE FROM copied WHERE name = ?", [(name,) for name in gone])
            self.base.executemany(
                "DELETE FROM waiting WHERE noted = ?", [(row.noted,) for row in rows]
            )

    def enter(self, digests: Mapping[str, str]) -> None:
        """Note what was found there."""
        with self.base:
            self._enter(digests)

    def _enter(self, digests: Mapping[str, str]) -> None:
        self.base.executemany("INSERT OR REPLACE INTO copied VALUES (?, ?)", digests.items())

    def forget(self) -> None:
        """Forget what has gone there: somebody has emptied the place."""
        with self.base:
            self.base.execute("DELETE FROM copied")

    def digest(self, name: str) -> str | None:
        """Return the SHA-256 of a file as it went there; None: it is not there."""
        row = self.base.execute("SELECT digest FROM copied WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def digests(self) -> dict[str, str]:
        """Return all that has gone there."""
        return dict(self.base.execute("SELECT name, digest FROM copied").fetchall())

    def below(self, folder: str) -> set[str]:
        """Return what has gone into a folder, given with its "/"."""
        query = "SELECT name FROM copied WHERE name >= ? AND name < ?"
        return {row[0] for row in self.base.execute(query, (folder, f"{folder[:-1]}0"))}

    def signed(self) -> Signed | None:
        """Return what the manifest should say; None: nothing has ever gone there."""
        row = self.base.execute("SELECT sequence, mark, intended FROM signed").fetchone()
        return Signed(sequence=row[0], mark=row[1], intended=row[2]) if row else None

    def sign(self, signed: Signed) -> None:
        """Note what the manifest says, or will say."""
        with self.base:
            self.base.execute(
                "INSERT OR REPLACE INTO signed VALUES (1, ?, ?, ?)",
                (signed.sequence, signed.mark, signed.intended),
            )


@contextmanager
def opened(path: Path) -> Iterator[Journal]:
    """Open a journal, a new one if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, timeout=WAIT_S)) as base:
        base.execute("PRAGMA journal_mode = WAL")
        base.executescript(SCHEMA)
        yield Journal(base)
