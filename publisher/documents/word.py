"""A Word file as HTML with hints, and the pictures in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from xml.parsers.expat import ExpatError
from zipfile import ZIP_STORED, BadZipFile, ZipFile

import mammoth
from lxml import etree

from publisher.channel import Image
from publisher.documents import markup, package
from publisher.documents.numbering import Numbering
from publisher.documents.pictures import as_image
from publisher.documents.styles import Styles
from publisher.errors import InvalidError

MAX_XML_BYTES = 32 * 2**20  # of all parts; an ordinary notice has 0.1 million
MAX_ELEMENTS = 200_000  # of the body, converted in some 10 s; a page of text has about 200
_XML = (".xml", ".rels")
_OFFICE_DOCUMENT = "/relationships/officeDocument"
_BACK_LINK = re.compile(r'<a href="#(?:foot|end)note-ref-[^"]*">[^<]*</a>')

# the converter trusts the file: each of these has been seen from a part that is missing or wrong
_BROKEN: tuple[type[Exception], ...]
_BROKEN = (KeyError, IndexError, ValueError, TypeError, AttributeError, OSError, ExpatError)
_BROKEN += (BadZipFile, NotImplementedError, RecursionError)


@dataclass(frozen=True, kw_only=True)
class Converted:
    html: str  # not clean: carries the hints of publisher.documents.markup
    images: tuple[Image, ...]
    remarks: tuple[str, ...]


@dataclass
class _Pictures:
    """Takes the pictures as the converter meets them."""

    taken: dict[str, Image] = field(default_factory=dict)
    lost: int = 0

    def take(self, picture: Any) -> dict[str, str]:
        """Keep one and return its attributes; none for one that cannot be shown."""
        try:
            with picture.open() as stream:
                image = as_image(stream.read(), alt=(picture.alt_text or "").strip())
        except (InvalidError, KeyError):
            self.lost += 1
            return {"src": ""}
        self.taken.setdefault(image.name, image)
        return {"src": f"media:{image.name}", "alt": image.alt}

    def remarks(self) -> list[str]:
        found = []
        if self.lost:
            found.append(
                f"有 {self.lost} 张图片损坏或格式不支持，没有导入，请转成 PNG 或 JPG 后补上。"
            )
        if any(not image.alt for image in self.taken.values()):
            found.append("有图片没有替代文字，请补写图片内容，方便看不到图的人。")
        return found


def convert(file: bytes) -> Converted:
    """Convert a .docx file; one that is broken, unsafe or not Word is an InvalidError."""
    with package.opened(file) as archive:
        package.refuse_macros(archive)
        if package.office_kind(archive) != "docx":
            raise not_word()
        parts = _parts(archive)
        main = _main_part(parts)
        document = parts[main]
        if sum(1 for _ in document.iter()) > MAX_ELEMENTS:
            raise _too_long()
        styles = Styles.of(_beside(parts, main, "styles"))
        numbering = Numbering.of(_beside(parts, main, "numbering"))
        try:
            style_map, remarks = markup.prepare(document, styles=styles, numbering=numbering)
            prepared = _repacked(archive, main=main, document=document)
            pictures = _Pictures()
            result = mammoth.convert_to_html(
                BytesIO(prepared),
                style_map=style_map,
                include_embedded_style_map=False,
                ignore_empty_paragraphs=False,
                convert_image=mammoth.images.img_element(pictures.take),
            )
        except _BROKEN as error:
            raise package.broken() from error
    if (comments := _beside(parts, main, "comments")) is not None and len(comments):
        remarks.append("文件里有批注，没有导入。")
    return Converted(
        html=_BACK_LINK.sub("", _with_boxes(str(result.value))),
        images=tuple(pictures.taken.values()),
        remarks=(*remarks, *pictures.remarks()),
    )


def not_word() -> InvalidError:
    """Return the error for a file that is called .docx and is none."""
    return InvalidError(
        "文件名与内容不符：这不是 Word 文档。请用 Word 或 WPS 另存为 .docx 后再上传。",
        field="file",
        code="not_what_it_says",
    )


def _too_long() -> InvalidError:
    return InvalidError(
        "文件内容过多，无法在网页上展示。请把长表格另作附件，正文只留要点。",
        field="file",
        code="too_long",
    )


def _parts(archive: ZipFile) -> dict[str, etree._Element]:
    """Return all XML parts; every one is looked at, because the converter would expand entities."""
    parts = {}
    xml = [entry for entry in archive.infolist() if entry.filename.lower().endswith(_XML)]
    if sum(entry.file_size for entry in xml) > MAX_XML_BYTES:
        raise _too_long()
    for name in archive.namelist():
        if name.lower().endswith(_XML):
            root = package.parsed(package.part(archive, name) or b"")
            if name.endswith(".rels"):
                _refuse_outside_pictures(root)
            parts[name] = root
    return parts


def _refuse_outside_pictures(relationships: etree._Element) -> None:
    for relationship in relationships:
        is_outside = relationship.get("TargetMode") == "External"
        if is_outside and relationship.get("Type", "").endswith("/image"):
            raise InvalidError(
                "文件里的图片是链接，不在文件里面，不能导入。请把图片复制粘贴到文档中，保存后再上传。",
                field="file",
                code="external_image",
            )


def _main_part(parts: dict[str, etree._Element]) -> str:
    relationships = parts.get("_rels/.rels")
    for relationship in () if relationships is None else relationships:
        if relationship.get("Type", "").endswith(_OFFICE_DOCUMENT):
            name = relationship.get("Target", "").lstrip("/")
            if name in parts:
                return name
    if "word/document.xml" not in parts:
        raise package.broken()
    return "word/document.xml"


def _beside(parts: dict[str, etree._Element], main: str, name: str) -> etree._Element | None:
    return parts.get(f"{main.rpartition('/')[0]}/{name}.xml")


def _repacked(archive: ZipFile, *, main: str, document: etree._Element) -> bytes:
    """Return the package with the document replaced, and nothing that the converter ignores."""
    out = BytesIO()
    with ZipFile(out, "w", ZIP_STORED) as copy:
        for name in dict.fromkeys(archive.namelist()):
            if name == main:
                copy.writestr(name, etree.tostring(document, encoding="UTF-8"))
            elif not name.startswith(("docProps/", "customXml/", "mammoth/")):
                copy.writestr(name, package.part(archive, name) or b"")
    return out.getvalue()


def _with_boxes(html: str) -> str:
    """Return html with tick boxes as characters."""
    ticked = re.sub(r'<input\b[^>]*checked="checked"[^>]*>', "☑", html)
    return re.sub(r"<input\b[^>]*>", "☐", ticked)
