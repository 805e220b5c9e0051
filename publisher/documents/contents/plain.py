"""Text and CSV, in UTF-8 or as Chinese programs write it."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from io import StringIO

from publisher.documents.contents.piece import Piece, UnreadableError

MOST_BYTES = 40 * 2**20
TOO_LARGE = "文字太多，程序读不完，请拆成几个小的文件"
LINES = 50  # of one piece
LEAST_HEADS = 2  # filled cells in the row that heads the columns; a title is one
NOT_TEXT = "不是文字文件，请核对文件，另存为 UTF-8 编码的文本后再上传"


def text_pieces(file: bytes) -> Iterator[Piece]:
    """Yield the lines, some at a time."""
    lines = _decoded(file).splitlines()
    for start in range(0, len(lines), LINES):
        yield Piece(place=f"第 {start + 1} 行起", text="\n".join(lines[start : start + LINES]))


def table_pieces(file: bytes) -> Iterator[Piece]:
    """Yield the cells; the first row with several of them heads the columns."""
    headings: list[str] = []
    text = _decoded(file)
    rows = csv.reader(StringIO(text, newline=""), delimiter=_delimiter(text))
    for number, row in enumerate(rows, start=1):
        if not headings and sum(bool(cell.strip()) for cell in row) >= LEAST_HEADS:
            headings = row
        for column, cell in enumerate(row, start=1):
            if cell.strip():
                heading = headings[column - 1] if column <= len(headings) else ""
                place = f"第 {number} 行第 {column} 列"
                yield Piece(place=place, text=cell, heading=heading, is_cell=True)


def _delimiter(text: str) -> str:
    """Return what stands between the cells; Excel writes tabs and semicolons, too."""
    start = text[:10_000]
    return max(",\t;", key=start.count)


def _decoded(file: bytes) -> str:
    if len(file) > MOST_BYTES:
        raise UnreadableError(TOO_LARGE)
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = file.decode(encoding)
        except UnicodeDecodeError:
            continue
        if re.search(r"[\x00-\x08\x0e-\x1a]", text) is None:
            return text
    raise UnreadableError(NOT_TEXT)
