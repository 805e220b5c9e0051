"""Slides for every shape of screen: fitted or paged, never cut."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from channels._slides import shapes, slide, tables
from channels.screens import Screens
from channels.screens.store import Store
from publisher.channel import Content
from publisher.errors import UnfitError
from tests.channels.test_group_words import drawn

NOTICE = Content(
    title="关于东校区部分区域临时停电停水的通知",
    body="<p>因检修，周六 9:00 至 11:00 停水，请提前储水。</p>",
    department="后勤管理处",
    link="http://127.0.0.1:8001/info/2026/13771-9900-2026-0001.html",
)
HEAD = "<tr><th>序号</th><th>姓名</th><th>学院</th></tr>"
SHAPES = ["landscape", "portrait", "strip-1920x120", "strip-1280x64"]


def roll(rows: int) -> Content:
    """A notice whose body is a list of names."""
    lines = "".join(
        f"<tr><td>{n}</td><td>陈小明</td><td>智能制造学院</td></tr>" for n in range(1, rows + 1)
    )
    return replace(NOTICE, title="国家奖学金评审结果公示",
                   body=f"<p>现将名单公示如下。</p><table>{HEAD}{lines}</table>")  # fmt: skip


def pages(content: Content, shape: str) -> list[Image.Image]:
    made = slide.pages(
        content, college_name="泉州工程职业技术学院", most_chars=150, shape=shapes.shape_of(shape)
    )
    return [Image.open(io.BytesIO(page)).convert("RGB") for page in made]


def is_clear_at_the_edge(page: Image.Image, *, below: int) -> bool:
    """Whether no ink touches left, right or lower edge: nothing runs out of the picture."""
    width, height = page.size
    ground = page.getpixel((2, height - 2))
    assert isinstance(ground, tuple)
    strips = [(0, below, 3, height), (width - 3, below, width, height),
              (0, height - 3, width, height)]  # fmt: skip
    return all(
        ImageChops.difference(
            page.crop(box), Image.new("RGB", (box[2] - box[0], box[3] - box[1]), ground)
        ).getbbox()
        is None
        for box in strips
    )


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "content",
    [
        NOTICE,
        replace(NOTICE, title="很长的" + "标题" * 22),
        replace(NOTICE, summary="摘要写了好几句。" * 8),
        replace(NOTICE, department="某某某某某某某某某某某某工作领导小组办公室"),
        roll(20),
    ],
    ids=["short", "long title", "long summary", "long department", "list"],
)
def test_a_slide_has_the_size_of_its_screen_and_nothing_runs_out_of_it(
    shape: str, content: Content
) -> None:
    size = shapes.shape_of(shape)

    for page in pages(content, shape):
        assert page.size == (size.width, size.height)
        assert size.is_strip or is_clear_at_the_edge(page, below=160)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_words_make_the_same_bytes(shape: str) -> None:
    named = {"college_name": "学院", "most_chars": 150}
    first = slide.pages(NOTICE, shape=shapes.shape_of(shape), **named)  # type: ignore[arg-type]
    slide._typeset.cache_clear()

    assert slide.pages(NOTICE, shape=shapes.shape_of(shape), **named) == first  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", SHAPES)
def test_what_the_font_lacks_is_named_for_every_shape(shape: str) -> None:
    with pytest.raises(UnfitError) as caught:
        pages(replace(NOTICE, title="开学啦🎉"), shape)

    assert caught.value.field == "title"
    assert "🎉" in str(caught.value)


@pytest.mark.parametrize("shape", ["landscape", "portrait"])
def test_a_list_of_names_is_turned_over_in_pages_after_the_notice(shape: str) -> None:
    few, many = pages(roll(20), shape), pages(roll(45), shape)

    assert 1 < len(few) < len(many)


@pytest.mark.parametrize("shape", ["landscape", "portrait"])
def test_a_list_that_nobody_would_wait_for_is_left_to_the_full_text(shape: str) -> None:
    assert len(pages(roll(190), shape)) == 1


@pytest.mark.parametrize(
    "body",
    [
        "<p>没有表格</p>",
        f"<table>{HEAD}<tr><td>1</td><td>陈</td><td>院</td></tr></table>",  # too short
        f"<table>{HEAD}" + "<tr><td colspan='2'>1</td><td>陈</td></tr>" * 9 + "</table>",
        f"<table>{HEAD}" + "<tr><td>1</td></tr>" * 9 + "</table>",
        f"<table>{HEAD}</table><table>{HEAD}</table>",
    ],
)
def test_a_table_that_no_slide_can_carry_is_none(body: str) -> None:
    assert tables.of(body) is None


def test_a_poster_fills_an_upright_slide() -> None:
    poster = drawn((600, 900))
    content = replace(NOTICE, body='<p><img src="media:a.png" alt=""></p>', images=(poster,))

    [page] = pages(content, "portrait")

    assert page.size == (1080, 1920)


def test_a_strip_that_would_take_too_many_lines_is_refused() -> None:
    with pytest.raises(UnfitError) as caught:
        pages(replace(NOTICE, summary="摘要" * 200), "strip-1280x64")

    assert caught.value.field == "summary"


def test_each_screen_gets_the_pages_of_its_own_shape(tmp_path: Path) -> None:
    screens = Screens(
        base_url="http://screens.invalid",
        screens=("hall", "lift"),
        shapes={"lift": "portrait"},
        folder=tmp_path,
    )
    rendition = screens.render(roll(20))
    for name in screens.parts():
        screens.part(name).deliver(rendition, key="d-1")

    store = Store(folder=tmp_path)
    sizes = {}
    for name in ("hall", "lift"):
        entry = store.entry(name, "d-1")
        assert entry is not None
        sizes[name] = {Image.open(io.BytesIO(page)).size for page in store.pages(entry)}
    assert sizes == {"hall": {(1920, 1080)}, "lift": {(1080, 1920)}}
    assert rendition.facts["pages"].split()[0].startswith("landscape:")
    assert {part.label[:2] for part in rendition.parts} == {"横屏", "竖屏"}


@pytest.mark.parametrize("shape", SHAPES)
def test_an_emergency_is_white_on_red_in_every_shape(shape: str) -> None:
    words = ("实训楼发生火情，全部撤离", "请立即从安全出口撤离到操场，不要乘电梯。")

    page = Image.open(io.BytesIO(slide.emergency(*words, shape=shapes.shape_of(shape))))

    colours = page.convert("RGB").getcolors(maxcolors=10**6)
    assert colours is not None
    most = max(colours)[1]
    assert most == (0x9B, 0x0F, 0x1C)
    assert (255, 255, 255) in {colour for _, colour in colours}
    assert is_clear_at_the_edge(page.convert("RGB"), below=0)
