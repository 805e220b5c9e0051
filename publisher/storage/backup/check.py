"""Whether an archive can be trusted: every digest, the database in itself, every file it names."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable
from pathlib import Path

from publisher.storage.backup import postgres, sqlite
from publisher.storage.backup.archive import BackupError, Manifest, Progress, unpack

DATABASE = {"sqlite": "database/publisher.db", "postgresql": "database/publisher.dump"}


def verify(path: Path, *, progress: Progress, scratch_in: Path | None = None) -> Manifest:
    """Read an archive as a restore would, and change nothing; BackupError where it is not whole.

    The database is unpacked below `scratch_in`, None: where temporary files are.
    """
    if not path.is_file():
        raise BackupError(f"没有备份文件 {path}")
    with tempfile.TemporaryDirectory(dir=scratch_in, prefix=".yigao-") as scratch:
        folder = Path(scratch)
        manifest = unpack(path, folder, wants=_is_database, progress=progress)
        progress("核对数据库", 0)
        check(manifest, folder)
    return manifest


def _is_database(name: str) -> bool:
    return name.startswith("database/") or name.endswith((".db", ".sqlite3"))


def check(manifest: Manifest, folder: Path) -> None:
    """Raise BackupError where what was unpacked is not what the manifest tells of."""
    if manifest.backend not in DATABASE:
        raise BackupError(f"这个版本不认识备份里的数据库 {manifest.backend}")
    copied = folder / DATABASE[manifest.backend]
    if not copied.is_file():
        raise BackupError("备份里没有数据库")
    for path in sorted((*folder.glob("database/*"), *folder.glob("targets/**/*"))):
        if path.is_file() and sqlite.is_sqlite(path):
            sqlite.check(path)
    try:
        counts, digests = _found(manifest.backend, copied)
    except (sqlite3.Error, ValueError, KeyError) as error:
        raise BackupError(f"备份里的数据库读不出来：{error}") from error
    if counts != dict(manifest.counts):
        wrong = sorted(set(counts.items()) ^ set(manifest.counts.items()))
        raise BackupError(f"备份里的记录数与清单不一致：{wrong[0][0]}")
    for digest in digests:
        member = manifest.members.get(f"media/{digest[:2]}/{digest}")
        if member is None or member.sha256 != digest:
            raise BackupError(f"备份里缺少记录中的文件 {digest}")


def _found(backend: str, copied: Path) -> tuple[dict[str, int], set[str]]:
    if backend == "sqlite":
        return sqlite.counts(copied), set(sqlite.digests(copied))
    digests: set[str] = set()
    return postgres.examine(copied, names=digests.add), digests


def names_in(backend: str, copied: Path) -> Iterable[str]:
    """Return the digests that the records of a copied database name, in order."""
    return sorted(_found(backend, copied)[1])
