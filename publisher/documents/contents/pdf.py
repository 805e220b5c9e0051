"""PDF: the words of each page, annotations, form fields, properties and files inside."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from io import BytesIO

from pypdf import PageObject, PdfReader
from pypdf.generic import ArrayObject, DictionaryObject

from publisher.documents.contents.piece import Piece, UnreadableError

MOST_PAGES = 2000
TOO_MANY = f"超过 {MOST_PAGES} 页，请拆成几个文件"
LOCKED = "设了密码，请取消密码后再上传"
HAS_FILES = "里面带有别的文件，程序读不了，请把它们另作附件上传"
LEAST_WORDS = 10  # characters on a page with a picture; fewer are a stamp or a page number

logging.getLogger("pypdf").setLevel(logging.ERROR)  # of slips that every reader mends


def pieces(file: bytes) -> Iterator[Piece]:
    """Yield what a PDF says; a page that was scanned is told as a picture."""
    reader = PdfReader(BytesIO(file))
    if reader.is_encrypted and not reader.decrypt(""):
        raise UnreadableError(LOCKED)
    if len(reader.pages) > MOST_PAGES:
        raise UnreadableError(TOO_MANY)
    if reader.attachments:
        raise UnreadableError(HAS_FILES)
    for number, page in enumerate(reader.pages, start=1):
        yield from _page(page, f"第 {number} 页")
    for name, field in (reader.get_fields() or {}).items():
        value = field.get("/V")
        if isinstance(value, str) and value:
            yield Piece(place=f"表单项“{name}”", text=value)
    for name, value in (reader.metadata or {}).items():
        yield Piece(place=f"文件属性“{name.strip('/')}”", text=str(value))
    if reader.xmp_metadata is not None:
        words = re.sub(r"<[^>]*>", "\n", reader.xmp_metadata.rdf_root.toxml())
        yield Piece(place="文件属性", text=words.strip())


def _page(page: PageObject, place: str) -> Iterator[Piece]:
    text = page.extract_text()
    yield Piece(place=place, text=text)
    if len("".join(text.split())) < LEAST_WORDS and _has_picture(page):
        yield Piece(place=place, is_picture=True)
    annotations = page.get("/Annots")
    for reference in annotations if isinstance(annotations, ArrayObject) else ():
        note = reference.get_object()
        if isinstance(note, DictionaryObject) and (words := _said(note)):
            yield Piece(place=f"{place}的批注", text=words)


def _said(note: DictionaryObject) -> str:
    action = note.get("/A")
    address = action.get("/URI", "") if isinstance(action, DictionaryObject) else ""
    said = (note.get("/Contents", ""), note.get("/T", ""), str(address).partition(":")[2])
    return " ".join(str(one) for one in said if one)


def _has_picture(page: PageObject) -> bool:
    resources = page.get("/Resources")
    objects = resources.get_object() if resources is not None else None
    return isinstance(objects, DictionaryObject) and bool(objects.get("/XObject"))
