"""Totals of tables that do not add up.

Downwards a row 合计 or 小计 is the sum of what stands above it. Sideways a column 合计 may be a
product or leave columns out, so it is judged only where most of its rows do add up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from lxml import etree

from publisher.screening.finding import Finding
from publisher.screening.passage import cells, normalised, span
from publisher.screening.wording.reading import Page, table_name, written

_TOTAL = re.compile(r"(?:合|总|小|共)\s{0,4}计(?:\s{0,4}[(][^)]*[)])?")
_PARTIAL = re.compile(r"小\s{0,4}计")
_NUMBER = re.compile(
    r"[¥￥]?(-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d+))?)\s{0,4}(%|万元|亿元|元|万|人|名|个|项|台|套|件|册|分)?"
)
_NOT_ADDED = re.compile(
    r"序号|代码|编号|学号|单价|平均|人均|率|进度|年份|年度$|标准|增长|增幅|最高|最低|排名|价格|备注|同比"
)
_SHARE = re.compile(r"占比|比例|比重|百分比")
_WITHIN = "其中"
_WIDEST = 40  # columns; beyond it a table is no work of an office, and slow to judge
_WHOLE, _WHOLE_SLACK = Decimal(100), Decimal("0.1")
_HALF = Decimal("0.5")


@dataclass(frozen=True, kw_only=True)
class Amount:
    """A number in a cell, with half of its last decimal as what rounding may hide."""

    value: Decimal
    unit: str
    slack: Decimal


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A table as it looks: a cell that spans stands at its first row and column."""

    name: str
    texts: dict[tuple[int, int], str]
    heads: dict[int, str]  # by column
    first: int  # row below the header
    last: int
    width: int

    def label(self, row: int) -> str:
        """Return what a row is called: its first cells that are no numbers."""
        texts = (self.texts.get((row, column), "") for column in range(1, self.width + 1))
        return next((text for text in texts if _TOTAL.fullmatch(text)), "")


def find(page: Page) -> Iterator[Finding]:
    """Yield a warning for each total that is not the sum."""
    for number, table in enumerate(page.tables, start=1):
        grid = _grid(table, table_name(number))
        if any(_WITHIN in text for text in (*grid.texts.values(), *grid.heads.values())):
            continue
        for row, column in (*_downwards(grid), *_sideways(grid)):
            place = f"{grid.name}第 {row} 行第 {column} 列"
            message = f"正文{place}的合计与各项之和不符，请核对各项和合计。"
            yield Finding(rule="total", action="warn", place=f"body {place}", message=message)


def amount(text: str, head: str = "") -> Amount | None:
    """Return the number that a cell consists of, None where it is anything else."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    decimals, unit = len(match[2] or ""), match[3] or ""
    is_count = not decimals and "万" not in unit + head and "亿" not in unit + head
    slack = Decimal(0) if is_count and unit != "%" else _HALF.scaleb(-decimals)
    return Amount(value=Decimal(match[1].replace(",", "")), unit=unit, slack=slack)


def _grid(table: etree._Element, name: str) -> Grid:
    texts: dict[tuple[int, int], str] = {}
    heads: dict[int, str] = {}
    first, last, width = 1, 0, 0
    for row, column, cell in cells(table):
        text = re.sub(r"\s+", " ", normalised(written(cell))).strip()
        across, down = span(cell, "colspan"), span(cell, "rowspan")
        last, width = max(last, row), max(width, column + across - 1)
        is_shared = across > 1 and bool(_NUMBER.fullmatch(text))  # a number for two columns
        for spanned in range(column, column + across if is_shared else column + 1):
            texts[row, spanned] = "共用" if is_shared else text
        if row == 1 or (cell.tag == "th" and cell.get("scope") != "row" and row == first):
            first = max(first, row + down) if cell.tag == "th" else max(first, row + 1)
            for spanned in range(column, column + across):
                heads[spanned] = f"{heads.get(spanned, '')} {text}".strip()
    return Grid(name=name, texts=texts, heads=heads, first=first, last=last, width=width)


def _downwards(grid: Grid) -> Iterator[tuple[int, int]]:
    labels = {row: grid.label(row) for row in range(grid.first, grid.last + 1)}
    totals = {row: label for row, label in labels.items() if label}
    for column in range(1, grid.width + 1):
        head = grid.heads.get(column, "")
        if totals and not _NOT_ADDED.search(head):
            yield from ((row, column) for row in _wrong_rows(grid, column, totals))


def _wrong_rows(grid: Grid, column: int, totals: dict[int, str]) -> Iterator[int]:
    head, end = grid.heads.get(column, ""), max(totals)
    rows = [row for row in range(grid.first, end + 1) if (row, column) in grid.texts]
    found = {row: amount(grid.texts[row, column], head) for row in rows}
    amounts = {row: number for row, number in found.items() if number is not None}
    if len(amounts) < len(found) or len({number.unit for number in amounts.values()}) != 1:
        return
    parts: list[Amount] = []
    subtotals: list[Amount] = []
    for row, number in amounts.items():
        if row not in totals:
            parts.append(number)
            continue
        is_partial = bool(_PARTIAL.match(totals[row]))
        terms = parts if is_partial else [*subtotals, *parts]
        if terms and not _adds_up(terms, number, head):
            yield row
        parts, subtotals = [], [*subtotals, number] if is_partial else []


def _adds_up(terms: list[Amount], total: Amount, head: str = "") -> bool:
    added = sum((term.value for term in terms), Decimal(0))
    slack = sum((term.slack for term in terms), total.slack)
    if total.unit == "%":
        slack = max(slack, _WHOLE_SLACK)
        return not _SHARE.search(head) or abs(added - _WHOLE) <= slack
    return abs(added - total.value) <= slack


def _sideways(grid: Grid) -> Iterator[tuple[int, int]]:
    for column in range(3, min(grid.width, _WIDEST) + 1):
        if not _TOTAL.search(grid.heads.get(column, "")):
            continue
        best: tuple[int, list[int]] = (0, [])
        for start in range(1, column - 1):
            best = max(best, _judged(grid, start, column), key=lambda judged: judged[0])
        right, wrong = best
        if right >= 2 and right > len(wrong):
            yield from ((row, column) for row in wrong)


def _judged(grid: Grid, start: int, column: int) -> tuple[int, list[int]]:
    """Return how many rows add up from a column on, and those that do not."""
    right, wrong = 0, []
    for row in range(grid.first, grid.last + 1):
        columns = range(start, column + 1)
        found = [amount(grid.texts.get((row, c), ""), grid.heads.get(c, "")) for c in columns]
        amounts = [number for number in found if number is not None]
        if len(amounts) < len(found) or len({number.unit for number in amounts}) != 1:
            continue
        if amounts[-1].unit != "%" and _adds_up(amounts[:-1], amounts[-1]):
            right += 1
        else:
            wrong.append(row)
    return right, wrong
