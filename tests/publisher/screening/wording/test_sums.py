"""Totals of tables."""

from __future__ import annotations

from decimal import Decimal

import pytest

from publisher.screening.wording import patrol
from publisher.screening.wording.sums import amount
from tests.publisher.screening.wording import notice, rules


def table(*rows: str) -> str:
    """Return a table with a header; cells apart by a space, ^ for an empty one."""
    first, *others = ([cell.replace("^", "") for cell in row.split()] for row in rows)
    head = "".join(f'<th scope="col">{cell}</th>' for cell in first)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in others)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


WRONG = [
    ("项目 金额", "甲 1,000.50", "乙 2,000.00", "合计 3,000.60"),
    ("项目 人数", "甲 10", "乙 20", "总计 31"),
    ("项目 人数", "甲 10人", "乙 20人", "合计 31人"),
    ("项目 金额（万元）", "甲 1.2", "乙 2.3", "合计 3.7"),
    ("项目 占比", "甲 40%", "乙 50%", "合计 100%"),
    ("项目 人数", "甲 1", "乙 2", "小计 3", "丙 4", "丁 5", "小计 8", "合计 11"),
    ("项目 人数", "甲 1", "乙 2", "小计 3", "丙 4", "丁 5", "小计 9", "合计 13"),
    ("院 男 女 合计", "甲 1 2 3", "乙 3 4 7", "丙 5 6 12"),
]

RIGHT = [
    ("项目 金额", "甲 1,000.50", "乙 2,000.00", "合计 3,000.50"),
    ("项目 金额（万元）", "甲 1.24", "乙 2.34", "合计 3.6"),
    ("项目 金额（万元）", "甲 1", "乙 2", "合计 4"),
    ("项目 占比", "甲 33.3%", "乙 33.3%", "丙 33.3%", "合计 100%"),
    ("项目 执行进度", "甲 39.33%", "乙 57.43%", "合计 38.61%"),
    ("项目 人数", "甲 10", "乙 若干", "合计 31"),
    ("项目 人数", "甲 10", "乙 ^", "合计 31"),
    ("项目 单价", "甲 10", "乙 20", "合计 15"),
    ("序号 人数", "1 10", "2 20", "合计 30"),
    ("项目 人数", "甲 10", "其中：女 4", "合计 10"),
    ("项目 人数", "甲 1", "乙 2", "小计 3", "丙 4", "丁 5", "小计 9", "合计 12"),
    ("项目 数量 单价 合计", "甲 2 3 6", "乙 4 5 20", "丙 1 8 8"),
    ("项目 代码 省内 省外 小计", "甲 4603 1 2 3", "乙 5102 2 3 5", "合计 ^ 3 5 8"),
    ("项目 人数", "合计 30", "甲 10", "乙 20"),
    ("项目 人数", "甲 10", "乙 20"),
    ("项目 金额", "甲 10元", "乙 20万元", "合计 30万元"),
]


@pytest.mark.parametrize("rows", WRONG, ids=lambda rows: rows[-1])
def test_a_total_that_is_not_the_sum_is_found(rows: tuple[str, ...]) -> None:
    assert rules(notice(table(*rows))) == ["total"]


@pytest.mark.parametrize("rows", RIGHT, ids=lambda rows: rows[-1])
def test_one_that_is_or_may_be_is_not(rows: tuple[str, ...]) -> None:
    assert rules(notice(table(*rows))) == []


def test_the_place_is_the_cell_of_the_total() -> None:
    fine, wrong = table("项目 人数", "甲 1", "合计 1"), table("项目 人数", "甲 1", "合计 2")

    (found,) = patrol(notice(fine + wrong))

    assert (found.action, found.place) == ("warn", "body 第 2 个表格第 3 行第 2 列")
    assert "2" not in found.message.replace("第 2 ", "")


def test_merged_cells_are_read_once() -> None:
    rows = "<tr><td colspan='2'>项目</td><td>人数</td></tr>"
    rows += "<tr><td>甲</td><td>子</td><td rowspan='2'>3</td></tr><tr><td>甲</td><td>丑</td></tr>"
    rows += "<tr><td colspan='2'>合计</td><td>3</td></tr>"

    assert rules(notice(f"<table>{rows}</table>")) == []


def test_a_number_for_two_columns_is_left_alone() -> None:
    rows = "<tr><td>项目</td><td>男</td><td>女</td></tr>"
    rows += "<tr><td>甲</td><td colspan='2'>3</td></tr>"
    rows += "<tr><td>乙</td><td>1</td><td>2</td></tr><tr><td>合计</td><td>2</td><td>4</td></tr>"

    assert rules(notice(f"<table>{rows}</table>")) == []


@pytest.mark.parametrize(("text", "slack"), [("5", "0"), ("5.0", "0.05"), ("5%", "0.5")])
def test_rounding_may_hide_half_of_the_last_decimal(text: str, slack: str) -> None:
    found = amount(text)

    assert found is not None
    assert found.slack == Decimal(slack)
