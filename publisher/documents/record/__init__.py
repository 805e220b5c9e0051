"""The record of a review as a PDF, typeset from data; the same bytes for the same data."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import manimgx_fonts_cjk
import typst

HERE = Path(__file__).parent
FONTS = Path(manimgx_fonts_cjk.__file__).parent
ZERO_WIDTH_SPACE = "\u200b"
_LONG = re.compile(r"[!-~]{70}(?=[!-~])")  # words that no line of a table could hold
_one_at_a_time = threading.Lock()  # a compiler holds the inputs of one compilation


def typeset(record: Mapping[str, object]) -> bytes:
    """Return the PDF; the names of the values are those of record.typ."""
    written = json.dumps(_breakable(record), ensure_ascii=False, sort_keys=True)
    with _one_at_a_time:
        made = _compiler().compile(
            HERE / "record.typ", format="pdf", sys_inputs={"record": written}
        )
    assert isinstance(made, bytes)  # a PDF is one file, however many pages it has
    return made


@cache
def _compiler() -> typst.Compiler:
    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS]
    )
    return typst.Compiler(root=HERE, font_paths=fonts, ignore_system_fonts=True)


def _breakable(value: object) -> object:
    """Return the same data in which no word is too long for its line."""
    if isinstance(value, str):
        return _LONG.sub(lambda found: found[0] + ZERO_WIDTH_SPACE, value)
    if isinstance(value, Mapping):
        return {key: _breakable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_breakable(inner) for inner in value]
    return value
