"""Pictures that are typeset: one compiler a template, the font that travels with this program."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import manimgx_fonts_cjk
import typst
from fontTools.ttLib import TTFont

FONTS = Path(manimgx_fonts_cjk.__file__).parent
FONT_FILE, FONT_NUMBER = FONTS / "NotoSansCJK-VF.otf.ttc", 2  # the face for mainland China

_drawing = threading.Lock()  # one compiler draws one picture at a time


def drawn(template: str, inputs: Mapping[str, str], *, ppi: float) -> bytes:
    """Return a PNG of a template in this folder; its words are data, never markup."""
    with _drawing:
        file, warnings = _compiler(template).compile_with_warnings(
            format="png", ppi=ppi, sys_inputs=dict(inputs)
        )
    if warnings or not isinstance(file, bytes):
        raise RuntimeError(f"{template} could not be drawn: {[str(w) for w in warnings]}")
    return file


def can_draw(text: str) -> bool:
    """Whether the font has every character; else there would be an empty box."""
    return all(ord(character) in _characters() for character in text if character != "\n")


@cache
def _characters() -> frozenset[int]:
    with TTFont(FONT_FILE, fontNumber=FONT_NUMBER, lazy=True) as font:
        return frozenset(font.getBestCmap())


@cache
def _compiler(template: str) -> typst.Compiler:
    file = Path(__file__).with_name(template)
    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS]
    )
    return typst.Compiler(file, root=file.parent, font_paths=fonts)
