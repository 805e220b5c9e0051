"""What is asked of a place that holds a copy. Names are relative paths: "info/2026/a.html"."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar

TOTAL_S = 300.0  # for one call; a place that takes longer counts as lost
SLOWEST = 64 * 2**10  # bytes in a second: a large file has more time


def total_s(size: int) -> float:
    """Return how long a call with so many bytes may take."""
    return TOTAL_S + size / SLOWEST


class Place(ABC):
    """One place, open. Its errors are those of channels: retryable, credentials, permanent."""

    at_once: ClassVar[int] = 1  # files of one call of write_many that pays off

    @abstractmethod
    def write(self, name: str, content: bytes) -> None:
        """Put a file there whole: a reader sees the old one or the new one, never a half."""

    @abstractmethod
    def remove(self, name: str) -> None:
        """Take a file away; there may be none."""

    @abstractmethod
    def read(self, name: str) -> bytes | None:
        """Return a file; None: certainly not there."""

    @abstractmethod
    def names(self, folder: str) -> Iterable[str]:
        """Return the names of all files below a folder, given without "/"; it may not be there.

        What a killed process left half written is among them.
        """

    def write_many(self, names: Sequence[str], root: Path) -> None:
        """Put files of a folder there, in this order."""
        for name in names:
            self.write(name, (root / name).read_bytes())

    def differing(self, names: Sequence[str], root: Path) -> list[str]:
        """Return which of these files of a folder are not there, or not as they are here."""
        return [name for name in names if self.read(name) != (root / name).read_bytes()]

    def close(self) -> None:
        """End the connection, if there is one."""
        return
