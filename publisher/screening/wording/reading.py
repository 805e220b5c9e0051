"""A notice as the patrol reads it: lines, tables and pictures, as they were written.

Unlike the passages of the screening, a line keeps its full-width characters: their form is what
some rules look at. Places are counted alike, so that both speak of the same paragraph.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from lxml import etree, html

from publisher.screening import passage
from publisher.screening.finding import Action, Finding

_BLOCKS = {"p", "h2", "h3", "h4", "li", "caption", "blockquote", "ul", "ol", "table", "tr"}


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What is to be read, and the day on which it is."""

    title: str
    body: str  # clean HTML
    kind: str  # "通知", "公示", "公告" …
    attachments: tuple[str, ...]  # names as readers see them
    issued_on: date | None
    today: date  # campus time
    needs_contact: bool = False  # without a contact for objections it may not go out

    @property
    def base(self) -> date:
        """Return the day from which dates without a year are understood."""
        return self.issued_on or self.today


@dataclass(frozen=True, kw_only=True)
class Line:
    """The title, a paragraph or a cell."""

    place: str  # for programs: "body 第 3 段"
    spoken: str  # for people: "正文第 3 段"
    text: str  # as written; "\n" for a line break
    is_cell: bool = False

    def finding(self, rule: str, action: Action, advice: str) -> Finding:
        """Return a finding at this line; the advice follows the name of the place."""
        message = f"{self.spoken}{advice}"
        return Finding(rule=rule, action=action, place=self.place, message=message)


@dataclass(frozen=True, kw_only=True)
class Page:
    """A notice, opened."""

    notice: Notice
    title: Line
    body: tuple[Line, ...]
    tables: tuple[etree._Element, ...]
    alternatives: tuple[str, ...]  # one for each picture, in order

    @property
    def lines(self) -> tuple[Line, ...]:
        """Return the title and the lines of the body."""
        return (self.title, *self.body)

    @property
    def paragraphs(self) -> tuple[Line, ...]:
        """Return the lines of the body that are not cells of a table."""
        return tuple(line for line in self.body if not line.is_cell)


def open_page(notice: Notice) -> Page:
    """Return the notice with its body taken apart."""
    body = notice.body if notice.body.strip() else "<p></p>"
    root = html.fragment_fromstring(body, create_parent="div")
    return Page(
        notice=notice,
        title=Line(place="title", spoken="标题", text=notice.title),
        body=tuple(_Walk().through(root)),
        tables=tuple(root.iter("table")),
        alternatives=tuple(picture.get("alt", "") for picture in root.iter("img")),
    )


def table_name(number: int) -> str:
    """Return how the screening names a table of the body, counted from 1."""
    return f"第 {number} 个表格" if number > 1 else "表格"


@dataclass
class _Walk:
    """Counts paragraphs and tables on the way through a body."""

    paragraphs: int = 0
    tables: int = 0
    loose: list[etree._Element | str] = field(default_factory=list)

    def through(self, element: etree._Element) -> Iterator[Line]:
        """Yield the lines below an element, in reading order."""
        self.loose = [element.text or ""]
        for child in element:
            if child.tag in _BLOCKS:
                yield from self._paragraph()
                yield from self._table(child) if child.tag == "table" else self.through(child)
                self.loose = []
            else:
                self.loose.append(child)
            self.loose.append(child.tail or "")
        yield from self._paragraph()

    def _paragraph(self) -> Iterator[Line]:
        said = "".join(p if isinstance(p, str) else passage.words(p) for p in self.loose)
        text = "".join(p if isinstance(p, str) else written(p) for p in self.loose)
        self.loose = []
        if passage.normalised(said).strip():
            self.paragraphs += 1
            yield _line(f"第 {self.paragraphs} 段", text)

    def _table(self, table: etree._Element) -> Iterator[Line]:
        self.tables += 1
        name = table_name(self.tables)
        for caption in table.iterchildren("caption"):
            yield _line(f"{name}标题", written(caption))
        for row, column, cell in passage.cells(table):
            yield _line(f"{name}第 {row} 行第 {column} 列", written(cell), is_cell=True)


def _line(place: str, text: str, *, is_cell: bool = False) -> Line:
    spoken = f"正文{place}"
    return Line(place=f"body {place}", spoken=spoken, text=text.strip(), is_cell=is_cell)


def written(element: etree._Element) -> str:
    """Return the words that readers see in an element, without addresses and alternatives."""
    if element.tag == "br":
        return "\n"
    pieces = [element.text or ""]
    for child in element:
        edge = "\n" if child.tag in _BLOCKS else ""
        pieces += [edge, written(child), edge, child.tail or ""]
    return "".join(pieces)
