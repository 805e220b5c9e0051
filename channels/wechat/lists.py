"""Lists as marked paragraphs: WeChat loses the markers of some lists and breaks nested ones."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import html
from lxml.html import HtmlElement

LISTS = {"ul", "ol"}
BLOCKS = {"p", "h2", "h3", "h4", "table", "blockquote", "hr", "section"}
BULLETS = ("•", "◦", "▪")
DEEPEST = len(BULLETS)  # deeper levels look like this one


def flatten_lists(root: HtmlElement) -> None:
    """Put a section of marked paragraphs in the place of every list."""
    for listing in [found for found in root.iter(*LISTS) if not _is_nested(found)]:
        parent = listing.getparent()
        if parent is None:
            continue
        section = html.Element("section")
        section.tail, listing.tail = listing.tail, None
        section.extend(list(_items(listing, depth=1)))
        parent.replace(listing, section)


def _is_nested(listing: HtmlElement) -> bool:
    return any(above.tag in LISTS for above in listing.iterancestors())


def _items(listing: HtmlElement, *, depth: int) -> Iterator[HtmlElement]:
    start = listing.get("start", "1")
    first = int(start) if start.isdecimal() else 1
    for number, item in enumerate(listing.iterchildren("li"), start=first):
        bullet = BULLETS[min(depth, DEEPEST) - 1]
        mark = f"{number}." if listing.tag == "ol" else bullet
        yield from _item(item, mark=mark, depth=depth)


def _item(item: HtmlElement, *, mark: str, depth: int) -> list[HtmlElement]:
    """Return the paragraphs of one item; the mark stands before its first words."""
    blocks = [_line(depth, f"{mark} {(item.text or '').strip()}")]
    for child in list(item):
        after, child.tail = child.tail or "", None
        if child.tag in LISTS:
            blocks.extend(_items(child, depth=depth + 1))
        elif child.tag == "p" and len(blocks) == 1 and _has_only(blocks[0], mark):
            _pour(child, into=blocks[0])
        elif child.tag in BLOCKS:
            blocks.append(_indented(child, depth))
        else:
            _open_line(blocks, depth).append(child)
        if after.strip():
            _write(_open_line(blocks, depth), after)
    return blocks


def _line(depth: int, text: str = "") -> HtmlElement:
    line = html.Element("p")
    line.text = text
    return _indented(line, depth)


def _indented(block: HtmlElement, depth: int) -> HtmlElement:
    if block.tag == "p":
        block.set("class", f"item in{min(depth, DEEPEST)}")
    return block


def _has_only(line: HtmlElement, mark: str) -> bool:
    return len(line) == 0 and (line.text or "").strip() == mark


def _open_line(blocks: list[HtmlElement], depth: int) -> HtmlElement:
    """Return the paragraph that takes the next words, a new one after anything else."""
    own = f"item in{min(depth, DEEPEST)}"
    if blocks[-1].tag != "p" or blocks[-1].get("class") != own:
        blocks.append(_line(depth))
    return blocks[-1]


def _pour(paragraph: HtmlElement, *, into: HtmlElement) -> None:
    into.text = (into.text or "") + (paragraph.text or "")
    into.extend(list(paragraph))


def _write(line: HtmlElement, text: str) -> None:
    if len(line):
        line[-1].tail = (line[-1].tail or "") + text
    else:
        line.text = (line.text or "") + text
