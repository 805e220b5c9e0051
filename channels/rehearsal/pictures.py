"""What kind of picture some bytes are, and whether they are whole."""

from __future__ import annotations

import io

from PIL import Image, UnidentifiedImageError

MAGIC = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"BM", "bmp"),
)
DAMAGED = (
    UnidentifiedImageError,
    Image.DecompressionBombError,
    OSError,
    SyntaxError,
    ValueError,
)  # what Pillow raises


class DamagedPictureError(Exception):
    """The bytes are no whole picture."""


def kind(file: bytes) -> str:
    """Return "jpeg", "png", "gif" or "bmp" by the first bytes; "" for anything else."""
    return next((kind for magic, kind in MAGIC if file.startswith(magic)), "")


def media_type(file: bytes) -> str:
    """Return the media type of a picture that was kept."""
    return f"image/{kind(file) or 'png'}"


def size(file: bytes) -> tuple[int, int]:
    """Return width and height in pixels; DamagedPictureError where it is no whole picture."""
    try:
        with Image.open(io.BytesIO(file)) as opened:
            opened.verify()
            return opened.size
    except DAMAGED as error:
        raise DamagedPictureError(str(error)) from error
