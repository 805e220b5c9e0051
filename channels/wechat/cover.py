"""The cover of an article, 900 x 383 pixels: its first picture where that fits, else typeset.

Typeset covers take their words as data, never as markup, and only the font that travels with this
program, so that every server draws the same picture.
"""

from __future__ import annotations

import threading
from functools import cache
from io import BytesIO
from pathlib import Path

import manimgx_fonts_cjk
import typst
from fontTools.ttLib import TTFont
from PIL import ImageOps

from channels.wechat.pictures import opened
from publisher.channel import Content, Image, Part

WIDTH_PX, HEIGHT_PX = 900, 383  # 2.35:1, the shape of the first article of a push
SMALLEST_RATIO, LARGEST_RATIO = 1.3, 3.5  # beyond these too little of the picture is left
PPI = 72.0  # one typographic point a pixel
FONTS = Path(manimgx_fonts_cjk.__file__).parent
FONT_FILE, FONT_NUMBER = FONTS / "NotoSansCJK-VF.otf.ttc", 2  # the face for mainland China
NAME = "cover.png"
COLOURS = {
    "通知": "#1f4e8c",
    "公示": "#1d6b4f",
    "公告": "#8c2f1f",
    "报告": "#4a3f8c",
    "通报": "#7a4a12",
}
OTHER_COLOUR = "#2f4858"

_drawing = threading.Lock()  # one compiler draws one picture at a time


def part(content: Content) -> Part:
    """Return the cover of a notice."""
    shown = content.images[0] if content.images else None
    file = cropped(shown) if shown else None
    return Part(
        name=NAME,
        media_type="image/png",
        file=file or typeset(content.title, kind=content.kind, issuer=content.department),
        label=f"封面：{content.title}",
    )


def cropped(image: Image) -> bytes | None:
    """Return the middle of the picture, None where it is too small or of another shape."""
    picture = opened(image)
    ratio = picture.width / picture.height
    is_large = picture.width >= WIDTH_PX and picture.height >= HEIGHT_PX
    if not is_large or not SMALLEST_RATIO <= ratio <= LARGEST_RATIO:
        return None
    fitted = ImageOps.fit(picture.convert("RGB"), (WIDTH_PX, HEIGHT_PX))
    file = BytesIO()
    fitted.save(file, "PNG", optimize=True)
    return file.getvalue()


def typeset(title: str, *, kind: str, issuer: str) -> bytes:
    """Return a drawn cover; words with a character that the font lacks are left out of it.

    WeChat shows the title beside the cover, so a cover without it says less and nothing false;
    an empty box in a person's name would be worse.
    """
    words = {"title": title, "kind": kind, "issuer": issuer}
    inputs = {name: text if _can_draw(text) else "" for name, text in words.items()}
    inputs["colour"] = COLOURS.get(kind, OTHER_COLOUR)
    with _drawing:
        drawn, warnings = _compiler().compile_with_warnings(
            format="png", ppi=PPI, sys_inputs=inputs
        )
    if warnings or not isinstance(drawn, bytes):
        raise RuntimeError(f"the cover could not be drawn: {[str(w) for w in warnings]}")
    return drawn


def _can_draw(text: str) -> bool:
    return all(ord(character) in _characters() for character in text)


@cache
def _characters() -> frozenset[int]:
    with TTFont(FONT_FILE, fontNumber=FONT_NUMBER, lazy=True) as font:
        return frozenset(font.getBestCmap())


@cache
def _compiler() -> typst.Compiler:
    template = Path(__file__).with_name("cover.typ")
    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS]
    )
    return typst.Compiler(template, root=template.parent, font_paths=fonts)
