"""Categories and tags, by their numbers in WordPress.

WordPress drops the number of a category that it has not, and still says 201; so it is asked before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from channels.wordpress.api import Api

WORDS = {"categories": "分类", "tags": "标签"}


def chosen(categories: Mapping[str, int], *, number: str, kind: str) -> int:
    """Return the category of an item: by its number, its class, or its kind; 0: none is set."""
    for name in (number, number[:2], kind):
        if name and name in categories:
            return categories[name]
    return 0


def lacking(api: Api, asked: Mapping[str, Iterable[int]]) -> str:
    """Return in Chinese which of the asked numbers the site has not; empty: it has all."""
    said = []
    for name, numbers in asked.items():
        wanted = sorted(set(numbers))
        there = _there(api, name, wanted) if wanted else set()
        if gone := "、".join(str(number) for number in wanted if number not in there):
            said.append(f"编号为 {gone} 的{WORDS[name]}（设置 {name}）")
    return "、".join(said)


def _there(api: Api, name: str, numbers: list[int]) -> set[Any]:
    include = ",".join(str(number) for number in numbers)
    return {row.get("id") for row in api.rows(f"wp/v2/{name}", include=include)}
