"""Whatever is sent, the practice outlets answer as outlets do and stay up."""

from __future__ import annotations

import pytest

from channels.rehearsal.onebot import ACTIONS
from channels.rehearsal.wechat import POST_CALLS
from tests.channels.rehearsal.onebot.bot import GROUP, Bot
from tests.channels.rehearsal.wechat.account import Account

NONSENSE: tuple[object, ...] = (None, True, -1, 1.5, 10**30, "", "²", "字", "a\0b", [], [None], {})
FIELDS = (
    "media_id",
    "articles",
    "index",
    "offset",
    "filter",
    "mpnews",
    "clientmsgid",
    "msg_id",
    "article_idx",
    "url",
    "touser",
    "publish_id",
    "article_id",
    "cgi_path",
    "appid",
    "begin_date",
    "end_date",
)
ARTICLE_FIELDS = ("title", "content", "content_source_url", "thumb_media_id", "need_open_comment")


@pytest.mark.parametrize("value", NONSENSE, ids=repr)
def test_the_account_answers_every_call_with_status_200(account: Account, value: object) -> None:
    for call in sorted(POST_CALLS):
        whole = dict.fromkeys(FIELDS, value)
        account.post(call, whole)
        account.post(call, whole | {"msgtype": "mpnews", "type": "image"})


@pytest.mark.parametrize("value", NONSENSE, ids=repr)
def test_an_article_of_nonsense_is_refused_or_kept(account: Account, value: object) -> None:
    for field in ARTICLE_FIELDS:
        answer = account.post("draft/add", {"articles": [account.article() | {field: value}]})
        assert "media_id" in answer or answer["errcode"] > 0


@pytest.mark.parametrize("value", NONSENSE, ids=repr)
def test_the_bot_answers_every_action_with_status_200(bot: Bot, value: object) -> None:
    names = ("content", "image", "pinned", "tip_window_type", "type", "notice_id", "message")
    for action in sorted(ACTIONS):
        body = bot.act(action, **(dict.fromkeys((*names, "user_id", "message_id"), value)))
        assert body["status"] in ("ok", "failed")
        bot.act(action, group_id=GROUP, content="停水", **dict.fromkeys(names[1:], value))
