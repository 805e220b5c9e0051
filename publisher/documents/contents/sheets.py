"""Excel: every sheet, row and column, hidden ones too, with comments and names."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from io import BytesIO
from typing import Any

from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from publisher.documents import package
from publisher.documents.contents import properties
from publisher.documents.contents.piece import Piece, UnreadableError

MOST_CELLS = 200_000
TOO_LARGE = "表格太大，程序读不完，请只留要公开的部分"
LEAST_HEADS = 2  # cells with words in the row that heads the columns


def pieces(file: bytes) -> Iterator[Piece]:
    """Yield what a workbook says: results of formulas as they were stored, and formulas."""
    with package.opened(file) as archive:
        yield from properties.pieces(archive)
        yield from properties.linked(archive, "xl/")
        has_pictures = any(name.startswith("xl/media/") for name in archive.namelist())
    if has_pictures:
        yield Piece(place="里的图片", is_picture=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of features that openpyxl would not write again
        book = load_workbook(BytesIO(file), data_only=True)
        for sheet in book.worksheets:
            yield from _sheet(sheet)
        for name, defined in book.defined_names.items():
            yield Piece(place=f"名称“{name}”", text=str(defined.attr_text or ""))


def _sheet(sheet: Worksheet) -> Iterator[Piece]:
    hidden = "" if sheet.sheet_state == "visible" else "（隐藏）"
    spoken = f"工作表“{sheet.title}”{hidden}"
    yield Piece(place=f"{spoken}的名称", text=sheet.title)
    if len(sheet._cells) > MOST_CELLS:
        raise UnreadableError(TOO_LARGE)
    headings: dict[int, str] = {}
    for cells in sheet.iter_rows():
        filled = [cell for cell in cells if cell.value is not None or cell.comment]
        if not headings and sum(isinstance(c.value, str) for c in filled) >= LEAST_HEADS:
            headings = {cell.column: said(cell.value) for cell in filled}
        yield from _row(sheet, filled, spoken=spoken, headings=headings)
    for part in (sheet.oddHeader, sheet.oddFooter):
        for side in (part.left, part.center, part.right):
            if side.text:
                yield Piece(place=f"{spoken}页眉页脚", text=side.text)


def _row(
    sheet: Worksheet, cells: Sequence[Any], *, spoken: str, headings: dict[int, str]
) -> Iterator[Piece]:
    for cell in cells:
        is_hidden = (
            sheet.row_dimensions[cell.row].hidden
            or sheet.column_dimensions[cell.column_letter].hidden
        )
        place = f"{spoken}第 {cell.row} 行 {cell.column_letter} 列{'（隐藏）' if is_hidden else ''}"
        if cell.value is not None:
            heading = headings.get(cell.column, "")
            yield Piece(place=place, text=said(cell.value), heading=heading, is_cell=True)
        if cell.comment:
            yield Piece(place=f"{place}的批注", text=f"{cell.comment.author}：{cell.comment.text}")


def said(value: object) -> str:
    """Return a value as people read it: whole numbers with all their digits."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e18:
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(" ").removesuffix(" 00:00:00")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
