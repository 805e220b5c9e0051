from __future__ import annotations

import dataclasses
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.wechat.article import FULL_TEXT, length
from channels.wechat.rendering import Limits, rendition
from publisher.channel import Attachment, Content, Rendition
from publisher.documents import html as documents
from publisher.errors import UnfitError
from tests.channels.wechat.scene import LINK, NOTICE, picture

LIMITS = Limits(title=32, digest=120, content=20000)


def rendered(content: Content = NOTICE, **changes: object) -> Rendition:
    changed = dataclasses.replace(content, **changes)  # type: ignore[arg-type]
    return rendition(changed, limits=LIMITS, author="党政办公室")


def unfit(**changes: object) -> UnfitError:
    with pytest.raises(UnfitError) as raised:
        rendered(**changes)  # type: ignore[arg-type]
    return raised.value


def test_an_article_has_a_cover_and_what_the_outlet_asks_for() -> None:
    made = rendered()

    assert made.media_type == "text/html"
    assert made.title == NOTICE.title
    assert [part.name for part in made.parts] == ["cover.png"]
    assert made.facts == {
        "author": "党政办公室",
        "digest": NOTICE.summary,
        "content_source_url": LINK,
        "cover": "cover.png",
        "pic_crop_235_1": "0_0_1_1",
        "pic_crop_1_1": "0.287222_0_0.712778_1",
    }


def test_a_title_of_the_longest_length_is_taken_and_one_more_is_not() -> None:
    assert rendered(title="长" * 32).title == "长" * 32
    error = unfit(title="长" * 33)
    assert error.field == "title"
    assert "33" in str(error)


def test_a_summary_of_the_longest_length_is_taken_and_one_more_is_not() -> None:
    assert rendered(summary="长" * 120).facts["digest"] == "长" * 120
    assert unfit(summary="长" * 121).field == "summary"


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("title", {"title": ""}),
        ("title", {"title": " 　"}),
        ("body", {"body": ""}),
        ("body", {"body": "<p> </p>"}),
        ("audience", {"audience": "campus"}),
        ("images", {"body": '<p><img src="media:x.png" alt=""></p>'}),
        ("link", {"link": "https://www.example.edu.cn/" + "a" * 940}),
    ],
)
def test_what_the_outlet_cannot_carry_is_named(field: str, changes: dict[str, object]) -> None:
    assert unfit(**changes).field == field


def body_of(size: int) -> str:
    """Return a body whose article has exactly that many characters."""
    frame = length(rendered(body="<p>字</p>").body.decode()) - 1
    return f"<p>{'字' * (size - frame)}</p>"


def test_an_article_just_short_enough_is_whole_and_a_longer_one_is_abridged() -> None:
    whole = rendered(body=body_of(19_999))
    abridged = rendered(body=body_of(20_000))

    assert length(whole.body.decode()) == 19_999
    assert "abridged" not in whole.facts
    assert abridged.facts["abridged"] == FULL_TEXT
    assert FULL_TEXT in abridged.body.decode()
    assert NOTICE.summary in abridged.body.decode()


@pytest.mark.parametrize("changes", [{"summary": ""}, {"link": ""}])
def test_a_long_article_without_summary_or_page_is_unfit(changes: dict[str, str]) -> None:
    error = unfit(body=body_of(20_000), **changes)

    assert error.field == "body"
    assert "20000 个字符" in str(error)
    assert "摘要" in str(error)


def test_only_the_pictures_that_are_shown_travel() -> None:
    images = (picture(9, 9), picture(9, 9, name="b.png", form="JPEG"), picture(9, 9, name="c.png"))
    body = '<p><img src="media:c.png" alt="图"><img src="media:b.png" alt="图"></p>'

    made = rendered(body=body, images=images)

    assert [part.name for part in made.parts] == ["cover.png", "picture-1.jpg", "picture-2.png"]
    assert all(f'"media:{part.name}"' in made.body.decode() for part in made.parts[1:])


def test_an_abridged_article_carries_no_pictures() -> None:
    body = '<p><img src="media:a.png" alt="图"></p>' + body_of(20_000)

    made = rendered(body=body, images=(picture(9, 9),))

    assert [part.name for part in made.parts] == ["cover.png"]
    assert "<img" not in made.body.decode()


WIDE = f"<table><tr>{'<th>栏目</th>' * 8}</tr><tr>{'<td>内容</td>' * 8}</tr></table>"


def test_a_wide_table_travels_as_a_picture() -> None:
    made = rendered(body=f"<p>见表。</p>{WIDE}{WIDE}")

    assert [part.name for part in made.parts] == ["cover.png", "table-1.png", "table-2.png"]
    assert all(f'"media:{part.name}"' in made.body.decode() for part in made.parts[1:])


def test_attachments_wait_behind_a_code_of_the_full_text() -> None:
    form = Attachment(name="自查表.pdf", file=b"x" * 3000, media_type="application/pdf")

    made = rendered(attachments=(form,))

    assert made.parts[-1].name == "qr.png"
    assert made.parts[-1].label == f"二维码：{LINK}"
    assert '"media:qr.png"' in made.body.decode()
    assert "1. 自查表.pdf（3 KB）" in made.body.decode()


TAGS = ["p", "h2", "ul", "ol", "li", "table", "tr", "td", "a", "strong", "script", "iframe", "div"]
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=30)
LEAF = WORDS.map(lambda words: words.replace("<", "&lt;").replace("&", "&amp;"))


def wrapped(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    whole = st.tuples(st.sampled_from(TAGS), st.lists(inner, max_size=4))
    return whole.map(lambda one: f"<{one[0]}>{''.join(one[1])}</{one[0]}>")


@settings(max_examples=60, deadline=None)
@given(st.recursive(LEAF, wrapped, max_leaves=12))
def test_no_article_carries_what_wechat_drops_whatever_the_author_wrote(words: str) -> None:
    body = documents.clean(words)

    try:
        made = rendered(body=f"<p>字</p>{body}")
    except UnfitError:
        return

    told = made.body.decode()
    assert not re.search(r"<(script|iframe|form|style|link|div|ul|ol|li)[ >]", told)
    assert not re.search(r"\s(class|id|on\w+)=", told)
    assert "position:" not in told
    assert length(told) < LIMITS.content
