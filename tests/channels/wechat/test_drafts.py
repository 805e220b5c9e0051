from __future__ import annotations

import dataclasses

import pytest

from channels.wechat import drafts
from tests.channels.wechat.scene import KEY, NOTICE, account, draft_of, drafts_in_box
from tests.outlet import Outlet


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("", ""),
        ("https://a.example/7.html", "https://a.example/7.html?wx=delivery-7"),
        ("https://a.example/7?id=1", "https://a.example/7?id=1&wx=delivery-7"),
        ("https://a.example/7#end", "https://a.example/7?wx=delivery-7#end"),
    ],
)
def test_the_address_of_the_full_text_carries_the_key(address: str, expected: str) -> None:
    assert drafts.with_key(address, KEY) == expected


def test_a_draft_is_found_by_the_whole_key(outlet: Outlet) -> None:
    outlet.answers(body=drafts_in_box("delivery-77", "xdelivery-7", KEY))

    assert drafts.find(account(outlet)._api(), key=KEY) == f"draft-of-{KEY}"
    assert outlet.received == [{"offset": 0, "count": 20, "no_content": 1}]


def test_only_the_newest_drafts_are_looked_through(outlet: Outlet) -> None:
    outlet.answers(body=drafts_in_box(*(f"delivery-{n}" for n in range(100, 120))))

    assert drafts.find(account(outlet)._api(), key=KEY) is None
    assert [request["offset"] for request in outlet.received] == [0, 20, 40]


@pytest.mark.parametrize(
    ("draft", "fault"),
    [
        (None, "应有 1 篇"),
        ({}, "应有 1 篇"),
        ({"news_item": [{}, {}]}, "现有 2 篇"),
    ],
)
def test_a_draft_is_one_article(draft: dict[str, object] | None, fault: str) -> None:
    assert fault in drafts.fault_of(draft, [account(Outlet(url="")).render(NOTICE)])


def test_the_changes_that_wechat_makes_to_markup_are_no_fault() -> None:
    rendition = account(Outlet(url="")).render(NOTICE)

    assert drafts.fault_of(draft_of(rendition, title=rendition.title), [rendition]) == ""


def test_a_picture_that_vanished_is_a_fault() -> None:
    rendition = account(Outlet(url="")).render(NOTICE)
    with_picture = draft_of(
        rendition, content=f"{rendition.body.decode()}<img data-src='http://x'>"
    )

    assert "图片" in drafts.fault_of(with_picture, [rendition])


@pytest.mark.parametrize("title", ["A&amp;B", "A&amp;amp;B"])
def test_a_title_may_come_back_escaped(title: str) -> None:
    sent = dataclasses.replace(NOTICE, title="A&amp;B")
    rendition = account(Outlet(url="")).render(sent)

    assert drafts.fault_of(draft_of(rendition, title=title), [rendition]) == ""
