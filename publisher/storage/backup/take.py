"""Taking a backup while everything runs: first the database, then the files that it names."""

from __future__ import annotations

import fcntl
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import IO

from sqlalchemy.engine import make_url

from publisher.settings import Settings
from publisher.storage.backup import postgres, sqlite
from publisher.storage.backup.archive import BackupError, Manifest, Progress, Writer
from publisher.storage.backup.check import DATABASE, names_in, verify
from publisher.storage.database import open_database
from publisher.storage.media import MediaStore, sync_folder

SECRETS = Path("secrets")  # below config/
PASSWORD = re.compile(rb"(://[^:/@\s\"']+):[^@\s\"']+@")  # in an address
LEFT_OUT = ("config/secrets", "passwords in addresses")
NAME = "yigao-{:%Y%m%dT%H%M%SZ}.tar"
NAMED = re.compile(r"yigao-\d{8}T\d{6}Z\.tar")
PARTIAL = ".partial"
NEW_AND_PRIVATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL  # drafts are inside


@dataclass(frozen=True, kw_only=True)
class Taken:
    """An archive that is complete and verified."""

    path: Path
    size_bytes: int
    manifest: Manifest


def take_into(
    settings: Settings, folder: Path, *, keep: int, at: datetime, progress: Progress
) -> Taken:
    """Take a backup into a folder, and keep only so many of the newest there."""
    folder.mkdir(parents=True, exist_ok=True)
    taken = take(settings, folder / NAME.format(at.astimezone(UTC)), at=at, progress=progress)
    there = sorted(path for path in folder.iterdir() if NAMED.fullmatch(path.name))
    for old in there[:-keep]:
        old.unlink()
    return taken


def take(settings: Settings, path: Path, *, at: datetime, progress: Progress) -> Taken:
    """Write the archive under another name, read it back, and only then give it its own."""
    if path.is_dir() or not path.parent.is_dir():
        raise BackupError(f"{path} 不能作为备份文件：请写一个文件名，所在的文件夹要先建好")
    _sweep(path.parent)
    partial = path.with_name(f".{path.name}.{os.getpid()}{PARTIAL}")
    try:
        with os.fdopen(os.open(partial, NEW_AND_PRIVATE, 0o600), "wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            with tempfile.TemporaryDirectory(dir=path.parent, prefix=".yigao-") as scratch:
                manifest = _write(settings, file, Path(scratch), at=at, progress=progress)
            file.flush()
            os.fsync(file.fileno())
            verify(partial, progress=progress, scratch_in=path.parent)
            partial.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise BackupError(f"备份没有写成：{error}") from error
    finally:
        partial.unlink(missing_ok=True)
    return Taken(path=path, size_bytes=path.stat().st_size, manifest=manifest)


def _sweep(folder: Path) -> None:
    """Remove what a killed backup left: unfinished files that nobody holds."""
    for path in folder.glob(f".*{PARTIAL}"):
        with suppress(OSError), path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()


def _write(
    settings: Settings, file: IO[bytes], scratch: Path, *, at: datetime, progress: Progress
) -> Manifest:
    writer = Writer(file, progress=progress)
    manifest, copied = _database(settings, scratch, at=at, progress=progress)
    _add_file(writer, DATABASE[manifest.backend], copied)
    media = MediaStore(settings.data / "media")
    for digest in names_in(manifest.backend, copied):
        _add_medium(writer, media, digest)
    copied.unlink()
    _add_targets(writer, settings.data / "targets", scratch, progress=progress)
    _add_config(writer, settings.home / "config")
    writer.finish(manifest)
    return manifest


def _database(
    settings: Settings, scratch: Path, *, at: datetime, progress: Progress
) -> tuple[Manifest, Path]:
    url = make_url(settings.database_url)
    backend = url.get_backend_name()
    copied = scratch / DATABASE[backend].rpartition("/")[2]
    if backend == "sqlite":
        source = Path(url.database or "")
        if not source.is_file():
            raise BackupError(f"{source} 不存在，没有可以备份的数据")
        sqlite.copy(source, copied, progress=progress)
        revision, counts = sqlite.revision(copied), sqlite.counts(copied)
    else:
        engine = open_database(settings.database_url).engine
        try:
            found = postgres.dump(engine, copied, progress=progress)
        finally:
            engine.dispose()
        revision, counts = found.revision, found.counts
    manifest = Manifest(
        taken_at=at, revision=revision, backend=backend, counts=counts, left_out=LEFT_OUT
    )
    return manifest, copied


def _add_file(writer: Writer, name: str, path: Path) -> str:
    with path.open("rb") as file:
        found = os.fstat(file.fileno())
        return writer.add(name, file, size=found.st_size, mtime=found.st_mtime)


def _add_medium(writer: Writer, media: MediaStore, digest: str) -> None:
    path = media.path(digest)
    try:
        found = _add_file(writer, f"media/{path.relative_to(media.folder)}", path)
    except FileNotFoundError as error:
        raise BackupError(f"记录里的文件 {digest} 在 data/media 里不存在，备份不完整") from error
    if found != digest:
        raise BackupError(f"data/media 里的文件 {digest} 已损坏，请先从早先的备份中恢复它")


def _add_targets(writer: Writer, folder: Path, scratch: Path, *, progress: Progress) -> None:
    """Append the outlets' own folders; what is a database in them is copied as one."""
    for path in _files(folder):
        name = f"targets/{path.relative_to(folder)}"
        with suppress(FileNotFoundError):  # gone since it was listed: nothing names it any more
            if not sqlite.is_sqlite(path):
                _add_file(writer, name, path)
                continue
            copied = scratch / "copied"
            sqlite.copy(path, copied, progress=progress)
            _add_file(writer, name, copied)
            copied.unlink()


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        if not path.name.endswith(sqlite.BESIDE):
            yield path


def _add_config(writer: Writer, folder: Path) -> None:
    for path in _files(folder):
        place = path.relative_to(folder)
        if not place.is_relative_to(SECRETS):
            written = PASSWORD.sub(rb"\1:***@", path.read_bytes())
            writer.add(f"config/{place}", BytesIO(written), size=len(written))
