"""ID numbers. All numbers are made by rule; none belongs to a person."""

from __future__ import annotations

import pytest

from publisher.screening import screen
from publisher.screening.personal.identity import check_digit

VALID = "11010519491231002X"  # the example of the standard
OTHER = "350502199003071" + "23" + check_digit("350502199003071" + "23")


def actions(text: str) -> list[str]:
    return [found.action for found in screen({"title": text}) if found.rule == "id_number"]


@pytest.mark.parametrize(
    "text",
    [
        VALID,
        f"身份证号：{VALID}。",
        f"张某（{OTHER}）",
        VALID.lower(),
        "１１０１０５１９４９１２３１００２Ｘ",
        "110105 19491231 002X",
        "110105-1949-12-31-002X",
        "1101051949\u200b1231002X",
        "\u202e11010519491231002X",
    ],
)
def test_a_true_number_blocks_however_it_is_written(text: str) -> None:
    assert actions(text) == ["block"]


def test_a_residence_permit_has_the_same_form() -> None:
    for area in ("810000", "820000", "830000"):
        seventeen = f"{area}19900307123"
        assert actions(seventeen + check_digit(seventeen)) == ["block"]


def test_a_true_number_with_one_wrong_digit_warns() -> None:
    assert actions("110105194912310021") == ["warn"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("身份证：110105491231002", ["block"]),
        ("公民身份号码 110105491231002", ["block"]),
        ("流转单 110105491231002", ["warn"]),
        ("110105491331002", []),
    ],
)
def test_fifteen_digits_block_only_by_their_label(text: str, expected: list[str]) -> None:
    assert actions(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "统一社会信用代码：91350500MA8TERTX0G",
        "统一社会信用代码：123505001990030712",
        "915301131990030712",
        "350502199013071234",
        "350502199002301234",
        "990105194912310020",
        "合同编号 350502199003071234",
        f"A{VALID}",
        f"1{VALID}",
        "2026111920261119202",
        "6222021402009088123",
        "ISSN 1000-1234，ISBN 978-7-111-12345-6",
        "350502",
    ],
)
def test_what_only_looks_like_one_is_left_alone(text: str) -> None:
    assert actions(text) == []


def test_the_header_of_a_column_is_a_label() -> None:
    table = (
        "<table><thead><tr><th>姓名</th><th>身份证号码</th></tr></thead>"
        "<tbody><tr><td>甲</td><td>110105491231002</td></tr></tbody></table>"
    )

    [found] = [one for one in screen({"body": table}) if one.rule == "id_number"]

    assert (found.action, found.place) == ("block", "body 表格第 2 行第 2 列")
