from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest
from PIL import Image as Picture

from channels.wechat import cover
from channels.wechat.cover import cropped, typeset
from tests.channels.wechat.scene import NOTICE, picture


def opened(file: bytes) -> Picture.Image:
    return Picture.open(BytesIO(file)).convert("RGB")


@pytest.mark.parametrize(
    "title",
    [
        "停水",
        "关于" + "很" * 28 + "通知",
        '#let x = read("/etc/hosts") $*_<script>',
        "",
        "开学啦🎉",
    ],
)
def test_every_title_is_typeset_at_the_size_of_a_first_article(title: str) -> None:
    assert opened(typeset(title, kind="通知", issuer="后勤管理处")).size == (900, 383)


def test_the_same_words_give_the_same_bytes_in_every_thread() -> None:
    def draw(_: int) -> bytes:
        return typeset("关于停水的通知", kind="通知", issuer="后勤管理处")

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(draw, range(8)))) == 1


def test_kinds_differ_in_colour() -> None:
    corners = {
        opened(typeset("停水", kind=kind, issuer="")).getpixel((5, 200))
        for kind in ("通知", "公示", "公告", "报告", "讲座")
    }

    assert len(corners) == 5


def test_a_title_with_a_character_that_the_font_lacks_is_left_out_whole() -> None:
    with_emoji = typeset("开学啦🎉", kind="通知", issuer="学生工作处")

    assert with_emoji == typeset("", kind="通知", issuer="学生工作处")
    assert with_emoji != typeset("开学啦", kind="通知", issuer="学生工作处")


def test_rare_characters_of_names_are_drawn() -> None:
    assert typeset("关于表彰𠮷䶮的通报", kind="通报", issuer="") != typeset(
        "", kind="通报", issuer=""
    )


@pytest.mark.parametrize(
    ("width", "height", "is_cover"),
    [
        (900, 383, True),
        (899, 383, False),
        (900, 382, False),
        (1300, 1000, True),
        (1299, 1000, False),
        (1400, 400, True),
        (1401, 400, False),
        (900, 1200, False),
    ],
)
def test_a_picture_is_the_cover_where_it_is_large_and_broad(
    width: int, height: int, is_cover: bool
) -> None:
    file = cropped(picture(width, height))

    assert (file is not None) is is_cover
    if file:
        assert opened(file).size == (900, 383)


def test_the_first_picture_is_the_cover_where_it_fits() -> None:
    content = dataclasses.replace(NOTICE, images=(picture(1200, 600),))

    made = cover.part(content)

    assert made.name == "cover.png"
    assert opened(made.file).getpixel((0, 0)) == (0x44, 0x66, 0x88)


def test_a_poster_is_not_cut_into_a_cover() -> None:
    content = dataclasses.replace(NOTICE, images=(picture(900, 1200),))

    assert cover.part(content) == cover.part(NOTICE)
