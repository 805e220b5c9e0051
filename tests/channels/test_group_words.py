"""What a group reads, and what the notice cannot carry."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from io import BytesIO

import pytest
from PIL import Image as Picture

from channels import _group_words
from channels._group_words import PICTURE_BYTES, PICTURE_PX
from publisher.channel import Attachment, Content, Image
from publisher.errors import UnfitError

NOTICE = Content(
    title="关于东校区停水的通知",
    body="<p>因检修停水。</p>",
    summary="周六 9:00 至 11:00 停水。",
    link="https://www.example.edu.cn/info/1.html",
    department="后勤管理处",
    issued_on=date(2026, 1, 5),
)
TABLE = Attachment(name="表.pdf", file=b"%PDF-1.7", media_type="application/pdf")


def drawn(size: tuple[int, int], kind: str = "PNG", mode: str = "RGB") -> Image:
    file = BytesIO()
    Picture.new(mode, size).save(file, kind)
    return Image(name="a.png", file=file.getvalue(), media_type="image/png", alt="停水范围")


def shown(content: Content) -> str:
    return _group_words.text(content, max_chars=600)


def test_shows_title_summary_signature_and_link() -> None:
    assert shown(NOTICE) == (
        "【关于东校区停水的通知】\n"
        "周六 9:00 至 11:00 停水。\n"
        "后勤管理处 2026年1月5日\n"
        "全文链接：\n"
        "https://www.example.edu.cn/info/1.html"
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            replace(NOTICE, link=""),
            "【关于东校区停水的通知】\n周六 9:00 至 11:00 停水。\n后勤管理处 2026年1月5日",
        ),
        (
            replace(NOTICE, summary="", department="", issued_on=None),
            "【关于东校区停水的通知】\n全文链接：\nhttps://www.example.edu.cn/info/1.html",
        ),
        (
            replace(NOTICE, link="", issued_on=None, title=" 关于\n停水 "),
            "【关于 停水】\n周六 9:00 至 11:00 停水。\n后勤管理处",
        ),
    ],
)
def test_leaves_out_what_there_is_not(content: Content, expected: str) -> None:
    assert shown(content) == expected


def test_points_to_the_full_text_for_attachments() -> None:
    lines = shown(replace(NOTICE, attachments=(TABLE,))).splitlines()

    assert lines[-2:] == ["附件请见全文链接：", NOTICE.link]


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (replace(NOTICE, title=" "), "title"),
        (replace(NOTICE, summary=" ", link=""), "summary"),
        (replace(NOTICE, attachments=(TABLE,), link=""), "attachments"),
    ],
)
def test_says_what_is_missing(content: Content, field: str) -> None:
    with pytest.raises(UnfitError) as raised:
        shown(content)

    assert raised.value.field == field


def test_600_characters_pass_and_601_do_not() -> None:
    room = 600 - len(shown(replace(NOTICE, summary="很"))) + 1

    assert len(shown(replace(NOTICE, summary="很" * room))) == 600
    with pytest.raises(UnfitError, match=r"最多 600 个字.*共 601 个字.*缩短 1 个字") as raised:
        shown(replace(NOTICE, summary="很" * (room + 1)))
    assert raised.value.field == "summary"


def test_a_picture_becomes_a_jpeg_without_metadata() -> None:
    file = BytesIO()
    exif = Picture.Exif()
    exif[0x0112] = 6  # orientation: turned by a quarter
    exif[0x010E] = "taken by somebody"
    Picture.new("RGB", (30, 10)).save(file, "JPEG", exif=exif)

    part = _group_words.picture(replace(drawn((1, 1)), file=file.getvalue()))

    with Picture.open(BytesIO(part.file)) as picture:
        assert picture.format == "JPEG"
        assert picture.size == (10, 30)
        assert not picture.getexif()
    assert (part.name, part.media_type, part.label) == ("picture.jpg", "image/jpeg", "停水范围")


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "1", "I;16"])
def test_every_mode_of_picture_is_taken(mode: str) -> None:
    assert _group_words.picture(drawn((3, 3), mode=mode)).file


def test_what_is_transparent_becomes_white() -> None:
    part = _group_words.picture(drawn((8, 8), mode="RGBA"))

    with Picture.open(BytesIO(part.file)) as picture:
        assert picture.getpixel((4, 4)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("width", "expected"), [(PICTURE_PX, PICTURE_PX), (PICTURE_PX + 1, PICTURE_PX), (10, 10)]
)
def test_a_wide_picture_is_made_smaller_and_a_small_one_is_not(width: int, expected: int) -> None:
    part = _group_words.picture(drawn((width, 10)))

    with Picture.open(BytesIO(part.file)) as picture:
        assert picture.width == expected


def test_the_worst_picture_fits_into_one_request() -> None:
    noise = random.Random(7).randbytes(PICTURE_PX * PICTURE_PX * 3)
    file = BytesIO()
    Picture.frombytes("RGB", (PICTURE_PX, PICTURE_PX), noise).save(file, "BMP")

    part = _group_words.picture(replace(drawn((1, 1)), file=file.getvalue()))

    assert PICTURE_BYTES // 10 < len(part.file) <= PICTURE_BYTES


@pytest.mark.parametrize("file", [b"", b"no picture", drawn((9, 9)).file[:40]])
def test_a_picture_that_cannot_be_opened_is_named(file: bytes) -> None:
    with pytest.raises(UnfitError, match="停水范围") as raised:
        _group_words.picture(replace(drawn((1, 1)), file=file))

    assert raised.value.field == "images"
