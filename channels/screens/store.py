"""What stands on which screen: SQLite, and the pictures as files named by digest.

Moments are UTC, written with milliseconds, so that they sort as text.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

BUSY_TIMEOUT_S = 10.0
VERSION_1 = """
CREATE TABLE IF NOT EXISTS screen (
    name TEXT PRIMARY KEY,
    version INTEGER NOT NULL DEFAULT 0,
    seen_at TEXT,
    showing TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS entry (
    screen TEXT NOT NULL,
    key TEXT NOT NULL,
    file TEXT NOT NULL,
    title TEXT NOT NULL,
    begins_at TEXT,
    ends_at TEXT,
    duration_s REAL NOT NULL,
    made_at TEXT NOT NULL,
    made_version INTEGER NOT NULL,
    withdrawn_at TEXT,
    withdrawn_version INTEGER,
    held_at TEXT,
    shown_at TEXT,
    removed_at TEXT,
    PRIMARY KEY (screen, key)
);
CREATE INDEX IF NOT EXISTS entry_live ON entry (screen, made_at) WHERE withdrawn_at IS NULL;
CREATE INDEX IF NOT EXISTS entry_open ON entry (screen)
    WHERE withdrawn_at IS NOT NULL AND removed_at IS NULL;
CREATE INDEX IF NOT EXISTS entry_file ON entry (file) WHERE withdrawn_at IS NULL;
CREATE TABLE IF NOT EXISTS report (
    screen TEXT NOT NULL,
    id TEXT NOT NULL,
    key TEXT NOT NULL,
    event TEXT NOT NULL,
    from_at TEXT NOT NULL,
    to_at TEXT NOT NULL,
    received_at TEXT NOT NULL,
    PRIMARY KEY (screen, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS report_key ON report (screen, key);
"""
VERSION_2 = """
ALTER TABLE entry ADD COLUMN more TEXT NOT NULL DEFAULT '';
ALTER TABLE entry ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
ALTER TABLE screen ADD COLUMN trouble TEXT NOT NULL DEFAULT '';
CREATE TABLE page (
    file TEXT NOT NULL,
    screen TEXT NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (file, screen, key)
) WITHOUT ROWID;
INSERT INTO page SELECT file, screen, key FROM entry;
DROP INDEX entry_file;
CREATE INDEX page_place ON page (screen, key);
CREATE INDEX entry_waiting ON entry (screen) WHERE withdrawn_at IS NULL AND shown_at IS NULL;
CREATE INDEX report_age ON report (received_at);
CREATE TABLE play (
    screen TEXT NOT NULL,
    key TEXT NOT NULL,
    day TEXT NOT NULL,
    first_at TEXT NOT NULL,
    last_at TEXT NOT NULL,
    times INTEGER NOT NULL,
    PRIMARY KEY (key, screen, day)
) WITHOUT ROWID;
INSERT INTO play
    SELECT screen, key, date(from_at, '+8 hours'), min(from_at), max(to_at), count(*)
    FROM report WHERE event = 'shown' GROUP BY screen, key, date(from_at, '+8 hours');
CREATE TABLE device (
    screen TEXT PRIMARY KEY,
    token TEXT NOT NULL,
    paired_at TEXT NOT NULL,
    agent TEXT NOT NULL,
    address TEXT NOT NULL
);
CREATE TABLE pairing (
    nonce TEXT PRIMARY KEY,
    screen TEXT NOT NULL,
    code TEXT NOT NULL,
    asked_at TEXT NOT NULL,
    ends_at TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    is_accepted INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX pairing_screen ON pairing (screen, ends_at);
CREATE TABLE alert (
    id TEXT PRIMARY KEY,
    headline TEXT NOT NULL,
    words TEXT NOT NULL,
    style TEXT NOT NULL,
    begins_at TEXT NOT NULL,
    ends_at TEXT NOT NULL,
    cancelled_at TEXT
);
CREATE INDEX alert_end ON alert (ends_at);
CREATE TABLE alerted (
    alert TEXT NOT NULL,
    screen TEXT NOT NULL,
    shown_at TEXT,
    removed_at TEXT,
    PRIMARY KEY (alert, screen)
) WITHOUT ROWID;
CREATE INDEX alerted_screen ON alerted (screen, alert);
"""
MIGRATIONS = (VERSION_1, VERSION_2)


@dataclass(frozen=True, kw_only=True)
class Slide:
    """What is put on a screen."""

    title: str
    begins_at: datetime | None  # None: at once
    ends_at: datetime | None  # None: stays until it is withdrawn
    duration_s: float  # each page
    priority: int = 0  # 1: comes between every two that are 0


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One slide on one screen, and what is known of it. None: has not happened."""

    key: str
    file: str  # SHA-256 of the PNG, hexadecimal: of the first page
    more: str  # those of its other pages, with spaces between
    title: str
    begins_at: datetime | None
    ends_at: datetime | None
    duration_s: float
    priority: int
    withdrawn_at: datetime | None
    held_at: datetime | None  # a player said that it has the file
    shown_at: datetime | None  # on the screen since
    removed_at: datetime | None  # a player said, or it follows, that it has it no more

    @property
    def files(self) -> tuple[str, ...]:
        """The digests of all pages, in order."""
        return (self.file, *self.more.split())


COLUMNS = ", ".join(field.name for field in fields(Entry))


@dataclass(frozen=True, kw_only=True)
class Store:
    """The records of one target, below a folder that is made when it is first needed."""

    folder: Path

    def put(
        self, pages: Mapping[str, Sequence[bytes]], key: str, *, slide: Slide, at: datetime
    ) -> None:
        """Put the pages of a slide on screens, on all of them or on none.

        The same key again changes nothing on a screen where it stands.
        """
        files = {page for each in pages.values() for page in each}
        digests = {page: hashlib.sha256(page).hexdigest() for page in files}
        with self.writing() as base:
            for page, digest in digests.items():
                self._keep(digest, page)
            for screen, each in pages.items():
                if not _live(base, screen, key):
                    _enter(base, screen, key, [digests[page] for page in each], slide, at=at)

    def withdraw(self, screens: Sequence[str], key: str, *, at: datetime) -> None:
        """Take a slide off screens' lists; its record stays, so that its end can be proved."""
        with self.writing() as base:
            for screen in screens:
                if _live(base, screen, key):
                    base.execute(
                        "UPDATE entry SET withdrawn_at = ?, withdrawn_version = ?"
                        " WHERE screen = ? AND key = ?",
                        (text_of(at), _next_version(base, screen), screen, key),
                    )

    def picture(self, screen: str, key: str) -> bytes | None:
        """Return the first page of a slide; None: it never stood there, or is cleared away."""
        entry = self.entry(screen, key)
        path = self._path(entry.file) if entry else None
        return path.read_bytes() if path and path.exists() else None

    def pages(self, entry: Entry) -> list[bytes]:
        """Return the PNGs of a slide."""
        return [self._path(digest).read_bytes() for digest in entry.files]

    def waiting(self, *, at: datetime) -> dict[str, int]:
        """Return how many slides each screen has still to show, of those whose time has come."""
        with self.reading() as base:
            rows = base.execute(
                "SELECT screen, count(*) FROM entry WHERE withdrawn_at IS NULL AND shown_at IS NULL"
                " AND (begins_at IS NULL OR begins_at <= ?1) AND (ends_at IS NULL OR ends_at > ?1)"
                " GROUP BY screen",
                (text_of(at),),
            ).fetchall()
        return dict(rows)

    def entry(self, screen: str, key: str) -> Entry | None:
        """Return what is known of a slide on a screen; None: it never stood there."""
        with self.reading() as base:
            return _entry(base, screen, key)

    def listed(self, screen: str, *, at: datetime) -> tuple[int, list[Entry]]:
        """Return the version of a screen's list, and what is on it and not over yet."""
        with self.reading() as base:
            rows = base.execute(
                f"SELECT {COLUMNS} FROM entry WHERE screen = ? AND withdrawn_at IS NULL"
                " AND (ends_at IS NULL OR ends_at > ?) ORDER BY made_at, key",
                (screen, text_of(at)),
            ).fetchall()
            return _version(base, screen), [_from_row(row) for row in rows]

    def file(self, digest: str, *, at: datetime) -> bytes | None:
        """Return a picture that stands on some screen's list now; None for every other."""
        with self.reading() as base:
            found = base.execute(
                "SELECT 1 FROM page JOIN entry USING (screen, key) WHERE page.file = ?"
                " AND withdrawn_at IS NULL AND (ends_at IS NULL OR ends_at > ?) LIMIT 1",
                (digest, text_of(at)),
            ).fetchone()
        return self._path(digest).read_bytes() if found else None

    def _keep(self, digest: str, file: bytes) -> None:
        """Write a picture so that it is there whole or not at all."""
        path = self._path(digest)
        if path.exists():
            return
        path.parent.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as part:
            part.write(file)
            part.flush()
            os.fsync(part.fileno())
        Path(part.name).replace(path)

    def _path(self, digest: str) -> Path:
        return self.folder / "slides" / f"{digest}.png"

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Open the records for one transaction that no other writer comes between."""
        with self.reading() as base:
            base.execute("BEGIN IMMEDIATE")
            try:
                yield base
            except BaseException:
                base.execute("ROLLBACK")
                raise
            base.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Open the records, and make them where there are none yet."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "screens.db"
        connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        with closing(connection) as base:
            if _schema(base) < len(MIGRATIONS):
                _bring_up(base)
            yield base


def _schema(base: sqlite3.Connection) -> int:
    return int(base.execute("PRAGMA user_version").fetchone()[0])


def _bring_up(base: sqlite3.Connection) -> None:
    """Bring the records to the present schema, keeping all of them; one process does it."""
    base.execute("PRAGMA journal_mode = WAL")
    base.execute("BEGIN IMMEDIATE")
    with base:
        for number, script in enumerate(MIGRATIONS[_schema(base) :], start=_schema(base) + 1):
            for statement in script.split(";"):
                base.execute(statement)
            base.execute(f"PRAGMA user_version = {number}")


def _entry(base: sqlite3.Connection, screen: str, key: str) -> Entry | None:
    row = base.execute(
        f"SELECT {COLUMNS} FROM entry WHERE screen = ? AND key = ?", (screen, key)
    ).fetchone()
    return _from_row(row) if row else None


def _enter(
    base: sqlite3.Connection,
    screen: str,
    key: str,
    digests: Sequence[str],
    slide: Slide,
    *,
    at: datetime,
) -> None:
    values = {
        "screen": screen,
        "key": key,
        "file": digests[0],
        "more": " ".join(digests[1:]),
        "priority": slide.priority,
        "title": slide.title,
        "begins_at": text_of(slide.begins_at),
        "ends_at": text_of(slide.ends_at),
        "duration_s": slide.duration_s,
        "made_at": text_of(at),
        "made_version": _next_version(base, screen),
    }
    places = ", ".join(f":{name}" for name in values)
    base.execute(f"INSERT OR REPLACE INTO entry ({', '.join(values)}) VALUES ({places})", values)
    base.execute("DELETE FROM page WHERE screen = ? AND key = ?", (screen, key))
    base.executemany(
        "INSERT OR IGNORE INTO page VALUES (?, ?, ?)",
        [(digest, screen, key) for digest in digests],
    )


def _live(base: sqlite3.Connection, screen: str, key: str) -> bool:
    entry = _entry(base, screen, key)
    return entry is not None and entry.withdrawn_at is None


def _version(base: sqlite3.Connection, screen: str) -> int:
    row = base.execute("SELECT version FROM screen WHERE name = ?", (screen,)).fetchone()
    return int(row[0]) if row else 0


def _next_version(base: sqlite3.Connection, screen: str) -> int:
    base.execute(
        "INSERT INTO screen (name, version) VALUES (?, 1)"
        " ON CONFLICT (name) DO UPDATE SET version = version + 1",
        (screen,),
    )
    return _version(base, screen)


def _from_row(row: Sequence[object]) -> Entry:
    values = dict(zip((field.name for field in fields(Entry)), row, strict=True))
    moments = {name: moment_of(value) for name, value in values.items() if name.endswith("_at")}
    return Entry(**(values | moments))  # type: ignore[arg-type]  # the columns are Entry's


def text_of(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds") if moment else None


def moment_of(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None
