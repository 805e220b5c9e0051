"""Files named by the SHA-256 of their bytes: pictures, attachments, frozen renditions."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from publisher.errors import NotFoundError, PublisherError


class DamagedError(PublisherError):
    """The bytes on disk are no longer those of their name."""


def sync_folder(folder: Path) -> None:
    """Make sure that a new name is still there after a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@dataclass(frozen=True)
class MediaStore:
    """A folder of files; a file never changes and is written once, whole or not at all."""

    folder: Path

    def put(self, file: bytes) -> str:
        """Keep the bytes and return their digest; the same bytes are kept once."""
        digest = hashlib.sha256(file).hexdigest()
        path = self.path(digest)
        if path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == digest:
            return digest  # a damaged one is written anew
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as temporary:
            temporary.write(file)
            temporary.flush()
            os.fsync(temporary.fileno())
        Path(temporary.name).replace(path)
        sync_folder(path.parent)
        return digest

    def read(self, digest: str) -> bytes:
        """Return the bytes, after comparing them with their name."""
        try:
            file = self.path(digest).read_bytes()
        except FileNotFoundError as error:
            raise NotFoundError("没有这个文件，可能没有从备份中恢复") from error
        if hashlib.sha256(file).hexdigest() != digest:
            raise DamagedError(f"文件 {digest[:12]} 已损坏，请从备份中恢复")
        return file

    def path(self, digest: str) -> Path:
        """Return where the file of that digest is, or would be."""
        return self.folder / digest[:2] / digest
