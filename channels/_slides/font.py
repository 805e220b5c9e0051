"""The one font of the slides, from its wheel, and which characters it has."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import manimgx_fonts_cjk
from fontTools.ttLib import TTCollection

FOLDER = Path(manimgx_fonts_cjk.__file__).parent
FAMILY = "Noto Sans CJK SC"  # as templates/slide.typ names it
FAMILY_NAME_ID = 1  # in the table `name` of OpenType


def lacking(text: str) -> str:
    """Return the characters that the font cannot draw, each once, in the order of the text."""
    return "".join(mark for mark in dict.fromkeys(text) if ord(mark) not in _characters())


@cache
def _characters() -> frozenset[int]:
    [file] = FOLDER.glob("*.ttc")
    with TTCollection(file, lazy=True) as faces:
        [face] = [each for each in faces if each["name"].getDebugName(FAMILY_NAME_ID) == FAMILY]
        return frozenset(face.getBestCmap())
