"""Columns that are headed by personal data."""

from __future__ import annotations

from publisher.screening import screen
from tests.publisher.screening.corpus import table


def found(*rows: str) -> list[tuple[str, str]]:
    body = table(*rows)
    return [(f.action, f.place) for f in screen({"body": body}) if f.rule == "personal_column"]


def test_a_column_is_told_once_however_many_cells_it_has() -> None:
    rows = [f"学生{n}|2430102{n:04}" for n in range(200)]

    assert found("姓名|学号", *rows) == [("block", "body 表格第 2 列")]


def test_each_column_is_told() -> None:
    places = [place for _, place in found("姓名|学号|家庭住址", "甲|24301020112|洛江区万安")]

    assert places == ["body 表格第 2 列", "body 表格第 3 列"]


def test_a_month_of_birth_warns_and_a_day_blocks() -> None:
    assert found("姓名|出生年月", "甲|1999.03") == [("warn", "body 表格第 2 列")]
    assert found("姓名|出生年月", "甲|1999.03.05") == [("block", "body 表格第 2 列")]


def test_numbers_of_five_digits_tell_nobody_and_of_six_do() -> None:
    assert found("姓名|学号", "甲|20112") == []
    assert found("姓名|学号", "甲|020112") == [("block", "body 表格第 2 列")]


def test_numbers_in_many_cells_of_a_column_are_told_once_with_their_count() -> None:
    rows = [f"学生{n}|1385001{n:04}" for n in range(200)]
    body = table("姓名|联系方式", *rows)

    [one] = [found for found in screen({"body": body}) if found.rule == "mobile"]

    assert one.place == "body 表格第 2 行第 2 列"
    assert one.message.startswith("正文表格第 2 行第 2 列等 200 处有手机号码")
