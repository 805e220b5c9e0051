from __future__ import annotations

import dataclasses
import random
from io import BytesIO

import pytest
from PIL import Image as Picture

from channels.wechat import pictures
from channels.wechat.pictures import SIZE_BYTES, part
from publisher.channel import Image
from publisher.errors import UnfitError
from tests.channels.wechat.scene import picture


def size_of(file: bytes) -> tuple[int, int]:
    return Picture.open(BytesIO(file)).size


@pytest.mark.parametrize(
    ("width", "expected"), [(1079, (1079, 500)), (1080, (1080, 500)), (2160, (1080, 250))]
)
def test_a_picture_is_no_wider_than_a_phone_shows(width: int, expected: tuple[int, int]) -> None:
    made = part(picture(width, 500), "picture-1")

    assert size_of(made.file) == expected


@pytest.mark.parametrize(
    ("form", "name", "media_type"),
    [
        ("PNG", "picture-1.png", "image/png"),
        ("JPEG", "picture-1.jpg", "image/jpeg"),
        ("GIF", "picture-1.png", "image/png"),
        ("WEBP", "picture-1.png", "image/png"),
        ("BMP", "picture-1.png", "image/png"),
    ],
)
def test_a_picture_becomes_jpeg_or_png(form: str, name: str, media_type: str) -> None:
    made = part(picture(30, 20, form=form), "picture-1")

    assert (made.name, made.media_type) == (name, media_type)
    assert Picture.open(BytesIO(made.file)).get_format_mimetype() == media_type
    assert made.label == "图"


def test_a_photograph_saved_as_png_is_made_small_enough() -> None:
    noise = Picture.frombytes("RGB", (1000, 1000), random.Random(7).randbytes(3_000_000))
    file = BytesIO()
    noise.save(file, "PNG")
    image = Image(name="a.png", file=file.getvalue(), media_type="image/png", alt="照片")

    made = part(image, "picture-1")

    assert len(image.file) > SIZE_BYTES > len(made.file)
    assert made.name == "picture-1.jpg"


def test_camera_data_is_left_out_and_its_turn_is_made() -> None:
    file = BytesIO()
    exif = Picture.Exif()
    exif[0x0112] = 6  # to be shown turned by a quarter
    exif[0x010F] = "Maker of the camera"
    Picture.new("RGB", (40, 20)).save(file, "JPEG", exif=exif)
    image = Image(name="a.jpg", file=file.getvalue(), media_type="image/jpeg", alt="")

    made = part(image, "picture-1")

    assert size_of(made.file) == (20, 40)
    assert b"Maker" not in made.file


def test_a_transparent_drawing_stays_transparent() -> None:
    file = BytesIO()
    Picture.new("RGBA", (4, 4), (0, 0, 0, 0)).save(file, "PNG")
    image = Image(name="a.png", file=file.getvalue(), media_type="image/png", alt="")

    made = part(image, "picture-1")

    assert Picture.open(BytesIO(made.file)).getpixel((0, 0)) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    "file", [b"", b"no picture", picture(9, 9).file[:45]], ids=["empty", "text", "cut off"]
)
def test_a_file_that_is_no_picture_is_unfit(file: bytes) -> None:
    image = Image(name="a.png", file=file, media_type="image/png", alt="平面图")

    with pytest.raises(UnfitError, match="平面图") as raised:
        part(image, "picture-1")

    assert raised.value.field == "images"


@pytest.mark.parametrize(("height", "is_fit"), [(60_000, True), (60_001, False)])
def test_a_picture_of_too_many_points_is_unfit(height: int, is_fit: bool) -> None:
    file = BytesIO()
    Picture.new("1", (1000, height)).save(file, "PNG")
    image = dataclasses.replace(picture(1, 1), file=file.getvalue())

    if is_fit:
        assert pictures.opened(image).height == height
    else:
        with pytest.raises(UnfitError):
            pictures.opened(image)
