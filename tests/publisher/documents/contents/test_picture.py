"""Pictures: words beside the pixels, wherever a camera or a program puts them."""

from __future__ import annotations

import zlib
from io import BytesIO

from PIL import Image
from PIL.ExifTags import IFD

from tests.publisher.documents.contents.make import SECRET, WORD, places, read, with_part

AUTHOR, XP_AUTHOR = 0x013B, 0x9C9D
LATITUDE_REF = 1


def photo(exif: Image.Exif | None = None, *, comment: str = "") -> bytes:
    file = BytesIO()
    exif = Image.Exif() if exif is None else exif
    extra = {"comment": comment.encode()} if comment else {}
    Image.new("RGB", (4, 4)).save(file, "JPEG", exif=exif, **extra)
    return file.getvalue()


def exif(tag: int, value: object) -> Image.Exif:
    made = Image.Exif()
    made[tag] = value
    return made


def test_what_a_camera_writes_is_read() -> None:
    assert places("图.jpg", photo(exif(AUTHOR, SECRET))) == ["图片属性“Artist”"]


def test_what_windows_writes_is_read() -> None:
    file = photo(exif(XP_AUTHOR, SECRET.encode("utf-16-le")))

    assert places("图.jpg", file) == ["图片属性“XPAuthor”"]


def test_the_comment_of_a_photo_is_read() -> None:
    assert places("图.jpg", photo(comment=SECRET)) == ["图片属性“comment”"]


def test_the_place_where_a_photo_was_taken_is_told() -> None:
    made = Image.Exif()
    made.get_ifd(IFD.GPSInfo)[LATITUDE_REF] = "N"
    file = photo(made)

    assert "有拍摄位置信息" in [piece.text for piece in read("图.jpg", file)]
    inside = read("通知.docx", with_part(WORD, "word/media/image1.jpg", file))
    assert "里的“word/media/image1.jpg”图片的拍摄位置" in [piece.place for piece in inside]


def test_text_behind_the_pixels_is_read() -> None:
    file = BytesIO()
    Image.new("RGB", (4, 4)).save(file, "PNG")
    words = b"tEXtAuthor\0" + SECRET.encode()
    chunk = (len(words) - 4).to_bytes(4, "big") + words + zlib.crc32(words).to_bytes(4, "big")
    end = file.getvalue().index(b"IEND") - 4

    late = file.getvalue()[:end] + chunk + file.getvalue()[end:]

    assert places("图.png", late) == ["图片属性“Author”"]
