"""Pictures: what is written beside the pixels; the pixels are for a person to look at."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

from PIL import Image
from PIL.ExifTags import IFD, TAGS

from publisher.documents.contents.piece import Piece

LONGEST = 10_000  # characters of one entry


def pieces(file: bytes) -> Iterator[Piece]:
    """Yield the metadata, and the picture itself as one."""
    with Image.open(BytesIO(file)) as image:
        for name, value in image.info.items():
            if isinstance(value, str):
                yield Piece(place=f"图片属性“{name}”", text=value[:LONGEST])
        exif = image.getexif()
        for tag, value in {**exif, **exif.get_ifd(IFD.Exif)}.items():
            if isinstance(value, str):
                yield Piece(place=f"图片属性“{TAGS.get(tag, tag)}”", text=value[:LONGEST])
        if exif.get_ifd(IFD.GPSInfo):
            yield Piece(place="图片的拍摄位置", text="有拍摄位置信息")
    yield Piece(place="整张图片", is_picture=True)
