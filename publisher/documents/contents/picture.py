"""Pictures: what is written beside the pixels; the pixels are for a person to look at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any

from PIL import Image
from PIL.ExifTags import IFD, TAGS

from publisher.documents.contents.piece import Piece, UnreadableError
from publisher.documents.pictures import MAX_PIXELS

TOO_LARGE = "图片的像素过多，请缩小尺寸后再上传"
WIDE_TAGS = range(0x9C9B, 0x9CA0)  # XPTitle to XPSubject, in UTF-16
USER_COMMENT = 0x9286  # eight bytes name its encoding
_LATE_TEXT = re.compile(rb"tEXt|zTXt|iTXt|eXIf")
_WORDED = ("comment", "xmp", "exif_comment")


def pieces(file: bytes) -> Iterator[Piece]:
    """Yield the metadata, and the picture itself as one."""
    with Image.open(BytesIO(file), formats=("PNG", "JPEG")) as image:
        if image.width * image.height > MAX_PIXELS:
            raise UnreadableError(TOO_LARGE)
        if _has_late_text(file):
            image.load()  # reads on behind the pixels
        for name, value in image.info.items():
            if isinstance(value, str) or name in _WORDED:
                yield from _told(str(name), _words(value))
        exif = image.getexif()
        for tag, value in {**exif, **exif.get_ifd(IFD.Exif)}.items():
            yield from _told(str(TAGS.get(tag, tag)), _entry(tag, value))
        if exif.get_ifd(IFD.GPSInfo):
            yield Piece(place="图片的拍摄位置", text="有拍摄位置信息")
        yield from _captions(image.info)
    yield Piece(place="整张图片", is_picture=True)


def _has_late_text(file: bytes) -> bool:
    """Whether a PNG has text after its pixels; they are not unpacked for nothing."""
    return file.startswith(b"\x89PNG") and _LATE_TEXT.search(file, file.find(b"IDAT")) is not None


def _told(name: str, words: str) -> Iterator[Piece]:
    if words.strip():
        yield Piece(place=f"图片属性“{name}”", text=words)


def _entry(tag: int, value: object) -> str:
    if tag in WIDE_TAGS and isinstance(value, bytes):
        return value.decode("utf-16-le", "replace").rstrip("\0")
    if tag == USER_COMMENT and isinstance(value, bytes):
        is_wide = value.startswith(b"UNICODE")
        return value[8:].decode("utf-16" if is_wide else "utf-8", "replace").strip("\0 ")
    return value if isinstance(value, str) else ""


def _captions(info: Mapping[Any, Any]) -> Iterator[Piece]:
    """Yield the captions (IPTC) that Photoshop keeps beside a JPEG, as one."""
    kept = info.get("photoshop")
    for block in kept.values() if isinstance(kept, dict) else ():
        if isinstance(block, bytes):
            found = re.findall(r"[^\x00-\x1f\ufffd]{4,}", block.decode("utf-8", "replace"))
            yield from _told("说明", "\n".join(found))


def _words(value: object) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return re.sub(r"</?[\w:]+|/?>", "\n", text)
