"""Mailboxes, number plates and numbers that only a label gives away."""

from __future__ import annotations

import pytest

from publisher.screening import screen


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("邮箱 12345678@qq.com", ["private_mail"]),
        ("邮箱 wang.xm@163.com。", ["private_mail"]),
        ("邮箱 wang@yeah.net", ["private_mail"]),
        ("邮箱 office@qzvc.edu.cn", []),
        ("邮箱 office@qq.com.example.cn", []),
        ("车牌 闽C12345", ["number_plate"]),
        ("车牌 闽C·D12345", ["number_plate"]),
        ("闽C校区", []),
        ("学号 24301", []),
        ("学号 243010", ["personal_number"]),
        ("学号：243010****", []),
    ],
)
def test_each_is_found_by_its_rule_alone(text: str, expected: list[str]) -> None:
    assert [one.rule for one in screen({"title": text})] == expected
