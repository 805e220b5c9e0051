"""Files of an office: what is read, and what is refused with a sentence."""

from __future__ import annotations

import pytest

from publisher.documents import package, read
from publisher.errors import InvalidError
from tests.publisher.documents import make

NOTICE = "关于停水的通知\n因检修，周六停水。\n后勤管理处\n2026年11月20日"


def code_of(name: str, file: bytes) -> str:
    with pytest.raises(InvalidError) as error:
        read(name, file)
    assert error.value.field == "file"
    assert error.value.message.endswith("。")
    return error.value.code


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
def test_text_is_read_in_the_encodings_of_chinese_offices(encoding: str) -> None:
    found = read("停水.txt", NOTICE.replace("\n", "\r\n").encode(encoding))

    assert (found.title, found.department) == ("关于停水的通知", "后勤管理处")
    assert found.body.startswith("<p>因检修，周六停水。</p>")


def test_markdown_takes_its_title_from_the_first_heading() -> None:
    found = read(
        "停水.md", b"# \xe5\x81\x9c**\xe6\xb0\xb4**\n\n## A\n\n- b\n\n![x](http://a.cn/x.png)\n"
    )

    assert found.title == "停水"
    assert found.body == "<h2>A</h2><ul><li>b</li></ul>"
    assert "文件里的图片没有导入，请在编辑页里插入。" in found.remarks


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_page_takes_its_title_from_its_only_first_level_heading(encoding: str) -> None:
    page = (
        f'<!DOCTYPE html><html><head><meta charset="{encoding}"><title>某学院</title></head><body>'
        "<h1>关于停水的<b>通知</b></h1><p>周六停水。</p><script>alert(1)</script></body></html>"
    )

    found = read("停水.html", page.encode(encoding))

    assert (found.title, found.kind) == ("关于停水的通知", "通知")
    assert found.body == "<p>周六停水。</p>"


def test_a_page_without_that_heading_is_recognised_by_its_lines() -> None:
    page = "<p align=center>关于停水的通知</p><p>周六停水。</p><p align=right>后勤管理处</p>"

    found = read("停水.htm", page.encode())

    assert (found.title, found.department) == ("关于停水的通知", "后勤管理处")


@pytest.mark.parametrize(
    ("name", "file", "code"),
    [
        ("a.docx", b"", "empty"),
        ("a.doc", package.OLE + b"\0" * 99, "old_format"),
        ("a.wps", package.OLE + b"\0" * 99, "old_format"),
        ("a.rtf", b"{\\rtf1 x}", "old_format"),
        ("a.pdf", b"%PDF-1.7", "old_format"),
        ("a.docx", package.OLE + b"\0" * 99, "not_what_it_says"),
        ("a.docx", b"%PDF-1.7", "not_what_it_says"),
        ("a.txt", b"%PDF-1.7", "not_what_it_says"),
        ("a.docx", b"{\\rtf1 x}", "not_what_it_says"),
        ("a.docx", "只是文字".encode(), "not_what_it_says"),
        ("a.docx", b"PK\x03\x04 and no more", "broken"),
        ("a.doc", package.OLE + "EncryptedPackage".encode("utf-16-le"), "encrypted"),
        ("a.docx", package.OLE + "EncryptedPackage".encode("utf-16-le"), "encrypted"),
        ("a.docm", make.archive({"a": b"x"}), "macro"),
        ("a.txt", make.archive({"a": b"x"}), "undecodable"),
        ("a.txt", b"\x80\x81\xff\xff", "undecodable"),
        ("a.txt", b"a\x00b", "undecodable"),
        ("a.txt", b"<!DOCTYPE html><p>x</p>", "not_what_it_says"),
        ("a.md", b"<html><p>x</p>", "not_what_it_says"),
        ("a.html", "只是文字".encode(), "not_what_it_says"),
        ("a.exe", b"MZ", "unsupported"),
        ("a", b"x", "unsupported"),
        ("a.txt", b" \n\n ", "no_text"),
        ("a.html", b"<p><img src=x></p>", "no_text"),
        ("a.docx", make.word(), "no_text"),
        ("a.html", b"<div>" * 200 + b"x", "too_deep"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_sentence(name: str, file: bytes, code: str) -> None:
    assert code_of(name, file) == code


@pytest.mark.parametrize("name", ["a.doc", "a.wps", "a.rtf", "a.pdf"])
def test_an_old_format_is_told_the_way_out(name: str) -> None:
    with pytest.raises(InvalidError, match=r"另存为 \.docx"):
        read(name, b"x")


def test_a_file_may_be_as_large_as_the_limit_and_no_larger() -> None:
    file = NOTICE.encode()

    assert read("a.txt", file, max_bytes=len(file)).title == "关于停水的通知"
    with pytest.raises(InvalidError) as error:
        read("a.txt", file, max_bytes=len(file) - 1)
    assert error.value.code == "too_large"


def test_the_name_of_a_file_may_have_capitals() -> None:
    assert read("A.DOCX", make.notice()).title == make.TITLE
