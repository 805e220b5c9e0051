"""Excel: what is computed, drawn, listed or left over counts as much as what is typed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from openpyxl import Workbook
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation

from publisher.documents.contents import UnreadableError, grid, sheets
from tests.publisher.documents.contents.make import SECRET, book, places, read, with_part

XMLNS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
A = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'


def _far(made: Workbook) -> None:
    made["名单"]["XFD1048576"] = SECRET


def _formula(made: Workbook) -> None:
    made["名单"]["C5"] = f'="{SECRET}"'


def _neighbours(made: Workbook) -> None:
    made["名单"].column_dimensions.group("C", "E", hidden=True)
    made["名单"]["D6"] = SECRET


def _name(made: Workbook) -> None:
    made.defined_names["号"] = DefinedName("号", attr_text=f'"{SECRET}"')


def _footer(made: Workbook) -> None:
    made["名单"].firstFooter.center.text = SECRET


def _choice(made: Workbook) -> None:
    choice = DataValidation(type="list", formula1=f'"{SECRET},无"')
    choice.add("A9")
    made["名单"].add_data_validation(choice)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (_far, "工作表“名单”第 1048576 行 XFD 列"),
        (_formula, "工作表“名单”第 5 行 C 列的公式"),
        (_neighbours, "工作表“名单”第 6 行 D 列（隐藏）"),
        (_name, "名称“号”"),
        (_footer, "工作表“名单”页眉页脚"),
        (_choice, "下拉选项或条件格式"),
    ],
)
def test_words_outside_ordinary_cells_are_read(
    change: Callable[[Workbook], object], place: str
) -> None:
    assert places("名单.xlsx", book(change)) == [place]


@pytest.mark.parametrize(
    ("name", "content", "place"),
    [
        ("xl/drawings/drawing1.xml", f"<a:p {A}><a:t>{SECRET}</a:t></a:p>", "图形"),
        ("xl/drawings/vmlDrawing1.vml", f"<xml><div>{SECRET}<br></div></xml>", "图形"),
        ("xl/threadedComments/threadedComment1.xml", f"<a><text>{SECRET}</text></a>", "批注"),
        ("xl/pivotCache/r1.xml", f'<a><s v="{SECRET}"/></a>', "透视表留存的数据"),
        ("xl/externalLinks/externalLink1.xml", f"<a><v>{SECRET}</v></a>", "外部链接留存的数据"),
    ],
)
def test_every_part_of_a_workbook_is_read(name: str, content: str, place: str) -> None:
    assert places("名单.xlsx", with_part(book(lambda made: None), name, content)) == [place]


def test_a_text_that_no_cell_uses_any_more_is_read() -> None:
    texts = "".join(f"<si><t>{text}</t></si>" for text in ("名单", "姓名", "证件号", SECRET))
    strings = f"<sst {XMLNS}>{texts}</sst>"
    file = with_part(book(lambda made: None), "xl/sharedStrings.xml", strings)

    assert places("名单.xlsx", file) == ["表中已不用、文件里还留着的文字"]


def test_a_sheet_that_the_workbook_does_not_list_is_refused() -> None:
    lost = with_part(
        book(lambda made: None), "xl/worksheets/sheet9.xml", f"<worksheet {XMLNS}></worksheet>"
    )

    with pytest.raises(UnreadableError, match="没有列出"):
        read("名单.xlsx", lost)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (13850012345.0, "13850012345"),
        (6222021234567890123.0, "6222021234567890000"),
        (0.5, "0.5"),
        (date(2026, 11, 27), "2026-11-27"),
    ],
)
def test_values_are_said_as_people_read_them(value: object, said: str) -> None:
    assert grid.said(value) == said


@pytest.mark.parametrize("filled", [5, 6])
def test_a_sheet_over_the_limit_is_refused(filled: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST_CELLS", 5)  # the title and the two heads are three
    file = book(lambda made: made["名单"].append(list(range(filled - 3))))

    if filled == 5:
        assert read("名单.xlsx", file)
    else:
        with pytest.raises(UnreadableError, match="太大"):
            read("名单.xlsx", file)
