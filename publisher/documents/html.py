"""The one place where HTML is cleaned, and the vocabulary that a body may use.

nh3 decides what is safe, before and after; between the two the fragment is rebuilt, so that
whatever came in, a paragraph is a <p>, a cell holds its words and the title level is free.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

import nh3
from lxml import etree, html
from markdown_it import MarkdownIt

from publisher.errors import InvalidError

MAX_DEPTH = 100  # of nested elements; an office document has less than 20
BLOCKS = {"p", "h2", "h3", "h4", "ul", "ol", "li", "table", "caption", "tr", "blockquote", "hr"}
INLINE = {"strong", "em", "u", "s", "sub", "sup", "br", "a", "img"}
TAGS = BLOCKS | INLINE | {"thead", "tbody", "tfoot", "th", "td"}
CLASSES = ("al-center", "al-right", "noindent")

_SYNONYMS = {"b": "strong", "i": "em", "ins": "u", "del": "s", "strike": "s"}
_CONTAINERS = {"div", "section", "article", "header", "footer", "main", "aside", "center", "pre"}
_CONTAINERS |= {"figure", "figcaption", "address", "details", "summary", "dl", "dt", "dd"}
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_FOREIGN = TAGS | _CONTAINERS | _HEADINGS | _SYNONYMS.keys()
_FLOW = _CONTAINERS | _HEADINGS | (BLOCKS - {"li", "tr", "caption"})
_GONE_WITH_CONTENT = {"script", "style", "title", "iframe", "object", "svg", "math", "template"}
_GONE_WITH_CONTENT |= {"noscript", "textarea", "select", "button", "audio", "video", "canvas"}

_ATTRIBUTES = {
    "*": {"class"},
    "a": {"href"},
    "img": {"src", "alt"},
    "ol": {"start"},
    "th": {"scope", "colspan", "rowspan"},
    "td": {"colspan", "rowspan"},
}
_FOREIGN_ATTRIBUTES = _ATTRIBUTES | {"*": {"class", "style", "align"}}
_SCHEMES = {"http", "https", "mailto", "tel", "media"}
_HREF = re.compile(r"(?:https?://|mailto:|tel:)\S+", re.IGNORECASE)
_MEDIA = re.compile(r"media:([A-Za-z0-9][A-Za-z0-9._-]*)")
_SCOPES = {"col", "row", "colgroup", "rowgroup"}
_SPAN = re.compile(r"[1-9]\d{0,2}")
_STYLE_ALIGN = re.compile(r"(?:^|;)\s*text-align\s*:\s*(center|right)\b", re.IGNORECASE)

# what XML, and therefore lxml, cannot carry
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_WIDE = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u303f\u2018-\u201d"
_WRAPPED = re.compile(rf"(?<=[{_WIDE}])[ \t]*[\r\n][ \t\r\n]*(?=[{_WIDE}])")
_BREAKS = re.compile(r"[\t\r\n\f]+")
_HEAD, _TAIL = (
    re.compile(r"(?:\s|<br>)*"),
    re.compile(r"(?:\s|>rb<)*"),
)  # the tail is read backwards
_MARKUP = re.compile(r"<(?!img|u>)[^>]*>")


def clean(fragment: str) -> str:
    """Return the fragment in the vocabulary of a body; cleaning twice changes nothing.

    A first-level heading becomes the second level, and the lower ones move along, because the
    first level is the title's. Pictures that are not of this notice (`media:`) are dropped.
    """
    tame = nh3.clean(
        _UNPRINTABLE.sub("", fragment),
        tags=_FOREIGN,
        clean_content_tags=_GONE_WITH_CONTENT,
        attributes=_FOREIGN_ATTRIBUTES,
        url_schemes=_SCHEMES,
        url_relative="deny",
        link_rel=None,
    )
    if not tame.strip():
        return ""
    if _depth(tame) > MAX_DEPTH:
        raise InvalidError(
            "正文的格式一层套一层，超出了能处理的范围，请粘贴为纯文本后重新排版。",
            field="body",
            code="too_deep",
        )
    root = html.fragment_fromstring(tame, create_parent="div")
    rebuilt = "".join(_blocks(root, shift=1 if root.find(".//h1") is not None else 0))
    return nh3.clean(
        rebuilt,
        tags=TAGS,
        clean_content_tags=set(),
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        url_relative="deny",
        link_rel=None,
    )


def from_markdown(text: str) -> str:
    """Return the clean HTML of CommonMark with tables; raw HTML in it is cleaned too."""
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    return clean(str(parser.render(text)))


def from_text(text: str) -> str:
    """Return the clean HTML of plain text: every line that is not blank is a paragraph."""
    return clean("".join(f"<p>{escape(line)}</p>" for line in text.splitlines()))


def plain(fragment: str) -> str:
    """Return the words of a clean fragment: a line a block or table row, cells apart by a tab."""
    if not fragment.strip():
        return ""
    pieces: list[str] = []
    _gather(html.fragment_fromstring(fragment, create_parent="div"), pieces)
    lines = (line.strip() for line in "".join(pieces).split("\n"))
    return "\n".join(line for line in lines if line)


def media_names(fragment: str) -> tuple[str, ...]:
    """Return the names of the pictures that a clean fragment shows, each once, in order."""
    return tuple(dict.fromkeys(re.findall(r'<img[^>]*\ssrc="media:([^"]+)"', fragment)))


def _depth(fragment: str) -> int:
    """Return how deep the elements of well-formed HTML are nested."""
    depth = deepest = 0
    for match in re.finditer(r"<(/?)(\w+)", fragment):
        if match[2] not in ("br", "hr", "img"):
            depth += -1 if match[1] else 1
            deepest = max(deepest, depth)
    return deepest


def _blocks(
    parent: html.HtmlElement, *, shift: int, tag: str = "p", aligned: str = ""
) -> Iterator[str]:
    """Yield the blocks in parent; words that stand in none become one of that tag."""
    loose: list[str] = [_text(parent.text)]
    for child in parent:
        if not _holds_blocks(child):
            loose.append(_inline(child))
        else:
            yield from _block("".join(loose), tag=tag, aligned=aligned)
            loose = []
            yield from _element(child, shift=shift, tag=tag, aligned=_alignment(child) or aligned)
        loose.append(_text(child.tail))
    yield from _block("".join(loose), tag=tag, aligned=aligned)


def _element(child: html.HtmlElement, *, shift: int, tag: str, aligned: str) -> Iterator[str]:
    name = str(child.tag)
    if name == "hr":
        yield "<hr>"
    elif name in _HEADINGS:
        level = min(int(name[1]) + shift, 4)
        yield from _block(_flat(child), tag=f"h{level}", aligned=aligned)
    elif name in ("ul", "ol"):
        yield from _list(child, shift=shift)
    elif name == "table":
        yield from _table(child, shift=shift)
    elif name == "blockquote":
        inner = "".join(_blocks(child, shift=shift, aligned=aligned))
        yield f"<blockquote>{inner}</blockquote>" if inner else ""
    elif name == "pre":
        lines = "".join(child.itertext()).splitlines()
        yield from _block("<br>".join(escape(line) for line in lines), tag="p", aligned=aligned)
    elif name == "p":
        yield from _blocks(child, shift=shift, aligned=aligned)
    else:
        yield from _blocks(child, shift=shift, tag=tag, aligned=aligned)


def _block(inner: str, *, tag: str, aligned: str) -> Iterator[str]:
    """Yield one block without the blanks that only fake an indent; nothing where it is empty."""
    words = _trimmed(inner)
    if not _is_empty(words):
        yield f"<{tag}{_class(aligned)}>{words}</{tag}>"


def _list(element: html.HtmlElement, *, shift: int) -> Iterator[str]:
    items = "".join(_item(child, shift=shift) for child in element)
    start = element.get("start", "")
    numbered = f' start="{start}"' if _SPAN.fullmatch(start) and start != "1" else ""
    if items:
        yield f"<{element.tag}{numbered if element.tag == 'ol' else ''}>{items}</{element.tag}>"


def _item(element: html.HtmlElement, *, shift: int) -> str:
    """Return one entry of a list: its words, then what is nested in it."""
    inner = "".join(_blocks(element, shift=shift))
    simple = re.fullmatch(r"<p[^>]*>((?:(?!</?p\b).)*)</p>((?:<[uo]l\b.*)?)", inner, re.DOTALL)
    inner = simple[1] + simple[2] if simple else inner
    return f"<li>{inner}</li>" if inner else ""


def _table(element: html.HtmlElement, *, shift: int) -> Iterator[str]:
    parts: list[str] = []
    for child in element:
        name = str(child.tag)
        if name == "caption":
            words = _flat(child)
            parts.append("" if _is_empty(words) else f"<caption>{words}</caption>")
        elif name in ("thead", "tbody", "tfoot"):
            rows = "".join(_row(row, shift=shift, is_head=name == "thead") for row in child)
            parts.append(f"<{name}>{rows}</{name}>" if rows else "")
        elif name == "tr":
            row = _row(child, shift=shift, is_head=False)
            parts.append(f"<tbody>{row}</tbody>" if row else "")
    inner = "".join(parts).replace("</tbody><tbody>", "")
    if "<tr>" in inner:
        yield f"<table>{inner}</table>"


def _row(element: html.HtmlElement, *, shift: int, is_head: bool) -> str:
    cells = [cell for cell in element if cell.tag in ("td", "th")]
    inner = "".join(_cell(cell, shift=shift, is_head=is_head) for cell in cells)
    return f"<tr>{inner}</tr>" if inner else ""


def _cell(element: html.HtmlElement, *, shift: int, is_head: bool) -> str:
    """Return a cell: paragraphs in it become lines, for outlets show a row in one line."""
    name = str(element.tag)
    attributes = ""
    scope = element.get("scope", "").lower()
    spans = {key: element.get(key, "") for key in ("colspan", "rowspan")}
    if name == "th" and is_head and scope not in _SCOPES:
        scope = "col"
    if name == "th" and scope in _SCOPES:
        attributes += f' scope="{scope}"'
    for key, value in spans.items():
        attributes += f' {key}="{value}"' if _SPAN.fullmatch(value) and value != "1" else ""
    if any(child.tag in ("table", "ul", "ol", "blockquote") for child in element.iterdescendants()):
        inner = "".join(_blocks(element, shift=shift))
    else:
        inner = _flat(element)
    aligned = _alignment(element) or _common_alignment(element)
    return f"<{name}{attributes}{_class(aligned)}>{'' if _is_empty(inner) else inner}</{name}>"


def _common_alignment(cell: html.HtmlElement) -> str:
    found = {_alignment(child) for child in cell if child.tag in _FLOW}
    return found.pop() if len(found) == 1 else ""


def _flat(element: html.HtmlElement) -> str:
    """Return what is in element as one run of words, a <br> between its blocks."""
    pieces = [_text(element.text)]
    for child in element:
        if _holds_blocks(child):
            pieces += ["<br>", _flat(child), "<br>"]
        else:
            pieces.append(_inline(child))
        pieces.append(_text(child.tail))
    return re.sub(r"<br>(?:\s|<br>)*", "<br>", _trimmed("".join(pieces)))


def _inline(element: html.HtmlElement) -> str:
    name = _SYNONYMS.get(str(element.tag), str(element.tag))
    if name == "br":
        return "<br>"
    if name == "img":
        return _picture(element)
    inner = _text(element.text)
    inner += "".join(_inline(child) + _text(child.tail) for child in element)
    if name == "a":
        href = element.get("href", "")
        inert = _is_empty(inner) or not _HREF.fullmatch(href)
        return inner if inert else f'<a href="{escape(href)}">{inner}</a>'
    if name == "u" and inner and not inner.strip():
        return "<u>" + "\xa0" * len(inner) + "</u>"  # a line to write on
    return inner if name not in INLINE or _is_empty(inner) else f"<{name}>{inner}</{name}>"


def _picture(element: html.HtmlElement) -> str:
    source = element.get("src", "")
    if not _MEDIA.fullmatch(source):
        return ""
    return f'<img src="{source}" alt="{escape(_BREAKS.sub(" ", element.get("alt", "")))}">'


def _text(text: str | None) -> str:
    """Return text for HTML; a line break of the source is no blank between Chinese characters."""
    return escape(_BREAKS.sub(" ", _WRAPPED.sub("", text or "")), quote=False)


def _trimmed(inner: str) -> str:
    """Return inner without blanks and line breaks at both ends, in linear time."""
    start = _HEAD.match(inner)
    kept = inner[start.end() if start else 0 :]
    end = _TAIL.match(kept[::-1])
    return kept[: len(kept) - (end.end() if end else 0)]


def _holds_blocks(element: html.HtmlElement) -> bool:
    return element.tag in _FLOW or any(child.tag in _FLOW for child in element.iterdescendants())


def _is_empty(inner: str) -> bool:
    return not _MARKUP.sub("", inner).strip()


def _alignment(element: html.HtmlElement) -> str:
    """Return the classes that an element asks for by class, style, align or by its name."""
    asked = set(element.get("class", "").split()) & set(CLASSES)
    style = _STYLE_ALIGN.search(element.get("style", ""))
    direction = style[1].lower() if style else element.get("align", "").strip().lower()
    if element.tag == "center":
        direction = "center"
    if direction in ("center", "right") and not asked & {"al-center", "al-right"}:
        asked.add(f"al-{direction}")
    if asked >= {"al-center", "al-right"}:
        asked.remove("al-right")
    return " ".join(name for name in CLASSES if name in asked)


def _class(aligned: str) -> str:
    return f' class="{aligned}"' if aligned else ""


def _gather(element: etree._Element, pieces: list[str]) -> None:
    is_block = element.tag in BLOCKS or element.tag == "br"
    pieces.append("\n" if is_block else "")
    pieces.append((element.text or "").replace("\n", " "))
    for child in element:
        _gather(child, pieces)
        pieces.append((child.tail or "").replace("\n", " "))
    pieces.append("\n" if is_block else "\t" if element.tag in ("td", "th") else "")
