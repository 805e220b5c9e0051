"""PDF: the words of each page, bookmarks, form fields, properties and files inside."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from pypdf import PdfReader

from publisher.documents import package
from publisher.documents.contents import page
from publisher.documents.contents.archive import Read, one
from publisher.documents.contents.piece import Piece, UnreadableError
from publisher.errors import InvalidError

MOST_PAGES = 2000
MOST_BOOKMARKS = 20_000
TOO_MANY = f"超过 {MOST_PAGES} 页，请拆成几个文件"
LOCKED = "设了密码，请取消密码后再上传"
SPOKEN = {"Author": "作者", "Title": "标题", "Subject": "主题", "Keywords": "关键词"}
FIELDS = ("/V", "/DV", "/TU", "/Opt")  # value, the one at first, what is shown, what to choose of

logging.getLogger("pypdf").setLevel(logging.ERROR)  # of slips that every reader mends


def pieces(file: bytes) -> Iterator[Piece]:
    """Yield what a PDF says; a page that was scanned is told as a picture."""
    reader = _opened(file)
    for number, each in enumerate(reader.pages, start=1):
        yield from page.pieces(each, f"第 {number} 页")
    for name, field in (reader.get_fields() or {}).items():
        words = "\n".join(text for key in FIELDS for text in page.texts(field.get(key)))
        if words:
            yield Piece(place=f"表单项“{name}”", text=words)
    for title in _bookmarks(reader):
        yield Piece(place="书签", text=title)
    for name, value in (reader.metadata or {}).items():
        spoken = SPOKEN.get(name.strip("/"), name.strip("/"))
        yield Piece(place=f"文件属性“{spoken}”", text=str(value))
    if words := _xmp(reader):
        yield Piece(place="文件属性", text=words)


def inner(file: bytes, *, depth: int, read: Read) -> Iterator[Piece]:
    """Yield what the files inside say, whether they hang on the document or on a page."""
    reader = _opened(file)
    for attached in reader.attachment_list:
        name = str(attached.alternative_name or attached.name)
        yield from one(name, attached.content, depth=depth, read=read)
    for each in reader.pages:
        for name, content in page.attached(each):
            yield from one(name, content, depth=depth, read=read)


def _opened(file: bytes) -> PdfReader:
    reader = PdfReader(BytesIO(file))
    if reader.is_encrypted and not reader.decrypt(""):  # "" opens what is only shut to changes
        raise UnreadableError(LOCKED)
    if len(reader.pages) > MOST_PAGES:
        raise UnreadableError(TOO_MANY)
    return reader


def _bookmarks(reader: PdfReader) -> Iterator[str]:
    """Yield their titles, each once, however they point at one another."""
    root = page.resolved(reader.root_object.get("/Outlines"))
    waiting: list[Any] = [root]
    seen: set[int] = set()
    while waiting and len(seen) < MOST_BOOKMARKS:
        entry = waiting.pop()
        if not isinstance(entry, dict) or id(entry) in seen:
            continue
        seen.add(id(entry))
        yield from page.texts(entry.get("/Title"))
        waiting += [page.resolved(entry.get("/Next")), page.resolved(entry.get("/First"))]


def _xmp(reader: PdfReader) -> str:
    """Return the words of the metadata stream, those in attributes too."""
    stream = page.resolved(reader.root_object.get("/Metadata"))
    if not hasattr(stream, "get_data"):
        return ""
    xml: bytes = stream.get_data()
    try:
        root = package.parsed(xml.strip(b"\0 \r\n"))
    except InvalidError:  # many programs write it badly, and some readers still show it
        return re.sub(r"<[?/]?[\w:]*|[/?]?>", "\n", xml.decode("utf-8", "replace")).strip()
    attributes = (str(value) for element in root.iter() for value in element.attrib.values())
    words = map(str.strip, (*map(str, root.itertext()), *attributes))
    return "\n".join(word for word in words if word)
