"""A folder of this machine, or one that is mounted."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from channels.website.copies.place import Place
from channels.website.tree import settle
from publisher.errors import RetryableError

ADVICE = "副本目录写不进去：检查它是否挂载、磁盘空间和权限"


@dataclass(frozen=True)
class Folder(Place):
    """One folder; it has to be there, for a mount that is missing is no empty folder."""

    root: Path

    def write(self, name: str, content: bytes) -> None:
        path = self.root / name
        unfinished = path.with_name(f".{path.name}.unfinished")
        try:
            self._require_there()
            path.parent.mkdir(parents=True, exist_ok=True)
            with unfinished.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
            settle(path.parent)
        except OSError as error:
            raise RetryableError(f"{name}: {error}", advice=ADVICE) from error

    def remove(self, name: str) -> None:
        try:
            self._require_there()
            (self.root / name).unlink(missing_ok=True)
        except OSError as error:
            raise RetryableError(f"{name}: {error}", advice=ADVICE) from error

    def read(self, name: str) -> bytes | None:
        try:
            self._require_there()
            return (self.root / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            if self.root.is_dir():
                return None
            raise RetryableError(f"{self.root} is not there", advice=ADVICE) from None
        except OSError as error:
            raise RetryableError(f"{name}: {error}", advice=ADVICE) from error

    def names(self, folder: str) -> list[str]:
        self._require_there()
        files = [path for path in (self.root / folder).rglob("*") if not path.is_dir()]
        return [path.relative_to(self.root).as_posix() for path in files]

    def _require_there(self) -> None:
        if not self.root.is_dir():
            raise RetryableError(f"{self.root} is not there", advice=ADVICE)
