"""What a chat group reads: title, summary, who and when, the address of the whole, one picture."""

from __future__ import annotations

from io import BytesIO

from PIL import Image as Picture
from PIL import ImageOps

from publisher.channel import Content, Image, Part
from publisher.errors import UnfitError

# SnowLuma takes request bodies of 2 MiB; base64 makes 1.87 MB of this, which leaves room for text
PICTURE_BYTES = 1_400_000
PICTURE_PX = 1920  # longer side; wider than any telephone shows
QUALITIES = (88, 75, 60)  # of JPEG
UNREADABLE = (OSError, SyntaxError, ValueError, Picture.DecompressionBombError)  # Pillow's errors


def text(content: Content, *, max_chars: int, name: str = "群公告") -> str:
    """Return the text of the notice, or raise UnfitError; nothing is cut off.

    `name` is what the outlet's posts are called: "群公告".
    """
    _require(content, name)
    lines = [f"【{' '.join(content.title.split())}】", content.summary.strip(), _signature(content)]
    if content.link:
        lines += ["附件请见全文链接：" if content.attachments else "全文链接：", content.link]
    whole = "\n".join(line for line in lines if line)
    if len(whole) > max_chars:
        raise UnfitError(
            f"{name}最多 {max_chars} 个字，现在连标题、落款和链接共 {len(whole)} 个字，"
            f"请把摘要缩短 {len(whole) - max_chars} 个字",
            field="summary",
        )
    return whole


def _require(content: Content, name: str) -> None:
    if not content.title.strip():
        raise UnfitError(f"{name}要有标题，请填写标题", field="title")
    if not content.summary.strip() and not content.link:
        raise UnfitError(f"{name}只发摘要，没有摘要也没有全文链接，请填写摘要", field="summary")
    if content.attachments and not content.link:
        raise UnfitError(
            f"{name}带不了附件，这篇又没有全文链接，请同时发布到官网，或去掉附件",
            field="attachments",
        )


def _signature(content: Content) -> str:
    """Return who issued it and when: 后勤管理处 2026年11月20日."""
    day = content.issued_on
    date = f"{day.year}年{day.month}月{day.day}日" if day else ""
    return f"{content.department.strip()} {date}".strip()


def picture(image: Image) -> Part:
    """Return the picture as a JPEG that every OneBot server takes; without its metadata."""
    try:
        with Picture.open(BytesIO(image.file)) as opened:
            drawn = _on_white(ImageOps.exif_transpose(opened))
    except UNREADABLE:
        raise UnfitError(
            f"第一张图片“{image.alt or image.name}”打不开，请换成 JPG 或 PNG 图片", field="images"
        ) from None
    drawn.thumbnail((PICTURE_PX, PICTURE_PX))
    return Part(name="picture.jpg", media_type="image/jpeg", file=_small(drawn), label=image.alt)


def _on_white(picture: Picture.Image) -> Picture.Image:
    """Return it without transparency, which JPEG has not: black on nothing would be black."""
    coloured = picture.convert("RGBA")
    ground = Picture.new("RGBA", coloured.size, "white")
    return Picture.alpha_composite(ground, coloured).convert("RGB")


def _small(picture: Picture.Image) -> bytes:
    """Return it as JPEG within PICTURE_BYTES: coarser first, then smaller."""
    while True:
        for quality in QUALITIES:
            file = BytesIO()
            picture.save(file, "JPEG", quality=quality, optimize=True)
            if file.tell() <= PICTURE_BYTES:
                return file.getvalue()
        picture = picture.resize((max(1, picture.width // 2), max(1, picture.height // 2)))
