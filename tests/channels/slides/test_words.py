"""The words of a slide."""

from __future__ import annotations

import pytest

from channels._slides import words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  停水\u3000通知 ", "停水 通知"),
        ("停\u200b水\ufeff", "停水"),
        ("一行\n二行", "一行 二行"),
        ("", ""),
    ],
)
def test_text_is_put_on_one_line(text: str, expected: str) -> None:
    assert words.tidy(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("防御第18号台风", "防御第|18|号台风"),
        ("11月24日", "11|月24|日"),
        ("共8台", "共8台"),
        ("14:30—16:30", "14:30|—|16:30"),
        ("17日—30", "17|日—30"),
    ],
)
def test_numbers_are_tied_to_units_and_ranges(text: str, expected: str) -> None:
    assert words.glued(text).replace(words.WORD_JOINER, "|") == expected


def test_a_body_is_its_lines_without_tables() -> None:
    body = "<p>一、<strong>时间</strong></p><table><tr><td>甲</td></tr></table><ul><li>乙</li></ul>"

    assert words.paragraphs(body) == ["一、时间", "乙"]
    assert words.paragraphs(" ") == []


@pytest.mark.parametrize(
    ("most_chars", "expected"),
    [
        (2, []),
        (3, [["停水。"]]),
        (5, [["停水。"]]),
        (6, [["停水。停电！"], ["停水。"]]),
        (9, [["停水。停电！", "放假。"], ["停水。停电！"], ["停水。"]]),
    ],
)
def test_openings_are_whole_sentences(most_chars: int, expected: list[list[str]]) -> None:
    lines = ["停水。停电！", "放假。再放假。"]

    assert words.openings(lines, most_chars=most_chars) == expected


def test_an_opening_leaves_out_address_lead_over_and_a_last_heading() -> None:
    lines = ["各部门：", "台风将至。现通知如下：", "一、停课。全校停课。"]

    assert words.openings(lines, most_chars=11) == [["台风将至。"]]
    assert words.openings(lines, most_chars=16) == [["台风将至。"]]
    assert words.openings(lines, most_chars=21) == [
        ["台风将至。现通知如下：", "一、停课。全校停课。"],
        ["台风将至。"],
    ]


def test_a_closing_quote_stays_with_its_sentence() -> None:
    assert words.openings(["他说：“停课。”大家走了。"], most_chars=8) == [["他说：“停课。”"]]
