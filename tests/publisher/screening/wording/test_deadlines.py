"""Deadlines that are over."""

from __future__ import annotations

import pytest

from tests.publisher.screening.wording import slips_of


@pytest.mark.parametrize(
    "text",
    [
        "请于11月26日前报送教务处",
        "请各单位于11月26日17:00前将材料发送至邮箱",
        "请于11月26日（星期四）下班前交学工处",
        "报名时间：11月20日至26日",
        "报名时间：2026年11月20日至2026年11月26日",
        "报名于11月26日截止",
        "截止时间：2026年11月26日",
    ],
)
def test_a_deadline_of_yesterday_is_found(text: str) -> None:
    assert slips_of(text) == ["past_deadline"]


@pytest.mark.parametrize(
    "text",
    [
        "请于11月27日前报送教务处",
        "报名时间：11月20日至27日",
        "报名时间：11月20日至12月5日",
        "报名已于11月26日截止",
        "报名时间延长，原定11月26日截止",
        "申请人须在2025年12月31日前取得证书",
        "截至2026年8月31日，学校共有学生9000人",
        "请于1月5日前报送教务处",
        "会议于11月20日召开。请认真落实",
    ],
)
def test_a_deadline_to_come_and_a_day_told_of_are_not(text: str) -> None:
    assert slips_of(text) == []
