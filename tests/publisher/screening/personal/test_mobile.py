"""Mobile numbers, and all that only looks like one. The numbers are made up."""

from __future__ import annotations

import pytest

from publisher.screening import screen


def actions(text: str) -> list[str]:
    return [found.action for found in screen({"title": text}) if found.rule == "mobile"]


@pytest.mark.parametrize(
    "text",
    [
        "13800138000",
        "王老师 138 5806 1456　　QQ群：738512346",
        "电话：13800138000，联系人甲",
        "138-0013-8000",
        "138—0013—8000",
        "138.0013.8000",
        "138 00138000",
        "1380013 8000",
        "1380 013 8000",
        "13800 138000",
        "1 3 8 0 0 1 3 8 0 0 0",
        "138\xa00013\xa08000",
        "138\u200b0013\u200d8000",
        "１３８００１３８０００",
        "+86 138 0013 8000",
        "+8613800138000",
        "008613800138000",
        "8613800138000",
        "013800138000",
        "Tel:13800138000",
        "tel13800138000",
        "联系Lily13800138000",
        "微信：13800138000",
        "（13800138000）",
        "19912345678。",
        "序号 1 13800138000",
        "账号13800138000",
        "13800138000、13900139000",
    ],
)
def test_a_mobile_number_blocks_however_it_is_written(text: str) -> None:
    assert actions(text) == ["block"]


@pytest.mark.parametrize(
    "text",
    [
        "0595-22001001",
        "（0595）28581077",
        "0595-22001001转8001",
        "400-138-0013",
        "12315、95598、110、119、120",
        "QQ群：738512346",
        "QQ群：13851234678",
        "会议号：738-512-346",
        "腾讯会议号 138 5123 4678",
        "项目编号：13912345678",
        "合同号 13912345678",
        "QZ13912345678",
        "FJGC-13912345678",
        "13912345678元",
        "13912345678.00元",
        "13912345678.00",
        "¥13912345678",
        "人民币 13912345678",
        "1,391,234,567.80元",
        "学号：19301020112",
        "20261119",
        "2026年11月19日 14:30—16:30",
        "2025-2026",
        "138001380001",
        "1380013800",
        "12800138000",
        "213800138000",
        "13800138000a",
        "3.13800138000456",
        "邮编：362000",
        "第15条 16条 2026年",
        "1380,0138,000",
    ],
)
def test_what_only_looks_like_one_is_left_alone(text: str) -> None:
    assert actions(text) == []


@pytest.mark.parametrize("text", ["https://a.cn/p/13800138000.html", "1.13800138000"])
def test_a_number_inside_something_longer_warns(text: str) -> None:
    assert actions(text) == ["warn"]


def test_a_number_in_a_link_or_split_by_markup_is_seen() -> None:
    link = '<p><a href="tel:13800138000">来电</a></p>'
    split = "<p>138<strong>0013</strong>8000</p>"

    assert [found.place for found in screen({"body": link + split})] == [
        "body 第 1 段",
        "body 第 2 段",
    ]


def test_a_column_of_school_numbers_is_not_taken_for_telephones() -> None:
    table = "<table><tr><th>学号</th></tr><tr><td>19301020112</td></tr></table>"

    assert "mobile" not in {found.rule for found in screen({"body": table})}
