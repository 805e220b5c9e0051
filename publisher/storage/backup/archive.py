"""The file of a backup: a plain tar whose last member, the manifest, has a digest of all others.

Nothing is held in memory but the manifest: members are streamed, in both directions.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

from publisher.errors import PublisherError
from publisher.model.canonical import canonical, sha256

FORMAT = 1
MANIFEST = "manifest.json"
MAX_MANIFEST = 1 << 28  # bytes; about a million files
TOPS = {"database", "media", "targets", "config", MANIFEST}
CHUNK = 1 << 20
FOREIGN = "这不是本程序的备份，或文件已损坏"

Progress = Callable[[str, int], None]  # what is being done, and how many bytes of it are


class BackupError(PublisherError):
    """A backup cannot be taken, trusted or put back; the message is a Chinese sentence."""


@dataclass(frozen=True)
class Member:
    """A file of the archive."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What the archive holds."""

    taken_at: datetime
    revision: str  # of the schema
    backend: str  # "sqlite" or "postgresql"
    counts: Mapping[str, int]  # rows of each table
    left_out: tuple[str, ...]  # what was on disk and is not here, on purpose
    members: dict[str, Member] = field(default_factory=dict)

    def written(self) -> bytes:
        """Return it as JSON."""
        facts = {
            "format": FORMAT,
            "taken_at": self.taken_at.isoformat(),
            "schema_revision": self.revision,
            "backend": self.backend,
            "counts": dict(self.counts),
            "left_out": list(self.left_out),
            "members": {
                name: {"size_bytes": one.size_bytes, "sha256": one.sha256}
                for name, one in self.members.items()
            },
        }
        return json.dumps(sealed(facts), ensure_ascii=False, indent=1).encode()

    @classmethod
    def read(cls, written: bytes) -> Manifest:
        """Read it back; BackupError where it is none of ours."""
        try:
            facts: dict[str, Any] = json.loads(written)
            if facts["format"] != FORMAT:
                raise BackupError(f"备份的格式是 {facts['format']}，这个版本只认 {FORMAT}")
            if sealed(facts) != facts:
                raise BackupError(f"{FOREIGN}：清单被改动过")
            return cls(
                taken_at=datetime.fromisoformat(facts["taken_at"]),
                revision=facts["schema_revision"],
                backend=facts["backend"],
                counts=facts["counts"],
                left_out=tuple(facts["left_out"]),
                members={name: Member(**one) for name, one in facts["members"].items()},
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BackupError(FOREIGN) from error


def sealed(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts with a digest over all of them."""
    others = {key: value for key, value in facts.items() if key != "seal"}
    return others | {"seal": sha256(canonical(others))}


class _Hashing(io.RawIOBase):
    """Reads from a file and takes the digest of what went by."""

    def __init__(self, source: IO[bytes], seen: Callable[[int], None]) -> None:
        self._source, self._seen, self.digest = source, seen, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self._source.read(size)
        self.digest.update(chunk)
        self._seen(len(chunk))
        return chunk


class _Tar(tarfile.TarFile):
    members: list[tarfile.TarInfo]  # emptied as we go: else it remembers every file


class Writer:
    """Writes an archive member by member."""

    def __init__(self, file: IO[bytes], *, progress: Progress) -> None:
        self.members: dict[str, Member] = {}
        self._tar = _Tar(fileobj=file, mode="w", copybufsize=CHUNK)
        self._progress, self._written = progress, 0

    def add(self, name: str, source: IO[bytes], *, size: int, mtime: float = 0) -> str:
        """Append so many bytes of a file, and return their digest."""
        info = tarfile.TarInfo(name)
        info.size, info.mtime, info.mode = size, int(mtime), 0o600
        hashing = _Hashing(source, self._count)
        self._tar.addfile(info, hashing)
        self._tar.members = []
        self.members[name] = Member(size, hashing.digest.hexdigest())
        return self.members[name].sha256

    def _count(self, size: int) -> None:
        self._written += size
        self._progress("写入备份", self._written)

    def finish(self, manifest: Manifest) -> None:
        """Append the manifest, and end the archive."""
        manifest.members.update(self.members)
        written = manifest.written()
        self.add(MANIFEST, io.BytesIO(written), size=len(written))
        self._tar.close()


def unpack(
    path: Path, folder: Path, *, wants: Callable[[str], bool], progress: Progress
) -> Manifest:
    """Read the whole archive, write what is wanted below a folder, and compare every digest.

    BackupError where anything is missing, changed, of another kind, or wants to leave the folder.
    """
    found: dict[str, Member] = {}
    manifest = None
    try:
        for info, source in _members(path, folder):
            if info.name in found or manifest is not None:
                raise BackupError(f"{FOREIGN}：{info.name} 不该在这里")
            if info.name == MANIFEST:
                manifest = Manifest.read(source.read(min(info.size, MAX_MANIFEST)))
                continue
            to = folder / info.name if wants(info.name) else None
            found[info.name] = _take(source, to)
            progress("核对备份", info.offset_data + info.size)
    except (tarfile.TarError, EOFError) as error:
        raise BackupError(f"{FOREIGN}：{error}") from error
    except OSError as error:
        raise BackupError(f"备份没有读完：{error}") from error
    if manifest is None:
        raise BackupError(f"{FOREIGN}：没有清单，可能没有写完")
    _compare(manifest.members, found)
    return manifest


def _members(path: Path, folder: Path) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
    with path.open("rb") as file, _Tar(fileobj=file, mode="r") as tar:
        while (info := tar.next()) is not None:
            tar.members = []
            _require_harmless(info, folder)
            source = tar.extractfile(info)
            if source is not None:
                yield info, source


def _require_harmless(info: tarfile.TarInfo, folder: Path) -> None:
    try:
        tarfile.data_filter(info, str(folder))
    except tarfile.FilterError as error:
        raise BackupError(f"{FOREIGN}：{error}") from error
    parts = PurePosixPath(info.name).parts
    if not info.isreg() or not parts or parts[0] not in TOPS or ".." in parts:
        raise BackupError(f"{FOREIGN}：{info.name} 不该在这里")


def _take(source: IO[bytes], to: Path | None) -> Member:
    digest, size = hashlib.sha256(), 0
    if to is not None:
        to.parent.mkdir(parents=True, exist_ok=True)
    with to.open("xb") if to else io.BytesIO() as file:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
            if to is not None:
                file.write(chunk)
    return Member(size, digest.hexdigest())


def _compare(expected: Mapping[str, Member], found: Mapping[str, Member]) -> None:
    for name, member in expected.items():
        if name not in found:
            raise BackupError(f"备份不完整：缺少 {name}")
        if found[name] != member:
            raise BackupError(f"备份已损坏：{name} 与清单不一致")
    for name in found:
        if name not in expected:
            raise BackupError(f"备份已损坏：清单里没有 {name}")
