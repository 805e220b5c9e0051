from __future__ import annotations

import pytest
from lxml import html

from channels.wechat.lists import flatten_lists


def lines(body: str) -> list[str]:
    root = html.fragment_fromstring(body, create_parent="section")
    flatten_lists(root)
    assert not root.xpath("//ul | //ol | //li")
    return [" ".join(line.text_content().split()) for line in root.iter("p")]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<ul><li>甲</li><li>乙</li></ul>", ["• 甲", "• 乙"]),
        ("<ol><li>甲</li><li>乙</li></ol>", ["1. 甲", "2. 乙"]),
        ('<ol start="3"><li>甲</li></ol>', ["3. 甲"]),
        ('<ol start="x"><li>甲</li></ol>', ["1. 甲"]),
        ("<ol><li><p>甲</p><p>续</p></li></ol>", ["1. 甲", "续"]),
        ("<ul><li>甲<b>重</b>尾</li></ul>", ["• 甲重尾"]),
        ("<ul><li><b>重</b>尾</li></ul>", ["• 重尾"]),
        ("<ul><li>甲<ul><li>乙<ul><li>丙</li></ul></li></ul></li></ul>", ["• 甲", "◦ 乙", "▪ 丙"]),
        ("<ol><li>甲<ol><li>乙</li></ol>丙</li></ol>", ["1. 甲", "1. 乙", "丙"]),
        ("<ul><li></li></ul>", ["•"]),
        ("<ul></ul>", []),
    ],
)
def test_every_item_is_a_marked_paragraph(body: str, expected: list[str]) -> None:
    assert lines(body) == expected


def test_a_list_deeper_than_the_marks_is_still_shown() -> None:
    deep = "<ul><li>一" * 5 + "</li></ul>" * 5

    assert lines(deep) == ["• 一", "◦ 一", "▪ 一", "▪ 一", "▪ 一"]


def test_what_stands_after_a_list_stays_there() -> None:
    root = html.fragment_fromstring("<p>前</p><ul><li>甲</li></ul>后", create_parent="section")

    flatten_lists(root)

    assert root.text_content().split() == ["前•", "甲后"]


def test_a_table_in_an_item_is_kept() -> None:
    root = html.fragment_fromstring(
        "<ol><li>见下表<table><tr><td>格</td></tr></table>表后</li></ol>", create_parent="section"
    )

    flatten_lists(root)

    assert [block.tag for block in root[0]] == ["p", "table", "p"]
    assert root[0][2].text == "表后"
