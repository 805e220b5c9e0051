"""Copying an SQLite file while others write to it, and checking a copy."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from publisher.storage.backup.archive import BackupError, Progress

MAGIC = b"SQLite format 3\x00"
PAGES = 2048  # in one step
BUSY_TIMEOUT_S = 30.0
BESIDE = ("-wal", "-shm", "-journal")  # what belongs to an open SQLite file
DIGESTS = """
SELECT digest FROM medium UNION SELECT body_digest FROM rendition
UNION SELECT json_extract(part.value, '$.digest') FROM rendition, json_each(rendition.parts) part
"""


def is_sqlite(path: Path) -> bool:
    """Say whether a file is an SQLite database."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def copy(source: Path, to: Path, *, progress: Progress) -> None:
    """Copy the database as it stands at one moment; in WAL mode no writer waits for it.

    The read transaction is what holds the moment: without it the backup of a database that others
    write to begins anew at every step, and never ends.
    Source: sqlite.org/c3ref/backup_finish.html, "sqlite3_backup_step()".
    """

    def tell(status: int, remaining: int, total: int) -> None:
        progress("复制数据库", (total - remaining) * page_size)

    with closing(_open(source)) as live, closing(sqlite3.connect(to)) as made:
        page_size = int(live.execute("PRAGMA page_size").fetchone()[0])
        made.execute("PRAGMA synchronous = OFF")  # the archive is synced as a whole
        live.execute("BEGIN")
        live.execute("SELECT 1 FROM sqlite_schema").fetchone()
        live.backup(made, pages=PAGES, progress=tell)
        made.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it


def _open(path: Path) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?mode=rw"  # never makes one that is not there
    return sqlite3.connect(address, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None)


def check(path: Path) -> None:
    """Raise BackupError where the copy is damaged in itself."""
    with closing(_open(path)) as database:
        try:
            found = database.execute("PRAGMA integrity_check(1)").fetchone()[0]
            orphan = database.execute("PRAGMA foreign_key_check").fetchone()
        except sqlite3.DatabaseError as error:
            raise BackupError(f"备份里的 {path.name} 打不开：{error}") from error
    if found != "ok":
        raise BackupError(f"备份里的 {path.name} 已损坏：{found}")
    if orphan is not None:
        raise BackupError(f"备份里的 {path.name} 不完整：{orphan[0]} 指向不存在的记录")


def revision(path: Path) -> str:
    """Return the revision of the schema."""
    with closing(_open(path)) as database:
        try:
            row = database.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.OperationalError:
            row = None
    if row is None:
        raise BackupError(f"{path.name} 里没有本程序的数据")
    return str(row[0])


def counts(path: Path) -> dict[str, int]:
    """Return the number of rows of each table."""
    with closing(_open(path)) as database:
        names = [
            str(name)
            for (name,) in database.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table'"
                " AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY name"
            )
        ]
        return {
            name: database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names
        }


def digests(path: Path) -> Iterator[str]:
    """Give the digest of every file that the records name."""
    with closing(_open(path)) as database:
        for (digest,) in database.execute(DIGESTS):
            yield digest


def skip_ids(path: Path, tables: Iterable[str], *, ahead: int) -> None:
    """Have the next ids of these tables begin that far ahead of the last one.

    A table has no sequence unless it says AUTOINCREMENT, which changes nothing on disk but the
    text of the schema. Source: sqlite.org/lang_altertable.html, section 7.
    """
    with closing(_open(path)) as database:
        database.execute("CREATE TABLE numbered (id INTEGER PRIMARY KEY AUTOINCREMENT)")
        database.execute("DROP TABLE numbered")  # now there is a table of sequences
        database.execute("PRAGMA writable_schema = ON")
        for table in tables:
            database.execute(
                "UPDATE sqlite_schema SET sql = replace(sql, 'PRIMARY KEY (id)',"
                " 'PRIMARY KEY (id AUTOINCREMENT)') WHERE type = 'table' AND name = ?",
                (table,),
            )
            last = database.execute(f'SELECT coalesce(max(id), 0) FROM "{table}"').fetchone()[0]
            database.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
            database.execute("INSERT INTO sqlite_sequence VALUES (?, ?)", (table, last + ahead))
        database.execute("PRAGMA writable_schema = RESET")


@contextmanager
def alone(path: Path) -> Iterator[sqlite3.Connection]:
    """Keep everybody else out of the database meanwhile; BackupError where somebody has it open.

    A connection in WAL mode holds a shared lock for as long as it is open, so that even an idle
    server is noticed. Source: sqlite.org/wal.html, "Use of WAL Without Shared-Memory".
    """
    with closing(_open(path)) as database:
        try:
            database.execute("PRAGMA busy_timeout = 0")
            database.execute("PRAGMA locking_mode = EXCLUSIVE")
            database.execute("BEGIN IMMEDIATE")
            database.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise BackupError(
                "有程序正在使用这个数据库，请先停止服务（publisher serve）"
            ) from error
        yield database
