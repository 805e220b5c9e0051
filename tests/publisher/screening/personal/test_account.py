"""Numbers of cards and accounts. The numbers are made up."""

from __future__ import annotations

import pytest

from publisher.screening import screen
from publisher.screening.personal.account import checks


def actions(text: str) -> list[str]:
    return [found.action for found in screen({"title": text}) if found.rule == "bank_account"]


@pytest.mark.parametrize(
    ("digits", "is_right"),
    [("79927398713", True), ("79927398710", False), ("4111111111111111", True)],
)
def test_the_last_digit_is_that_of_luhn(digits: str, is_right: bool) -> None:
    assert checks(digits) == is_right


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("卡号 4111111111111111", ["block"]),
        ("卡号：4111 1111 1111 1111", ["block"]),
        ("账号 4111111111111112", ["warn"]),
        ("编号 4111111111111111", ["warn"]),
        ("编号 4111111111111112", []),
        ("统一社会信用代码 4111111111111111", []),
    ],
)
def test_a_card_blocks_beside_a_word_of_banking_only(text: str, expected: list[str]) -> None:
    assert actions(text) == expected
