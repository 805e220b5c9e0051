"""Text as it flows in Word and PowerPoint: paragraphs, tables, and boxes within them.

Elements go by their local names, which both programs and both editions of the format share.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lxml import etree

from publisher.documents.contents.paragraph import Paragraph
from publisher.documents.contents.parts import local
from publisher.documents.contents.piece import Piece

Block = Paragraph | etree._Element  # a paragraph that was read, or a table
BLOCKS = ("p", "tbl")
MOST_COLUMNS = 100  # that one cell may span


class Flow:
    """Counts paragraphs and tables on the way through a part."""

    def __init__(self, spoken: str) -> None:
        self.spoken, self.paragraphs, self.tables = spoken, 0, 0

    def through(self, element: etree._Element) -> Iterator[Piece]:
        """Yield the pieces below an element, in reading order."""
        said: set[str] = set()
        for block in _within(element, *BLOCKS, "Fallback"):
            for piece in self._block(block):
                if local(block) != "Fallback" or piece.text not in said:
                    said.add(piece.text)
                    yield piece

    def _block(self, block: etree._Element) -> Iterator[Piece]:
        if local(block) == "tbl":
            yield from self._table(block)
        elif local(block) == "p":
            yield from self._paragraph(Paragraph.of(block))
        else:
            yield from Flow(f"{self.spoken}旧版内容").through(block)

    def _paragraph(self, paragraph: Paragraph) -> Iterator[Piece]:
        texts = paragraph.texts()
        self.paragraphs += bool(texts)
        place = f"{self.spoken}第 {max(self.paragraphs, 1)} 段"
        for aside, text in texts.items():
            yield Piece(place=f"{place}{aside}", text=text)
        yield from self._beside(paragraph, place)

    def _beside(self, paragraph: Paragraph, place: str) -> Iterator[Piece]:
        """Yield pictures and text boxes; a box's older copy only where it says something else."""
        if paragraph.has_picture:
            yield Piece(place=f"{place}旁的图片", is_picture=True)
        said = set()
        for box in paragraph.boxes:
            for piece in self._box(box, "文本框"):
                said.add(piece.text)
                yield piece
        for box in paragraph.copies:
            for piece in self._box(box, "旧版文本框"):
                if piece.text not in said:
                    yield piece

    def _box(self, box: etree._Element, spoken: str) -> Iterator[Piece]:
        flow = Flow(f"{self.spoken}{spoken}")
        yield from flow._table(box) if local(box) == "tbl" else flow.through(box)

    def _table(self, table: etree._Element) -> Iterator[Piece]:
        self.tables += 1
        which = f"{self.spoken}第 {self.tables} 个" if self.tables > 1 else self.spoken
        headings: dict[int, str] = {}
        for number, row in enumerate(_within(table, "tr"), start=1):
            column = 1
            for cell in _within(row, "tc"):
                blocks = [_read(block) for block in _within(cell, *BLOCKS)]
                width, text = _width(cell), _said(blocks)
                if number == 1:
                    headings |= dict.fromkeys(range(column, column + width), text)
                place = f"{which}表格第 {number} 行第 {column} 列"
                heading = headings.get(column, "")
                if text.strip():
                    yield Piece(place=place, text=text, heading=heading, is_cell=True)
                yield from self._asides(blocks, place, heading)
                column += width

    def _asides(self, blocks: Sequence[Block], place: str, heading: str) -> Iterator[Piece]:
        """Yield what stands in a cell beside the words that are seen."""
        for block in blocks:
            if not isinstance(block, Paragraph):
                yield from Flow(f"{place}里的")._table(block)
                continue
            for aside, words in block.texts().items():
                if aside:
                    yield Piece(place=f"{place}{aside}", text=words, heading=heading, is_cell=True)
            yield from self._beside(block, place)


def _read(block: etree._Element) -> Block:
    return Paragraph.of(block) if local(block) == "p" else block


def _said(blocks: Sequence[Block]) -> str:
    """Return the words that a reader sees in a cell, without those of tables within it."""
    seen = ("".join(block.seen) for block in blocks if isinstance(block, Paragraph))
    return "\n".join(seen).strip("\n")


def _within(element: etree._Element, *names: str) -> Iterator[etree._Element]:
    for child in element.iterchildren(tag=etree.Element):
        if local(child) in names:
            yield child
        elif local(child) != "Fallback":
            yield from _within(child, *names)


def _width(cell: etree._Element) -> int:
    span = cell.find("{*}tcPr/{*}gridSpan")
    held = (cell if span is None else span).items()
    asked = next((str(v) for k, v in held if str(k).rpartition("}")[2] in ("val", "gridSpan")), "1")
    return min(int(asked), MOST_COLUMNS) if asked.isascii() and asked.isdigit() else 1
