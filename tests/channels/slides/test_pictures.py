"""QR codes and posters."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from channels._slides import pictures
from publisher import channel


def image(file: bytes) -> channel.Image:
    return channel.Image(name="1", file=file, media_type="image/jpeg", alt="")


@pytest.mark.parametrize("length", [10, 60, 150, 300])
def test_a_module_of_a_code_is_a_whole_number_of_pixels(length: int) -> None:
    code = pictures.code("http://a.example/" + "x" * length, side_px=300)

    modules = int(code.svg.split('viewBox="0 0 ')[1].split()[0])
    assert code.width == code.height
    assert code.width % modules == 0
    assert code.width // modules >= 4


def test_a_poster_fills_the_height_and_keeps_its_shape() -> None:
    file = io.BytesIO()
    Image.new("RGB", (1200, 1600)).save(file, "JPEG")

    poster = pictures.poster(image(file.getvalue()))

    assert poster is not None
    assert (poster.width, poster.height) == (620, 826)


def test_a_photo_that_lies_on_its_side_is_turned_first() -> None:
    lying = Image.new("RGB", (800, 600))
    exif = lying.getexif()
    exif[0x0112] = 6  # orientation: turn by 90 degrees
    file = io.BytesIO()
    lying.save(file, "JPEG", exif=exif)

    poster = pictures.poster(image(file.getvalue()))

    assert poster is not None
    assert poster.height > poster.width


def test_a_transparent_poster_stands_on_white() -> None:
    file = io.BytesIO()
    Image.new("RGBA", (600, 800), (0, 0, 0, 0)).save(file, "PNG")

    poster = pictures.poster(image(file.getvalue()))

    assert poster is not None
    assert "data:image/png;base64," in poster.svg
