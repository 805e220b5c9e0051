"""PDF: what hangs on a page, on the document, or in a file within the file."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image
from pypdf import PdfWriter
from pypdf.annotations import FreeText
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    NameObject,
    NullObject,
    StreamObject,
    TextStringObject,
)

from publisher.documents.contents import UnreadableError
from tests.publisher.documents.contents.make import SECRET, places, read, written
from tests.publisher.documents.make import pdf


def named(**entries: object) -> DictionaryObject:
    made = DictionaryObject()
    for name, value in entries.items():
        made[NameObject(f"/{name}")] = TextStringObject(value) if type(value) is str else value
    return made


def _apart(writer: PdfWriter) -> None:
    writer.add_annotation(0, FreeText(text=SECRET, rect=(10, 10, 200, 60)))
    notes = writer.pages[0]["/Annots"]
    writer.pages[0][NameObject("/Annots")] = writer._add_object(notes)


def _link(writer: PdfWriter) -> None:
    note = named(Subtype=NameObject("/Link"), A=named(URI=f"tel:{SECRET}"))
    writer.pages[0][NameObject("/Annots")] = ArrayObject([note])


def _field(writer: PdfWriter) -> None:
    field = named(FT=NameObject("/Tx"), T="证件号", V=SECRET)
    form = named(Fields=ArrayObject([writer._add_object(field)]))
    writer.root_object[NameObject("/AcroForm")] = form


def _bookmark(writer: PdfWriter) -> None:
    writer.add_outline_item(title=SECRET, page_number=0)


def _metadata(writer: PdfWriter) -> None:
    stream = StreamObject()
    stream.set_data(f'<x xmlns:d="urn:d" d:creator="{SECRET}"/>'.encode())
    writer.root_object[NameObject("/Metadata")] = writer._add_object(stream)


def _file(writer: PdfWriter) -> None:
    writer.add_attachment("名单.txt", SECRET.encode())


def _pinned(writer: PdfWriter) -> None:
    stream = StreamObject()
    stream.set_data(SECRET.encode())
    held = named(F="名单.txt", EF=named(F=writer._add_object(stream)))
    note = named(Subtype=NameObject("/FileAttachment"), FS=held)
    writer.pages[0][NameObject("/Annots")] = ArrayObject([note])


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (_apart, "第 1 页的批注"),
        (_link, "第 1 页的批注"),
        (_field, "表单项“证件号”"),
        (_bookmark, "书签"),
        (_metadata, "文件属性"),
        (_file, "里的“名单.txt”第 1 行起"),
        (_pinned, "里的“名单.txt”第 1 行起"),
    ],
)
def test_a_pdf_is_read_to_its_last_corner(
    change: Callable[[PdfWriter], object], place: str
) -> None:
    assert places("通知.pdf", written(change)) == [place]


def test_a_file_within_that_nobody_can_read_is_named() -> None:
    file = written(lambda writer: writer.add_attachment("名单.xls", b"x"))

    with pytest.raises(UnreadableError, match=r"名单\.xls"):
        read("通知.pdf", file)


def looked_at(file: bytes) -> list[str]:
    return [piece.place for piece in read("通知.pdf", file) if piece.is_picture]


def test_a_font_that_does_not_tell_its_characters_has_to_be_looked_at() -> None:
    def mute(writer: PdfWriter) -> None:
        resources = writer.pages[0]["/Resources"]
        assert isinstance(resources, DictionaryObject)
        fonts = resources["/Font"].get_object()
        assert isinstance(fonts, DictionaryObject)
        for font in fonts.values():
            font.get_object().pop("/ToUnicode", NullObject())

    assert looked_at(written(lambda writer: None)) == []
    assert looked_at(written(mute)) == ["第 1 页"]


def test_a_scan_under_a_heading_has_to_be_looked_at() -> None:
    scan = BytesIO()
    Image.effect_noise((600, 800), 50).save(scan, "PDF")

    def under(writer: PdfWriter) -> None:
        writer.append(BytesIO(scan.getvalue()))
        writer.pages[0].merge_page(writer.pages[1])
        writer.remove_page(1)

    assert looked_at(written(under)) == ["第 1 页"]


def test_lines_of_a_page_stay_apart() -> None:
    [page] = [piece for piece in read("通知.pdf", pdf("甲方\n\n乙方")) if piece.place == "第 1 页"]

    assert page.text.split() == ["甲方", "乙方"]
