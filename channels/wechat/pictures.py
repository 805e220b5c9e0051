"""Pictures as WeChat takes them: JPEG or PNG, below 1 MB, as wide as a phone can show.

Source: media/uploadimg, which takes jpg and png under 1 MB for the text of an article.
"""

from __future__ import annotations

from io import BytesIO

from PIL import Image as Picture
from PIL import ImageOps

from publisher.channel import Image, Part
from publisher.errors import UnfitError

WIDTH_PX = 1080
SIZE_BYTES = 1_000_000  # one below "1 MB" in either meaning
MOST_PIXELS = 60_000_000  # what a good phone camera makes; more is a mistake or an attack
QUALITIES = (88, 78, 68, 58)
SMALLER = 0.8  # of width and height, where no quality is enough


def opened(image: Image) -> Picture.Image:
    """Return the picture upright and without its camera data; UnfitError where it is none."""
    try:
        picture = Picture.open(BytesIO(image.file))
        if picture.width * picture.height > MOST_PIXELS:
            raise UnfitError(_sentence(image, "太大了，请缩小到 4000 像素宽以内"), field="images")
        upright = ImageOps.exif_transpose(picture)
        upright.load()
    except (OSError, ValueError, SyntaxError, Picture.DecompressionBombError):
        raise UnfitError(_sentence(image, "打不开，请另存为 JPG 或 PNG"), field="images") from None
    return upright


def _sentence(image: Image, fault: str) -> str:
    return f"图片“{image.alt or image.name}”{fault}后重新插入"


def part(image: Image, name: str) -> Part:
    """Return the picture as a part that WeChat takes; its suffix is added to name."""
    picture = _fitted(opened(image))
    if _keeps_its_form(image, picture):
        file = _png(picture)
        if len(file) < SIZE_BYTES:
            return Part(name=f"{name}.png", media_type="image/png", file=file, label=image.alt)
    return Part(name=f"{name}.jpg", media_type="image/jpeg", file=_jpeg(picture), label=image.alt)


def _fitted(picture: Picture.Image) -> Picture.Image:
    if picture.width <= WIDTH_PX:
        return picture
    height = max(1, round(picture.height * WIDTH_PX / picture.width))
    return _true_colour(picture).resize((WIDTH_PX, height), Picture.Resampling.LANCZOS)


def _true_colour(picture: Picture.Image) -> Picture.Image:
    return picture.convert("RGBA" if picture.has_transparency_data else "RGB")


def _keeps_its_form(image: Image, picture: Picture.Image) -> bool:
    """Drawings stay PNG, which keeps thin lines; photographs do not."""
    return image.media_type != "image/jpeg" or picture.has_transparency_data


def _png(picture: Picture.Image) -> bytes:
    file = BytesIO()
    _true_colour(picture).save(file, "PNG", optimize=True)
    return file.getvalue()


def _jpeg(picture: Picture.Image) -> bytes:
    flat = _on_white(picture)
    while True:
        for quality in QUALITIES:
            file = BytesIO()
            flat.save(file, "JPEG", quality=quality, optimize=True)
            if len(file.getvalue()) < SIZE_BYTES:
                return file.getvalue()
        flat = flat.resize((round(flat.width * SMALLER), round(flat.height * SMALLER)))


def _on_white(picture: Picture.Image) -> Picture.Image:
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    seen = picture.convert("RGBA")
    paper = Picture.new("RGB", seen.size, "white")
    paper.paste(seen, mask=seen.getchannel("A"))
    return paper
