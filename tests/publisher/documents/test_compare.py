from __future__ import annotations

import re
import time

import pytest

from publisher.documents import html
from publisher.documents.compare import compare, compare_words


def was(marked: str) -> str:
    return re.sub(r"<ins>.*?</ins>|</?del>", "", marked)


def now(marked: str) -> str:
    return re.sub(r"<del>.*?</del>|</?ins>", "", marked)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("停水通知", "停水通知", "停水通知"),
        ("11月28日停水", "11月29日停水", "11月<del>28</del><ins>29</ins>日停水"),
        ("", "停水", "<ins>停水</ins>"),
        ("停水", "", "<del>停水</del>"),
        ("三月五日开会", "四月六日开会", "<del>三月五</del><ins>四月六</ins>日开会"),
        ("a<b", "a<c", "a&lt;<del>b</del><ins>c</ins>"),
    ],
)
def test_a_line_is_marked_by_words(old: str, new: str, expected: str) -> None:
    assert compare_words(old, new).html == expected


def test_what_changed_inside_a_paragraph_is_marked_there() -> None:
    found = compare(
        "<p>周六停水，请各部门备水。</p><p>特此通知。</p>",
        "<p>周日停水，请各部门备水。</p><p>特此通知。</p>",
    )

    assert found.html == (
        "<p>周<del>六</del><ins>日</ins>停水，请各部门备水。</p><p>特此通知。</p>"
    )
    assert found.places == 1


def test_whole_paragraphs_come_and_go() -> None:
    found = compare("<p>一、时间</p><p>二、地点</p>", "<p>二、地点</p><p>联系人另行公布</p>")

    assert found.html == (
        "<p><del>一、时间</del></p><p>二、地点</p><p><ins>联系人另行公布</ins></p>"
    )
    assert found.places == 2


def test_a_table_stays_a_table() -> None:
    head = "<thead><tr><th>姓名</th><th>金额</th></tr></thead>"
    one, two = "<tr><td>张三</td><td>8000</td></tr>", "<tr><td>李四</td><td>8000</td></tr>"
    found = compare(
        f"<table>{head}<tbody>{one}{two}</tbody></table>",
        f"<table>{head}<tbody>{one.replace('8000', '10000')}</tbody></table>",
    )

    assert found.html == (
        f"<table>{head}<tbody><tr><td>张三</td><td><del>8000</del><ins>10000</ins></td></tr>"
        "<tr><td><del>李四</del></td><td><del>8000</del></td></tr></tbody></table>"
    )


def test_marks_stand_around_the_form_of_words() -> None:
    found = compare("<p>请<strong>周六</strong>来</p>", "<p>请<strong>周日</strong>来</p>")

    assert found.html == (
        "<p>请<strong>周</strong><del><strong>六</strong></del><ins><strong>日</strong></ins>来</p>"
    )


def test_another_address_of_a_link_is_a_change_and_another_form_is_none() -> None:
    old = '<p>见<a href="https://a.example/1">附件</a></p>'

    assert compare(old, old.replace("/1", "/2")).places == 1
    assert compare("<p>注意</p>", "<h2><strong>注意</strong></h2>").places == 0


def test_another_picture_is_a_change() -> None:
    found = compare(
        '<p><img src="media:a.png" alt="图"></p>', '<p><img src="media:b.png" alt="图"></p>'
    )

    assert '<del><img src="media:a.png" alt="图"></del>' in found.html
    assert '<ins><img src="media:b.png" alt="图"></ins>' in found.html


def test_nested_lists_keep_their_shape() -> None:
    found = compare(
        "<ul><li>甲<ul><li>子项一</li></ul></li></ul>",
        "<ul><li>甲<ul><li>子项一</li><li>子项二</li></ul></li></ul>",
    )

    assert found.html == ("<ul><li>甲<ul><li>子项一</li><li><ins>子项二</ins></li></ul></li></ul>")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<p>甲乙丙丁，戊己庚辛。</p>", "<p>甲丙丁乙，己戊辛庚！</p>"),
        ("<p>一</p><h2>二</h2><p>三</p>", "<h2>三</h2><p>二二</p><p>一</p>"),
        ("", "<p>新</p>"),
        ("<p>旧</p>", ""),
    ],
)
def test_both_wordings_can_be_read_from_the_marks(old: str, new: str) -> None:
    marked = compare(old, new).html

    assert html.plain(was(marked)) == html.plain(old)
    assert html.plain(now(marked)) == html.plain(new)


def test_a_notice_of_a_hundred_pages_is_compared_in_a_few_seconds() -> None:
    old = "".join(
        f"<p>第{n}条 学生应当在{n}日内完成登记，逾期不予受理，由各二级学院负责。</p>"
        for n in range(3000)
    )
    new = old.replace("逾期不予受理", "逾期概不受理").replace("第7条", "第柒条")
    began = time.monotonic()

    found = compare(old, new)

    assert found.places >= 3000
    assert time.monotonic() - began < 20


def test_rows_that_are_all_alike_do_not_take_forever() -> None:
    row = "<tr><td>　</td><td>空</td></tr>"
    began = time.monotonic()

    compare(
        f"<table><tbody>{row * 5000}</tbody></table>", f"<table><tbody>{row * 4000}</tbody></table>"
    )
    compare(f"<p>{'的了' * 20000}</p>", f"<p>{'了是' * 20000}</p>")

    assert time.monotonic() - began < 20
