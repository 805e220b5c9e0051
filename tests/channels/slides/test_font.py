"""What the font of the slides can draw."""

from __future__ import annotations

from channels._slides import font


def test_ordinary_and_rare_characters_are_there() -> None:
    assert font.lacking("泉州 Quanzhou 2026〔38〕号—“㎡”𠮷䶮") == ""


def test_what_is_lacking_is_named_once_in_order() -> None:
    assert font.lacking("好🎊的🎉好🎊") == "🎊🎉"
