"""The pages for people."""

from __future__ import annotations

import re
from typing import Any

import pytest
import requests
from lxml import html

from tests.channels.rehearsal.onebot.bot import GROUP, Bot, as_uri
from tests.channels.rehearsal.wechat.account import Account, picture
from tests.rehearsal import TIMEOUT_S, Rehearsal

SAME_SITE = {"Sec-Fetch-Site": "same-origin"}


def get(rehearsal: Rehearsal, path: str) -> requests.Response:
    return requests.get(f"{rehearsal.url}{path}", timeout=TIMEOUT_S)


def submit(
    rehearsal: Rehearsal, path: str, fields: dict[str, str], *, headers: dict[str, str] = SAME_SITE
) -> requests.Response:
    return requests.post(
        f"{rehearsal.url}{path}",
        data=fields,
        headers=headers,
        timeout=TIMEOUT_S,
        allow_redirects=False,
    )


def tree(answer: requests.Response) -> Any:
    return html.fromstring(answer.content)


def words(answer: requests.Response) -> str:
    return " ".join(tree(answer).text_content().split())


@pytest.mark.parametrize("path", ["/", "/wechat/", "/onebot/", f"/onebot/groups/{GROUP}"])
def test_a_page_loads_nothing_from_elsewhere_and_has_no_inline_code(
    rehearsal: Rehearsal, path: str
) -> None:
    answer = get(rehearsal, path)

    root = tree(answer)
    assert answer.status_code == 200
    assert "style-src 'self'" in answer.headers["content-security-policy"]
    assert root.get("lang") == "zh-CN"
    assert not root.xpath("//@style | //style | //script")
    assert all(link.startswith("/") for link in root.xpath("//@src | //link/@href"))
    fields = root.xpath("//input[@type!='hidden' or not(@type)] | //select")
    labelled = set(root.xpath("//label/@for"))
    assert {field.get("id") for field in fields} <= labelled


@pytest.mark.parametrize("path", ["/static/rehearsal.css", "/static/icon.svg"])
def test_serves_its_own_files(rehearsal: Rehearsal, path: str) -> None:
    assert get(rehearsal, path).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/wechat/s/nothing",
        "/wechat/s/nothing.css",
        "/wechat/drafts/nothing/0",
        "/wechat/drafts/nothing/0.css",
        "/wechat/media/nothing",
        "/onebot/groups/1",
        "/onebot/pictures/nothing",
    ],
)
def test_says_that_there_is_no_such_page(rehearsal: Rehearsal, path: str) -> None:
    assert get(rehearsal, path).status_code == 404


def test_a_follower_sees_the_message_and_opens_the_article(
    rehearsal: Rehearsal, account: Account
) -> None:
    url = account.upload("media/uploadimg", picture())["url"]
    body = f'<p style="color:#c00;background:url(x)">停水</p><img src="{url}" alt="图">'
    account.push(account.draft(content=body, title="停水通知"))

    home = tree(get(rehearsal, "/wechat/"))
    [link] = home.xpath("//article/a/@href")
    [cover] = home.xpath("//article//img/@src")
    article = tree(get(rehearsal, link))
    style = get(rehearsal, f"{link}.css")

    assert get(rehearsal, cover).content == picture()
    assert article.findtext(".//h1") == "停水通知"
    assert article.xpath("//p[@class='source']/a/@href") == [
        "https://www.example.edu.cn/notice/123.html?wx=a1"
    ]
    [image] = article.xpath("//div[@class='article']//img/@src")
    assert get(rehearsal, image).content == picture()
    assert article.xpath("//div[@class='article']//@style") == []
    assert style.headers["content-type"].startswith("text/css")
    assert style.text == ".article .x0 { color: #c00 }"


def test_a_follower_finds_a_deleted_article_gone(rehearsal: Rehearsal, account: Account) -> None:
    msg_id = account.push(account.draft(title="停水通知"))["msg_id"]
    account.post("message/mass/delete", {"msg_id": msg_id})

    home = get(rehearsal, "/wechat/")
    [link] = tree(home).xpath("//article/a/@href")
    article = words(get(rehearsal, link))

    assert "停水通知（已删除）" in words(home)
    assert "该内容已被发布者删除" in article
    assert "停水通知" not in article


def test_the_draft_box_shows_what_waits(rehearsal: Rehearsal, account: Account) -> None:
    account.draft(title="台风通知")

    home = tree(get(rehearsal, "/wechat/"))
    [link] = home.xpath("//ul[@class='drafts']//a/@href")
    draft = get(rehearsal, link)

    assert "台风通知" in words(draft)
    assert "草稿，尚未发布" in words(draft)
    assert get(rehearsal, f"{link}.css").status_code == 200


def test_an_article_without_a_push_is_shown_apart(rehearsal: Rehearsal, account: Account) -> None:
    account.post("freepublish/submit", {"media_id": account.draft(title="招生章程")})

    home = tree(get(rehearsal, "/wechat/"))

    assert home.xpath("//article") == []
    assert "只有链接、没有推送的文章" in home.text_content()
    assert "招生章程" in home.text_content()


def test_an_article_of_pictures_shows_them(rehearsal: Rehearsal, account: Account) -> None:
    images = {"image_list": [{"image_media_id": account.cover()} for _ in range(2)]}
    article = {"article_type": "newspic", "title": "秋", "content": "秋天", "image_info": images}
    account.push(account.post("draft/add", {"articles": [article]})["media_id"])

    [seen] = rehearsal.visible("wechat")["articles"]
    page = tree(get(rehearsal, seen["page"]))

    assert len(page.xpath("//img[@class='wide']")) == 2


def test_the_words_of_an_outlet_are_no_markup(rehearsal: Rehearsal, bot: Bot) -> None:
    bot.notice("<script>alert(1)</script>")

    page = get(rehearsal, f"/onebot/groups/{GROUP}")

    assert b"<script>" not in page.content
    assert "<script>alert(1)</script>" in words(page)


def test_a_member_sees_the_notices_of_the_group(rehearsal: Rehearsal, bot: Bot) -> None:
    bot.notice("周六停水\n请储水", pinned="1", image=as_uri(picture()))
    bot.notice("收费公示", confirm_required="0")
    bot.act("send_group_msg", group_id=GROUP, message="请看公告")

    page = get(rehearsal, f"/onebot/groups/{GROUP}")
    root = tree(page)

    first, second = root.xpath("//article")
    assert "周六停水" in first.text_content()
    assert "置顶" in first.text_content()
    assert get(rehearsal, first.xpath(".//img/@src")[0]).content == picture()
    assert len(first.xpath(".//button")) == 1
    assert second.xpath(".//button") == []
    assert "请看公告" in words(page)
    assert re.search(r"\d{4}年\d{1,2}月\d{1,2}日 \d{1,2}:\d\d", words(page))


def test_a_member_presses_received(rehearsal: Rehearsal, bot: Bot) -> None:
    bot.notice()
    [notice] = bot.notices()

    answer = submit(
        rehearsal, f"/onebot/groups/{GROUP}/receipts", {"notice_id": notice["notice_id"]}
    )

    assert (answer.status_code, answer.headers["location"]) == (303, f"/onebot/groups/{GROUP}")
    assert bot.notices()[0]["read_num"] == 1
    assert "1 人已确认，共 47 人" in words(get(rehearsal, f"/onebot/groups/{GROUP}"))


def test_the_allowance_is_set_on_the_page(rehearsal: Rehearsal, account: Account) -> None:
    answer = submit(rehearsal, "/wechat/settings", {"daily_pushes": "0", "job_delay_s": "2.5"})

    assert (answer.status_code, answer.headers["location"]) == (303, "/wechat/")
    assert account.push(account.draft())["errcode"] == 45028


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/wechat/settings", {"daily_pushes": "-1"}),
        ("/wechat/settings", {"job_delay_s": "很快"}),
        ("/onebot/settings", {"profile": "icq"}),
        ("/wechat/faults", {"call": "draft/add", "kind": "earthquake"}),
        ("/wechat/faults", {"call": "draft/add", "kind": "slow", "value": "很久"}),
        ("/wechat/faults", {"call": "draft/add", "kind": "refuse", "times": "一"}),
    ],
)
def test_a_form_that_is_wrong_is_said_to_be(
    rehearsal: Rehearsal, path: str, fields: dict[str, str]
) -> None:
    answer = submit(rehearsal, path, fields)

    assert answer.status_code == 400
    assert tree(answer).xpath("//p[@role='alert']")


def test_a_fault_is_switched_on_and_off_on_the_page(rehearsal: Rehearsal, bot: Bot) -> None:
    for_good = {"call": "get_status", "kind": "error_5xx_before", "times": ""}
    twice = {"call": "*", "kind": "slow", "times": "2", "value": "0.1"}
    submit(rehearsal, "/onebot/faults", for_good)
    submit(rehearsal, "/onebot/faults", twice)
    page = tree(get(rehearsal, "/onebot/"))
    ids = page.xpath("//ul[@class='faults']//input[@name='id']/@value")
    in_trouble = bot.raw("get_status").status_code

    submit(rehearsal, "/onebot/faults/cleared", {"id": ids[0]})
    left = requests.get(f"{rehearsal.url}/onebot/_faults", timeout=TIMEOUT_S).json()
    submit(rehearsal, "/onebot/faults/cleared", {})

    assert in_trouble == 502
    assert [(fault["kind"], fault["times"], fault["value"]) for fault in left] == [("slow", 2, 0.1)]
    assert requests.get(f"{rehearsal.url}/onebot/_faults", timeout=TIMEOUT_S).json() == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://127.0.0.1:9"},
        {"Origin": "null"},
    ],
)
@pytest.mark.parametrize(
    "path", ["/wechat/settings", "/onebot/faults", f"/onebot/groups/{GROUP}/receipts"]
)
def test_a_form_of_another_site_does_nothing(
    rehearsal: Rehearsal, headers: dict[str, str], path: str
) -> None:
    answer = submit(
        rehearsal,
        path,
        {"daily_pushes": "0", "call": "*", "kind": "refuse"},
        headers=headers,
    )

    assert answer.status_code == 403
    assert requests.get(f"{rehearsal.url}/onebot/_faults", timeout=TIMEOUT_S).json() == []


def test_a_form_of_the_page_itself_works_without_the_newer_header(rehearsal: Rehearsal) -> None:
    answer = submit(
        rehearsal, "/wechat/settings", {"daily_pushes": "3"}, headers={"Origin": rehearsal.url}
    )

    assert answer.status_code == 303
