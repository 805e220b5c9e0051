"""One copy of the site: what has to go there, in which order, and what has gone there.

What changes is noted before the site counts the change as done, so nothing is forgotten by a
process that dies; what was sent is noted after it was, so it may be sent twice and does no harm.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from channels.website.catalogue import alone
from channels.website.copies.place import Place
from publisher.errors import PermanentError

MANIFEST = "copy-manifest.json"
BATCH = 200  # files in one call, where a place takes several
WAIT_S = 60.0
SCHEMA = """
CREATE TABLE IF NOT EXISTS copied (name TEXT PRIMARY KEY, digest TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pending (
    name TEXT PRIMARY KEY, rank INTEGER NOT NULL, is_gone INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS pending_rank ON pending (rank, name);
CREATE TABLE IF NOT EXISTS standing (sequence INTEGER NOT NULL);
"""
MEDIA = re.compile(r"info/[^/]+/[^/]+/.+")
PAGE = re.compile(r"info/[^/]+/[^/]+\.html")
FRONT = {"index.html", "feed.xml", "feed.json", "sitemap.xml", "search/months.json"}
FIRST, PAGES, LISTS, FRONTS, TOMBSTONES, LAST = range(6)


def _digests(root: Path, names: Iterable[str]) -> dict[str, str]:
    """Return the digest of each file, but of those that are gone by now."""
    return {
        name: sha256((root / name).read_bytes()).hexdigest()
        for name in names
        if (root / name).is_file()
    }


def _has(base: sqlite3.Connection, name: str, digest: str) -> bool:
    row = base.execute("SELECT digest FROM copied WHERE name = ?", (name,)).fetchone()
    return row is not None and row[0] == digest


def rank_of(name: str, *, is_gone: bool = False, is_tombstone: bool = False) -> int:
    """Return the place in the order: files, pages, lists, front; then what comes down."""
    if is_gone:
        return LAST  # nothing names it any more
    if is_tombstone:
        return TOMBSTONES  # lists first, so that no list names a page that is gone
    if PAGE.fullmatch(name):
        return PAGES
    if MEDIA.fullmatch(name) or name.startswith("assets/"):
        return FIRST
    return FRONTS if name in FRONT else LISTS


@dataclass(frozen=True)
class Mirror:
    """The copy at one place; its journal is here."""

    opened: Callable[[], Place]  # a connection of its own each time
    journal: Path
    site: str  # base_url of the site, so that two sites never share a place

    def note(
        self, changed: Iterable[str], removed: Iterable[str], *, tombstones: Collection[str] = ()
    ) -> None:
        """Note what has to go there."""
        rows = [(name, rank_of(name, is_tombstone=name in tombstones), 0) for name in changed]
        rows += [(name, rank_of(name, is_gone=True), 1) for name in removed]
        with self._open() as base, base:
            base.executemany("INSERT OR REPLACE INTO pending VALUES (?, ?, ?)", rows)

    def note_all(self, root: Path) -> None:
        """Compare the whole site with what has gone there, and note what differs."""
        with self._open() as base:
            known = dict(base.execute("SELECT name, digest FROM copied").fetchall())
            there: set[str] = set()
            changed: list[str] = []
            for path in root.rglob("*"):
                name = path.relative_to(root).as_posix()
                if not path.is_file() or any(part.startswith(".") for part in Path(name).parts):
                    continue
                there.add(name)
                if known.get(name) != sha256(path.read_bytes()).hexdigest():
                    changed.append(name)
            self.note(changed, known.keys() - there)

    def below(self, folder: str) -> set[str]:
        """Return what has gone there into a folder, given with its "/"."""
        query = "SELECT name FROM copied WHERE name >= ? AND name < ?"
        with self._open() as base:
            return {row[0] for row in base.execute(query, (folder, f"{folder[:-1]}0"))}

    def pending(self) -> int:
        """Return how many files have still to go there."""
        with self._open() as base:
            return int(base.execute("SELECT count(*) FROM pending").fetchone()[0])

    def push(self, root: Path) -> int:
        """Send what is noted, in the safe order; return how many files. May be repeated."""
        with alone(self.journal.with_suffix(".lock"), wait_s=WAIT_S), self._open() as base:
            if not base.execute("SELECT 1 FROM pending LIMIT 1").fetchone():
                return 0
            place = self.opened()
            try:
                self._require_ours(base, place)
                sent = self._send(base, place, root)
                self._sign(base, place)
            finally:
                place.close()
        return sent

    def _send(self, base: sqlite3.Connection, place: Place, root: Path) -> int:
        sent = 0
        while True:
            rows = base.execute(
                "SELECT name, rank, is_gone FROM pending ORDER BY rank, name LIMIT ?", (BATCH,)
            ).fetchall()
            if not rows:
                return sent
            first = rows[0][1]  # what is of one rank goes together
            batch = [row for row in rows if row[1] == first]
            digests = _digests(root, [name for name, _, is_gone in batch if not is_gone])
            written = [name for name in digests if not _has(base, name, digests[name])]
            if written:
                place.write_many(written, root)
            gone = [name for name, _, _ in batch if name not in digests]
            for name in gone:
                place.remove(name)
            with base:
                base.executemany("INSERT OR REPLACE INTO copied VALUES (?, ?)", digests.items())
                base.executemany("DELETE FROM copied WHERE name = ?", [(name,) for name in gone])
                base.executemany("DELETE FROM pending WHERE name = ?", [row[:1] for row in batch])
            sent += len(batch)

    def _require_ours(self, base: sqlite3.Connection, place: Place) -> None:
        """Stop where another site stands; begin anew where ours has been emptied."""
        found = place.read(MANIFEST)
        if found is None:
            with base:
                for (name,) in base.execute("SELECT name FROM copied").fetchall():
                    row = (name, rank_of(name), 0)
                    base.execute("INSERT OR IGNORE INTO pending VALUES (?, ?, ?)", row)
                base.execute("DELETE FROM copied")
            return
        try:
            site = json.loads(found)["site"]
        except (ValueError, KeyError, TypeError):
            site = "?"
        if site != self.site:
            raise PermanentError(
                f"the place holds {site}",
                advice=f"副本的位置上已经是另一个网站（{site}）：换一个目录，或先清空它",
            )

    def _sign(self, base: sqlite3.Connection, place: Place) -> None:
        """Leave word at the place of whose copy it is and how much of it is there."""
        row = base.execute("SELECT max(sequence) FROM standing").fetchone()
        sequence = (row[0] or 0) + 1
        files = base.execute("SELECT count(*) FROM copied").fetchone()[0]
        said = {"site": self.site, "sequence": sequence, "files": files}
        place.write(MANIFEST, json.dumps(said, ensure_ascii=False).encode())
        with base:
            base.execute("DELETE FROM standing")
            base.execute("INSERT INTO standing VALUES (?)", (sequence,))

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self.journal.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self.journal, timeout=WAIT_S)) as base:
            base.execute("PRAGMA journal_mode = WAL")
            base.executescript(SCHEMA)
            yield base
