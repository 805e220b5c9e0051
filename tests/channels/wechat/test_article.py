from __future__ import annotations

import dataclasses
import re

import pytest
from lxml import html

from channels.wechat import article
from publisher.channel import Attachment, Content
from publisher.errors import UnfitError
from tests.channels.wechat.scene import LINK, NOTICE, picture

PDF = Attachment(name="自查表.pdf", file=b"%PDF-1.7", media_type="application/pdf")
EVERYTHING = (
    '<h2>一、时间</h2><p class="noindent">周六</p><blockquote><p>引文</p></blockquote><hr>'
    '<table><caption>停水范围</caption><thead><tr><th scope="col">楼</th><th>时间</th></tr></thead>'
    '<tbody><tr><td rowspan="2">图书馆</td><td><p>9:00</p></td></tr><tr><td>11:00</td></tr></tbody>'
    "</table><ol><li>一<ul><li>二</li></ul></li></ol>"
    '<p><a href="https://www.example.edu.cn/a">查看</a></p>'
    '<p class="al-right">后勤管理处</p><p class="al-right">2026年11月20日</p>'
)


def undrawn(table: html.HtmlElement, caption: str) -> list[str]:
    return []


def shaped(body: str, **changes: object) -> str:
    content = dataclasses.replace(NOTICE, body=body, **changes)  # type: ignore[arg-type]
    return article.full(content, {"a.png": "picture-1.png"}, draw=undrawn)


def styles_of(fragment: str, path: str) -> list[str]:
    return [element.get("style", "") for element in html.fragment_fromstring(fragment).xpath(path)]


def test_every_style_is_inline_and_no_class_is_left() -> None:
    told = shaped(EVERYTHING, attachments=(PDF,))

    assert not re.search(r"\b(class|id)=|<style|<link|<script|<div|<ul|<ol|<li", told)
    assert told.startswith("<section style=")
    assert all(re.search(r"(^|;)color:#", style) for style in styles_of(told, "//p"))


def test_the_same_words_are_there() -> None:
    told = article.words(shaped(EVERYTHING))

    for words in ("一、时间", "引文", "停水范围", "图书馆", "11:00", "查看", "2026年11月20日"):
        assert words in told


def test_alignment_of_the_author_is_kept() -> None:
    told = shaped('<p class="al-center">中</p><p class="al-right">右</p><p>左</p>')

    middle, right, left = styles_of(told, "//p")
    assert "text-align:center" in middle
    assert "text-align:right" in right
    assert "text-indent:2em" in left
    assert "text-indent:0" in right


def test_a_table_is_as_wide_as_the_page_with_borders_of_its_own() -> None:
    told = shaped(EVERYTHING)

    [table] = styles_of(told, "//table")
    assert "width:100%" in table
    assert all("border:1px solid" in style for style in styles_of(told, "//td | //th"))
    assert 'rowspan="2"' in told
    assert told.index("停水范围") < told.index("<table")


@pytest.mark.parametrize(("columns", "is_wide"), [(5, False), (6, True)])
def test_a_table_of_many_columns_may_be_moved_sideways(columns: int, is_wide: bool) -> None:
    told = shaped(f"<table><tr><td colspan='2'>一</td>{'<td>二</td>' * (columns - 2)}</tr></table>")

    assert ("min-width" in told) is is_wide
    assert "overflow-x:auto" in told


def test_a_wide_table_is_shown_as_pictures_with_its_caption_and_where_else_it_is() -> None:
    asked: list[str] = []

    def draw(table: html.HtmlElement, caption: str) -> list[str]:
        asked.append(caption)
        return ["table-1.png", "table-2.png"]

    body = f"<table><caption>安排</caption><tr>{'<td>二</td>' * 6}</tr></table>"
    told = article.full(dataclasses.replace(NOTICE, body=body), {}, draw=draw)
    unlinked = article.full(dataclasses.replace(NOTICE, body=body, link=""), {}, draw=draw)

    assert asked == ["安排", "安排"]
    assert "<table" not in told
    shown = html.fragment_fromstring(told).xpath("//img")
    assert [one.get("src") for one in shown] == ["media:table-1.png", "media:table-2.png"]
    assert shown[0].get("alt") == "表格：安排（第 1 张，共 2 张）"
    assert article.WIDE_WITH_LINK in told
    assert "阅读原文" not in unlinked


def test_a_narrow_table_stays_a_table() -> None:
    def draw(table: html.HtmlElement, caption: str) -> list[str]:
        raise AssertionError("it fits a phone")

    body = f"<table><tr>{'<td>二</td>' * 5}</tr></table>"

    assert "<table" in article.full(dataclasses.replace(NOTICE, body=body), {}, draw=draw)


def test_a_link_becomes_a_numbered_note() -> None:
    told = shaped(
        '<p>见<a href="https://a.example/1">办法</a>和<a href="https://a.example/2">附表</a>，'
        '<a href="https://a.example/1">同上</a>。</p>'
    )

    assert "<a " not in told
    assert article.words(told).startswith("见办法[1]和附表[2]，同上[1]。引用链接")
    assert "[1] https://a.example/1" in told
    assert "[2] https://a.example/2" in told
    assert "[3]" not in told


@pytest.mark.parametrize(
    "link",
    [
        '<a href="https://www.example.edu.cn/">www.example.edu.cn</a>',
        '<a href="mailto:office@example.edu.cn">office@example.edu.cn</a>',
        '<a href="tel:0595-22001234">0595-22001234</a>',
    ],
)
def test_a_link_that_shows_its_address_needs_no_note(link: str) -> None:
    told = shaped(f"<p>{link}</p>")

    assert "引用链接" not in told
    assert "<a " not in told


def test_a_mail_address_behind_words_is_told() -> None:
    told = shaped('<p><a href="mailto:office@example.edu.cn">写信</a></p>')

    assert "[1] office@example.edu.cn" in told


def test_an_article_of_a_public_account_stays_a_link() -> None:
    told = shaped('<p><a href="https://mp.weixin.qq.com/s/AAA">上一篇</a></p>')

    assert '<a href="https://mp.weixin.qq.com/s/AAA"' in told
    assert "引用链接" not in told


def test_a_host_that_only_looks_like_a_public_account_is_a_note() -> None:
    told = shaped('<p><a href="https://mp.weixin.qq.com.example/s">上一篇</a></p>')

    assert "<a " not in told


def test_attachments_are_named_and_left_to_the_website() -> None:
    told = shaped("<p>正文</p>", attachments=(PDF,))

    assert "1. 自查表.pdf" in told
    assert "阅读原文" in told


def test_attachments_without_a_page_to_fetch_them_from_are_unfit() -> None:
    with pytest.raises(UnfitError) as raised:
        shaped("<p>正文</p>", attachments=(PDF,), link="")

    assert raised.value.field == "attachments"


def test_a_picture_is_named_after_its_part_and_keeps_its_words() -> None:
    told = shaped('<p><img src="media:a.png" alt="平面图"></p>', images=(picture(2, 2),))

    assert 'src="media:picture-1.png"' in told
    assert 'alt="平面图"' in told
    assert "max-width:100%" in told


def test_a_picture_that_nobody_uploaded_is_unfit() -> None:
    with pytest.raises(UnfitError) as raised:
        shaped('<p><img src="media:b.png" alt=""></p>')

    assert raised.value.field == "images"


@pytest.mark.parametrize(
    ("body", "times"), [("<p>正文</p>", 1), ("<p>泉工程院办〔2026〕38号</p><p>正文</p>", 1)]
)
def test_the_document_number_is_told_once(body: str, times: int) -> None:
    told = shaped(body, document_number="泉工程院办〔2026〕38号")

    assert told.count("泉工程院办〔2026〕38号") == times


def test_markup_in_words_stays_words() -> None:
    told = shaped("<p>&lt;script&gt;&amp;nbsp;</p>", document_number="<b>1</b>")

    assert "<script" not in told
    assert "<b>" not in told
    assert "&lt;script&gt;&amp;nbsp;" in told


def test_an_abridged_article_says_so() -> None:
    told = article.abridged(dataclasses.replace(NOTICE, attachments=(PDF,)))

    assert NOTICE.summary in told
    assert article.FULL_TEXT in told
    assert "自查表.pdf" in told
    assert "检修" not in told


def test_the_addresses_of_pictures_are_counted_before_they_are_known() -> None:
    assert article.length('<p><img src="media:picture-1.png"></p>') == 38 + 200


def test_the_same_content_gives_the_same_bytes() -> None:
    content = Content(title="通知", body=EVERYTHING, link=LINK, attachments=(PDF,))

    assert len({article.full(content, {}, draw=undrawn) for _ in range(20)}) == 1
