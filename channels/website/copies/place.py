"""What is asked of a place that holds a copy. Names are relative paths: "info/2026/a.html"."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

TOTAL_S = 300.0  # for one file; a place that takes longer counts as lost


class Place(ABC):
    """One place, open. Its errors are those of channels: retryable, credentials, permanent."""

    @abstractmethod
    def write(self, name: str, content: bytes) -> None:
        """Put a file there whole: a reader sees the old one or the new one, never a half."""

    @abstractmethod
    def remove(self, name: str) -> None:
        """Take a file away; there may be none."""

    @abstractmethod
    def read(self, name: str) -> bytes | None:
        """Return a file; None: certainly not there."""

    def write_many(self, names: Sequence[str], root: Path) -> None:
        """Put files of a folder there, in this order."""
        for name in names:
            self.write(name, (root / name).read_bytes())

    def close(self) -> None:
        """End the connection, if there is one."""
        return
