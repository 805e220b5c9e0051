"""Cleaning: what stays, what goes, and that it is done only once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.documents.html import (
    MAX_DEPTH,
    clean,
    from_markdown,
    from_text,
    media_names,
    plain,
)
from publisher.errors import InvalidError

TAGS = ["p", "h1", "h2", "h4", "h6", "ul", "ol", "li", "table", "caption", "thead", "tbody", "tr"]
TAGS += ["th", "td", "strong", "b", "i", "u", "s", "sub", "br", "hr", "blockquote", "a", "img"]
TAGS += ["div", "center", "span", "pre", "script", "style", "iframe", "form", "input", "dl", "dd"]
TAGS += ["svg", "math", "font", "figure"]
ATTRIBUTES = ['class="al-center x"', 'style="text-align: right"', "align=center", "colspan=2"]
ATTRIBUTES += ['href="http://a.cn/?x=1&y=2"', 'href="javascript:alert(1)"', "rowspan=0", "start=3"]
ATTRIBUTES += [
    'src="media:abc.png"',
    'src="http://a.cn/y.png"',
    """alt="a'b<&amp;\n" """,
    "scope=col",
]
ATTRIBUTES += ['onclick="x"']
SOUP = st.lists(
    st.one_of(
        st.sampled_from([f"<{tag}>" for tag in TAGS] + [f"</{tag}>" for tag in TAGS]),
        st.builds("<{} {}>".format, st.sampled_from(TAGS), st.sampled_from(ATTRIBUTES)),
        st.text(alphabet="ab 中文，\n\t\xa0\u3000&<>\"'\x00\ud800", max_size=5),
        st.sampled_from(["&amp;", "&lt;", "&nbsp;", "<!-- x -->", "<![CDATA[x]]>", "&#x1f600;"]),
    ),
    max_size=25,
).map("".join)


@given(SOUP)
def test_cleaning_twice_changes_nothing(soup: str) -> None:
    once = clean(soup)

    assert clean(once) == once


@given(SOUP)
def test_nothing_dangerous_is_left(soup: str) -> None:
    left = clean(soup).lower()

    for danger in ("<script", "<style", "<iframe", "<form", "javascript:", " onclick", " style="):
        assert danger not in left
    assert "http://a.cn/y.png" not in left


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", ""),
        ("  \n ", ""),
        ("文字", "<p>文字</p>"),
        ("<p>　　文字　　</p>", "<p>文字</p>"),
        ("<p></p><p>&nbsp;</p><p><br></p>", ""),
        ("<div><div>甲<p>乙</p>丙</div></div>", "<p>甲</p><p>乙</p><p>丙</p>"),
        ("<b>甲</b><i>乙</i><del>丙</del>", "<p><strong>甲</strong><em>乙</em><s>丙</s></p>"),
        ("<h1>甲</h1><h2>乙</h2><h3>丙</h3>", "<h2>甲</h2><h3>乙</h3><h4>丙</h4>"),
        ("<h2>甲</h2><h5>乙</h5>", "<h2>甲</h2><h4>乙</h4>"),
        ("<strong><p>甲</p></strong>", "<p>甲</p>"),
        ('<p style="color:red;TEXT-ALIGN : center">甲</p>', '<p class="al-center">甲</p>'),
        ("<p align=right>甲</p>", '<p class="al-right">甲</p>'),
        ("<center><p>甲</p></center>", '<p class="al-center">甲</p>'),
        ('<p class="MsoNormal noindent al-right">甲</p>', '<p class="al-right noindent">甲</p>'),
        ("<p>中\n文 and\nLatin</p>", "<p>中文 and Latin</p>"),
        ("<p>施  婉</p>", "<p>施  婉</p>"),
        ("<p>姓名：<u>   </u></p>", "<p>姓名：<u>&nbsp;&nbsp;&nbsp;</u></p>"),
        ("<pre>一\n二</pre>", "<p>一<br>二</p>"),
        ('<ol start="3"><li><p>甲</p></li></ol>', '<ol start="3"><li>甲</li></ol>'),
        ("<ul><li>甲<ul><li>乙</li></ul></li></ul>", "<ul><li>甲<ul><li>乙</li></ul></li></ul>"),
        ("<blockquote>甲</blockquote>", "<blockquote><p>甲</p></blockquote>"),
    ],
)
def test_whatever_came_in_takes_one_form(given: str, expected: str) -> None:
    assert clean(given) == expected


def test_a_cell_holds_its_words_and_keeps_spans_and_alignment() -> None:
    table = (
        "<table><thead><tr><th colspan=2><p>甲</p></th></tr></thead>"
        '<tr><td rowspan="3" width=40><p align="center">1</p><p align="center">2</p></td>'
        "<td></td></tr>"
        "</table>"
    )

    assert clean(table) == (
        '<table><thead><tr><th scope="col" colspan="2">甲</th></tr></thead>'
        '<tbody><tr><td rowspan="3" class="al-center">1<br>2</td><td></td></tr></tbody></table>'
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            '<a href="https://a.cn/x" target="_blank" rel="x">甲</a>',
            '<a href="https://a.cn/x">甲</a>',
        ),
        ('<a href="mailto:x@a.cn">甲</a>', '<a href="mailto:x@a.cn">甲</a>'),
        ('<a href="/relative">甲</a>', "甲"),
        ('<a href="javascript:alert(1)">甲</a>', "甲"),
        ('<a href="java\tscript:alert(1)">甲</a>', "甲"),
        ('<a href="data:text/html,x">甲</a>', "甲"),
        ('<a href="#top">甲</a>', "甲"),
        ('<a name="x">甲</a>', "甲"),
    ],
)
def test_a_link_leads_to_an_address_or_is_only_words(given: str, expected: str) -> None:
    assert clean(f"<p>{given}</p>") == f"<p>{expected}</p>"


@pytest.mark.parametrize("source", ["http://a.cn/x.png", "data:image/png;base64,AAAA", "x.png", ""])
def test_a_picture_that_is_not_of_this_notice_goes(source: str) -> None:
    assert clean(f'<p>甲<img src="{source}" onerror="alert(1)"></p>') == "<p>甲</p>"


def test_a_picture_of_this_notice_keeps_its_alternative_text() -> None:
    picture = '<p><img src="media:3f2a.png" alt="海报“匠心”&amp;时间"></p>'

    assert clean(picture) == picture
    assert media_names(picture * 2 + '<p><img src="media:b.jpg" alt=""></p>') == (
        "3f2a.png",
        "b.jpg",
    )


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "<svg><style><img src=x onerror=alert(1)></style></svg>",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
        '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
        "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
        "<form action=http://a.cn><input name=x><button>送</button></form>",
    ],
)
def test_an_attack_leaves_no_element_behind(attack: str) -> None:
    assert "<" not in clean(attack).replace("<p>", "").replace("</p>", "")


def test_words_are_never_lost_in_depth_but_refused() -> None:
    within, beyond = "<div>" * (MAX_DEPTH - 1), "<div>" * (MAX_DEPTH + 1)

    assert clean(f"{within}甲") == "<p>甲</p>"
    with pytest.raises(InvalidError) as refused:
        clean(f"{beyond}甲")
    assert (refused.value.field, refused.value.code) == ("body", "too_deep")


def test_markdown_brings_tables_and_loses_raw_scripts() -> None:
    text = "# 甲\n\n- 一\n- 二\n\n|项|数|\n|:-:|--:|\n|水|1|\n\n~~旧~~ <script>x</script><b>新</b>"

    assert from_markdown(text) == (
        "<h2>甲</h2><ul><li>一</li><li>二</li></ul>"
        '<table><thead><tr><th scope="col" class="al-center">项</th>'
        '<th scope="col" class="al-right">数</th></tr></thead>'
        '<tbody><tr><td class="al-center">水</td><td class="al-right">1</td></tr></tbody></table>'
        "<p><s>旧</s> <strong>新</strong></p>"
    )


def test_text_becomes_a_paragraph_a_line() -> None:
    assert from_text("甲<乙\r\n\r\n　　丙") == "<p>甲&lt;乙</p><p>丙</p>"


def test_words_come_a_line_a_block_and_a_line_a_row() -> None:
    fragment = clean(
        "<p>甲<br>乙</p><ul><li>丙</li></ul><table><tr><td>1</td><td>2</td></tr></table>"
    )

    assert plain(fragment) == "甲\n乙\n丙\n1\t2"
    assert plain("") == ""
