"""The address that WeChat calls, with signatures made as WeChat makes them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient
from wechatpy.crypto import WeChatCrypto

from channels.wechat import events
from channels.wechat.callbacks import MAX_BYTES
from publisher.channel import Event
from tests.channels.wechat.scene import MemoryShelf, account
from tests.outlet import Outlet

APPID = "wx0000000000000001"
TOKEN = "callback-token"
AES_KEY = "A" * 43
CREATED = 1760000200
PUSHED = f"""<xml><ToUserName><![CDATA[gh_demo]]></ToUserName>
<FromUserName><![CDATA[oHelper]]></FromUserName><CreateTime>{CREATED}</CreateTime>
<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[MASSSENDJOBFINISH]]></Event>
<MsgID>3147494276</MsgID><Status><![CDATA[send success]]></Status>
<TotalCount>5210</TotalCount><FilterCount>5190</FilterCount><SentCount>5188</SentCount>
<CopyrightCheckResult><Count>0</Count><ResultList></ResultList></CopyrightCheckResult>
<ArticleUrlResult><Count>2</Count><ResultList>
<item><ArticleIdx>1</ArticleIdx><ArticleUrl><![CDATA[http://mp.weixin.qq.com/s/AAA]]></ArticleUrl></item>
<item><ArticleIdx>2</ArticleIdx><ArticleUrl><![CDATA[http://mp.weixin.qq.com/s/BBB]]></ArticleUrl></item>
</ResultList></ArticleUrlResult></xml>"""
PUBLISHED = f"""<xml><FromUserName><![CDATA[oHelper]]></FromUserName>
<CreateTime>{CREATED}</CreateTime><MsgType><![CDATA[event]]></MsgType>
<Event><![CDATA[PUBLISHJOBFINISH]]></Event><PublishEventInfo><publish_id>2247483655</publish_id>
<publish_status>0</publish_status><article_id><![CDATA[b5O2-article-1
]]></article_id><article_detail><count>1</count><item><idx>1</idx>
<article_url><![CDATA[https://mp.weixin.qq.com/s/AAA]]></article_url></item></article_detail>
</PublishEventInfo></xml>"""


def signature(*words: str) -> str:
    return hashlib.sha1("".join(sorted(words)).encode()).hexdigest()  # as WeChat does


@dataclass
class WeChatServer:
    """Calls the address as WeChat does."""

    client: TestClient
    told: list[Event]
    shelf: MemoryShelf
    aes: WeChatCrypto | None = None
    nonces: list[str] = field(default_factory=lambda: [str(n) for n in range(100, 200)])

    def query(self, **changes: str) -> dict[str, str]:
        stamp, nonce = str(int(time.time())), self.nonces.pop(0)
        signed = {"timestamp": stamp, "nonce": nonce, "signature": signature(TOKEN, stamp, nonce)}
        return signed | changes

    def post(self, words: str, **changes: str) -> Response:
        query = self.query(**changes)
        return self.client.post("/", params=query, content=words.encode())

    def post_secret(self, words: str, **changes: str) -> Response:
        query = self.query()
        assert self.aes is not None
        sealed = self.aes.encrypt_message(words, query["nonce"], query["timestamp"])
        secret = sealed.partition("<Encrypt><![CDATA[")[2].partition("]]>")[0]
        made = {
            "encrypt_type": "aes",
            "msg_signature": signature(TOKEN, query["timestamp"], query["nonce"], secret),
        }
        body = f"<xml><Encrypt><![CDATA[{secret}]]></Encrypt></xml>"
        return self.client.post("/", params=query | made | changes, content=body.encode())


def server(
    *, aes_key: str = "", token: str = TOKEN, tell: Callable[[Event], None] | None = None
) -> WeChatServer:
    told: list[Event] = []
    shelf = MemoryShelf()
    wechat = account(Outlet(url=""), shelf=shelf, callback_token=token, callback_aes_key=aes_key)
    app = wechat.receiver(tell or told.append)
    aes = WeChatCrypto(TOKEN, aes_key, APPID) if aes_key else None
    return WeChatServer(
        client=TestClient(app, raise_server_exceptions=False), told=told, shelf=shelf, aes=aes
    )


def told_of(shelf: MemoryShelf, job: str) -> events.Told | None:
    return events.told(shelf, APPID, job)


def test_the_greeting_is_answered_word_for_word() -> None:
    calls = server()

    answer = calls.client.get("/", params=calls.query(echostr="5837397576"))

    assert (answer.status_code, answer.text) == (200, "5837397576")


def test_a_push_that_is_through_is_told_with_its_addresses() -> None:
    calls = server()

    answer = calls.post(PUSHED)

    assert (answer.status_code, answer.text) == (200, "success")
    [event] = calls.told
    assert (event.remote_id, event.is_send) == ("3147494276", True)
    assert event.at == datetime.fromtimestamp(CREATED, UTC)
    told = told_of(calls.shelf, "3147494276")
    assert told is not None
    assert told.addresses == {
        1: "http://mp.weixin.qq.com/s/AAA",
        2: "http://mp.weixin.qq.com/s/BBB",
    }


def test_a_publication_is_told_by_its_own_name_and_costs_no_push() -> None:
    calls = server()

    calls.post(PUBLISHED)

    [event] = calls.told
    assert (event.remote_id, event.is_send) == ("p2247483655", False)
    told = told_of(calls.shelf, "2247483655")
    assert told is not None
    assert told.addresses == {1: "https://mp.weixin.qq.com/s/AAA"}


def test_a_secret_call_is_opened() -> None:
    calls = server(aes_key=AES_KEY)

    answer = calls.post_secret(PUSHED)

    assert (answer.status_code, answer.text) == (200, "success")
    assert [event.remote_id for event in calls.told] == ["3147494276"]


def test_the_golden_signature_of_the_official_page_is_ours() -> None:
    assert signature("AAAAA", "1714036504", "1514711492") == (
        "f464b24fc39322e44b38aa78f5edd27bd1441696"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"signature": "0" * 40},
        {"signature": ""},
        {"timestamp": "1"},
        {"timestamp": "x"},
        {"nonce": "other"},
    ],
)
def test_a_call_that_is_not_signed_by_wechat_is_not_believed(changes: dict[str, str]) -> None:
    calls = server()

    answer = calls.post(PUSHED, **changes)

    assert (answer.status_code, answer.text) == (403, "")
    assert calls.told == []


def test_an_old_call_is_not_believed_however_well_signed() -> None:
    calls = server()
    stamp = str(int(time.time()) - 3600)
    old = {"timestamp": stamp, "nonce": "1", "signature": signature(TOKEN, stamp, "1")}

    assert calls.post(PUSHED, **old).status_code == 403
    assert calls.told == []


@pytest.mark.parametrize(
    ("changes", "status"),
    [({"msg_signature": "0" * 40}, 403), ({"encrypt_type": "raw"}, 403)],
    ids=["forged", "not said to be secret"],
)
def test_a_secret_call_that_is_not_right_is_not_believed(
    changes: dict[str, str], status: int
) -> None:
    calls = server(aes_key=AES_KEY)

    assert calls.post_secret(PUSHED, **changes).status_code == status
    assert calls.told == []


def test_where_secrecy_is_agreed_on_a_plain_call_is_refused() -> None:
    calls = server(aes_key=AES_KEY)

    assert calls.post(PUSHED).status_code == 403
    assert calls.told == []


def test_the_same_event_told_again_is_told_once() -> None:
    calls = server()

    answers = [calls.post(PUSHED).text for _ in range(4)]

    assert answers == ["success"] * 4
    assert len(calls.told) == 1


def test_a_signature_that_was_seen_on_its_way_serves_no_other_event() -> None:
    calls = server()
    seen = calls.query()
    calls.post(PUSHED, **seen)

    answer = calls.post(PUSHED.replace("3147494276", "666"), **seen)

    assert (answer.status_code, answer.text) == (200, "success")
    assert [event.remote_id for event in calls.told] == ["3147494276"]
    assert told_of(calls.shelf, "666") is None


@pytest.mark.parametrize(
    "words",
    [
        "<xml><MsgType>event</MsgType><Event>PUBLISHJOBFINISH</Event>"
        "<PublishEventInfo>x</PublishEventInfo></xml>",
        "<xml><MsgType>event</MsgType><Event>PUBLISHJOBFINISH</Event><PublishEventInfo>"
        "<publish_id>7</publish_id><publish_status>0</publish_status>"
        "<article_detail>x</article_detail></PublishEventInfo></xml>",
        "<xml><MsgType>event</MsgType><Event>MASSSENDJOBFINISH</Event><MsgID>7</MsgID>"
        "<Status>send success</Status><ArticleUrlResult>x</ArticleUrlResult></xml>",
        "<xml><MsgType>event</MsgType><Event>MASSSENDJOBFINISH</Event><MsgID>7</MsgID>"
        "<Status>err(30002)</Status><CopyrightCheckResult><ResultList><item>x</item>"
        "</ResultList></CopyrightCheckResult></xml>",
    ],
)
def test_an_event_of_another_shape_is_no_fault_of_ours(words: str) -> None:
    calls = server()

    assert calls.post(words).text == "success"
    assert [address for event in calls.told for address in addresses_of(calls, event)] == []


def addresses_of(calls: WeChatServer, event: Event) -> list[str]:
    told = told_of(calls.shelf, event.remote_id.removeprefix("p"))
    return [] if told is None else list(told.addresses.values())


def test_an_event_that_could_not_be_kept_is_not_answered_as_kept_and_comes_again() -> None:
    told: list[Event] = []

    def tell(event: Event) -> None:
        told.append(event)
        if len(told) == 1:
            raise OSError("the disk is full")

    calls = server(tell=tell)

    assert calls.post(PUSHED).status_code == 500
    assert calls.post(PUSHED).text == "success"
    assert len(told) == 2


@pytest.mark.parametrize(
    "words",
    [
        "",
        "no xml",
        "<xml>",
        '<!DOCTYPE x [<!ENTITY a "b">]><xml><MsgType>&a;</MsgType></xml>',
        "<xml>words</xml>",
    ],
)
def test_what_is_no_event_is_neither_believed_nor_a_fault_of_ours(words: str) -> None:
    calls = server()

    assert calls.post(words).status_code in (200, 400)
    assert calls.told == []


def test_a_call_that_never_ends_is_cut() -> None:
    assert server().post("<xml>" + " " * MAX_BYTES).status_code == 413


def test_events_that_are_not_ours_are_answered_and_left() -> None:
    calls = server()
    words = PUSHED.replace("MASSSENDJOBFINISH", "subscribe")

    assert calls.post(words).text == "success"
    assert calls.told == []


def test_without_a_token_there_is_no_such_address() -> None:
    assert server(token="").post(PUSHED).status_code == 404


@pytest.mark.parametrize(
    ("status", "sent", "is_success", "said"),
    [
        ("send success", "5188", True, ""),
        ("sendsuccess", "1", True, ""),
        ("send success", "0", True, "没有送达"),
        ("send fail", "0", False, "send fail"),
        ("err(30003)", "0", False, "判定为转载"),
        ("err（40002）", "0", False, "半小时没有确认"),
        ("err(99999)", "0", False, "err(99999)"),
    ],
)
def test_every_status_of_a_push_is_understood(
    status: str, sent: str, is_success: bool, said: str
) -> None:
    told = events.of_push({"Status": status, "SentCount": sent})

    assert told.is_success == is_success
    assert said in told.advice


def test_the_articles_that_may_not_be_reprinted_are_named() -> None:
    refused: dict[str, Any] = {"ArticleIdx": "2", "CheckState": "3"}
    result = {"ResultList": {"item": [{"ArticleIdx": "1", "CheckState": "1"}, refused]}}

    told = events.of_push({"Status": "err(30002)", "CopyrightCheckResult": result})

    assert "第 2 篇" in told.advice


@pytest.mark.parametrize("failed", ["1", ["1", "2"]])
def test_the_articles_that_were_not_published_are_named(failed: object) -> None:
    facts = {"publish_id": "7", "publish_status": "2", "fail_idx": failed}

    job, told = events.of_publication({"PublishEventInfo": facts})

    assert (job, told.is_success) == ("7", False)
    assert "第 1" in told.advice
