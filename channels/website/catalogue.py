"""The catalogue: which notices stand where in the lists. Private, and a copy of what pages say.

A place in a column is counted from the oldest notice and never given twice, so that a page of a
list that is full never changes except where one of its notices is withdrawn.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from channels.website.notice import Notice, place_of

PER_PAGE = 20
BUSY_TIMEOUT_S = 10.0
SEARCH_S = 1.5  # readers wait, and other readers behind them
TRIGRAM = 3  # characters that the index needs
SCHEMA_VERSION = 3
LEARNT_ANEW = """
DROP TABLE IF EXISTS notice;
DROP TABLE IF EXISTS look;
DROP TABLE IF EXISTS words;
"""
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
    category TEXT NOT NULL,
    published_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    month TEXT NOT NULL,
    day TEXT NOT NULL,
    is_withdrawn INTEGER NOT NULL,
    UNIQUE (column_code, place)
);
CREATE INDEX IF NOT EXISTS newest ON notice (published_at) WHERE NOT is_withdrawn;
CREATE INDEX IF NOT EXISTS standing ON notice (column_code, place) WHERE NOT is_withdrawn;
CREATE INDEX IF NOT EXISTS monthly ON notice (month, updated_at) WHERE NOT is_withdrawn;
CREATE INDEX IF NOT EXISTS by_category ON notice (category, published_at) WHERE NOT is_withdrawn;
CREATE TABLE IF NOT EXISTS look (digest TEXT NOT NULL);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(title, body, tokenize = "trigram");
"""
TEXTS = ("title", "summary", "department", "kind", "category", "published_at", "updated_at")
ENTRY = f"SELECT index_number, column_code, place, {', '.join(TEXTS)}, month FROM notice"
NAMED = "SELECT index_number, title FROM notice WHERE NOT is_withdrawn AND column_code = ?"
FIELDS = ("column_code", "place", *TEXTS, "month", "day", "is_withdrawn")
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
    category: str  # number on the official list; empty: none
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


class Named(NamedTuple):
    """One notice as the pages beside it name it."""

    index_number: str
    title: str

    @property
    def path(self) -> str:
        return f"{place_of(self.index_number)}.html"


class Line(NamedTuple):
    """One notice as sitemaps and the search of titles have it: as text, for there are many."""

    index_number: str
    title: str
    department: str
    day: str  # of publication, campus time: "2026-11-27"
    updated_at: str  # with its offset

    @property
    def path(self) -> str:
        return f"{place_of(self.index_number)}.html"


@dataclass(frozen=True, kw_only=True)
class Hit:
    """One notice that a search found."""

    number: int  # larger for what was published later
    text: str  # the words of its page
    entry: Entry


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
            self._connection.execute(
                "DELETE FROM notice WHERE index_number = ?", (notice.index_number,)
            )
        texts = {name: facts.get(name, "") for name in TEXTS}
        values = texts | {
            "index_number": notice.index_number,
            "column_code": notice.column,
            "place": before["place"] if before is not None and keeps else self.size(notice.column),
            "month": f"{notice.moment('published_at'):%Y-%m}",
            "day": f"{notice.moment('published_at'):%Y-%m-%d}",
            "is_withdrawn": notice.is_withdrawn,
        }
        self._connection.execute(ENTER, values)

    def drop(self, index_number: str) -> None:
        """Take a notice out of all lists; its place stays empty."""
        self._connection.execute(
            "UPDATE notice SET is_withdrawn = 1 WHERE index_number = ?", (index_number,)
        )

    def index(self, notice: Notice) -> None:
        """Let the words of a notice be found, or no more where it is withdrawn."""
        row = self._connection.execute(
            "SELECT rowid FROM notice WHERE index_number = ?", (notice.index_number,)
        ).fetchone()
        self._connection.execute("DELETE FROM words WHERE rowid = ?", (row[0],))
        if not notice.is_withdrawn:
            text = notice.words
            self._connection.execute(
                "INSERT INTO words (rowid, title, body) VALUES (?, ?, ?)",
                (row[0], notice.facts.get("title", ""), text),
            )

    def is_indexed(self, index_number: str) -> bool:
        """Whether the words of a notice can be found."""
        query = (
            "SELECT 1 FROM words WHERE rowid = (SELECT rowid FROM notice WHERE index_number = ?)"
        )
        return self._connection.execute(query, (index_number,)).fetchone() is not None

    def search(self, words: Sequence[str], *, before: int | None, limit: int) -> list[Hit]:
        """Return the newest notices that contain all the words, each a string of its own.

        A word of three characters and more is found by the trigram index, a shorter one by
        looking at each notice, the newest first, until there are enough. TimeoutError after
        SEARCH_S.
        """
        long = [word for word in words if len(word) >= TRIGRAM]
        short = [word for word in words if len(word) < TRIGRAM]
        conditions = ["NOT notice.is_withdrawn"]
        values: list[object] = []
        if long:
            conditions.append("words MATCH ?")
            values.append(" ".join('"' + word.replace('"', '""') + '"' for word in long))
        for word in short:
            conditions.append("(words.title LIKE ? ESCAPE '~' OR words.body LIKE ? ESCAPE '~')")
            values += [_like(word)] * 2
        if before is not None:
            conditions.append("words.rowid < ?")
            values.append(before)
        columns = ", ".join(f"notice.{n}" for n in ("index_number", "column_code", "place"))
        columns += "".join(f", notice.{name}" for name in (*TEXTS, "month"))
        query = (
            f"SELECT words.rowid, words.body, {columns} FROM words"
            " CROSS JOIN notice ON notice.rowid = words.rowid"
            f" WHERE {' AND '.join(conditions)} ORDER BY words.rowid DESC LIMIT ?"
        )
        until = time.monotonic() + SEARCH_S
        self._connection.set_progress_handler(lambda: time.monotonic() > until, 100)
        try:
            rows = self._connection.execute(query, (*values, limit)).fetchall()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                raise TimeoutError("the search takes too long") from error
            raise
        finally:
            self._connection.set_progress_handler(None, 0)
        return [Hit(number=row[0], text=row[1], entry=_entry(row)) for row in rows]

    def neighbours(self, entry: Entry) -> tuple[Named | None, Named | None]:
        """Return the standing notices before and after a place of its column."""
        older = self._connection.execute(
            f"{NAMED} AND place < ? ORDER BY place DESC LIMIT 1", (entry.column, entry.place)
        ).fetchone()
        newer = self._connection.execute(
            f"{NAMED} AND place > ? ORDER BY place LIMIT 1", (entry.column, entry.place)
        ).fetchone()
        return (Named(*older) if older else None, Named(*newer) if newer else None)

    def standing(self, column: str) -> Iterator[Named]:
        """Go through the standing notices of a column, the oldest first."""
        for row in self._connection.execute(f"{NAMED} ORDER BY place", (column,)):
            yield Named(*row)

    def columns(self) -> list[str]:
        """Return the codes of all columns that have or had notices."""
        rows = self._connection.execute("SELECT DISTINCT column_code FROM notice")
        return [row[0] for row in rows]

    def withdrawn(self) -> list[str]:
        """Return the index numbers of what is withdrawn."""
        rows = self._connection.execute("SELECT index_number FROM notice WHERE is_withdrawn")
        return [row[0] for row in rows]

    def of_categories(self, categories: Sequence[str]) -> list[Entry]:
        """Return all notices of these numbers on the official list, newest first."""
        places = ", ".join("?" * len(categories))
        return self._entries(
            f"WHERE NOT is_withdrawn AND category IN ({places}) ORDER BY published_at DESC",
            *categories,
        )

    def count(self) -> int:
        """Return how many notices there are, about; withdrawn ones too."""
        last = self._connection.execute("SELECT max(rowid) FROM notice").fetchone()[0]
        return last or 0

    def index_numbers(self) -> list[str]:
        """Return all that is known, withdrawn or not."""
        query = "SELECT index_number FROM notice"
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

    def month(self, name: str) -> list[Line]:
        """Return the notices of a month, the one that changed last at the end."""
        query = (
            "SELECT index_number, title, department, day, updated_at FROM notice"
            " WHERE NOT is_withdrawn AND month = ? ORDER BY updated_at"
        )
        return [Line(*row) for row in self._connection.execute(query, (name,))]

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


def _like(word: str) -> str:
    for mark in "~%_":
        word = word.replace(mark, f"~{mark}")
    return f"%{word}%"


def _entry(row: sqlite3.Row) -> Entry:
    return Entry(
        index_number=row["index_number"],
        column=row["column_code"],
        place=row["place"],
        title=row["title"],
        summary=row["summary"],
        department=row["department"],
        kind=row["kind"],
        category=row["category"],
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
        _bring_up(connection)
        yield Catalogue(connection)


def _bring_up(connection: sqlite3.Connection) -> None:
    """Make what is missing; what an older version kept of the pages is learnt from them anew."""
    if _version(connection) == SCHEMA_VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        if _version(connection) != SCHEMA_VERSION:  # nobody was faster
            for statement in (LEARNT_ANEW + SCHEMA).split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


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
