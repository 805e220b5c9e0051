"""Attachments: what they say they are, or refused with a sentence."""

from __future__ import annotations

import pytest

from publisher.documents import as_attachment, package
from publisher.documents.attachments import MAX_NAME
from publisher.errors import InvalidError
from tests.publisher.documents import make

MAIN = b'<Types><Override ContentType="application/x.%s.main+xml"/></Types>'
SHEET = make.archive({"[Content_Types].xml": MAIN % b"spreadsheetml.sheet"})
SLIDES = make.archive({"[Content_Types].xml": MAIN % b"presentationml.presentation"})
ZIP = make.archive({"说明.txt": b"x"})
PDF = b"%PDF-1.7\n%%EOF"
MEDIA = "application/vnd.openxmlformats-officedocument"


def code_of(name: str, file: bytes, **options: int) -> str:
    with pytest.raises(InvalidError) as error:
        as_attachment(name, file, **options)
    assert error.value.field == "file"
    assert error.value.message.endswith("。")
    return error.value.code


@pytest.mark.parametrize(
    ("name", "file", "media_type"),
    [
        ("自查表.pdf", PDF, "application/pdf"),
        ("自查表.PDF", b"\xef\xbb\xbf" + PDF, "application/pdf"),
        ("通知.docx", make.notice(), f"{MEDIA}.wordprocessingml.document"),
        ("登记表.xlsx", SHEET, f"{MEDIA}.spreadsheetml.sheet"),
        ("课件.pptx", SLIDES, f"{MEDIA}.presentationml.presentation"),
        ("材料.zip", ZIP, "application/zip"),
        ("海报.png", make.picture(), "image/png"),
        ("海报.jpg", make.picture("JPEG"), "image/jpeg"),
        ("说明.txt", "说明".encode("gb18030"), "text/plain"),
        ("名单.csv", "序号,姓名\n1,甲".encode("utf-8-sig"), "text/csv"),
    ],
)
def test_the_type_is_found_from_bytes_and_name(name: str, file: bytes, media_type: str) -> None:
    assert as_attachment(name, file) == media_type


@pytest.mark.parametrize(
    ("name", "file", "code"),
    [
        ("a.pdf", b"", "empty"),
        ("a.exe", b"MZ", "unsupported"),
        ("a.doc", package.OLE, "unsupported"),
        ("a.html", b"<p>x</p>", "unsupported"),
        ("a.svg", b"<svg/>", "unsupported"),
        ("a", PDF, "unsupported"),
        ("a.pdf", ZIP, "not_what_it_says"),
        ("a.pdf", "文字".encode(), "not_what_it_says"),
        ("a.docx", SHEET, "not_what_it_says"),
        ("a.zip", SHEET, "not_what_it_says"),
        ("a.xlsx", package.OLE + b"\0" * 99, "not_what_it_says"),
        ("a.txt", PDF, "not_what_it_says"),
        ("a.txt", b"\x00\x01", "not_what_it_says"),
        ("a.jpg", make.picture(), "not_what_it_says"),
        ("a.png", make.picture(size=(64, 64))[:-30], "broken"),
        ("a.zip", ZIP[:-10], "broken"),
        ("a.xlsx", package.OLE + "EncryptedPackage".encode("utf-16-le"), "encrypted"),
        ("a.docx", make.changed(make.notice(), {"word/vbaProject.bin": b"x"}), "macro"),
        ("a.zip", make.archive({"a/安装.EXE": b"MZ"}), "program"),
        ("a.zip", make.archive({"a": b" " * (9 * 2**20)}), "zip_bomb"),
        ("a/b.pdf", PDF, "bad_name"),
        ("a\nb.pdf", PDF, "bad_name"),
    ],
)
def test_what_is_not_taken_is_refused(name: str, file: bytes, code: str) -> None:
    assert code_of(name, file) == code


def test_an_attachment_may_be_as_large_as_the_limit_and_no_larger() -> None:
    as_attachment("a.pdf", PDF, max_bytes=len(PDF))
    assert code_of("a.pdf", PDF, max_bytes=len(PDF) - 1) == "too_large"


def test_a_name_may_be_so_long_and_no_longer() -> None:
    as_attachment("表" * (MAX_NAME - 4) + ".pdf", PDF)
    assert code_of("表" * (MAX_NAME - 3) + ".pdf", PDF) == "bad_name"
