from __future__ import annotations

from io import BytesIO

import pytest
from lxml import html
from PIL import Image as Picture

from channels.wechat import tables
from channels.wechat.pictures import SIZE_BYTES


def table(rows: str) -> html.HtmlElement:
    return html.fragment_fromstring(f"<table>{rows}</table>")


def row(*texts: str, tag: str = "td") -> str:
    return f"<tr>{''.join(f'<{tag}>{text}</{tag}>' for text in texts)}</tr>"


HEAD = row("序号", "学院", "班级", "教室", "科目", "时间", tag="th")


def drawn(rows: str, caption: str = "安排") -> tuple[bytes, ...]:
    pictures = tables.drawn(table(rows), caption=caption)
    assert pictures is not None
    return pictures


def size(picture: bytes) -> tuple[int, int]:
    return Picture.open(BytesIO(picture)).size


def test_a_table_is_one_picture_that_a_phone_can_show() -> None:
    [picture] = drawn(HEAD + row("1", "智能制造学院", "机电2301班", "A301", "高等数学", "9:00"))

    assert picture.startswith(b"\x89PNG")
    assert len(picture) < SIZE_BYTES
    assert size(picture)[0] == round(tables.NARROWEST_PT * tables.PPI / 72)


def test_a_long_table_is_several_pictures_and_each_has_the_heading() -> None:
    lines = [row(str(number), *["二"] * 5) for number in range(tables.MOST_ROWS + 5)]

    first, second = drawn(HEAD + "".join(lines))
    whole = drawn(HEAD + "".join(lines[: tables.MOST_ROWS]))[0]
    rest = drawn(HEAD + "".join(lines[tables.MOST_ROWS :]), "安排（续）")[0]

    assert (first, second) == (whole, rest)


def test_a_cell_over_several_rows_is_not_cut() -> None:
    rows = [row(str(number), *["二"] * 5) for number in range(tables.MOST_ROWS - 1)]
    high = f"<tr><td rowspan='3'>高</td>{'<td>三</td>' * 5}</tr>" + row(*["三"] * 5) * 2
    last = row("末", *["四"] * 5)

    pictures = drawn(HEAD + "".join(rows) + high + last)

    assert len(pictures) == 2
    assert pictures[1] == drawn(HEAD + last, "安排（续）")[0]


def test_spans_are_kept() -> None:
    merged = (
        row("1", "2", "3") + "<tr><td colspan='2' rowspan='2'>合</td><td>4</td></tr>" + row("5")
    )

    assert drawn(merged) != drawn(row("1", "2", "3") + row("合", "", "4") + row("", "", "5"))


@pytest.mark.parametrize(
    "rows",
    [
        row("<img src='media:a.png'>", "二"),
        row("🎉", "二"),
        "<tr><td>一</td><td rowspan='2'>二</td></tr><tr><td colspan='2'>三</td></tr>",
    ],
    ids=["a picture", "a character without a shape", "spans that overlap"],
)
def test_what_cannot_be_drawn_truly_stays_a_table(rows: str) -> None:
    assert tables.drawn(table(rows), caption="") is None


def test_words_are_data_and_never_markup() -> None:
    [picture] = drawn(row("#set page(fill: red)", "$x$ *粗* <b>", "a & b"))

    assert Picture.open(BytesIO(picture)).convert("RGB").getpixel((1, 1)) == (255, 255, 255)


def test_the_same_table_is_the_same_picture() -> None:
    assert drawn(HEAD) == drawn(HEAD)
