"""Uploaded pictures: proved to be what they say, in a format that every outlet takes."""

from __future__ import annotations

import warnings
from hashlib import sha256
from io import BytesIO
from pathlib import PurePath

from PIL import Image as Pillow
from PIL import ImageOps, UnidentifiedImageError

from publisher.channel import Image
from publisher.documents.location import without_place
from publisher.errors import InvalidError

MAX_PIXELS = 40_000_000  # 120 MB unpacked; a phone takes 12 to 48 million
FORMATS = {  # Pillow's name: the endings of a file's name
    "JPEG": (".jpg", ".jpeg"),
    "PNG": (".png",),
    "GIF": (".gif",),
    "WEBP": (".webp",),
    "BMP": (".bmp",),
}
KEPT = {"JPEG": "image/jpeg", "PNG": "image/png"}
ENDINGS = {"image/jpeg": "jpg", "image/png": "png"}

_DAMAGE = (OSError, ValueError, SyntaxError, EOFError, MemoryError)  # what Pillow raises


def as_upload(name: str, file: bytes, *, max_bytes: int = 10 * 2**20) -> tuple[bytes, str]:
    """Return the bytes to keep and their media type, "image/jpeg" or "image/png".

    JPEG and PNG keep their pixels and lose the place they were taken; GIF (its first frame),
    WebP and BMP become PNG. Anything else is an InvalidError.
    """
    if not file:
        raise _refused("图片是空的，请重新选择文件。", "empty")
    if len(file) > max_bytes:
        raise _refused(f"图片超过 {max_bytes / 2**20:g} MB，请压缩后再上传。", "too_large")
    found = _format(file)
    if PurePath(name).suffix.lower() not in FORMATS[found]:
        raise _refused(
            f"文件名与内容不符：“{name}”实际是 {found} 图片，请改用正确的扩展名。",
            "not_what_it_says",
        )
    return normalised(file)


def normalised(file: bytes) -> tuple[bytes, str]:
    """Return the bytes to keep and their media type, whatever the picture is called."""
    found = _format(file)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd EXIF; what matters is raised
            with Pillow.open(BytesIO(file), formats=tuple(FORMATS)) as picture:
                picture.load()  # a picture that is cut off is found only here
                if found in KEPT:
                    return without_place(file), KEPT[found]
                return _as_png(picture), "image/png"
    except _DAMAGE as error:
        raise _broken() from error


def as_image(file: bytes, *, alt: str) -> Image:
    """Return a picture of a document under the name that is made of its bytes."""
    kept, media_type = normalised(file)
    name = f"{sha256(kept).hexdigest()[:32]}.{ENDINGS[media_type]}"
    return Image(name=name, file=kept, media_type=media_type, alt=alt)


def _format(file: bytes) -> str:
    """Return Pillow's name of the format after a look at the size, before anything is unpacked."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Pillow.open(BytesIO(file), formats=tuple(FORMATS)) as picture:
                width, height = picture.size
                found = str(picture.format)
    except UnidentifiedImageError as error:
        raise _refused(
            "这不是能用的图片，请使用 JPG、PNG、GIF、WebP 或 BMP 格式。", "unsupported"
        ) from error
    except Pillow.DecompressionBombError as error:
        raise _too_many_pixels() from error
    except _DAMAGE as error:
        raise _broken() from error
    if width * height > MAX_PIXELS:
        raise _too_many_pixels()
    return "JPEG" if found == "MPO" else found


def _as_png(picture: Pillow.Image) -> bytes:
    upright = ImageOps.exif_transpose(picture)
    has_alpha = "A" in upright.getbands() or "transparency" in upright.info
    out = BytesIO()
    upright.convert("RGBA" if has_alpha else "RGB").save(out, format="PNG", exif=b"", optimize=True)
    return out.getvalue()


def _too_many_pixels() -> InvalidError:
    return _refused(
        f"图片的像素过多（超过 {MAX_PIXELS // 10_000} 万），请缩小尺寸后再上传。", "too_many_pixels"
    )


def _broken() -> InvalidError:
    return _refused("图片已损坏，打不开，请重新导出后再上传。", "broken")


def _refused(message: str, code: str) -> InvalidError:
    return InvalidError(message, field="file", code=code)
