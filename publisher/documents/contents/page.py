"""A page of a PDF: its words, its annotations, and whether it has to be looked at."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from pypdf import PageObject

from publisher.documents.contents.piece import Piece

LEAST_WORDS = 10  # characters on a page with a picture; fewer are a stamp or a page number
SCAN_PIXELS = 400_000  # a page of A4 scanned at 72 dots an inch has 500,000
DRAWN_BYTES = 3000  # of drawing on a page without words; a frame takes some hundred
GARBLED = 0.2  # of the characters: a font that does not say which they are
NOTES = ("/Contents", "/T", "/Subj", "/RC", "/TU", "/V", "/DV")
# encodings that pypdf reads without a table in the file
TOLD: tuple[str, ...]
TOLD = ("/UniGB-UTF16-", "/UniGB-UCS2-", "/UniCNS-UTF16-", "/UniCNS-UCS2-", "/UniJIS-UTF16-")
TOLD += ("/GB-EUC-", "/GBpc-EUC-", "/GBK-EUC-", "/GBK2K-", "/ETen-B5-", "/ETenms-B5-")
DEEPEST = 5  # lists within lists


def pieces(page: PageObject, place: str) -> Iterator[Piece]:
    """Yield what a page says; one that hides its words from programs is told as a picture."""
    text = page.extract_text()
    yield Piece(place=place, text=text)
    if _is_to_be_looked_at(page, "".join(text.split())):
        yield Piece(place=place, is_picture=True)
    for note in _notes(page):
        said = [word for key in NOTES for word in texts(note.get(key))]
        said += _address(note)
        if words := " ".join(dict.fromkeys(said)):
            yield Piece(place=f"{place}的批注", text=words)
        for drawn in _drawn(page, note):
            if "".join(drawn.split()) not in "".join(words.split()):
                yield Piece(place=f"{place}的批注", text=drawn)


def attached(page: PageObject) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the files that are pinned on a page."""
    for note in _notes(page):
        described: Any = resolved(note.get("/FS"))
        files: Any = resolved(described.get("/EF")) if isinstance(described, dict) else None
        for key in ("/F", "/UF") if isinstance(files, dict) else ():
            stream = resolved(files.get(key))
            if hasattr(stream, "get_data"):
                names = [*texts(described.get("/UF")), *texts(described.get("/F"))]
                yield (names or ["附件"])[0], stream.get_data()
                break


def resolved(value: Any) -> Any:
    """Return what a reference stands for; pypdf does not follow it in `get`."""
    return value.get_object() if value is not None and hasattr(value, "get_object") else value


def texts(value: Any, *, depth: int = 0) -> Iterator[str]:
    """Yield the words of a value: a text, or a list of them."""
    value = resolved(value)
    if isinstance(value, list):
        for each in value if depth < DEEPEST else ():
            yield from texts(each, depth=depth + 1)
    elif isinstance(value, str) and value.strip():
        yield str(value)
    elif isinstance(value, bytes) and value.strip():
        yield value.decode("gb18030", "replace")
    elif hasattr(value, "get_data"):
        yield value.get_data().decode("utf-8", "replace")


def _notes(page: PageObject) -> Iterator[dict[str, Any]]:
    annotations = resolved(page.get("/Annots"))
    for reference in annotations if isinstance(annotations, list) else ():
        note = resolved(reference)
        if isinstance(note, dict):
            yield note


def _address(note: dict[str, Any]) -> list[str]:
    """Return where a link leads, without its scheme."""
    action = resolved(note.get("/A"))
    held = (action.get("/URI"), action.get("/F")) if isinstance(action, dict) else ()
    addresses = [unquote(text) for value in held for text in texts(value)]
    return [address.partition(":")[2] or address for address in addresses]


def _drawn(page: PageObject, note: dict[str, Any]) -> Iterator[str]:
    """Yield the words that an annotation shows, whatever it says of itself."""
    looks = resolved(note.get("/AP"))
    look: Any = resolved(looks.get("/N")) if isinstance(looks, dict) else None
    if hasattr(look, "get_data"):
        text = page.extract_xform_text(look)
        if text.strip():
            yield text


def _is_to_be_looked_at(page: PageObject, words: str) -> bool:
    pixels = list(_pictures(page))
    if len(words) < LEAST_WORDS and (pixels or _is_drawn(page)):
        return True
    has_scan = any(size >= SCAN_PIXELS for size in pixels)
    return has_scan or _is_garbled(words) or any(map(_is_mute, _named(page, "/Font")))


def _is_mute(font: Any) -> bool:
    """Whether a font keeps to itself which characters its glyphs are; pypdf guesses then."""
    if not isinstance(font, dict) or font.get("/ToUnicode") is not None:
        return False
    if font.get("/Subtype") == "/Type3":
        return True
    encoding = str(resolved(font.get("/Encoding")))
    return font.get("/Subtype") == "/Type0" and not encoding.startswith(TOLD)


def _pictures(page: PageObject) -> Iterator[int]:
    """Yield the pixels of each picture on a page; 0 for a group that may hold some."""
    for shown in _named(page, "/XObject"):
        if isinstance(shown, dict):
            width, height = resolved(shown.get("/Width")), resolved(shown.get("/Height"))
            is_sized = isinstance(width, int) and isinstance(height, int)
            yield width * height if is_sized else 0


def _named(page: PageObject, kind: str) -> Iterator[Any]:
    """Yield the resources of a kind."""
    resources = resolved(page.get("/Resources"))
    held = resolved(resources.get(kind)) if isinstance(resources, dict) else None
    for reference in held.values() if isinstance(held, dict) else ():
        yield resolved(reference)


def _is_drawn(page: PageObject) -> bool:
    """Whether the letters may be drawn as lines, or a picture stands within the page's program."""
    contents = page.get_contents()
    return contents is not None and len(contents.get_data()) > DRAWN_BYTES


def _is_garbled(words: str) -> bool:
    strange = sum(unicodedata.category(c) in ("Cc", "Cn", "Co") or c == "\ufffd" for c in words)
    return strange > GARBLED * len(words)
