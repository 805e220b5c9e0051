"""Words out of HTML, for channels that take no HTML."""

from __future__ import annotations

import re

from lxml import html

BLOCKS = {"p", "div", "section", "h1", "h2", "h3", "h4", "h5", "h6", "li", "tr", "table", "br"}


def plain_text(fragment: str) -> str:
    """Return the words of an HTML fragment: a line a block, cells apart by two spaces."""
    if not fragment.strip():
        return ""
    root = html.fragment_fromstring(fragment, create_parent="div")
    pieces: list[str] = []
    _gather(root, pieces)
    lines = (re.sub(r"[ \t\r\f\v]+", " ", line).strip() for line in "".join(pieces).split("\n"))
    return "\n".join(line for line in lines if line)


def _gather(element: html.HtmlElement, pieces: list[str]) -> None:
    is_block = element.tag in BLOCKS
    if is_block:
        pieces.append("\n")
    if element.text:
        pieces.append(element.text.replace("\n", " "))
    for child in element:
        if isinstance(child.tag, str):
            _gather(child, pieces)
        if child.tail:
            pieces.append(child.tail.replace("\n", " "))
    if is_block:
        pieces.append("\n")
    elif element.tag in ("td", "th"):
        pieces.append("  ")
