"""From a file that an office has to what the publisher needs to know of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import PurePath

from lxml import etree
from lxml import html as lxml_html

from publisher.channel import Image
from publisher.documents import html, official, package, word
from publisher.documents.summary import suggest
from publisher.errors import InvalidError

MAX_BYTES = 20 * 2**20
OLD_FORMATS = {
    ".doc": "旧版 Word 文件（.doc）",
    ".dot": "Word 模板",
    ".dotx": "Word 模板",
    ".wps": "WPS 文件（.wps）",
    ".wpt": "WPS 模板",
    ".rtf": "RTF 文件",
    ".odt": "ODT 文件",
    ".pdf": "PDF 文件",
    ".ofd": "OFD 文件",
}
_MACRO_FORMATS = (".docm", ".dotm")
_SIGNATURES = {b"%PDF": ".pdf", b"{\\rtf": ".rtf", package.OLE: ".doc"}
_HTML_START = re.compile(r"\s*(?:<!doctype\s+html|<html[\s>])", re.IGNORECASE)
_HTML_TAG = re.compile(r"<(?:p|div|h[1-6]|table|body|br|span|article|section)\b", re.IGNORECASE)
_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)
_MARKDOWN_TITLE = re.compile(r"\s*#\s+(.+?)\s*#*\s*(?:\n|$)")
_LOST_PICTURE = re.compile(r"<img\b|!\[[^\]]*\]\(")


@dataclass(frozen=True, kw_only=True)
class Document:
    """What was found in a file. Empty or None: not found, and a remark says so."""

    title: str
    body: str  # clean HTML
    images: tuple[Image, ...]  # those that the body shows, in order
    department: str  # full names, joined by 、
    issued_on: date | None
    document_number: str
    kind: str  # one of forms.KINDS, or 其他
    audience: str  # "public" or "campus"
    urgency: str  # "normal", "urgent" or "emergency"
    attachment_names: tuple[str, ...]  # as the attachment list of the body has them
    summary: str  # a suggestion of at most 100 characters
    remarks: tuple[str, ...]  # Chinese sentences for the author


@dataclass(frozen=True, kw_only=True)
class _Raw:
    """The content of a file in one form, before the official form is recognised."""

    html: str
    title: str = ""  # where the format itself names it
    images: tuple[Image, ...] = ()
    remarks: tuple[str, ...] = ()


def read(name: str, file: bytes, *, max_bytes: int = MAX_BYTES) -> Document:
    """Read a .docx, .md, .html or .txt file; `name` is what the author called it.

    Raise InvalidError (field "file") for everything that is not what its name says, is not safe,
    or holds no words; its message tells the author what to do.
    """
    _refuse_by_size(file, max_bytes=max_bytes)
    ending = PurePath(name).suffix.lower()
    _refuse_old_formats(ending, file)
    reader = _READERS.get(ending)
    if reader is None:
        raise _refused(
            "不支持这种文件。可以导入 .docx、.md、.html 或 .txt 文件。", code="unsupported"
        )
    try:
        return _document(reader(file), name=name)
    except InvalidError as error:
        raise _refused(error.message, code=error.code) from error


def _document(raw: _Raw, *, name: str) -> Document:
    found = official.recognise(official.split(raw.html), title=raw.title)
    # where the only line is taken for the title, it is the text as well
    body = html.clean(official.fragment(found.blocks)) or html.clean(raw.html)
    if not found.title and not html.plain(body):
        raise _refused("文件里没有文字，可能是扫描件或图片。请把文字录入后再上传。", code="no_text")
    remarks = [*raw.remarks, *found.remarks]
    if not found.title:
        remarks.append("标题没有识别到，暂用文件名，请修改。")
    shown = html.media_names(body)
    by_name = {image.name: image for image in raw.images}
    return Document(
        title=found.title or PurePath(name).stem.strip(),
        body=body,
        images=tuple(by_name[media] for media in shown if media in by_name),
        department=found.department,
        issued_on=found.issued_on,
        document_number=found.document_number,
        kind=found.kind,
        audience=found.audience,
        urgency=found.urgency,
        attachment_names=found.attachment_names,
        summary=suggest(body),
        remarks=tuple(remarks),
    )


def _refuse_by_size(file: bytes, *, max_bytes: int) -> None:
    if not file:
        raise _refused("文件是空的，请重新选择。", code="empty")
    if len(file) > max_bytes:
        raise _refused(
            f"文件超过 {max_bytes / 2**20:g} MB。请压缩其中的图片，或把长表格另作附件。",
            code="too_large",
        )


def _refuse_old_formats(ending: str, file: bytes) -> None:
    """Refuse by name, and by bytes where the name hides what it is."""
    if package.is_encrypted(file):
        raise package.password_needed()
    if ending in _MACRO_FORMATS:
        raise _refused("带宏的 Word 文件不能导入，请在 Word 或 WPS 中另存为 .docx。", code="macro")
    found = next((form for start, form in _SIGNATURES.items() if file.startswith(start)), "")
    if ending in OLD_FORMATS:
        what = OLD_FORMATS[ending]
        raise _refused(f"{what}不能导入，请在 Word 或 WPS 中另存为 .docx。", code="old_format")
    if found:
        raise _refused(
            f"文件名与内容不符：扩展名是 {ending or '空的'}，实际是{OLD_FORMATS[found]}。"
            "请在 Word 或 WPS 中另存为 .docx。",
            code="not_what_it_says",
        )


def _read_word(file: bytes) -> _Raw:
    if not file.startswith(b"PK"):
        raise word.not_word()
    converted = word.convert(file)
    return _Raw(html=converted.html, images=converted.images, remarks=converted.remarks)


def _read_markdown(file: bytes) -> _Raw:
    text = _text_of(file)
    heading = _MARKDOWN_TITLE.match(text)
    rest = text[heading.end() :] if heading else text
    title = html.plain(html.from_markdown(heading[1])) if heading else ""
    return _Raw(html=html.from_markdown(rest), title=title, remarks=_lost_pictures(rest))


def _read_html(file: bytes) -> _Raw:
    declared = _CHARSET.search(file[:2048])
    text = _decoded(file, declared[1].decode("ascii") if declared else "")
    if not _HTML_TAG.search(text):
        raise _refused(
            "文件名与内容不符：这不是网页文件。纯文本请改用扩展名 .txt。", code="not_what_it_says"
        )
    title, rest = _without_heading(text)
    return _Raw(html=html.clean(rest), title=title, remarks=_lost_pictures(rest))


def _read_text(file: bytes) -> _Raw:
    return _Raw(html=html.from_text(_text_of(file)))


_READERS: dict[str, Callable[[bytes], _Raw]] = {
    ".docx": _read_word,
    ".md": _read_markdown,
    ".markdown": _read_markdown,
    ".html": _read_html,
    ".htm": _read_html,
    ".txt": _read_text,
}


def _without_heading(text: str) -> tuple[str, str]:
    """Return the words of the only first-level heading, and the page without it."""
    try:
        root = lxml_html.document_fromstring(text.encode(), parser=_PARSER)
    except (etree.ParserError, ValueError):
        return "", text
    headings = [found for found in root.iter("h1") if isinstance(found, lxml_html.HtmlElement)]
    if len(headings) != 1:
        return "", text
    title = " ".join(headings[0].text_content().split())
    headings[0].drop_tree()
    return title, lxml_html.tostring(root, encoding="unicode")


_PARSER = lxml_html.HTMLParser(encoding="utf-8", no_network=True)


def _lost_pictures(source: str) -> tuple[str, ...]:
    lost = _LOST_PICTURE.search(source) is not None
    return ("文件里的图片没有导入，请在编辑页里插入。",) if lost else ()


def _text_of(file: bytes) -> str:
    text = _decoded(file, "")
    if _HTML_START.match(text):
        raise _refused(
            "文件名与内容不符：这是网页文件，请改用扩展名 .html。", code="not_what_it_says"
        )
    return text


def _decoded(file: bytes, declared: str) -> str:
    """Return the text of a file: UTF-8, what it declares, or GB18030, which Windows writes."""
    if file.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", *([declared] if declared else []), "gb18030"]
    for encoding in encodings:
        try:
            text = file.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
        if not re.search(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]", text):
            return text.replace("\r\n", "\n").replace("\r", "\n")
    raise _refused(
        "文件的文字读不出来。请用记事本打开，另存为 UTF-8 编码后再上传。", code="undecodable"
    )


def _refused(message: str, *, code: str) -> InvalidError:
    return InvalidError(message, field="file", code=code)
