from __future__ import annotations

import pytest

from publisher.console import source
from publisher.workflow.compose import NamedFile

MAP = NamedFile(digest="d1", name="a1.png", alt='东门 "临时" 入口')
POSTER = NamedFile(digest="d2", name="b2.jpg", alt="海报")


def test_every_line_of_text_is_a_paragraph() -> None:
    assert source.to_html("一\n\n二 <b>", form="text", images=[]) == "<p>一</p><p>二 &lt;b&gt;</p>"


def test_markdown_and_html_are_cleaned() -> None:
    assert source.to_html("## 安排", form="markdown", images=[]) == "<h2>安排</h2>"
    assert source.to_html("<p>一<script>x</script></p>", form="html", images=[]) == "<p>一</p>"


@pytest.mark.parametrize("place", ["[图2]", "【图 2】", "［图2］"])
def test_a_picture_stands_where_its_number_is(place: str) -> None:
    body = source.to_html(f"前{place}后", form="text", images=[MAP, POSTER])

    assert body.startswith('<p>前<img src="media:b2.jpg" alt="海报">后</p>')


def test_a_picture_without_a_place_stands_at_the_end() -> None:
    body = source.to_html("一", form="text", images=[POSTER])

    assert body == '<p>一</p><p><img src="media:b2.jpg" alt="海报"></p>'


def test_a_number_without_a_picture_stays_as_it_was_typed() -> None:
    assert source.to_html("见[图3]", form="text", images=[MAP]).startswith("<p>见[图3]</p>")


def test_a_picture_that_was_dropped_is_shown_nowhere() -> None:
    body = '<p>一</p><p><img src="media:a1.png" alt="旧"></p>'

    assert source.to_html(body, form="html", images=[]) == "<p>一</p>"


def test_the_words_for_a_picture_are_those_of_the_form() -> None:
    body = '<p><img src="media:b2.jpg" alt="旧"></p>'

    assert 'alt="海报"' in source.to_html(body, form="html", images=[POSTER])


@pytest.mark.parametrize(
    ("body", "form"),
    [
        ("<p>一</p><p>二</p>", "text"),
        ('<p>一</p><p><img src="media:b2.jpg" alt="海报"></p>', "text"),
        ('<p class="al-right">后勤管理处</p>', "html"),
        ("<h2>一</h2><p>二<br>三</p>", "html"),
        ("<p>一 <strong>二</strong></p><ul><li>三</li></ul>", "html"),
        (
            '<table><thead><tr><th scope="col">时间</th></tr></thead>'
            "<tbody><tr><td>周六</td></tr></tbody></table>",
            "html",
        ),
    ],
)
def test_editing_without_a_change_changes_nothing(body: str, form: str) -> None:
    typed, chosen = source.as_typed(body, images=[POSTER] if "media:" in body else [])

    assert chosen == form
    again = source.to_html(typed, form=chosen, images=[POSTER] if "media:" in body else [])
    assert again == body


def test_a_picture_is_edited_by_its_number() -> None:
    body = '<p>一</p><p><img src="media:b2.jpg" alt="海报"></p>'

    assert source.as_typed(body, images=[MAP, POSTER]) == ("一\n[图2]", "text")
