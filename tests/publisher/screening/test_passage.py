"""Where a finding is said to be."""

from __future__ import annotations

import pytest

from publisher.screening import Finding, screen
from publisher.screening.passage import passages, spoken

NUMBER = "13800138000"


def places(fragment: str) -> list[str]:
    return [found.place.removeprefix("body ") for found in screen({"body": fragment})]


def test_paragraphs_are_counted_without_tables_and_blanks() -> None:
    fragment = (
        f"<p>甲</p><p> </p><table><tr><td>乙</td></tr></table><h2>丙</h2>"
        f"<ul><li>丁</li><li>{NUMBER}</li></ul><blockquote><p>{NUMBER}</p></blockquote>"
    )

    assert places(fragment) == ["第 4 段", "第 5 段"]


def test_cells_are_counted_as_the_merged_table_looks() -> None:
    fragment = (
        '<table><thead><tr><th rowspan="2">序号</th><th colspan="2">联系</th></tr>'
        "<tr><th>人</th><th>电话</th></tr></thead>"
        f"<tbody><tr><td>1</td><td>甲</td><td>{NUMBER}</td></tr></tbody></table>"
    )

    assert places(fragment) == ["表格第 3 行第 3 列"]


def test_the_second_table_says_that_it_is_the_second() -> None:
    table = "<table><caption>{}</caption><tr><td>{}</td></tr></table>"

    assert places(table.format("甲", NUMBER) + table.format(NUMBER, "甲")) == [
        "表格第 1 行第 1 列",
        "第 2 个表格标题",
    ]


def test_the_header_of_a_merged_column_stands_over_its_cells() -> None:
    fragment = (
        '<table><thead><tr><th colspan="2">证件</th></tr><tr><th>类</th><th>号</th></tr></thead>'
        "<tbody><tr><td>甲</td><td>乙</td></tr></tbody></table>"
    )

    assert [passage.heading for passage in passages({"body": fragment})][-2:] == [
        "证件 类",
        "证件 号",
    ]


def test_every_field_is_read_and_named() -> None:
    fields = {
        "title": NUMBER,
        "summary": NUMBER,
        "body": f'<p><img src="media:a.png" alt="{NUMBER}"></p>',
        "attachments[0].name": NUMBER,
        "images[1].alt": NUMBER,
        "overrides.wechat.title": NUMBER,
        "overrides.wechat.body": f"<p>{NUMBER}</p>",
    }

    found = screen(fields)

    assert [one.place for one in found] == [
        "title",
        "summary",
        "body 第 1 段",
        "attachments[0].name",
        "images[1].alt",
        "overrides.wechat.title",
        "overrides.wechat.body 第 1 段",
    ]
    assert [one.message.partition("有手机")[0] for one in found] == [
        "标题",
        "摘要",
        "正文第 1 段",
        "第 1 个附件的名称",
        "第 2 张图片的替代文字",
        "wechat 的标题",
        "wechat 的正文第 1 段",
    ]


def test_a_field_that_nobody_named_is_called_by_its_key() -> None:
    assert spoken("contact") == "contact"


def test_a_finding_never_carries_what_was_found() -> None:
    for found in screen({"title": f"{NUMBER} 11010519491231002X 机密★1年"}):
        assert "138" not in repr(found)
        assert "110105" not in repr(found)


def test_one_rule_speaks_once_about_one_place() -> None:
    assert screen({"title": f"{NUMBER}、13900139000"}) == (
        Finding(
            rule="mobile",
            action="block",
            place="title",
            message="标题有手机号码，请删去或改用办公电话。",
        ),
    )


@pytest.mark.parametrize("body", ["", "   ", "<p></p>"])
def test_nothing_is_found_in_nothing(body: str) -> None:
    assert screen({"title": "", "body": body}) == ()
