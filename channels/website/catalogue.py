"""The catalogue: which notices stand where in the lists. Private, and a copy of what pages say.

A place in a column is counted from the oldest notice and never given twice, so that a page of a
list that is full never changes except where one of its notices is withdrawn.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from channels.website.notice import Notice, place_of

PER_PAGE = 20
BUSY_TIMEOUT_S = 10.0
SCHEMA = """
CREATE TABLE IF NOT EXISTS delivery (
    key TEXT PRIMARY KEY,
    index_number TEXT NOT NULL,
    digest TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS unsettled (index_number TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS notice (
    index_number TEXT PRIMARY KEY,
    column_code TEXT NOT NULL,
    place INTEGER NOT NULL,
    title TEXT NOT NULL,
    summary TEXT NOT NULL,
    department TEXT NOT NULL,
    kind TEXT NOT NULL,
    published_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    month TEXT NOT NULL,
    is_withdrawn INTEGER NOT NULL,
    UNIQUE (column_code, place)
);
CREATE INDEX IF NOT EXISTS newest ON notice (published_at) WHERE NOT is_withdrawn;
CREATE INDEX IF NOT EXISTS standing ON notice (column_code, place) WHERE NOT is_withdrawn;
CREATE INDEX IF NOT EXISTS monthly ON notice (month, updated_at) WHERE NOT is_withdrawn;
CREATE TABLE IF NOT EXISTS look (digest TEXT NOT NULL);
"""
TEXTS = ("title", "summary", "department", "kind", "published_at", "updated_at")
ENTRY = f"SELECT index_number, column_code, place, {', '.join(TEXTS)}, month FROM notice"
FIELDS = ("column_code", "place", *TEXTS, "month", "is_withdrawn")
ENTER = f"""
INSERT INTO notice (index_number, {", ".join(FIELDS)})
VALUES (:index_number, {", ".join(f":{name}" for name in FIELDS)})
ON CONFLICT (index_number) DO UPDATE SET {", ".join(f"{n} = excluded.{n}" for n in FIELDS)}
"""
MONTHS = """
WITH RECURSIVE months(name) AS (  -- steps from month to month instead of reading every notice
    SELECT min(month) FROM notice WHERE NOT is_withdrawn
    UNION ALL
    SELECT (SELECT min(month) FROM notice WHERE NOT is_withdrawn AND month > name)
    FROM months WHERE name IS NOT NULL
)
SELECT name, (SELECT max(updated_at) FROM notice WHERE NOT is_withdrawn AND month = name)
FROM months WHERE name IS NOT NULL
"""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One notice as lists, feed and sitemap name it."""

    index_number: str
    column: str
    place: int  # in its column, from 0, the oldest first
    title: str
    summary: str
    department: str
    kind: str
    published_at: datetime
    updated_at: datetime
    month: str  # of publication, campus time: "2026-11"

    @property
    def path(self) -> str:
        return f"{place_of(self.index_number)}.html"

    @property
    def page(self) -> int:
        """The number of the page of its column, from 1, the oldest first."""
        return self.place // PER_PAGE + 1


@dataclass(frozen=True)
class Delivery:
    """Where a delivery went, and the sha256 of what was approved."""

    index_number: str
    digest: str


@dataclass(frozen=True)
class Month:
    """One month with notices, for the sitemap."""

    name: str
    updated_at: datetime


class Catalogue:
    """The catalogue of one site, open; whoever writes holds the lock of the site's folder."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep all changes or none."""
        self._connection.execute("BEGIN IMMEDIATE")
        with self._connection:
            yield

    def begin(self, index_number: str) -> None:
        """Note, before anything changes, that work on a page is under way."""
        self._connection.execute("INSERT OR IGNORE INTO unsettled VALUES (?)", (index_number,))

    def remember(self, notice: Notice) -> None:
        """Note where a delivery goes, and what was approved."""
        values = (notice.key, notice.index_number, notice.digest)
        self._connection.execute("INSERT OR REPLACE INTO delivery VALUES (?, ?, ?)", values)

    def unsettled(self) -> list[str]:
        """Return the index numbers whose files and lists may not agree with their page."""
        return [row[0] for row in self._connection.execute("SELECT index_number FROM unsettled")]

    def settled(self, index_number: str) -> None:
        self._connection.execute("DELETE FROM unsettled WHERE index_number = ?", (index_number,))

    def delivery(self, key: str) -> Delivery | None:
        """Return what is known of a delivery; None: it never came here."""
        query = "SELECT index_number, digest FROM delivery WHERE key = ?"
        row = self._connection.execute(query, (key,)).fetchone()
        return Delivery(*row) if row else None

    def enter(self, notice: Notice) -> None:
        """Give a notice its place: the next one of its column, or the one that it has."""
        facts = notice.facts
        before = self._row(notice.index_number)
        keeps = before is not None and before["column_code"] == notice.column
        if before is not None and before["is_withdrawn"] and not notice.is_withdrawn:
            keeps = False  # it is news again
        texts = {name: facts.get(name, "") for name in TEXTS}
        values = texts | {
            "index_number": notice.index_number,
            "column_code": notice.column,
            "place": before["place"] if before is not None and keeps else self.size(notice.column),
            "month": f"{notice.moment('published_at'):%Y-%m}",
            "is_withdrawn": notice.is_withdrawn,
        }
        self._connection.execute(ENTER, values)

    def drop(self, index_number: str) -> None:
        """Take a notice out of all lists; its place stays empty."""
        self._connection.execute(
            "UPDATE notice SET is_withdrawn = 1 WHERE index_number = ?", (index_number,)
        )

    def index_numbers(self) -> list[str]:
        """Return all that is listed."""
        query = "SELECT index_number FROM notice WHERE NOT is_withdrawn"
        return [row[0] for row in self._connection.execute(query)]

    def find(self, index_number: str) -> Entry | None:
        """Return a notice, withdrawn or not."""
        found = self._entries("WHERE index_number = ?", index_number)
        return found[0] if found else None

    def newest(self, limit: int) -> list[Entry]:
        return self._entries(
            "WHERE NOT is_withdrawn ORDER BY published_at DESC, rowid DESC LIMIT ?", limit
        )

    def newest_of(self, column: str, limit: int) -> list[Entry]:
        return self._entries(
            "WHERE NOT is_withdrawn AND column_code = ? ORDER BY place DESC LIMIT ?", column, limit
        )

    def page(self, column: str, number: int) -> list[Entry]:
        """Return what stands on one page of a column, newest first."""
        first = (number - 1) * PER_PAGE
        where = "WHERE NOT is_withdrawn AND column_code = ? AND place >= ? AND place < ?"
        return self._entries(f"{where} ORDER BY place DESC", column, first, first + PER_PAGE)

    def size(self, column: str) -> int:
        """Return how many places of a column have been given."""
        query = "SELECT max(place) FROM notice WHERE column_code = ?"
        last = self._connection.execute(query, (column,)).fetchone()[0]
        return 0 if last is None else last + 1

    def month(self, name: str) -> list[Entry]:
        return self._entries("WHERE NOT is_withdrawn AND month = ? ORDER BY updated_at", name)

    def months(self) -> list[Month]:
        rows = self._connection.execute(MONTHS)
        return [Month(row[0], datetime.fromisoformat(row[1])) for row in rows]

    def look(self) -> str | None:
        """Return the look in which all pages were last written; None: never."""
        row = self._connection.execute("SELECT digest FROM look").fetchone()
        return str(row[0]) if row else None

    def wears(self, look: str) -> None:
        self._connection.execute("DELETE FROM look")
        self._connection.execute("INSERT INTO look VALUES (?)", (look,))

    def _row(self, index_number: str) -> sqlite3.Row | None:
        query = "SELECT column_code, place, is_withdrawn FROM notice WHERE index_number = ?"
        row: sqlite3.Row | None = self._connection.execute(query, (index_number,)).fetchone()
        return row

    def _entries(self, where: str, *values: object) -> list[Entry]:
        return [_entry(row) for row in self._connection.execute(f"{ENTRY} {where}", values)]


def _entry(row: sqlite3.Row) -> Entry:
    return Entry(
        index_number=row["index_number"],
        column=row["column_code"],
        place=row["place"],
        title=row["title"],
        summary=row["summary"],
        department=row["department"],
        kind=row["kind"],
        published_at=datetime.fromisoformat(row["published_at"]),
        updated_at=datetime.fromisoformat(row["updated_at"]),
        month=row["month"],
    )


@contextmanager
def opened(path: Path) -> Iterator[Catalogue]:
    """Open the catalogue, making it where there is none."""
    with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(SCHEMA)
        yield Catalogue(connection)


@contextmanager
def alone(path: Path, *, wait_s: float) -> Iterator[None]:
    """Keep every other thread and process out; TimeoutError after wait_s.

    An exclusive transaction on a file of its own: it ends with the process, however that ends.
    """
    with closing(sqlite3.connect(path, timeout=wait_s, isolation_level=None)) as lock:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                raise TimeoutError("another process is writing this site") from error
            raise
        yield
