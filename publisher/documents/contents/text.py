"""Word: body, tables, headers and footers, notes, comments, tracked changes, text boxes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from zipfile import ZipFile

from lxml import etree

from publisher.documents import package
from publisher.documents.contents import properties
from publisher.documents.contents.piece import Piece

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
WORDS = {f"{W}t", f"{W}delText", f"{W}instrText", f"{W}delInstrText"}
BREAKS = {f"{W}br": "\n", f"{W}cr": "\n", f"{W}tab": "\t", f"{W}noBreakHyphen": "-"}
_PARTS = re.compile(
    r"word/(document|header\d*|footer\d*|footnotes|endnotes|comments|glossary/document)\.xml"
)
SPOKEN = {
    "document": "",
    "header": "页眉",
    "footer": "页脚",
    "footnotes": "脚注",
    "endnotes": "尾注",
    "comments": "批注",
    "glossary/document": "文档部件",
}


def pieces(file: bytes) -> Iterator[Piece]:
    """Yield what a Word file says, also where Word does not show it."""
    with package.opened(file) as archive:
        for name in archive.namelist():
            if match := _PARTS.fullmatch(name):
                root = package.parsed(package.part(archive, name) or b"")
                yield from _Part(SPOKEN[match[1].rstrip("0123456789")]).through(root)
        yield from _charts(archive)
        yield from properties.linked(archive, "word/")
        yield from properties.pieces(archive)


def _charts(archive: ZipFile) -> Iterator[Piece]:
    """Yield the words of charts and diagrams, which carry data of their own."""
    for name in archive.namelist():
        if re.fullmatch(r"word/(?:charts/chart|diagrams/data)\d*\.xml", name):
            root = package.parsed(package.part(archive, name) or b"")
            words = [e.text or "" for e in root.iter("{*}t", "{*}v")]
            yield Piece(place="图表", text="\n".join(words))


class _Part:
    """Counts paragraphs and tables on the way through a part."""

    def __init__(self, spoken: str) -> None:
        self.spoken, self.paragraphs, self.tables = spoken, 0, 0

    def through(self, element: etree._Element) -> Iterator[Piece]:
        """Yield the pieces below an element, in reading order."""
        for child in element.iterchildren(tag=etree.Element):
            if child.tag == f"{W}p":
                yield from self._paragraph(child)
            elif child.tag == f"{W}tbl":
                yield from self._table(child)
            elif child.tag != FALLBACK:
                yield from self.through(child)

    def _paragraph(self, paragraph: etree._Element) -> Iterator[Piece]:
        text = words(paragraph)
        if text.strip():
            self.paragraphs += 1
            yield Piece(place=f"{self.spoken}第 {self.paragraphs} 段", text=text)
        for shown in paragraph.iter("{*}docPr"):
            said = f"{shown.get('title', '')} {shown.get('descr', '')}".strip()
            if said:
                yield Piece(place="图片的替代文字", text=said)
        if any(True for _ in paragraph.iter("{*}blip", "{*}imagedata")):
            yield Piece(place=f"第 {max(self.paragraphs, 1)} 段旁的图片", is_picture=True)
        for box in paragraph.iter(f"{W}txbxContent"):
            if not any(above.tag == FALLBACK for above in box.iterancestors()):
                yield from _Part(f"{self.spoken}文本框").through(box)

    def _table(self, table: etree._Element) -> Iterator[Piece]:
        self.tables += 1
        which = f"{self.spoken}第 {self.tables} 个" if self.tables > 1 else self.spoken
        headings: dict[int, str] = {}
        for number, row in enumerate(table.iter(f"{W}tr"), start=1):
            column = 1
            for cell in row.iterchildren(f"{W}tc"):
                text = "\n".join(words(p) for p in cell.iter(f"{W}p"))
                width = _width(cell)
                if number == 1:
                    headings |= dict.fromkeys(range(column, column + width), text)
                yield Piece(
                    place=f"{which}表格第 {number} 行第 {column} 列",
                    text=text,
                    heading=headings.get(column, ""),
                    is_cell=True,
                )
                column += width


def _width(cell: etree._Element) -> int:
    span = cell.find(f"{W}tcPr/{W}gridSpan")
    asked = span.get(f"{W}val", "1") if span is not None else "1"
    return min(int(asked), 100) if asked.isascii() and asked.isdigit() else 1


def words(element: etree._Element) -> str:
    """Return the words of a paragraph, deleted and hidden ones too, but not of its text boxes."""
    pieces: list[str] = []
    for child in element.iterchildren(tag=etree.Element):
        if child.tag in WORDS:
            pieces.append(child.text or "")
        elif child.tag in BREAKS:
            pieces.append(BREAKS[child.tag])
        elif child.tag not in (FALLBACK, f"{W}txbxContent"):
            pieces.append(words(child))
    return "".join(pieces)
