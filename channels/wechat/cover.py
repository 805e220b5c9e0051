"""The cover of an article, 900 x 383 pixels: its first picture where that fits, else typeset.

WeChat shows the middle square of it beside all but the first article of a push.
"""

from __future__ import annotations

from io import BytesIO

from PIL import ImageOps

from channels.wechat import typesetting
from channels.wechat.pictures import opened
from publisher.channel import Content, Image, Part

WIDTH_PX, HEIGHT_PX = 900, 383  # 2.35:1, the shape of the first article of a push
SMALLEST_RATIO, LARGEST_RATIO = 1.3, 3.5  # beyond these too little of the picture is left
PPI = 72.0  # one typographic point a pixel
NAME = "cover.png"
SIDE = (1 - HEIGHT_PX / WIDTH_PX) / 2  # what the square leaves on either side
CROPS = {  # X1_Y1_X2_Y2, each a share, of at most six decimals
    "pic_crop_235_1": "0_0_1_1",
    "pic_crop_1_1": f"{SIDE:.6f}_0_{1 - SIDE:.6f}_1",
}
COLOURS = {
    "通知": "#1f4e8c",
    "公示": "#1d6b4f",
    "公告": "#8c2f1f",
    "报告": "#4a3f8c",
    "通报": "#7a4a12",
}
OTHER_COLOUR = "#2f4858"


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
    inputs = {name: text if typesetting.can_draw(text) else "" for name, text in words.items()}
    inputs["colour"] = COLOURS.get(kind, OTHER_COLOUR)
    return typesetting.drawn("cover.typ", inputs, ppi=PPI)
