"""How much of a masked number may be seen."""

from __future__ import annotations

import pytest

from publisher.screening import screen


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("350583********0014", ["warn"]),
        ("350583200408****14", ["warn"]),
        ("35**************14", []),
        ("35************0014", []),
        ("350***********0014", ["warn"]),
        ("350************001", []),
        ("138****2345", []),
        ("***", []),
    ],
)
def test_a_mask_that_leaves_more_than_six_digits_is_too_weak(
    text: str, expected: list[str]
) -> None:
    found = [one.action for one in screen({"title": text}) if one.rule == "weak_mask"]

    assert found == expected
