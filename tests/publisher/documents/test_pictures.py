"""Uploaded pictures: kept, converted, or refused with a sentence."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image

from publisher.documents import as_upload
from publisher.documents.location import GPS
from publisher.documents.pictures import MAX_PIXELS, as_image
from publisher.errors import InvalidError
from tests.publisher.documents.make import picture

XMP = (
    b'<x:xmpmeta><rdf:Description exif:GPSLatitude="24,54N" TC260:AIGC="1"/>'
    b"<exif:GPSLongitude>118,35E</exif:GPSLongitude></x:xmpmeta>"
)


def code_of(name: str, file: bytes, **options: int) -> str:
    with pytest.raises(InvalidError) as error:
        as_upload(name, file, **options)
    assert error.value.field == "file"
    assert error.value.message.endswith("。")
    return error.value.code


def located(form: str) -> bytes:
    """Return a photo that tells its camera and where it was taken."""
    exif = Image.Exif()
    exif[0x010F] = "Camera"
    exif[GPS] = {1: "N", 2: (24.0, 54.0, 0.0)}
    out = BytesIO()
    Image.new("RGB", (8, 6), (200, 30, 40)).save(out, format=form, exif=exif)
    return out.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    crc = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + crc


@pytest.mark.parametrize(
    ("form", "name"), [("PNG", "a.PNG"), ("JPEG", "a.jpg"), ("JPEG", "a.jpeg")]
)
def test_png_and_jpeg_are_kept_byte_for_byte(form: str, name: str) -> None:
    file = picture(form)

    assert as_upload(name, file) == (file, f"image/{form.lower()}")


@pytest.mark.parametrize(("form", "name"), [("GIF", "a.gif"), ("WEBP", "a.webp"), ("BMP", "a.bmp")])
def test_other_formats_become_png(form: str, name: str) -> None:
    file, media_type = as_upload(name, picture(form, size=(5, 4)))

    assert media_type == "image/png"
    with Image.open(BytesIO(file)) as converted:
        assert (converted.format, converted.size) == ("PNG", (5, 4))


def test_what_is_see_through_stays_so() -> None:
    file, _ = as_upload("a.webp", picture("WEBP", mode="RGBA"))

    with Image.open(BytesIO(file)) as converted:
        assert converted.mode == "RGBA"


@pytest.mark.parametrize(("form", "name"), [("JPEG", "a.jpg"), ("PNG", "a.png")])
def test_the_place_leaves_a_photo_and_its_pixels_stay(form: str, name: str) -> None:
    photo = located(form)

    file, _ = as_upload(name, photo)

    with Image.open(BytesIO(photo)) as before, Image.open(BytesIO(file)) as after:
        assert GPS in before.getexif()
        assert GPS not in after.getexif()
        assert after.getexif()[0x010F] == "Camera"
        assert before.tobytes() == after.tobytes()


def test_the_place_leaves_xmp_and_the_ai_label_stays() -> None:
    plain = picture("JPEG")
    content = b"http://ns.adobe.com/xap/1.0/\0" + XMP
    segment = b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content
    png = picture()
    text = chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)

    jpeg_file, _ = as_upload("a.jpg", plain[:2] + segment + plain[2:])
    png_file, _ = as_upload("a.png", png[:33] + text + png[33:])

    for file in (jpeg_file, png_file):
        assert b"GPS" not in file
        assert b'TC260:AIGC="1"' in file


def test_exif_written_as_text_leaves_a_png() -> None:
    png = picture()

    file, _ = as_upload(
        "a.png", png[:33] + chunk(b"tEXt", b"Raw profile type exif\0GPS") + png[33:]
    )

    assert file == png


@pytest.mark.parametrize(
    ("name", "file", "code"),
    [
        ("a.png", b"", "empty"),
        ("a.png", picture("JPEG"), "not_what_it_says"),
        ("a.jpg", picture("PNG"), "not_what_it_says"),
        ("a", picture("PNG"), "not_what_it_says"),
        ("a.png", b"<svg/>", "unsupported"),
        ("a.tif", picture("TIFF"), "unsupported"),
        ("a.png", picture(size=(64, 64), mode="RGB")[:-30], "broken"),
        ("a.jpg", picture("JPEG", size=(64, 64))[:-40], "broken"),
    ],
)
def test_what_is_no_good_picture_is_refused(name: str, file: bytes, code: str) -> None:
    assert code_of(name, file) == code


def test_a_picture_may_be_as_large_as_the_limit_and_no_larger() -> None:
    file = picture()

    as_upload("a.png", file, max_bytes=len(file))
    assert code_of("a.png", file, max_bytes=len(file) - 1) == "too_large"


def header_only(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IEND", b"")


@pytest.mark.parametrize("height", [MAX_PIXELS // 1000 + 1, 100_000, 1_000_000])
def test_a_bomb_is_refused_before_it_is_unpacked(height: int) -> None:
    assert code_of("a.png", header_only(1000, height)) == "too_many_pixels"


def test_so_many_pixels_are_allowed() -> None:
    assert code_of("a.png", header_only(1000, MAX_PIXELS // 1000)) == "broken"


def test_a_picture_of_a_document_is_named_by_its_bytes() -> None:
    first, again, other = (as_image(picture(form), alt="") for form in ("PNG", "PNG", "JPEG"))

    assert first.name == again.name
    assert len(first.name) == len("0" * 32 + ".png")
    assert (first.name[-4:], other.name[-4:]) == (".png", ".jpg")
