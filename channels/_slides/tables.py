"""The table of a notice, where it is one that a slide can carry: a head, rows, nothing merged."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import html

from channels._slides import words

LEAST_ROWS, MOST_ROWS = 4, 200
MOST_COLUMNS = 6
LEAST_WEIGHT, MOST_WEIGHT = 5, 16  # of a column, in characters of its longest cell


@dataclass(frozen=True)
class Table:
    """Cells as text, with the number of rows that are its head."""

    rows: list[list[str]]
    heads: int
    columns: list[int]  # how wide each is, relative to the others


def of(body: str) -> Table | None:
    """Return the one table of a body; None: there is none, or several, or none for a slide."""
    if body.count("<table") != 1:
        return None
    root = html.fragment_fromstring(body, create_parent="div")
    [table] = root.iter("table")
    if any(cell.get("colspan") or cell.get("rowspan") for cell in table.iter("td", "th")):
        return None
    lines = [list(row.iter("td", "th")) for row in table.iter("tr")]
    rows = [[words.tidy(cell.text_content()) for cell in line] for line in lines]
    width = len(rows[0]) if rows else 0
    if not LEAST_ROWS <= len(rows) <= MOST_ROWS or not 2 <= width <= MOST_COLUMNS:
        return None
    if any(len(row) != width for row in rows) or table.xpath(".//img"):
        return None
    is_head = all(cell.tag == "th" for cell in lines[0]) or bool(table.xpath("./thead"))
    longest = [max(len(row[at]) for row in rows) for at in range(width)]
    columns = [min(max(each, LEAST_WEIGHT), MOST_WEIGHT) for each in longest]
    return Table(rows=rows, heads=1 if is_head else 0, columns=columns)
