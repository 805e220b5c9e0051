"""The slide: always the same, never cut, never an empty box in place of a character."""

from __future__ import annotations

import io
import threading
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from PIL import Image, ImageColor

from channels._slides import palette, slide
from publisher import channel
from publisher.channel import Attachment, Content
from publisher.errors import ConfigError, UnfitError

NOTICE = Content(
    title="关于东校区部分区域临时停电停水的通知",
    body="<p>因检修，周六 9:00 至 11:00 停水。</p>",
    summary="因检修，周六 9:00 至 11:00 停水。",
    link="http://127.0.0.1:8001/info/2026/13771-9900-2026-0001.html",
    department="后勤管理处",
    issued_on=date(2026, 11, 20),
)


def draw(content: Content) -> bytes:
    return slide.draw(content, college_name="泉州工程职业技术学院", most_chars=150)


def picture(width: int, height: int, color: str = "navy") -> channel.Image:
    file = io.BytesIO()
    Image.new("RGB", (width, height), color).save(file, "PNG")
    return channel.Image(name="1.png", file=file.getvalue(), media_type="image/png", alt="海报")


def pixels(file: bytes) -> Image.Image:
    return Image.open(io.BytesIO(file)).convert("RGB")


def test_a_slide_is_a_png_of_1920_by_1080() -> None:
    with Image.open(io.BytesIO(draw(NOTICE))) as drawn:
        assert (drawn.format, drawn.size) == ("PNG", (1920, 1080))


def test_the_same_notice_gives_the_same_bytes_whatever_was_drawn_before() -> None:
    first = draw(NOTICE)
    draw(replace(NOTICE, title="紧急停课通知", link=""))

    assert draw(NOTICE) == first


def test_several_threads_draw_their_own_notice() -> None:
    notices = [replace(NOTICE, title=f"第{n}号通知") for n in range(4)]
    expected = [draw(notice) for notice in notices]
    drawn: dict[int, bytes] = {}

    threads = [
        threading.Thread(target=lambda n=n: drawn.update({n: draw(notices[n])})) for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [drawn[n] for n in range(4)] == expected


@pytest.mark.parametrize(
    "title",
    [
        "#panic()",
        '#read("slide.typ")',
        "#sys.inputs",
        "$x^2$ *粗* _斜_",
        "[a] ] \\ <b> @c // d /* e */",
        "`raw` = 标题 + - / ~ \"引\" 'x' ---",
    ],
)
def test_markup_in_a_title_stays_text(title: str) -> None:
    plain = title.translate(dict.fromkeys(map(ord, "#$*_[]\\<>@/`=")))

    drawn = draw(replace(NOTICE, title=title))

    assert drawn != draw(replace(NOTICE, title=plain))


def test_a_title_fits_three_lines_or_is_refused() -> None:
    draw(replace(NOTICE, title="长" * 100))

    with pytest.raises(UnfitError, match="缩短标题") as caught:
        draw(replace(NOTICE, title="长" * 110))

    assert caught.value.field == "title"


def test_an_empty_title_is_refused() -> None:
    with pytest.raises(UnfitError) as caught:
        draw(replace(NOTICE, title=" \u200b"))

    assert caught.value.field == "title"


def test_a_summary_of_200_characters_fits() -> None:
    draw(replace(NOTICE, summary="停水通知请提前储水" * 22 + "谢谢"))


def test_a_summary_that_could_only_be_cut_is_refused() -> None:
    with pytest.raises(UnfitError, match="摘要") as caught:
        draw(replace(NOTICE, summary="停水通知请提前储水" * 60))

    assert caught.value.field == "summary"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"title": "开学啦🎉"}, "title"),
        ({"summary": "开学啦🎉"}, "summary"),
        ({"summary": "", "body": "<p>开学啦🎉</p>"}, "body"),
        ({"department": "学工处🎉"}, "department"),
        ({"kind": "🎉"}, "kind"),
    ],
)
def test_a_character_that_the_font_lacks_is_named(changed: dict[str, str], field: str) -> None:
    with pytest.raises(UnfitError, match=r"🎉（U\+1F389）") as caught:
        draw(replace(NOTICE, **changed))  # type: ignore[arg-type]

    assert caught.value.field == field


def test_rare_characters_of_names_are_drawn() -> None:
    draw(replace(NOTICE, title="𠮷䶮㛃同学获奖"))


def test_a_department_takes_two_lines_at_most() -> None:
    draw(replace(NOTICE, department="某某工作领导小组" * 6))

    with pytest.raises(UnfitError) as caught:
        draw(replace(NOTICE, department="某某工作领导小组" * 10))

    assert caught.value.field == "department"


def test_a_kind_leaves_room_for_the_clock() -> None:
    with pytest.raises(UnfitError) as caught:
        draw(replace(NOTICE, kind="很长的文种名称" * 4))

    assert caught.value.field == "kind"


@pytest.mark.parametrize("changed", [{"title": "紧急停课通知"}, {"kind": "紧急通知"}])
def test_an_urgent_notice_is_red(changed: dict[str, str]) -> None:
    drawn = pixels(draw(replace(NOTICE, **changed)))  # type: ignore[arg-type]

    assert drawn.getpixel((20, 20)) == (0xA3, 0x16, 0x21)
    assert pixels(draw(NOTICE)).getpixel((20, 20)) == (0x12, 0x3A, 0x5C)


@pytest.mark.parametrize("look", [palette.CALM, palette.URGENT, palette.of_campus("#7a0019")])
def test_all_words_have_a_contrast_of_4_5(look: palette.Palette) -> None:
    for name, words, ground in look.pairs():
        assert contrast(words, ground) >= 4.5, name


@pytest.mark.parametrize("colour", ["blue", "#ffd700", "#12345"])
def test_a_colour_on_which_nothing_can_be_read_is_refused(colour: str) -> None:
    with pytest.raises(ConfigError) as caught:
        palette.of_campus(colour)

    assert caught.value.key == "colour"


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours as WCAG 2.2 defines it."""
    lights = sorted(luminance(ImageColor.getrgb(color)) for color in (one, other))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def luminance(color: tuple[int, ...]) -> float:
    parts = [value / 255 for value in color[:3]]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_without_a_link_there_is_no_code() -> None:
    ground = (0xF6, 0xF8, 0xFA)

    without = pixels(draw(replace(NOTICE, link="")))

    assert without.crop((1500, 660, 1824, 1020)).getcolors() == [(324 * 360, ground)]
    assert len(pixels(draw(NOTICE)).crop((1500, 660, 1824, 1020)).getcolors() or []) != 1


def test_a_link_that_makes_the_code_too_dense_is_refused() -> None:
    draw(replace(NOTICE, link="http://a.example/" + "x" * 345))

    for length in (346, 4000):
        with pytest.raises(UnfitError) as caught:
            draw(replace(NOTICE, link="http://a.example/" + "x" * length))
        assert caught.value.field == "link"


def test_without_a_summary_the_first_sentences_of_the_body_are_shown() -> None:
    body = "<p>各部门：</p><p>周六停水。请储水。</p>" + "<p>其余安排照旧。</p>" * 40

    drawn = draw(replace(NOTICE, summary="", body=body))

    assert drawn == draw(replace(NOTICE, summary="", body=body + "<p>再加一段。</p>"))
    assert drawn != draw(replace(NOTICE, summary="", body=body.replace("储水", "蓄水")))


@pytest.mark.parametrize(
    "changed",
    [
        {"body": "<p>停水。</p>" * 60},
        {"body": f"<p>{'停水通知' * 37}。</p><p>谢谢。</p>"},
        {"body": "<p>见下表。</p><table><tr><td>甲</td></tr></table>"},
        {"attachments": (Attachment(name="表.pdf", file=b"%PDF", media_type="application/pdf"),)},
        {"images": (picture(40, 40),)},
    ],
)
def test_what_is_not_shown_whole_needs_a_link_or_a_summary(changed: dict[str, object]) -> None:
    notice = replace(NOTICE, link="", summary="", **changed)  # type: ignore[arg-type]

    with pytest.raises(UnfitError) as caught:
        draw(notice)

    assert caught.value.field == "summary"
    draw(replace(notice, link=NOTICE.link))
    draw(replace(notice, summary="周六停水。"))


def test_a_first_sentence_that_does_not_fit_asks_for_a_summary() -> None:
    with pytest.raises(UnfitError, match="150 字") as caught:
        draw(replace(NOTICE, summary="", body=f"<p>{'停' * 151}。</p>"))

    assert caught.value.field == "summary"


def test_a_poster_stands_beside_the_words() -> None:
    drawn = pixels(draw(replace(NOTICE, images=(picture(600, 800, "#00ff00"),))))

    assert drawn.getpixel((1700, 600)) == (0, 255, 0)


def test_beside_a_poster_the_body_says_less() -> None:
    poster = replace(NOTICE, summary="", images=(picture(600, 800),))

    short = draw(replace(poster, body=f"<p>{'停' * 40}。</p><p>{'水' * 28}。</p>"))
    long = draw(replace(poster, body=f"<p>{'停' * 40}。</p><p>{'水' * 29}。</p>"))

    assert short != long
    assert long == draw(replace(poster, body=f"<p>{'停' * 40}。</p><p>{'火' * 29}。</p>"))


@pytest.mark.parametrize(
    "changed",
    [
        {"images": (picture(800, 600, "#00ff00"),)},
        {"images": (picture(600, 700, "#00ff00"),)},
        {"images": (picture(299, 400, "#00ff00"),)},
        {"images": (picture(300, 601, "#00ff00"),)},
        {"images": (picture(600, 800, "#00ff00"),), "body": f"<p>{'字' * 401}</p>"},
    ],
)
def test_other_pictures_are_left_to_the_full_text(changed: dict[str, object]) -> None:
    drawn = pixels(draw(replace(NOTICE, **changed)))  # type: ignore[arg-type]

    assert drawn.getpixel((1700, 600)) != (0, 255, 0)


def test_a_picture_that_cannot_be_read_is_refused() -> None:
    broken = channel.Image(name="1.png", file=b"GIF89a...", media_type="image/png", alt="")

    with pytest.raises(UnfitError) as caught:
        draw(replace(NOTICE, images=(broken,)))

    assert caught.value.field == "images"


def test_the_day_is_that_of_issue_else_of_publication_in_campus_time() -> None:
    late = datetime(2026, 11, 19, 16, 30, tzinfo=UTC)

    published = draw(replace(NOTICE, issued_on=None, publish_at=late))

    assert published == draw(NOTICE)
    assert published != draw(replace(NOTICE, issued_on=None))
