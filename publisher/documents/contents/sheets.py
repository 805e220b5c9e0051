"""Excel: every sheet, row and column, hidden ones too, with comments and names."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO

from lxml import etree
from openpyxl import load_workbook
from openpyxl.workbook import Workbook

from publisher.documents import package
from publisher.documents.contents import parts
from publisher.documents.contents.grid import Grid
from publisher.documents.contents.piece import Piece, UnreadableError

MOST_CELLS = 200_000  # that hold something, in all sheets
MOST_EMPTY = 600_000  # that have a border or a colour only
TOO_LARGE = "表格太大，程序读不完，请只留要公开的部分"
UNLISTED = "里面有工作簿没有列出的工作表，请用 Excel 或 WPS 打开，另存后再上传"
BY_CELL = {"worksheet", "sst", "styleSheet", "workbook"}  # and the comments, in their cells
CONDITIONS = ("{*}dataValidation", "{*}cfRule")


@dataclass
class _Seen:
    """What the parts hold, so that nothing of it is missed in the cells."""

    sheets: int = 0
    filled: int = 0
    empty: int = 0
    has_formulas: bool = False
    strings: list[str] = field(default_factory=list)

    def add(self, root: etree._Element) -> None:
        if parts.local(root) == "worksheet":
            self.sheets += 1
            cells = [len(cell) > 0 for cell in root.iter("{*}c")]
            self.filled += sum(cells)
            self.empty += len(cells) - sum(cells)
            self.has_formulas |= next(root.iter("{*}f"), None) is not None
        elif parts.local(root) == "sst":
            self.strings += ["".join(map(str, entry.itertext())) for entry in root.iter("{*}si")]
        if self.filled > MOST_CELLS or self.empty > MOST_EMPTY:
            raise UnreadableError(TOO_LARGE)


def pieces(file: bytes) -> Iterator[Piece]:
    """Yield what a workbook says: results of formulas as they were stored, and formulas."""
    seen = _Seen()
    with package.opened(file) as archive:
        for name, root in parts.of(archive, "xlsx"):
            seen.add(root)
            yield from _part(name, root)
        has_pictures = any(name.startswith("xl/media/") for name in archive.namelist())
    if has_pictures:
        yield Piece(place="里的图片", is_picture=True)
    said = set()
    for piece in _cells(file, seen):
        said.add(piece.text)
        yield piece
    unused = "\n".join(text for text in seen.strings if text.strip() and text not in said)
    if unused:
        yield Piece(place="表中已不用、文件里还留着的文字", text=unused)


def _part(name: str, root: etree._Element) -> Iterator[Piece]:
    yield from parts.common(name, root)
    kind = parts.local(root)
    if kind == "worksheet":
        for condition in root.iter(*CONDITIONS):
            for text in map(str, condition.itertext()):
                if text.strip():
                    yield Piece(place="下拉选项或条件格式", text=text)
    elif kind not in BY_CELL and kind != "comments" and not name.startswith("docProps/"):
        yield from parts.loose(name, root)


def _cells(file: bytes, seen: _Seen) -> Iterator[Piece]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of features that openpyxl would not write again
        book = load_workbook(BytesIO(file), data_only=True)
        if len(book.worksheets) != seen.sheets:
            raise UnreadableError(UNLISTED)
        yield from _names(book)
        for sheet in book.worksheets:
            yield from Grid(sheet).pieces()
        for chart in book.chartsheets:
            yield Piece(place=f"图表“{chart.title}”的名称", text=str(chart.title))
        if seen.has_formulas:
            for sheet in load_workbook(BytesIO(file)).worksheets:
                yield from Grid(sheet).formulas()


def _names(book: Workbook) -> Iterator[Piece]:
    for holder in (book, *book.worksheets):
        for name, defined in holder.defined_names.items():
            yield Piece(place=f"名称“{name}”", text=f"{name}：{defined.attr_text or ''}")
