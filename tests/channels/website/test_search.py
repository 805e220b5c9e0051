"""Searching the site: any string of the pages, with our server and with files alone."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

import pytest
import requests
from lxml import etree

from channels.website import Website, catalogue
from publisher.channel import CAMPUS_TIME
from tests.channels.website.notices import NOTICE, deliver, numbered, public

STIPEND = replace(
    numbered(2),
    title="国家奖学金评审结果公示",
    body="<p>经评审，拟推荐六名同学。百分号 100%_整。</p><p>联系人：学生处。</p>",
)


def found(website: Website, words: str, **more: str) -> list[str]:
    """Return the titles that a search shows, in order."""
    query = "&".join(f"{name}={quote(value)}" for name, value in {"q": words, **more}.items())
    answer = requests.get(f"{website.base_url}/search/?{query}", timeout=10)
    assert answer.status_code == 200
    page: Any = etree.HTML(answer.content)
    return [link.text for link in page.iterfind(".//ul[@class='entries results']/li/a")]


@pytest.mark.parametrize(
    "words",
    ["奖学", "学金评", "推荐六名", "评审 推荐", "2026-0002", "100%_整", "奖学金 拟推荐"],
)
def test_any_string_of_title_text_or_number_is_found(website: Website, words: str) -> None:
    deliver(website)
    deliver(website, STIPEND, key="delivery-2")

    assert found(website, words) == ["国家奖学金评审结果公示"]


@pytest.mark.parametrize("words", ["没有的字", "奖 住宿", '"', "%", "_", "'; DROP TABLE", "NEAR("])
def test_what_stands_nowhere_is_not_found_and_does_no_harm(website: Website, words: str) -> None:
    deliver(website)
    deliver(website, replace(STIPEND, body="<p>名单略</p>"), key="delivery-2")

    assert found(website, words) == []


def test_markup_in_a_question_is_text(website: Website) -> None:
    answer = requests.get(f"{website.base_url}/search/?q=<script>x</script>", timeout=10)

    assert "<script>x" not in answer.text
    assert "没有找到" in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_what_was_asked_for_is_marked(website: Website) -> None:
    deliver(website, STIPEND)

    page = requests.get(f"{website.base_url}/search/?q=拟推荐", timeout=10).text

    assert "<mark>拟推荐</mark>" in page


def test_a_withdrawn_notice_is_found_no_more(website: Website) -> None:
    receipt = deliver(website, STIPEND)
    website.withdraw(receipt, reason="名单有误")

    assert found(website, "奖学金") == []
    assert found(website, "奖学") == []


def test_a_corrected_notice_is_found_by_its_new_words_alone(website: Website) -> None:
    deliver(website, STIPEND)
    deliver(website, replace(STIPEND, body="<p>拟表彰七名同学。</p>"), key="delivery-3")

    assert found(website, "推荐六名") == []
    assert found(website, "表彰七名") == ["国家奖学金评审结果公示"]


def test_results_are_turned_over_from_new_to_old(website: Website) -> None:
    for serial in range(1, 24):
        deliver(website, numbered(serial), key=f"delivery-{serial}")

    first = found(website, "收费项目和标准公示")
    page = requests.get(f"{website.base_url}/search/?q=收费项目和标准公示", timeout=10)
    turn: Any = etree.HTML(page.content)
    older = turn.find(".//nav[@class='turn']/a").get("href")
    rest = requests.get(f"{website.base_url}{older}", timeout=10)

    assert first == [f"第{serial}号公示" for serial in range(23, 3, -1)]
    assert "第3号公示" in rest.text
    assert "第4号公示" not in rest.text


def test_a_search_that_takes_too_long_says_so(
    website: Website, monkeypatch: pytest.MonkeyPatch
) -> None:
    for serial in range(1, 40):
        body = f"<p>{'通知' * 3000}</p>"
        deliver(website, replace(numbered(serial), body=body), key=f"delivery-{serial}")
    monkeypatch.setattr(catalogue, "SEARCH_S", 0.0)

    answer = requests.get(f"{website.base_url}/search/?q=没有", timeout=10)

    assert answer.status_code == 503
    assert "请多写几个字" in answer.text


def test_an_empty_question_shows_the_form(website: Website) -> None:
    page = requests.get(f"{website.base_url}/search/?q=%20", timeout=10).text

    assert "输入要找的字" in page


def test_files_alone_carry_the_titles_of_each_month(website: Website) -> None:
    deliver(website)
    deliver(website, STIPEND, key="delivery-2")
    month = f"{datetime.now(CAMPUS_TIME):%Y-%m}"

    months = json.loads((public(website) / "search/months.json").read_bytes())
    rows = json.loads((public(website) / f"search/titles-{month}.json").read_bytes())

    assert months == [month]
    assert {row[1] for row in rows} == {NOTICE.title, STIPEND.title}
    assert rows[0][0] == "info/2026/13771-0307-2026-0002.html"
