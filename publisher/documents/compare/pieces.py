"""A clean body as blocks of words: what is compared, and the form that it is shown in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape

from lxml import html as lxml_html

from publisher.documents.html import BLOCKS

_SECTIONS = ("thead", "tbody", "tfoot")
_BLOCKS = BLOCKS | {"td", "th", *_SECTIONS}
_WORD = re.compile(r"[0-9A-Za-z]+(?:[.:/_@-][0-9A-Za-z]+)*|[ \t\xa0]+|.", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Word:
    """One character, number, Latin word, picture or line break."""

    key: str  # what makes it the same word
    html: str
    form: tuple[str, ...]  # the tags around it, outermost first, as they open
    size: int  # characters


@dataclass(frozen=True, kw_only=True)
class Block:
    """A paragraph, cell, list, table …: its own words, then the blocks in it."""

    tag: str
    opening: str
    words: tuple[Word, ...] = ()
    inner: tuple[Block, ...] = ()
    section: str = ""  # of a row
    text: str = field(default="", compare=False)  # all words of it; the same text is the same block


def blocks(body: str) -> tuple[Block, ...]:
    """Return the blocks of a clean body."""
    if not body.strip():
        return ()
    root = lxml_html.fragment_fromstring(body, create_parent="div")
    return _block(root).inner


def line(text: str) -> tuple[Word, ...]:
    """Return the words of a plain line."""
    return tuple(_words(text, ()))


def _block(element: lxml_html.HtmlElement, *, section: str = "") -> Block:
    words = list(_words(element.text or "", ()))
    inner: list[Block] = []
    for child in element:
        tag = str(child.tag)
        if tag in _SECTIONS:
            inner += [_block(row, section=tag) for row in child]
        elif tag in _BLOCKS:
            inner.append(_block(child))
        else:
            words += _inline(child, ())
        words += _words(child.tail or "", ())
    tag = str(element.tag)
    if tag == "hr":
        words = [Word(key="hr", html="", form=(), size=1)]
    return Block(
        tag=tag,
        opening=_opening(element),
        words=tuple(words),
        inner=tuple(inner),
        section=section,
        text=_text(tag, words, inner),
    )


def _text(tag: str, words: Sequence[Word], inner: Sequence[Block]) -> str:
    end = "\t" if tag in ("td", "th") else "\n"
    return "".join([*(word.key for word in words), *(block.text for block in inner), end])


def _inline(element: lxml_html.HtmlElement, form: tuple[str, ...]) -> Iterator[Word]:
    if element.tag in ("br", "img"):
        opening = _opening(element)
        key = "\v" if element.tag == "br" else opening
        yield Word(key=key, html=opening, form=form, size=1)
        return
    around = (*form, _opening(element))
    yield from _words(element.text or "", around)
    for child in element:
        yield from _inline(child, around)
        yield from _words(child.tail or "", around)


def _words(text: str, form: tuple[str, ...]) -> Iterator[Word]:
    address = "".join(tag for tag in form if tag.startswith("<a "))
    for found in _WORD.findall(text):
        shown = escape(found, quote=False)
        yield Word(key=found + address, html=shown, form=form, size=len(found))


def _opening(element: lxml_html.HtmlElement) -> str:
    attributes = "".join(f' {name}="{escape(value)}"' for name, value in element.attrib.items())
    return f"<{element.tag}{attributes}>"
