"""Text and CSV in both encodings, with headings below a title."""

from __future__ import annotations

import pytest

from publisher.documents.contents import UnreadableError, pieces
from tests.publisher.documents.contents.make import SECRET, places, read


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_text_is_read_in_the_encodings_of_the_field(encoding: str) -> None:
    file = ("行\n" * 60 + f"证件号 {SECRET}").encode(encoding)

    assert places("说明.txt", file) == ["第 51 行起"]


@pytest.mark.parametrize("between", [",", "\t", ";"])
def test_headings_stand_below_a_title(between: str) -> None:
    rows = [["名单"], ["姓名", "证件号"], ["甲", SECRET]]
    file = "\n".join(between.join(row) for row in rows).encode()

    [found] = [piece for piece in read("名单.csv", file) if piece.text == SECRET]

    assert (found.place, found.heading, found.is_cell) == ("第 3 行第 2 列", "证件号", True)


def test_what_is_no_text_is_unreadable() -> None:
    with pytest.raises(UnreadableError, match="不是文字"):
        pieces("a.txt", "text/plain", b"\x00\x01\x02")
