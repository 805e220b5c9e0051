"""The pictures of a slide as SVG, because the typesetter takes text only: QR code and poster."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import segno
from PIL import Image, ImageOps, UnidentifiedImageError

from publisher.channel import Image as Photo
from publisher.errors import UnfitError

QUIET_ZONE = 4  # modules around a QR code; ISO/IEC 18004, 9.1
LARGEST_VERSION = 14  # 73 modules; a phone a few steps away reads modules of 4 pixels
SMALLEST_MODULE_PX = 4
POSTER_HEIGHT_PX = 826  # room for it in templates/slide.typ
POSTER_SHAPES = (1.2, 2.0)  # height by width; longer ones become too narrow to be read
POSTER_LEAST_WIDTH_PX = 300


@dataclass(frozen=True, kw_only=True)
class Picture:
    """An SVG and its size on the slide in pixels."""

    svg: str
    width: int
    height: int


def code(link: str, *, side_px: int) -> Picture:
    """Return the QR code of a link, about so large: a module is a whole number of pixels."""
    try:
        symbol = segno.make_qr(link, error="m", boost_error=False)
    except segno.DataOverflowError:
        raise UnfitError(_too_long(link), field="link") from None
    if int(symbol.version) > LARGEST_VERSION:
        raise UnfitError(_too_long(link), field="link")
    modules = int(symbol.symbol_size(border=QUIET_ZONE)[0])
    side = modules * max(SMALLEST_MODULE_PX, side_px // modules)
    file = io.BytesIO()
    symbol.save(file, kind="svg", border=QUIET_ZONE, omitsize=True, xmldecl=False, nl=False)
    return Picture(svg=file.getvalue().decode(), width=side, height=side)


def _too_long(link: str) -> str:
    return f"全文链接太长（{len(link)} 个字符），二维码会密得扫不出来，请换一个短一些的链接"


def poster(image: Photo) -> Picture | None:
    """Return a picture in the shape of a poster, ready to stand beside the words.

    None where its shape is another one. Raise UnfitError where it cannot be read.
    """
    try:
        with Image.open(io.BytesIO(image.file)) as opened:
            upright = ImageOps.exif_transpose(opened)
            if not _is_poster(upright.width, upright.height):
                return None
            return _drawn(upright)
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError):
        message = "第一张图片无法读取，请换成 PNG 或 JPEG 格式的图片再上传"
        raise UnfitError(message, field="images") from None


def _is_poster(width: int, height: int) -> bool:
    least, most = POSTER_SHAPES
    return width >= POSTER_LEAST_WIDTH_PX and least <= height / width <= most


def _drawn(picture: Image.Image) -> Picture:
    size = (round(POSTER_HEIGHT_PX * picture.width / picture.height), POSTER_HEIGHT_PX)
    ground = Image.new("RGBA", picture.size, "white")
    ground.alpha_composite(picture.convert("RGBA"))
    file = io.BytesIO()
    ground.convert("RGB").resize(size, Image.Resampling.LANCZOS).save(file, "PNG")
    href = "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
    frame = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]} {size[1]}">'
    picture_tag = f'<image width="{size[0]}" height="{size[1]}" href="{href}"/>'
    return Picture(svg=f"{frame}{picture_tag}</svg>", width=size[0], height=size[1])
