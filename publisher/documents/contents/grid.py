"""The cells of one sheet, with what hides them and what stands above them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from publisher.documents.contents.piece import Piece

LEAST_HEADS = 2  # cells with words in the row that heads the columns
WIDEST = 16_384  # columns of a sheet
ALL_DIGITS_TO = 1e22  # a number above it is not one that somebody typed
MARGINS = ("oddHeader", "oddFooter", "evenHeader", "evenFooter", "firstHeader", "firstFooter")


class Grid:
    def __init__(self, sheet: Worksheet) -> None:
        hidden = "" if sheet.sheet_state == "visible" else "（隐藏）"
        self.sheet, self.spoken = sheet, f"工作表“{sheet.title}”{hidden}"
        self.hidden_columns = _hidden_columns(sheet)
        self.headings: dict[int, str] = {}

    def pieces(self) -> Iterator[Piece]:
        """Yield its name, its cells row by row, their comments, and what is printed around."""
        yield Piece(place=f"{self.spoken}的名称", text=str(self.sheet.title))
        for _, cells in groupby(self._filled(), key=lambda cell: cell.row):
            yield from self._row(list(cells))
        for margin in MARGINS:
            part = getattr(self.sheet, margin)
            for side in (part.left, part.center, part.right):
                if side.text:
                    yield Piece(place=f"{self.spoken}页眉页脚", text=side.text)

    def formulas(self) -> Iterator[Piece]:
        """Yield the formulas of a sheet that was loaded with them; their texts show in cells."""
        for cell in self._filled():
            if cell.data_type == "f":
                formula = getattr(cell.value, "text", cell.value)  # of several cells at once
                yield Piece(place=f"{self._place(cell)}的公式", text=str(formula))

    def _filled(self) -> Iterator[Any]:
        """Yield cells in their order; those of an empty stretch are not made for it."""
        for _, cell in sorted(self.sheet._cells.items()):
            if getattr(cell, "comment", None) or cell.value is not None:
                yield cell

    def _row(self, cells: Sequence[Any]) -> Iterator[Piece]:
        if not self.headings and sum(isinstance(c.value, str) for c in cells) >= LEAST_HEADS:
            self.headings = self._heads(cells)
        for cell in cells:
            place = self._place(cell)
            if cell.value is not None:
                heading = self.headings.get(cell.column, "")
                yield Piece(place=place, text=said(cell.value), heading=heading, is_cell=True)
            if cell.comment:
                text = f"{cell.comment.author}：{cell.comment.text}"
                yield Piece(place=f"{place}的批注", text=text)

    def _heads(self, cells: Sequence[Any]) -> dict[int, str]:
        """Return the headings by column; a merged cell heads all of its columns."""
        heads = {cell.column: said(cell.value) for cell in cells if cell.value is not None}
        for merged in self.sheet.merged_cells.ranges:
            if merged.min_row == cells[0].row and merged.min_col in heads:
                wide = range(merged.min_col, min(merged.max_col, WIDEST) + 1)
                heads = dict.fromkeys(wide, heads[merged.min_col]) | heads
        return heads

    def _place(self, cell: Any) -> str:
        row = self.sheet.row_dimensions.get(cell.row)
        is_hidden = cell.column in self.hidden_columns or (row is not None and row.hidden)
        mark = "（隐藏）" if is_hidden else ""
        return f"{self.spoken}第 {cell.row} 行 {get_column_letter(cell.column)} 列{mark}"


def _hidden_columns(sheet: Worksheet) -> set[int]:
    """Return the numbers of hidden columns; neighbours are kept as one entry."""
    found: set[int] = set()
    for column in sheet.column_dimensions.values():
        if column.hidden:
            column.reindex()
            found.update(range(column.min or 1, min(column.max or 1, WIDEST) + 1))
    return found


def said(value: object) -> str:
    """Return a value as people read it: whole numbers with all their digits."""
    if isinstance(value, float) and value.is_integer() and abs(value) < ALL_DIGITS_TO:
        return format(Decimal(repr(value)), ".0f")
    if isinstance(value, datetime):
        return value.isoformat(" ").removesuffix(" 00:00:00")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
