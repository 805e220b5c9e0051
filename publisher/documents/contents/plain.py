"""Text and CSV, in UTF-8 or as Chinese programs write it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO

from publisher.documents.contents.piece import Piece

LINES = 50  # of one piece


def text_pieces(file: bytes) -> Iterator[Piece]:
    """Yield the lines, some at a time."""
    lines = _decoded(file).splitlines()
    for start in range(0, len(lines), LINES):
        yield Piece(place=f"第 {start + 1} 行起", text="\n".join(lines[start : start + LINES]))


def table_pieces(file: bytes) -> Iterator[Piece]:
    """Yield the cells; the first row heads the columns."""
    headings: list[str] = []
    for number, row in enumerate(csv.reader(StringIO(_decoded(file))), start=1):
        headings = headings or row
        for column, cell in enumerate(row, start=1):
            heading = headings[column - 1] if column <= len(headings) else ""
            place = f"第 {number} 行第 {column} 列"
            yield Piece(place=place, text=cell, heading=heading, is_cell=True)


def _decoded(file: bytes) -> str:
    try:
        return file.decode("utf-8-sig")
    except UnicodeDecodeError:
        return file.decode("gb18030")
