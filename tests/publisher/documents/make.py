"""Word files and pictures for tests, small and made on the spot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import docx
import typst
from docx.document import Document as WordDocument
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.shared import Pt, RGBColor
from docx.text.paragraph import Paragraph
from PIL import Image

from channels._slides.font import FOLDER

CENTER, RIGHT = WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.RIGHT
TITLE = "关于开展消防演练的通知"


def line(
    document: WordDocument,
    text: str,
    *,
    aligned: WD_ALIGN_PARAGRAPH | None = None,
    points: float = 16,
    red: bool = False,
) -> Paragraph:
    """Add a paragraph as office software writes it; a newline in text is a line break."""
    paragraph = document.add_paragraph()
    if aligned is not None:
        paragraph.alignment = aligned
    run = paragraph.add_run(text)
    run.font.size = Pt(points)
    if red:
        run.font.color.rgb = RGBColor(0xFF, 0, 0)
    return paragraph


def title(document: WordDocument, text: str = TITLE) -> Paragraph:
    return line(document, text, aligned=CENTER, points=22)


def indented(document: WordDocument, text: str) -> Paragraph:
    paragraph = line(document, text)
    paragraph.paragraph_format.first_line_indent = Pt(32)
    return paragraph


def signature(document: WordDocument, unit: str = "保卫处", day: str = "2026年11月20日") -> None:
    line(document, unit, aligned=RIGHT)
    line(document, day, aligned=RIGHT)


def saved(document: WordDocument) -> bytes:
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def word(*steps: Callable[[WordDocument], object]) -> bytes:
    """Return a Word file that the steps have written."""
    document = docx.Document()
    for step in steps:
        step(document)
    return saved(document)


def notice(*body: str) -> bytes:
    """Return an ordinary notice with these paragraphs."""
    document = docx.Document()
    title(document)
    for text in body or ("定于周六上午进行消防演练，请全体师生参加。",):
        indented(document, text)
    signature(document)
    return saved(document)


def xml(markup: str) -> object:
    """Return an element of WordprocessingML."""
    head, _, rest = markup.partition(">")
    slash = "/" if head.endswith("/") else ""
    return parse_xml(f"{head.removesuffix('/')} {nsdecls('w', 'r', 'wp', 'a', 'm')}{slash}>{rest}")


def changed(file: bytes, parts: Mapping[str, bytes | None]) -> bytes:
    """Return a package with parts replaced or added; None takes one out."""
    out = BytesIO()
    with ZipFile(BytesIO(file)) as old, ZipFile(out, "w", ZIP_DEFLATED) as new:
        kept = {name: old.read(name) for name in old.namelist()}
        for name, content in {**kept, **parts}.items():
            if content is not None:
                new.writestr(name, content)
    return out.getvalue()


def part(file: bytes, name: str) -> bytes:
    with ZipFile(BytesIO(file)) as package:
        return package.read(name)


def archive(parts: Mapping[str, bytes]) -> bytes:
    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as new:
        for name, content in parts.items():
            new.writestr(name, content)
    return out.getvalue()


def picture(form: str = "PNG", *, size: tuple[int, int] = (4, 3), mode: str = "RGB") -> bytes:
    out = BytesIO()
    Image.new(mode, size).save(out, format=form)
    return out.getvalue()


def pdf(*pages: str) -> bytes:
    """Return a PDF with a line of words on each page."""
    source = "\n#pagebreak()\n".join(pages)
    compiler = typst.Compiler(font_paths=[FOLDER], ignore_system_fonts=True)
    made = compiler.compile(input=source.encode(), format="pdf")
    assert isinstance(made, bytes)
    return made
