"""The words of a notice, passage by passage, as the rules read them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from lxml import etree, html

_BLOCKS = {"p", "h2", "h3", "h4", "li", "caption", "blockquote", "ul", "ol", "table", "tr"}
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff]"
)
_NAMES = {"title": "标题", "body": "正文", "summary": "摘要", "name": "名称", "alt": "替代文字"}
_NAMES |= {"attachments": "个附件的", "images": "张图片的"}
_ROW = re.compile(r"第 \d+ 行 ?(?=(?:第 \d+|[A-Z]+) 列)")
_SAID = re.compile(r"^(?:tel|mailto|sms):", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A field, a paragraph of HTML or a cell of a table in it."""

    place: str  # for programs: "body 第 3 段"
    spoken: str  # for people: "正文第 3 段"
    text: str  # normalised: half-width, nothing invisible; "\n" for a line break
    heading: str = ""  # of the column, where it is a cell
    is_cell: bool = False

    def before(self, start: int, *, within: int) -> str:
        """Return the characters before a place in the text, at most so many."""
        return self.text[max(0, start - within) : start]


def passages(fields: Mapping[str, str]) -> Iterator[Passage]:
    """Yield what there is to read; a field called "body" is HTML, every other one plain text."""
    for key, words in fields.items():
        if key.rpartition(".")[2] != "body":
            yield Passage(place=key, spoken=spoken(key), text=normalised(words))
        elif words.strip():
            root = html.fragment_fromstring(words, create_parent="div")
            yield from _Walk(key).through(root)


def whole_column(cell: Passage) -> Passage:
    """Return the column of a cell: where a rule speaks of all of it."""
    return replace(cell, place=_ROW.sub("", cell.place), spoken=_ROW.sub("", cell.spoken))


def spoken(key: str) -> str:
    """Return the name of a field as people say it: "attachments[0].name" is 第 1 个附件的名称."""
    match = re.fullmatch(r"(attachments|images)\[(\d+)\]\.(\w+)", key)
    if match:
        what = _NAMES.get(match[3], match[3])
        return f"第 {int(match[2]) + 1} {_NAMES[match[1]]}{what}"
    path, _, name = key.rpartition(".")
    target = path.removeprefix("overrides.")
    return f"{target} 的{_NAMES.get(name, name)}" if target else _NAMES.get(name, name)


def normalised(text: str) -> str:
    """Return text for detection only: NFKC character by character, nothing invisible."""
    return "".join(unicodedata.normalize("NFKC", c) for c in _INVISIBLE.sub("", text))


class _Walk:
    """Counts paragraphs and tables on the way through a body."""

    def __init__(self, key: str) -> None:
        self.key, self.paragraphs, self.tables = key, 0, 0

    def through(self, element: etree._Element) -> Iterator[Passage]:
        """Yield the passages below an element, in reading order."""
        loose = [element.text or ""]
        for child in element:
            if child.tag in _BLOCKS:
                yield from self._paragraph(loose)
                yield from self._table(child) if child.tag == "table" else self.through(child)
                loose = []
            else:
                loose.append(words(child))
            loose.append(child.tail or "")
        yield from self._paragraph(loose)

    def _paragraph(self, pieces: list[str]) -> Iterator[Passage]:
        text = normalised("".join(pieces))
        if text.strip():
            self.paragraphs += 1
            yield self._passage(f"第 {self.paragraphs} 段", text)

    def _table(self, table: etree._Element) -> Iterator[Passage]:
        self.tables += 1
        which = f"第 {self.tables} 个" if self.tables > 1 else ""
        for caption in table.iterchildren("caption"):
            yield self._passage(f"{which}表格标题", normalised(words(caption)))
        headings: dict[int, str] = {}
        for row, column, cell in cells(table):
            text = normalised(words(cell))
            if cell.tag == "th" or row == 1:
                for spanned in range(column, column + span(cell, "colspan")):
                    headings[spanned] = f"{headings.get(spanned, '')} {text}".strip()
            place = f"{which}表格第 {row} 行第 {column} 列"
            yield self._passage(place, text, heading=headings.get(column, ""), is_cell=True)

    def _passage(
        self, place: str, text: str, *, heading: str = "", is_cell: bool = False
    ) -> Passage:
        return Passage(
            place=f"{self.key} {place}",
            spoken=f"{spoken(self.key)}{place}",
            text=text,
            heading=heading,
            is_cell=is_cell,
        )


def words(element: etree._Element) -> str:
    """Return all words of an element, with what a picture is said to show and a link dials."""
    if element.tag == "br":
        return "\n"
    if element.tag == "img":
        return f" {element.get('alt', '')} "
    pieces = [element.text or ""]
    for child in element:
        edge = "\n" if child.tag in _BLOCKS else ""
        pieces += [edge, words(child), edge, child.tail or ""]
    href = element.get("href", "") if element.tag == "a" else ""
    return "".join(pieces) + (f" {_SAID.sub('', href)} " if href else "")


def cells(table: etree._Element) -> Iterator[tuple[int, int, etree._Element]]:
    """Yield row, column and element of each cell, both from 1, as the merged table looks."""
    taken: set[tuple[int, int]] = set()
    for number, row in enumerate(_rows(table), start=1):
        column = 1
        for cell in row.iterchildren("td", "th"):
            while (number, column) in taken:
                column += 1
            yield number, column, cell
            right = column + span(cell, "colspan")
            below = number + span(cell, "rowspan")
            taken.update((r, c) for r in range(number, below) for c in range(column, right))
            column = right


def _rows(table: etree._Element) -> Iterator[etree._Element]:
    for part in table:
        if part.tag == "tr":
            yield part
        else:
            yield from part.iterchildren("tr")


def span(cell: etree._Element, name: str) -> int:
    """Return how many columns or rows a cell covers; 1 where it does not say."""
    asked = cell.get(name, "")
    return min(int(asked), 100) if asked.isascii() and asked.isdigit() and int(asked) else 1
