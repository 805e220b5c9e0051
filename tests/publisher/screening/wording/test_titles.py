"""Slips of the title."""

from __future__ import annotations

import pytest

from tests.publisher.screening.wording import notice, rules


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("关于放假的通知", []),
        ("关于放假的通知。", ["title_end"]),
        ("关于放假的通知！", ["title_end"]),
        ("关于放假的的通知", ["title_doubled"]),
        ("关于以提高为目的的培训的通知", []),
        ("关于关于放假的通知", ["title_doubled"]),
        ("关于放假的通知的通知", ["title_doubled"]),
        ("转发省教育厅关于放假的通知的通知", []),
        ("关于转发《关于放假的通知》的通知", []),
        ("关于放假的安排", ["title_kind"]),
        ("关于放假的通知（修订）", []),
        ("关于" + "长" * 55 + "的通知", []),
        ("关于" + "长" * 56 + "的通知", ["title_length"]),
    ],
)
def test_a_title_of_a_notice(title: str, expected: list[str]) -> None:
    assert rules(notice(title=title)) == expected


def test_a_lecture_may_call_or_ask() -> None:
    assert rules(notice(title="图纸会说话吗？", kind="其他")) == []
