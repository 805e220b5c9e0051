"""A piece of what a file says, and the refusal of a file that cannot be read."""

from __future__ import annotations

from dataclasses import dataclass, replace

from publisher.errors import PublisherError


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Some words of a file, with their place as people say it."""

    place: str  # "第 3 页", "表格第 2 行第 4 列", "工作表“名单”（隐藏）第 2 行 B 列", "批注 1"
    text: str = ""
    heading: str = ""  # of the column, where it is a cell
    is_cell: bool = False
    is_picture: bool = False  # something to look at, which no program reads

    def within(self, file: str) -> Piece:
        """Return the piece as one of a file inside another."""
        return replace(self, place=f"里的“{file}”{self.place}")


class UnreadableError(PublisherError):
    """The file cannot be read; the message says why, and what its author should do."""
