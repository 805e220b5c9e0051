"""PowerPoint: slides that are not shown and notes that are not projected are read."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pytest

from tests.publisher.documents.contents.make import SECRET, places, read

XMLNS = (
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
)
TYPES = (
    '<Types><Override PartName="/ppt/presentation.xml" ContentType="application/'
    'vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"/></Types>'
)


def line(text: str) -> str:
    return f"<a:p><a:r><a:t>{text}</a:t></a:r></a:p>"


def cell(text: str) -> str:
    return f"<a:tc><a:txBody>{line(text)}</a:txBody></a:tc>"


def presented(name: str, xml: str) -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as package:
        package.writestr("[Content_Types].xml", TYPES)
        package.writestr(f"ppt/{name}.xml", xml)
    return made.getvalue()


@pytest.mark.parametrize(
    ("name", "xml", "place"),
    [
        ("slides/slide2", f"<p:sld {XMLNS}>{line(SECRET)}</p:sld>", "第 2 张幻灯片第 1 段"),
        (
            "slides/slide2",
            f'<p:sld {XMLNS} show="0">{line(SECRET)}</p:sld>',
            "第 2 张幻灯片（隐藏）第 1 段",
        ),
        (
            "notesSlides/notesSlide2",
            f"<p:notes {XMLNS}>{line(SECRET)}</p:notes>",
            "第 2 页备注第 1 段",
        ),
        ("comments/comment1", f"<p:cmLst {XMLNS}><p:text>{SECRET}</p:text></p:cmLst>", "批注"),
        ("slides/slide1", f'<p:sld {XMLNS}><p:cNvPr descr="{SECRET}"/></p:sld>', "图片的替代文字"),
    ],
)
def test_a_presentation_is_read_to_its_last_corner(name: str, xml: str, place: str) -> None:
    assert places("讲座.pptx", presented(name, xml)) == [place]


def test_a_table_on_a_slide_has_heads() -> None:
    rows = f"<a:tr>{cell('姓名')}{cell('证件号')}</a:tr><a:tr>{cell('甲')}{cell(SECRET)}</a:tr>"
    file = presented("slides/slide1", f"<p:sld {XMLNS}><a:tbl>{rows}</a:tbl></p:sld>")

    [found] = [piece for piece in read("讲座.pptx", file) if piece.text == SECRET]

    assert (found.place, found.heading) == ("第 1 张幻灯片表格第 2 行第 2 列", "证件号")
