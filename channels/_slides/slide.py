"""One notice as a slide for each shape of screen, PNGs; what does not fit is refused, never cut."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache, lru_cache
from pathlib import Path

import typst

from channels._slides import font, palette, pictures, tables, words
from channels._slides.palette import Palette
from channels._slides.pictures import Picture
from channels._slides.shapes import LANDSCAPE, Shape
from publisher.channel import CAMPUS_TIME, Content
from publisher.errors import ConfigError, UnfitError

TEMPLATES = Path(__file__).parent / "templates"
PIXELS_PER_POINT_PPI = 72.0  # so that 1pt of the template is one pixel
CODE_SIDE_PX, CODE_BESIDE_POSTER_PX = 300, 240
POSTER_MOST_CHARS = 400  # a body longer than this is no poster with a few words
BESIDE_POSTER_MOST_CHARS = 70  # taken from the body, for the poster says the rest
URGENT = "紧急"
MOST_LIST_PAGES = 6  # more of a table nobody waits for
MOST_STRIP_PAGES = 12
MOST_KEPT = 128  # slides, of about 100 KB each
UNFIT = {
    "title": "标题太长，大屏上三行放不下，请缩短标题（约 90 字以内）",
    "summary": "摘要（没有摘要时是正文开头）太长，大屏上放不下，再缩小就看不清了，请写短一些的摘要",
    "department": "发文部门的名称太长，大屏上两行放不下，请换成简称",
    "kind": "文种的名称太长，大屏上放不下，请换一个短一些的",
    "headline": "紧急信息太长，大屏上放不下，请写短一些",
}
FIELDS = {
    "title": "标题",
    "summary": "摘要",
    "body": "正文",
    "department": "发文部门",
    "kind": "文种",
    "college_name": "学校名称",
}

_one_at_a_time = threading.Lock()  # a compiler holds the inputs of one compilation


def draw(content: Content, *, college_name: str, most_chars: int) -> bytes:
    """Return the PNG. `most_chars` bounds what is taken from the body where there is no summary."""
    return _notice(content, LANDSCAPE, college_name, most_chars, palette.CALM)


def pages(
    content: Content,
    *,
    college_name: str,
    most_chars: int,
    shape: Shape = LANDSCAPE,
    calm: Palette = palette.CALM,
) -> tuple[bytes, ...]:
    """Return the PNGs of a slide in the shape of a screen, in the order in which they are shown.

    A strip gets its words a line at a time. Elsewhere the notice comes first and then, where its
    body is a table of so many rows, the rows. Nothing is cut: UnfitError names the field.
    """
    if shape.is_strip:
        return _lines(content, shape, college_name, calm)
    first = _notice(content, shape, college_name, most_chars, calm)
    return (first, *_rows(content, shape, college_name, calm))


def emergency(headline: str, text: str, *, shape: Shape) -> bytes:
    """Return an emergency as a picture, for signage that takes no words."""
    _require_drawable(headline + text, field="title")
    size = {"width": shape.width, "height": shape.height}
    return typeset({"headline": headline, "words": text, **size}, "emergency.typ")[0]


def _notice(
    content: Content, shape: Shape, college_name: str, most_chars: int, calm: Palette
) -> bytes:
    notice = _frame(content, college_name=college_name, calm=calm)
    template = "slide.typ" if shape == LANDSCAPE else "portrait.typ"
    has_poster = notice["poster"] is not None
    *longer, shortest = _summaries(content, has_poster=has_poster, most_chars=most_chars)
    for summary in longer:
        try:
            return typeset(notice | {"summary": summary}, template)[0]
        except UnfitError as error:
            if error.field != "summary":
                raise
    return typeset(notice | {"summary": shortest}, template)[0]


def _rows(content: Content, shape: Shape, college_name: str, calm: Palette) -> tuple[bytes, ...]:
    """Return the pages of the table in the body; none where it is left to the full text."""
    found = tables.of(content.body)
    if found is None or font.lacking("".join(cell for row in found.rows for cell in row)):
        return ()
    notice = _frame(content, college_name=college_name, calm=calm)
    size = {"width": shape.width, "height": shape.height}
    try:
        made = typeset(notice | size | asdict(found), "list.typ")
    except UnfitError:
        return ()
    return made if len(made) <= MOST_LIST_PAGES else ()


def _lines(content: Content, shape: Shape, college_name: str, calm: Palette) -> tuple[bytes, ...]:
    notice = _frame(content, college_name=college_name, calm=calm)
    summary = _tidied(content.summary.splitlines()) or words.paragraphs(content.body)
    _require_drawable("".join(summary), field="summary" if content.summary else "body")
    size = {"width": shape.width, "height": shape.height}
    texts: list[list[str]] = [[content.title, *summary], [content.title]]
    for lines in texts if not content.summary else texts[:1]:
        made = typeset(
            notice | size | {"lines": [words.glued(line) for line in lines]}, "strip.typ"
        )
        if len(made) <= MOST_STRIP_PAGES:
            return made
    field = "summary" if content.summary else "title"
    message = f"条屏上超过 {MOST_STRIP_PAGES} 行，没有人看得完，请写短一些"
    raise UnfitError(message, field=field)


def _frame(content: Content, *, college_name: str, calm: Palette) -> dict[str, object]:
    """Return all that stands on the slide but the summary."""
    title, kind = words.tidy(content.title), words.tidy(content.kind)
    if not title:
        raise UnfitError("标题是空的，请先写标题", field="title")
    texts = {"title": title, "department": words.tidy(content.department), "kind": kind}
    for field, text in (texts | {"college_name": college_name}).items():
        _require_drawable(text, field=field)
    poster = _poster(content)
    side = CODE_BESIDE_POSTER_PX if poster else CODE_SIDE_PX
    return {
        "college": college_name,
        "title": words.glued(title),
        "department": texts["department"],
        "day": _day(content),
        **_urgency(title, kind, calm),
        "code": _plain(pictures.code(content.link, side_px=side) if content.link else None),
        "poster": _plain(poster),
    }


def _poster(content: Content) -> Picture | None:
    is_short = len("".join(words.paragraphs(content.body))) <= POSTER_MOST_CHARS
    return pictures.poster(content.images[0]) if content.images and is_short else None


def _summaries(content: Content, *, has_poster: bool, most_chars: int) -> list[list[str]]:
    """Return what may stand below the title, the first that fits: at least one.

    What the author wrote as the summary stands as it is. Where the link leads to the full text,
    the beginning of the body may be shorter.
    """
    field, choices = "summary", [_tidied(content.summary.splitlines())]
    if not choices[0]:
        lines = words.paragraphs(content.body)
        if has_poster and content.link:
            most_chars = min(most_chars, BESIDE_POSTER_MOST_CHARS)
        field, choices = "body", _excerpts(content, lines, most_chars=most_chars)
        if _is_whole(content, has_poster=has_poster) and len("".join(lines)) <= most_chars:
            choices.insert(0, lines)
    if not choices:
        message = (
            f"没有摘要，正文第一句又超过 {most_chars} 字，请写一两句摘要"
            if content.link
            else "正文在大屏上放不全，又没有全文链接可扫，请写一两句摘要"
        )
        raise UnfitError(message, field="summary")
    _require_drawable("".join(choices[0]), field=field)
    return [[words.glued(line) for line in lines] for lines in choices]


def _tidied(lines: list[str]) -> list[str]:
    return [line for line in map(words.tidy, lines) if line]


def _excerpts(content: Content, lines: list[str], *, most_chars: int) -> list[list[str]]:
    if not content.link:
        return []
    return words.openings(lines, most_chars=most_chars) if lines else [[]]


def _is_whole(content: Content, *, has_poster: bool) -> bool:
    """Return whether the lines of the body leave nothing of the notice out."""
    images = len(content.images) - (1 if has_poster else 0)
    return not images and not content.attachments and "<table" not in content.body


def _day(content: Content) -> str:
    """Return the day of issue, else of publication, as people write it; empty without either."""
    published = content.publish_at.astimezone(CAMPUS_TIME).date() if content.publish_at else None
    day = content.issued_on or published
    return f"{day.year}年{day.month}月{day.day}日" if day else ""


def _urgency(title: str, kind: str, calm: Palette) -> dict[str, object]:
    is_urgent = URGENT in title or URGENT in kind
    tags = [URGENT] if is_urgent and URGENT not in kind else []
    theme = palette.URGENT if is_urgent else calm
    return {"theme": theme.as_data(), "tags": tags + ([kind] if kind else [])}


def _require_drawable(text: str, *, field: str) -> None:
    lacking = font.lacking(text)
    if lacking:
        named = "、".join(f"{mark}（U+{ord(mark):04X}）" for mark in lacking)
        message = f"{FIELDS[field]}里有大屏字体没有的字符：{named}，请删去或换一个写法"
        raise UnfitError(message, field=field)


def _plain(picture: Picture | None) -> dict[str, object] | None:
    return asdict(picture) if picture else None


def typeset(notice: Mapping[str, object], template: str = "slide.typ") -> tuple[bytes, ...]:
    """Return the PNGs of a template with these values, always the same for the same."""
    return _typeset(template, json.dumps(notice, ensure_ascii=False, sort_keys=True))


@lru_cache(maxsize=MOST_KEPT)  # a draft is rendered at each look at it, by its words alone
def _typeset(template: str, notice: str) -> tuple[bytes, ...]:
    with _one_at_a_time:
        try:
            made, warnings = _compiler().compile_with_warnings(
                TEMPLATES / template,
                format="png",
                ppi=PIXELS_PER_POINT_PPI,
                sys_inputs={"notice": notice},
            )
        except typst.TypstError as error:
            raise _unfit(error) from None
    if warnings or made is None:
        said = "；".join(warning.message for warning in warnings)
        raise ConfigError(f"大屏画面无法排版，请重新安装字体包 manimgx-fonts-cjk（{said}）")
    return (made,) if isinstance(made, bytes) else tuple(made)


@cache
def _compiler() -> typst.Compiler:
    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[font.FOLDER]
    )
    return typst.Compiler(root=TEMPLATES, font_paths=fonts, ignore_system_fonts=True)


def _unfit(error: typst.TypstError) -> Exception:
    """Return what a panic of the template means; any other fault is a defect of ours."""
    _, _, field = error.message.partition("unfit:")
    return UnfitError(UNFIT[field], field=field) if field in UNFIT else error
