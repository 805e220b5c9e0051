"""What people and the platform do at the practice account, and what it tells by itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import check_signature

from publisher.channel import CAMPUS_TIME
from tests.rehearsal import Rehearsal, running

TOKEN, AES_KEY, APPID = "callback-token", "A" * 43, "wxrehearsal0000001"
ALL = {"filter": {"is_to_all": True}, "msgtype": "mpnews"}


@pytest.fixture
def outlets(tmp_path: Path) -> Iterator[Rehearsal]:
    with running(tmp_path / "rehearsal") as outlets:
        outlets.change("wechat", job_delay_s=0)
        yield outlets


class Caller:
    """Whoever uses the API of the account."""

    def __init__(self, outlets: Rehearsal) -> None:
        self.base = f"{outlets.url}/wechat/cgi-bin"
        asked = {"grant_type": "client_credential", "appid": APPID, "secret": "rehearsal-secret"}
        answer = requests.post(f"{self.base}/stable_token", json=asked, timeout=10)
        self.token = answer.json()["access_token"]

    def post(self, call: str, **asked: Any) -> dict[str, Any]:
        where = {"access_token": self.token}
        answer = requests.post(f"{self.base}/{call}", params=where, json=asked, timeout=10)
        found: dict[str, Any] = answer.json()
        return found

    def draft(self) -> str:
        file = {"media": ("c.png", DOT, "image/png")}
        where = {"access_token": self.token, "type": "image"}
        cover = requests.post(
            f"{self.base}/material/add_material", params=where, files=file, timeout=10
        ).json()["media_id"]
        article = {"title": "notice", "content": "<p>words</p>", "thumb_media_id": cover}
        return str(self.post("draft/add", articles=[article])["media_id"])

    def push(self) -> dict[str, Any]:
        return self.post("message/mass/sendall", mpnews={"media_id": self.draft()}, **ALL)


DOT = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154"
    "789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)  # a PNG of one red pixel


class Address:
    """Where the account calls back; keeps what comes."""

    def __init__(self, *, says: str = "success") -> None:
        self.calls: list[tuple[dict[str, str], bytes]] = []
        mine = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                query = {k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()}
                body = self.rfile.read(int(self.headers["Content-Length"]))
                mine.calls.append((query, body))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(says.encode())

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/callbacks/wechat"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def wait(self, count: int) -> list[tuple[dict[str, str], bytes]]:
        end = time.monotonic() + 20
        while len(self.calls) < count and time.monotonic() < end:
            time.sleep(0.02)
        assert len(self.calls) >= count
        return self.calls


@pytest.fixture
def address() -> Iterator[Address]:
    made = Address()
    yield made
    made.close()


def test_a_push_made_by_hand_uses_the_allowance(outlets: Rehearsal) -> None:
    outlets.change("wechat", daily_pushes=1)

    outlets.act("push_by_hand")

    assert Caller(outlets).push()["errcode"] == 45028
    [article] = outlets.visible("wechat")["articles"]
    assert "手工群发" in article["title"]


def test_a_service_account_has_an_allowance_of_the_month_and_may_choose_followers(
    outlets: Rehearsal,
) -> None:
    caller = Caller(outlets)
    to_two = {"touser": ["o1", "o2"], "msgtype": "mpnews"}
    refused = caller.post("message/mass/send", mpnews={"media_id": caller.draft()}, **to_two)
    outlets.change("wechat", account_kind="service", monthly_pushes=1)

    first = caller.post("message/mass/send", mpnews={"media_id": caller.draft()}, **to_two)

    assert refused["errcode"] == 48001
    assert first["errcode"] == 0
    assert caller.push()["errcode"] == 45028
    alone = {"touser": ["o1"], "msgtype": "mpnews"}
    draft = caller.draft()
    assert caller.post("message/mass/send", mpnews={"media_id": draft}, **alone)["errcode"] == 40130


def test_a_push_waits_for_the_administrator_and_is_seen_only_after_that(
    outlets: Rehearsal,
) -> None:
    outlets.change("wechat", needs_admin=True)
    caller = Caller(outlets)
    job = caller.push()["msg_id"]

    waiting = caller.post("message/mass/get", msg_id=job)
    before = outlets.visible("wechat")["articles"]
    outlets.act("confirm", job)

    assert waiting["errcode"] == 89504
    assert before == []
    assert caller.post("message/mass/get", msg_id=job)["msg_status"] == "SEND_SUCCESS"
    assert len(outlets.visible("wechat")["articles"]) == 1


@pytest.mark.parametrize("is_silent", [False, True])
def test_an_administrator_who_refuses_or_says_nothing_ends_the_push(
    outlets: Rehearsal, is_silent: bool
) -> None:
    outlets.change("wechat", needs_admin=True)
    caller = Caller(outlets)
    draft = caller.draft()
    job = caller.post("message/mass/sendall", mpnews={"media_id": draft}, **ALL)["msg_id"]

    if is_silent:
        outlets.change("wechat", clock_offset_s=1801)
    else:
        outlets.act("refuse", job)

    assert caller.post("message/mass/get", msg_id=job)["msg_status"] == "SEND_FAIL"
    assert outlets.visible("wechat")["articles"] == []
    assert caller.post("draft/get", media_id=draft)["news_item"]  # it can be pushed again


def test_the_silence_of_an_administrator_is_told_with_the_next_call_of_any_kind(
    outlets: Rehearsal, address: Address
) -> None:
    outlets.change("wechat", needs_admin=True, callback_url=address.url, callback_token=TOKEN)
    caller = Caller(outlets)
    caller.push()

    outlets.change("wechat", clock_offset_s=1801)
    caller.post("draft/batchget", offset=0, count=1, no_content=1)

    [(_, body)] = address.wait(1)
    assert b"err(40002)" in body


def test_what_waits_for_the_administrator_is_in_no_statistics(outlets: Rehearsal) -> None:
    outlets.change("wechat", needs_admin=True)
    Caller(outlets).push()
    today = datetime.now(CAMPUS_TIME).date().isoformat()

    outlets.change("wechat", clock_offset_s=86400)
    caller = Caller(outlets)
    base = caller.base.removesuffix("cgi-bin")
    answer = requests.post(
        f"{base}datacube/getarticletotaldetail",
        params={"access_token": caller.token},
        json={"begin_date": today, "end_date": today},
        timeout=10,
    )

    assert (answer.status_code, answer.json()["list"]) == (200, [])


def test_a_push_made_by_hand_cannot_be_deleted_by_a_program(outlets: Rehearsal) -> None:
    job = outlets.act("push_by_hand")

    assert Caller(outlets).post("message/mass/delete", msg_id=job)["errcode"] == 40065


def test_a_service_account_pushes_to_all_once_a_day(outlets: Rehearsal) -> None:
    outlets.change("wechat", account_kind="service")
    caller = Caller(outlets)

    assert caller.push()["errcode"] == 0
    assert caller.push()["errcode"] == 45028


def test_what_the_platform_blocks_and_people_delete_is_told_apart(outlets: Rehearsal) -> None:
    caller = Caller(outlets)
    jobs = [
        caller.post("freepublish/submit", media_id=caller.draft())["publish_id"] for _ in range(2)
    ]

    outlets.act("delete", jobs[0])
    outlets.act("block", jobs[1])

    seen = [caller.post("freepublish/get", publish_id=job)["publish_status"] for job in jobs]
    assert seen == [5, 6]


@pytest.mark.parametrize(
    "asked", [{}, {"act": "dance"}, {"act": "delete", "job": "7"}, {"act": "confirm", "job": "x"}]
)
def test_what_cannot_be_done_is_refused(outlets: Rehearsal, asked: dict[str, str]) -> None:
    answer = requests.post(f"{outlets.url}/wechat/_acts", json=asked, timeout=10)

    assert answer.status_code == 400
    assert "push_by_hand" in answer.json()["error"]


def test_people_do_the_same_by_the_page(outlets: Rehearsal) -> None:
    where = f"{outlets.url}/wechat/acts"

    page = requests.post(where, data={"act": "push_by_hand"}, timeout=10)

    assert page.status_code == 200
    assert "（手工群发）食堂一周菜谱" in page.text


def test_the_end_of_a_push_is_told_with_a_right_signature(
    outlets: Rehearsal, address: Address
) -> None:
    outlets.change("wechat", callback_url=address.url, callback_token=TOKEN)

    job = Caller(outlets).push()["msg_id"]

    [(query, body)] = address.wait(1)
    check_signature(TOKEN, query["signature"], query["timestamp"], query["nonce"])
    assert f"<MsgID>{job}</MsgID>".encode() in body
    assert b"<![CDATA[send success]]>" in body
    assert b"https://mp.weixin.qq.com/s/" in body


def test_the_end_of_a_publication_is_told_in_secret(outlets: Rehearsal, address: Address) -> None:
    outlets.change(
        "wechat",
        callback_url=address.url,
        callback_token=TOKEN,
        callback_aes_key=AES_KEY,
    )
    caller = Caller(outlets)

    job = caller.post("freepublish/submit", media_id=caller.draft())["publish_id"]

    [(query, body)] = address.wait(1)
    opened = WeChatCrypto(TOKEN, AES_KEY, APPID).decrypt_message(
        body, query["msg_signature"], query["timestamp"], query["nonce"]
    )
    assert f"<publish_id>{job}</publish_id>" in opened


def test_what_is_not_answered_comes_again_three_times(outlets: Rehearsal) -> None:
    deaf = Address(says="busy")
    outlets.change("wechat", callback_url=deaf.url, callback_token=TOKEN)

    Caller(outlets).push()

    assert len(deaf.wait(4)) == 4
    deaf.close()


def test_the_same_event_is_told_again_where_that_is_asked_for(
    outlets: Rehearsal, address: Address
) -> None:
    outlets.change("wechat", callback_url=address.url, callback_token=TOKEN, callback_repeats=2)

    Caller(outlets).push()

    bodies = [body for _, body in address.wait(3)]
    assert len(set(bodies)) == 1


def test_no_address_but_one_of_this_machine_is_called(outlets: Rehearsal) -> None:
    outlets.change("wechat", callback_url="http://192.0.2.1/x", callback_token=TOKEN)

    Caller(outlets).push()

    assert "回调" not in requests.get(f"{outlets.url}/wechat/", timeout=10).text.replace(
        "回调地址", ""
    )
