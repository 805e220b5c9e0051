"""The official disclosure list (教办函〔2014〕23号) and the 索引号 of the catalogue.

The list is data: config/disclosure-list.toml.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

UNLISTED = "0000"  # class of what is on no line of the official list


@dataclass(frozen=True, kw_only=True)
class ListItem:
    """One line of the official list."""

    code: str  # "0307"
    text: str
    category: str  # "财务、资产及收费信息"


def items(disclosure_list: Mapping[str, Any]) -> dict[str, ListItem]:
    """Return the lines of the list by their code, in order."""
    names = {category["no"]: category["name"] for category in disclosure_list["category"]}
    return {
        item["code"]: ListItem(
            code=item["code"], text=item["text"], category=names[item["category"]]
        )
        for item in disclosure_list["item"]
    }


def series(*, college_code: str, category: str, year: int) -> str:
    """Return what stands before the serial number: institution, class and year.

    Form: {学校代码5}-{类项4}-{年4}-{流水4}. No national rule for colleges exists; this follows the
    four-group numbers in use at several universities.
    """
    return f"{college_code}-{category[:4] or UNLISTED}-{year}"


def index_number(series: str, serial: int) -> str:
    """Return the whole 索引号; more than 9999 a year simply make it longer."""
    return f"{series}-{serial:04d}"
