"""What was asked for, kept before it is sent: whatever is lost later can be looked up by it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from publisher.errors import RetryableError, UnknownOutcomeError

NO_ROOM = "数据目录写不进去：检查磁盘空间和权限"


@dataclass(frozen=True, kw_only=True)
class Note:
    """One attempt at one delivery."""

    slug: str
    edition: str  # digest of what was approved
    wanted: Mapping[str, Any]  # fields of the post, without its content
    sent_at_s: float  # of the clock of this machine


@dataclass(frozen=True, kw_only=True)
class Notes:
    """The notes of one target, a file each; a later attempt takes the place of the former."""

    folder: Path

    def write(self, key: str, *, slug: str, edition: str, wanted: Mapping[str, Any]) -> None:
        """Keep it, on the disk; RetryableError where there is no room, for nothing was sent."""
        kept = {name: value for name, value in wanted.items() if name != "content"}
        note = Note(slug=slug, edition=edition, wanted=kept, sent_at_s=time.time())
        unfinished = self._path(key).with_suffix(".unfinished")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with unfinished.open("w", encoding="utf-8") as file:
                json.dump(asdict(note), file, ensure_ascii=False)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(self._path(key))
        except OSError as error:
            raise RetryableError(f"before sending: {error}", advice=NO_ROOM) from error

    def read(self, key: str) -> Note | None:
        """Return the note, None where no attempt got as far as sending."""
        try:
            return Note(**json.loads(self._path(key).read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise UnknownOutcomeError(f"our own note cannot be read: {error}") from error

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.json"
