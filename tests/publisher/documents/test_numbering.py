"""Automatic numbers as words."""

from __future__ import annotations

import pytest
from lxml import etree

from publisher.documents.numbering import Numbering, chinese, spelled

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def level(depth: int, shape: str, pattern: str, *, more: str = "") -> str:
    return (
        f'<w:lvl w:ilvl="{depth}"><w:start w:val="1"/><w:numFmt w:val="{shape}"/>{more}'
        f'<w:lvlText w:val="{pattern}"/></w:lvl>'
    )


def numbering(*levels: str, override: str = "") -> Numbering:
    markup = (
        f'<w:numbering {W}><w:abstractNum w:abstractNumId="7">{"".join(levels)}</w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num>'
        f'<w:num w:numId="2"><w:abstractNumId w:val="7"/>{override}</w:num></w:numbering>'
    )
    return Numbering.of(etree.fromstring(markup))


@pytest.mark.parametrize(
    ("value", "shape", "words"),
    [
        (1, "chineseCounting", "一"),
        (10, "chineseCountingThousand", "十"),
        (21, "chineseCountingThousand", "二十一"),
        (105, "chineseCountingThousand", "一百零五"),
        (110, "chineseCountingThousand", "一百一十"),
        (12, "chineseLegalSimplified", "壹拾贰"),
        (3, "decimalEnclosedCircleChinese", "③"),
        (21, "decimalEnclosedCircle", "21"),
        (28, "lowerLetter", "bb"),
        (4, "upperLetter", "D"),
        (14, "lowerRoman", "xiv"),
        (2026, "upperRoman", "MMXXVI"),
        (3, "decimalZero", "03"),
        (2, "ideographTraditional", "乙"),
        (3, "ideographZodiac", "寅"),
        (12, "decimalFullWidth", "１２"),
        (5, "none", ""),
        (7, "decimal", "7"),
        (7, "a shape of tomorrow", "7"),
    ],
)
def test_a_number_is_spelled_as_the_list_asks(value: int, shape: str, words: str) -> None:
    assert spelled(value, shape) == words


@pytest.mark.parametrize(
    ("value", "words"), [(0, "〇"), (9999, "九千九百九十九"), (10_000, "10000")]
)
def test_chinese_counting_ends_before_ten_thousand(value: int, words: str) -> None:
    assert chinese(value) == words


def test_a_lower_level_starts_anew_after_a_higher_one() -> None:
    lists = numbering(level(0, "chineseCounting", "%1、"), level(1, "decimal", "%1.%2"))

    labels = [lists.next_label("1", depth) for depth in (0, 1, 1, 0, 1)]

    assert labels == ["一、", "一.1 ", "一.2 ", "二、", "二.1 "]


def test_a_legal_level_shows_arabic_digits() -> None:
    legal = level(1, "decimal", "%1.%2", more="<w:isLgl/>")
    lists = numbering(level(0, "chineseCounting", "%1、"), legal)

    assert [lists.next_label("1", depth) for depth in (0, 1)] == ["一、", "1.1 "]


def test_lists_of_one_definition_count_on_unless_told_to_start_again() -> None:
    again = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride>'
    plain, override = (numbering(level(0, "decimal", "%1."), override=o) for o in ("", again))

    assert [plain.next_label(name, 0) for name in ("1", "2", "2")] == ["1. ", "2. ", "3. "]
    assert [override.next_label(name, 0) for name in ("1", "2", "2")] == ["1. ", "5. ", "6. "]


def test_an_article_stands_apart_from_its_words() -> None:
    close = level(0, "chineseCounting", "第%1条", more='<w:suff w:val="nothing"/>')

    assert numbering(level(0, "chineseCounting", "第%1条")).next_label("1", 0) == "第一条\u3000"
    assert numbering(close).next_label("1", 0) == "第一条"


def test_a_list_that_is_not_defined_has_no_number() -> None:
    assert numbering().next_label("9", 0) == ""
    assert Numbering.of(None).level("1", 0) is None
