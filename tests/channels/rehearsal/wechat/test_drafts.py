"""The draft box, and what becomes of an article in it."""

from __future__ import annotations

import pytest

from tests.channels.rehearsal.wechat.account import Account, picture
from tests.rehearsal import Rehearsal


def read_back(account: Account, content: str) -> str:
    media_id = account.draft(content=content)
    [article] = account.post("draft/get", {"media_id": media_id})["news_item"]
    return str(article["content"])


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({"title": "放" * 32}, None),
        ({"title": "放" * 33}, 45003),
        ({"title": ""}, 40035),
        ({"author": "院" * 16}, None),
        ({"author": "院" * 17}, 45110),
        ({"digest": "摘" * 120}, None),
        ({"digest": "摘" * 121}, 45004),
        ({"content": "字" * 19_999}, None),
        ({"content": "字" * 20_000}, 45002),
        ({"content": ""}, 44003),
        ({"content_source_url": ""}, None),
        ({"content_source_url": "ftp://example.edu.cn/a"}, 41039),
        ({"content_source_url": "/notice/1"}, 41039),
        ({"content_source_url": "https://[broken/"}, 41039),
        ({"content_source_url": "https://example.edu.cn/".ljust(1024, "a")}, None),
        ({"content_source_url": "https://example.edu.cn/".ljust(1025, "a")}, 41039),
        ({"content_source_url": "http://127.0.0.1:8001/info/1.html"}, None),
        ({"thumb_media_id": "P0HLl-unknown"}, 40007),
        ({"article_type": "poem"}, 40035),
        ({"need_open_comment": 2}, 40035),
        ({"pic_crop_235_1": "0_0.1_1_0.9"}, None),
        ({"pic_crop_235_1": "0_0.1_1"}, 53402),
        ({"pic_crop_1_1": "0.1234567_0_1_1"}, 53402),
        ({"title": ["放假"]}, 47001),
    ],
)
def test_an_article_has_its_limits(
    account: Account, changes: dict[str, object], errcode: int | None
) -> None:
    answer = account.post("draft/add", {"articles": [account.article(**changes)]})

    assert answer.get("errcode") == errcode
    assert ("media_id" in answer) == (errcode is None)


def test_a_success_carries_no_errcode(account: Account) -> None:
    answer = account.post("draft/add", {"articles": [account.article()]})

    assert answer.keys() == {"media_id", "item"}


@pytest.mark.parametrize(
    ("articles", "errcode"), [(None, 44003), ([], 44003), ({"title": "一"}, 44003), (["一"], 47001)]
)
def test_refuses_what_is_no_list_of_articles(
    account: Account, articles: object, errcode: int
) -> None:
    assert account.post("draft/add", {"articles": articles})["errcode"] == errcode


@pytest.mark.parametrize(("count", "errcode"), [(8, None), (9, 45008)])
def test_a_draft_has_up_to_eight_articles(
    account: Account, count: int, errcode: int | None
) -> None:
    article = account.article()

    assert account.post("draft/add", {"articles": [article] * count}).get("errcode") == errcode


def test_a_strict_account_takes_public_links_only(rehearsal: Rehearsal, account: Account) -> None:
    rehearsal.change("wechat", takes_local_links=False)

    for link in ("http://localhost/1", "http://127.0.0.1:8001/1", "http://10.0.0.8/1"):
        answer = account.post("draft/add", {"articles": [account.article(content_source_url=link)]})
        assert answer["errcode"] == 41039, link
    assert account.draft(content_source_url="https://www.example.edu.cn/1")


def test_a_temporary_picture_is_no_cover(account: Account) -> None:
    temporary = account.upload("media/upload", picture(), type="image")["media_id"]

    answer = account.post("draft/add", {"articles": [account.article(thumb_media_id=temporary)]})

    assert answer["errcode"] == 40007


def test_comments_need_the_privilege(rehearsal: Rehearsal, account: Account) -> None:
    rehearsal.change("wechat", has_comments=False)
    article = account.article(need_open_comment=1)

    assert account.post("draft/add", {"articles": [article]})["errcode"] == 88000


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ('<p style="color:#333">正文</p>', '<p style="color:#333">正文</p>'),
        ('<p>见<a href="https://example.edu.cn/1">附件</a>。</p>', "<p>见附件。</p>"),
        ("<p>一<br>二</p>", "<p>一<br  />二</p>"),
        ("<p>一</p><script>alert(1)</script>", "<p>一</p>"),
        ('<p onclick="alert(1)">一</p>', "<p>一</p>"),
        ('<p>一<img src="https://example.edu.cn/1.png">二</p>', "<p>一二</p>"),
        ('<p>一<img src="http://mmbiz.qpic.cn/mmbiz_png/unknown/0"></p>', "<p>一</p>"),
        ("<p>1 &lt; 2 &amp; 3</p>", "<p>1 &lt; 2 &amp; 3</p>"),
        ("只有字", "只有字"),
        ("<!-- 注 --><p>一</p>", "<p>一</p>"),
    ],
)
def test_rewrites_the_body(account: Account, sent: str, kept: str) -> None:
    assert read_back(account, sent) == kept


def test_keeps_a_link_to_an_article_of_the_platform(account: Account) -> None:
    own = '<p><a href="https://mp.weixin.qq.com/s/AAA">上期</a></p>'

    assert read_back(account, own) == own


def test_turns_src_into_data_src(account: Account) -> None:
    url = account.upload("media/uploadimg", picture())["url"]

    kept = read_back(account, f'<p><img src="{url}"></p>')

    base = url.rsplit("/", 1)[0]
    assert kept == f'<p><img data-src="{base}/640?from=appmsg"></p>'


def test_a_digest_that_was_not_given_is_the_beginning_of_the_text(account: Account) -> None:
    media_id = account.draft(digest="", content=f"<p>{'停水' * 40}</p>")

    [article] = account.post("draft/get", {"media_id": media_id})["news_item"]
    assert article["digest"] == "停水" * 27


def test_an_article_of_pictures_has_plain_text(account: Account) -> None:
    images = {"image_list": [{"image_media_id": account.cover()}]}
    article = {
        "article_type": "newspic",
        "title": "校园一角",
        "content": "秋天",
        "image_info": images,
    }

    media_id = account.post("draft/add", {"articles": [article]})["media_id"]

    [kept] = account.post("draft/get", {"media_id": media_id})["news_item"]
    assert (kept["article_type"], kept["content"], kept["image_info"]) == (
        "newspic",
        "秋天",
        images,
    )
    assert (
        account.post("draft/add", {"articles": [article | {"image_info": {}}]})["errcode"] == 40035
    )


def test_replaces_one_article(account: Account) -> None:
    media_id = account.draft()
    article = account.article(title="更正")

    answer = account.post("draft/update", {"media_id": media_id, "index": 0, "articles": article})

    assert answer == {"errcode": 0, "errmsg": "ok"}
    [kept] = account.post("draft/get", {"media_id": media_id})["news_item"]
    assert kept["title"] == "更正"


def test_refuses_an_update_as_the_platform_does(account: Account) -> None:
    media_id, article = account.draft(), account.article()
    cases: list[tuple[dict[str, object], int]] = [
        ({"articles": [article]}, 47001),
        ({"articles": article, "index": 1}, 40114),
        ({"articles": article, "index": -1}, 40114),
        ({"articles": {"title": "只有标题"}}, 40007),
        ({"articles": article, "media_id": "P0HLl-unknown"}, 40007),
    ]

    for changes, errcode in cases:
        answer = account.post("draft/update", {"media_id": media_id, "index": 0} | changes)
        assert answer["errcode"] == errcode, changes


def test_lists_drafts_newest_first_and_without_content_on_demand(account: Account) -> None:
    account.draft(title="一")
    account.draft(title="二")

    asked = {"offset": 0, "count": 20}
    whole = account.post("draft/batchget", asked)
    short = account.post("draft/batchget", asked | {"no_content": 1, "count": 1})

    titles = [item["content"]["news_item"][0]["title"] for item in whole["item"]]
    assert titles == ["二", "一"]
    assert (short["total_count"], short["item_count"]) == (2, 1)
    assert "content" not in short["item"][0]["content"]["news_item"][0]


@pytest.mark.parametrize("count", [0, 21, "many"])
def test_a_page_of_drafts_has_one_to_twenty(account: Account, count: object) -> None:
    assert account.post("draft/batchget", {"offset": 0, "count": count})["errcode"] == 40035


def test_a_deleted_draft_is_gone(account: Account) -> None:
    media_id = account.draft()

    assert account.post("draft/delete", {"media_id": media_id})["errcode"] == 0

    assert account.post("draft/get", {"media_id": media_id})["errcode"] == 40007
    assert account.post("draft/delete", {"media_id": media_id})["errcode"] == 40007
    assert account.get("draft/count") == {"total_count": 0}
