"""What a page says of itself, and which pages say nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from channels.website.imprint import Imprint
from channels.website.notice import Notice, place_of, with_addresses, with_names
from channels.website.pages import Pages

LOOK = Pages(Imprint(base_url="https://a.edu.cn", site_name="信息公开网", college_name="学院"))
TIMES = dict.fromkeys(("published_at", "updated_at"), "2026-09-01T00:30:00+00:00")
NOTICE = Notice(
    key='delivery-"7"',
    digest="0" * 64,
    facts={"index_number": "13771-0307-2026-0001", "title": '<"&>', "column": "03", **TIMES},
    article="<article>正文\r\n</article>".encode(),
)


def test_a_page_says_what_was_put_into_it() -> None:
    assert Notice.read(LOOK.notice(NOTICE)) == NOTICE


def test_an_article_that_looks_like_the_end_of_itself_stays_whole() -> None:
    tricky = replace(NOTICE, article=b"a\n</section><!-- end of notice -->b")

    assert Notice.read(LOOK.notice(tricky)) == tricky


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"index_number": "13771-0307-2026-0001"},
        {"index_number": "../../etc-0-2026-passwd", **TIMES},
        {"index_number": "13771-0307-2026-0001", **TIMES, "updated_at": "yesterday"},
    ],
)
def test_a_page_with_broken_facts_is_no_notice(facts: dict[str, str]) -> None:
    page = LOOK.notice(NOTICE)
    whole, broken = (
        b"{&#34;column&#34;" + page.split(b"{&#34;column&#34;")[1].split(b'"')[0],
        str(facts).replace("'", "&#34;").encode(),
    )

    assert whole in page
    assert Notice.read(page.replace(whole, broken)) is None


def test_any_other_page_is_no_notice() -> None:
    assert Notice.read(LOOK.not_found()) is None
    assert Notice.read(b"\xff\x00") is None


def test_addresses_of_media_can_be_undone() -> None:
    approved = b'<img src="media:a.png"><a href="media:b.pdf">="media:c.pdf"</a>'
    then = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)

    published = with_addresses(approved, "1-2-2026-3", ("a.png", "b.pdf"), published_at=then)

    assert published == b'<img src="1-2-2026-3/a.png"><a href="1-2-2026-3/b.pdf">="media:c.pdf"</a>'
    assert with_names(published, "1-2-2026-3") == approved


def test_the_day_of_publication_is_filled_in_and_can_be_taken_out() -> None:
    approved = '<dd><span data-fact="published">发布时填写</span></dd>'.encode()
    then = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)  # the 24th on the campus

    published = with_addresses(approved, "1-2-2026-3", (), published_at=then)

    assert "2026年11月24日" in published.decode()
    assert with_names(published, "1-2-2026-3") == approved


@pytest.mark.parametrize(
    ("index_number", "place"),
    [
        ("13771-0307-2026-0001", "info/2026/13771-0307-2026-0001"),
        ("13771-0307-2026-待编", "info/2026/13771-0307-2026-待编"),
        ("", None),
        ("13771-0307-2026", None),
        ("13771-0307-２０２６-0001", None),
        ("13771-0307-2026-00/1", None),
        ("13771-0307-2026-..", None),
        ("13771-0307-2026-0001\n", None),
    ],
)
def test_only_an_index_number_has_a_place(index_number: str, place: str | None) -> None:
    assert place_of(index_number) == place
