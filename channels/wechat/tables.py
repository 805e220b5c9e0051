"""Wide tables: a phone cannot show them as text, so they are typeset as pictures. Pure.

A table that has pictures in its cells, spans that overlap, or characters that the font lacks stays
what it is, and can be pushed sideways.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache

from lxml import html
from lxml.html import HtmlElement

from channels import _text
from channels.wechat import typesetting
from channels.wechat.pictures import SIZE_BYTES

COLUMN_PT = 96  # seven characters of 13 points
NARROWEST_PT, WIDEST_PT = 640, 1600
PPI = 108.0  # 1.5 pixels a point: sharp when a reader zooms in
MOST_ROWS = 30  # in one picture; a taller one is too small to read before it is zoomed
MOST_CELLS = 4000  # of a table; beyond it nobody reads it on a phone


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell, where it stands and how far it goes."""

    x: int
    y: int
    colspan: int
    rowspan: int
    text: str
    heading: bool


def drawn(table: HtmlElement, *, caption: str) -> tuple[bytes, ...] | None:
    """Return the pictures of a table, in reading order; None where it must stay a table."""
    if next(table.iter("img"), None) is not None:
        return None
    cells = _cells(table)
    if cells is None or not all(typesetting.can_draw(cell.text) for cell in cells):
        return None
    heads = _heads(cells)
    pictures = []
    for number, (first, last) in enumerate(_pages(cells, heads)):
        title = caption if number == 0 else f"{caption}（续）" if caption else ""
        picture = _picture(_page(cells, heads, first, last), heads, title)
        if len(picture) >= SIZE_BYTES:
            return None
        pictures.append(picture)
    return tuple(pictures)


def _cells(table: HtmlElement) -> list[Cell] | None:
    """Return the cells on their grid, None where it is none."""
    cells: list[Cell] = []
    taken: set[tuple[int, int]] = set()
    for y, row in enumerate(table.iter("tr")):
        x = 0
        for element in row.iterchildren("td", "th"):
            while (x, y) in taken:
                x += 1
            colspan, rowspan = _span(element, "colspan"), _span(element, "rowspan")
            spot = {(x + dx, y + dy) for dx in range(colspan) for dy in range(rowspan)}
            if spot & taken or len(taken) > MOST_CELLS:
                return None
            taken |= spot
            text = _text.plain_text("".join(_inner(element)))
            is_heading = element.tag == "th"
            cells.append(
                Cell(x=x, y=y, colspan=colspan, rowspan=rowspan, text=text, heading=is_heading)
            )
            x += colspan
    return cells


def _span(cell: HtmlElement, name: str) -> int:
    value = cell.get(name, "1")
    return max(1, min(int(value), 1000)) if value.isdecimal() else 1


def _inner(element: HtmlElement) -> Iterator[str]:
    yield _escaped(element.text or "")
    for child in element:
        yield str(html.tostring(child, encoding="unicode"))


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _heads(cells: Sequence[Cell]) -> int:
    """Return how many rows at the top are headings: all of th, or the first where nothing says."""
    rows = max((cell.y + cell.rowspan for cell in cells), default=0)
    heads = 0
    while heads < rows and all(cell.heading for cell in cells if cell.y == heads):
        heads += 1
    return min(heads or 1, rows)


def _pages(cells: Sequence[Cell], heads: int) -> list[tuple[int, int]]:
    """Return from which row to which each picture goes; no cell is cut."""
    rows = max((cell.y + cell.rowspan for cell in cells), default=0)
    pages, first = [], heads
    for row in range(heads, rows):
        is_cut = any(cell.y <= row < cell.y + cell.rowspan - 1 for cell in cells)
        if row + 1 == rows or (row + 1 - first >= MOST_ROWS and not is_cut):
            pages.append((first, row + 1))
            first = row + 1
    return pages or [(heads, rows)]


def _page(cells: Sequence[Cell], heads: int, first: int, last: int) -> list[Cell]:
    top = [cell for cell in cells if cell.y < heads]
    return top + [replace(c, y=c.y - first + heads) for c in cells if first <= c.y < last]


def _picture(cells: Sequence[Cell], heads: int, caption: str) -> bytes:
    columns = max(cell.x + cell.colspan for cell in cells)
    width = max(NARROWEST_PT, min(columns * COLUMN_PT, WIDEST_PT))
    given = {
        "width": width,
        "columns": columns,
        "heads": heads,
        "caption": caption,
        "cells": [asdict(cell) for cell in cells],
    }
    return _set(json.dumps(given, ensure_ascii=False))


@lru_cache(maxsize=64)  # each preview asks again
def _set(table: str) -> bytes:
    return typesetting.drawn("tables.typ", {"table": table}, ppi=PPI)
