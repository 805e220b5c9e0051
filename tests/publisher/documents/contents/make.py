"""Files that hide words, made on the spot, and where the words are found in them."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from io import BytesIO

from docx import Document
from openpyxl import Workbook
from pypdf import PdfReader, PdfWriter

from publisher.documents.attachments import as_attachment
from publisher.documents.contents import Piece, pieces
from tests.publisher.documents.make import pdf

SECRET = "11010519491231002X"  # the example of the standard
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def read(name: str, file: bytes) -> tuple[Piece, ...]:
    return pieces(name, as_attachment(name, file), file)


def places(name: str, file: bytes, words: str = SECRET) -> list[str]:
    """Where in the file the words stand."""
    return [piece.place for piece in read(name, file) if words in piece.text]


def word(change: Callable[..., object]) -> bytes:
    document, file = Document(), BytesIO()
    change(document)
    document.save(file)
    return file.getvalue()


def with_part(file: bytes, name: str, content: str | bytes) -> bytes:
    """Return an Office file with a part more, or another one in its place."""
    made = BytesIO()
    with zipfile.ZipFile(BytesIO(file)) as old, zipfile.ZipFile(made, "w") as new:
        for part in old.namelist():
            if part != name:
                new.writestr(part, old.read(part))
        new.writestr(name, content)
    return made.getvalue()


def book(change: Callable[[Workbook], object]) -> bytes:
    made, file = Workbook(), BytesIO()
    sheet = made.active
    assert sheet is not None
    sheet.title = "名单"
    sheet.append(["名单"])
    sheet.append(["姓名", "证件号"])
    change(made)
    made.save(file)
    return file.getvalue()


def zipped(**files: bytes) -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return made.getvalue()


WORD = word(lambda document: document.add_paragraph("正文"))


def run(text: str, *, marks: str = "") -> str:
    return f"<w:r><w:rPr>{marks}</w:rPr><w:t>{text}</w:t></w:r>"


def body(xml: str) -> bytes:
    """Return a Word file with this body."""
    mc = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    document = f"<w:document {W} {mc}><w:body>{xml}</w:body></w:document>"
    return with_part(WORD, "word/document.xml", document)


def written(change: Callable[[PdfWriter], object]) -> bytes:
    """Return a PDF of one page that was changed."""
    writer, file = PdfWriter(), BytesIO()
    writer.append(PdfReader(BytesIO(pdf("正文的第一页，字数要够十个"))))
    change(writer)
    writer.write(file)
    return file.getvalue()
