"""Word: no word is passed over for where it stands or how it is marked."""

from __future__ import annotations

import pytest

from publisher.documents.contents import UnreadableError
from tests.publisher.documents.contents.make import (
    SECRET,
    WORD,
    W,
    body,
    places,
    read,
    run,
    with_part,
)

HALVES = SECRET[:6], SECRET[6:]
SHOWN = '<w:vanish w:val="0"/>'
DELETED = "<w:del><w:r><w:delText>99</w:delText></w:r></w:del>"


def box(text: str) -> str:
    return f"<w:txbxContent><w:p>{run(text)}</w:p></w:txbxContent>"


def cell(text: str, marks: str = "") -> str:
    return f"<w:tc><w:tcPr>{marks}</w:tcPr><w:p>{run(text)}</w:p></w:tc>"


@pytest.mark.parametrize(
    ("xml", "place"),
    [
        (f"<w:p>{run(SECRET, marks='<w:vanish/>')}</w:p>", "第 1 段（隐藏文字）"),
        (f"<w:p>{run(SECRET, marks=SHOWN)}</w:p>", "第 1 段"),
        (f"<w:p><w:ins>{run(SECRET)}</w:ins></w:p>", "第 1 段"),
        (f"<w:p><w:moveFrom>{run(SECRET)}</w:moveFrom></w:p>", "第 1 段（修订中删去的文字）"),
        (f"<w:p><w:r><w:instrText>{SECRET}</w:instrText></w:r></w:p>", "第 1 段的域代码"),
        (f'<w:p><w:fldSimple w:instr="REF {SECRET}"/></w:p>', "域代码"),
        (f'<w:p><w:r><w:pict><w:textpath string="{SECRET}"/></w:pict></w:r></w:p>', "艺术字"),
        (f'<w:p><w:r><w:docPr descr="{SECRET}"/></w:r></w:p>', "图片的替代文字"),
        (f"<w:sdt><w:sdtContent><w:p>{run(SECRET)}</w:p></w:sdtContent></w:sdt>", "第 1 段"),
    ],
)
def test_marked_and_wrapped_words_are_read(xml: str, place: str) -> None:
    assert places("通知.docx", body(xml)) == [place]


def test_a_number_with_deleted_characters_in_its_middle_is_found() -> None:
    file = body(f"<w:p>{run(HALVES[0])}{DELETED}{run(HALVES[1])}</w:p>")

    assert places("通知.docx", file) == ["第 1 段"]


def test_a_number_hidden_between_digits_is_found() -> None:
    file = body(f"<w:p>{run('12')}{run(SECRET, marks='<w:vanish/>')}{run('34')}</w:p>")

    assert "第 1 段（隐藏文字）" in places("通知.docx", file)


def test_cells_have_the_heading_of_their_column_also_beside_merged_ones() -> None:
    wide = '<w:gridSpan w:val="2"/>'
    wrapped = f"<w:sdt><w:sdtContent>{cell(SECRET)}</w:sdtContent></w:sdt>"
    file = body(
        f"<w:tbl><w:tr>{cell('姓名')}{cell('证件号', wide)}</w:tr>"
        f"<w:tr>{cell('甲')}{cell('乙')}{wrapped}</w:tr></w:tbl>"
    )

    [found] = [piece for piece in read("名单.docx", file) if piece.text == SECRET]

    assert (found.place, found.heading, found.is_cell) == ("表格第 2 行第 3 列", "证件号", True)


def test_a_table_within_a_cell_and_a_box_within_a_cell_are_read_once() -> None:
    inner = f"<w:tbl><w:tr>{cell(SECRET)}</w:tr></w:tbl>"
    boxed = f"<w:p><w:r><w:pict>{box(SECRET)}</w:pict></w:r></w:p>"
    file = body(f"<w:tbl><w:tr><w:tc>{inner}{boxed}</w:tc></w:tr></w:tbl>")

    assert places("名单.docx", file) == [
        "表格第 1 行第 1 列里的表格第 1 行第 1 列",
        "文本框第 1 段",
    ]


@pytest.mark.parametrize(
    ("fallback", "found"),
    [("甲", ["文本框第 1 段"]), (f"乙{SECRET}", ["文本框第 1 段", "旧版文本框第 1 段"])],
)
def test_the_copy_of_a_box_is_read_where_it_says_something_else(
    fallback: str, found: list[str]
) -> None:
    chosen = SECRET if len(found) > 1 else "甲"
    file = body(
        f"<w:p><w:r><mc:AlternateContent><mc:Choice>{box(chosen)}</mc:Choice>"
        f"<mc:Fallback>{box(fallback)}</mc:Fallback></mc:AlternateContent></w:r></w:p>"
    )

    assert places("通知.docx", file, SECRET if len(found) > 1 else "甲") == found


@pytest.mark.parametrize(
    ("name", "content", "place"),
    [
        ("word/document2.xml", f"<w:document {W}><w:p>{run(SECRET)}</w:p></w:document>", "第 1 段"),
        ("word/footnotes.xml", f"<w:footnotes {W}><w:p>{run(SECRET)}</w:p></w:footnotes>", "脚注"),
        ("word/media/image1.svg", f"<svg><text>{SECRET}</text></svg>", "图形"),
        ("customXml/item1.xml", f"<a><b>{SECRET}</b></a>", "附带的数据"),
        (
            "word/settings.xml",
            f'<w:settings {W}><w:docVar w:name="a" w:val="{SECRET}"/></w:settings>',
            "文档变量",
        ),
        (
            "word/_rels/document.xml.rels",
            f'<a><Relationship TargetMode="External" Target="mailto:{SECRET}@qq.com"/></a>',
            "链接",
        ),
    ],
)
def test_every_part_of_the_package_is_read(name: str, content: str, place: str) -> None:
    [found] = places("通知.docx", with_part(WORD, name, content))

    assert found.startswith(place)


def test_an_imported_page_that_is_no_part_of_the_text_yet_is_refused() -> None:
    with pytest.raises(UnreadableError, match=r"afchunk\.htm"):
        read("通知.docx", with_part(WORD, "word/afchunk.htm", SECRET))


def test_boxes_within_boxes_are_read_in_time() -> None:
    xml = run(SECRET)
    for _ in range(40):
        xml = f"<w:r><w:pict><w:txbxContent><w:p>{xml}</w:p></w:txbxContent></w:pict></w:r>"

    assert len(places("通知.docx", body(f"<w:p>{xml}</w:p>"))) == 1
