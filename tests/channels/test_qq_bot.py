"""One message to one group, and what every answer means."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from channels.qq_bot import QQBot
from channels.qq_bot.codes import CODES, NO_PERMISSION, NOT_MEMBER
from channels.qq_bot.groups import Groups
from channels.qq_bot.listener import MAX_BYTES, key_of
from publisher.channel import CAMPUS_TIME, Content, Image, Rendition
from publisher.errors import (
    ChannelError,
    ConfigError,
    CredentialsError,
    PermanentError,
    RetryableError,
    UnfitError,
    UnknownOutcomeError,
)
from tests.channels.wechat.scene import MemoryShelf
from tests.outlet import Outlet

SECRET, TOKEN = "very-secret", "token-of-today"
WORDS = Rendition(body="停水通知".encode(), media_type="text/plain")
GRANTED = {"access_token": TOKEN, "expires_in": 7200}


def bot(url: str, **groups: str) -> QQBot:
    return QQBot(
        app_id="102",
        client_secret=SECRET,
        groups=groups or {"OPENID1": "新生群"},
        shelf=MemoryShelf(),
        folder=Path("qq-bot"),
        token_base=url,
        api_base=url,
    )


EXAMPLE = bot("http://127.0.0.1:9", OPENID1="新生群", OPENID2="教工群")


def test_a_message_goes_to_the_group_and_its_id_is_the_evidence(outlet: Outlet) -> None:
    outlet.answers(body=GRANTED)
    outlet.answers(body={"id": "m1"})

    receipt = bot(outlet.url).deliver(WORDS, key="k")

    assert outlet.paths == ["/app/getAppAccessToken", "/v2/groups/OPENID1/messages"]
    assert outlet.received[1] == {"msg_type": 0, "content": "停水通知"}
    assert outlet.requests[1].headers["Authorization"] == f"QQBot {TOKEN}"
    assert (receipt.remote_id, receipt.evidence) == ("OPENID1:m1", "平台收下，消息编号 m1")


def test_the_token_is_fetched_once(outlet: Outlet) -> None:
    outlet.answers(body=GRANTED)
    outlet.answers(body={"id": "m1"})
    one = bot(outlet.url)

    one.deliver(WORDS, key="k1")
    one.deliver(WORDS, key="k2")

    assert outlet.paths.count("/app/getAppAccessToken") == 1


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bots of the tests keep their groups in a folder of the test."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_its_class_and_advice_and_tells_no_secret(outlet: Outlet, code: int) -> None:
    outlet.answers(body=GRANTED)
    outlet.answers(400, {"message": f"{SECRET} {TOKEN}", "code": code, "err_code": code})

    with pytest.raises(ChannelError) as caught:
        bot(outlet.url).deliver(WORDS, key="k")

    assert (type(caught.value), caught.value.advice) == CODES[code]
    assert SECRET not in str(caught.value)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("status", [200, 400, 500])
def test_an_answer_that_proves_nothing_is_unknown(outlet: Outlet, status: int) -> None:
    outlet.answers(body=GRANTED)
    outlet.answers(status, {"code": 1})

    with pytest.raises(UnknownOutcomeError):
        bot(outlet.url).deliver(WORDS, key="k")


def test_a_lost_answer_to_the_message_is_unknown(outlet: Outlet) -> None:
    outlet.answers(body=GRANTED)
    outlet.takes_it_and_hangs_up()

    with pytest.raises(UnknownOutcomeError):
        bot(outlet.url).deliver(WORDS, key="k")


def test_a_lost_answer_to_the_token_has_sent_nothing(outlet: Outlet) -> None:
    outlet.takes_it_and_hangs_up()

    with pytest.raises(RetryableError):
        bot(outlet.url).deliver(WORDS, key="k")
    assert set(outlet.paths) == {"/app/getAppAccessToken"}


def test_wrong_credentials_with_http_200_stop_the_target(outlet: Outlet) -> None:
    outlet.answers(body={"code": 100016})

    with pytest.raises(CredentialsError):
        bot(outlet.url).deliver(WORDS, key="k")


def test_a_token_that_is_refused_is_renewed_once_and_nothing_was_sent(outlet: Outlet) -> None:
    outlet.answers(body=GRANTED)
    outlet.answers(401, {"code": 11244})
    outlet.answers(body={"access_token": "another", "expires_in": 7200})
    outlet.answers(body={"id": "m1"})

    assert bot(outlet.url).deliver(WORDS, key="k").remote_id == "OPENID1:m1"
    assert outlet.requests[-1].headers["Authorization"] == "QQBot another"


def test_a_platform_that_refuses_every_token_stops_the_target(outlet: Outlet) -> None:
    outlet.answers(body=GRANTED)
    outlet.answers(401, {"code": 11244})
    outlet.answers(body={"access_token": "another", "expires_in": 7200})
    outlet.answers(401, {"code": 11244})

    with pytest.raises(CredentialsError):
        bot(outlet.url).deliver(WORDS, key="k")
    assert len(outlet.requests) == 4


def test_chinese_goes_out_as_it_is(outlet: Outlet) -> None:
    outlet.answers(body=GRANTED)
    outlet.answers(body={"id": "m1"})

    bot(outlet.url).deliver(WORDS, key="k")

    assert "停水通知".encode() in outlet.requests[1].body


@pytest.mark.parametrize(
    ("event", "advice"), [("GROUP_DEL_ROBOT", NOT_MEMBER), ("GROUP_MSG_REJECT", NO_PERMISSION)]
)
def test_a_group_that_would_not_take_it_is_not_written_to(
    outlet: Outlet, event: str, advice: str
) -> None:
    one = bot(outlet.url)
    Platform(one).post(event, "OPENID1")

    with pytest.raises(PermanentError) as caught:
        one.deliver(WORDS, key="k")

    assert caught.value.advice == advice
    assert outlet.requests == []


def test_a_message_is_recalled_while_the_platform_allows_it(outlet: Outlet) -> None:
    outlet.answers(body=GRANTED)
    outlet.answers(body={"id": "m1"})
    outlet.answers(204, b"")
    one = bot(outlet.url)

    one.withdraw(one.deliver(WORDS, key="k"), reason="更正")

    assert (outlet.requests[-1].method, outlet.paths[-1]) == (
        "DELETE",
        "/v2/groups/OPENID1/messages/m1",
    )


def test_after_that_only_a_person_takes_it_back(outlet: Outlet) -> None:
    outlet.answers(body=GRANTED)
    outlet.answers(body={"id": "m1"})
    outlet.answers(400, {"code": 304049})
    one = bot(outlet.url)
    receipt = one.deliver(WORDS, key="k")

    with pytest.raises(PermanentError) as caught:
        one.withdraw(receipt, reason="更正")

    assert "新生群" in caught.value.advice


def test_a_lost_answer_to_a_recall_is_asked_for_again(outlet: Outlet) -> None:
    outlet.answers(body=GRANTED)
    outlet.answers(body={"id": "m1"})
    outlet.takes_it_and_hangs_up()
    one = bot(outlet.url)
    receipt = one.deliver(WORDS, key="k")

    with pytest.raises(RetryableError):
        one.withdraw(receipt, reason="更正")


@pytest.mark.parametrize("status", [429, 502])
def test_a_recall_that_may_yet_work_is_tried_again(outlet: Outlet, status: int) -> None:
    outlet.answers(body=GRANTED)
    outlet.answers(body={"id": "m1"})
    outlet.answers(status, b"")
    one = bot(outlet.url)
    receipt = one.deliver(WORDS, key="k")

    with pytest.raises(RetryableError):
        one.withdraw(receipt, reason="更正")


def test_a_picture_is_seen_behind_the_link_or_the_notice_is_unfit() -> None:
    shown = Image(name="a.png", file=b"", media_type="image/png", alt="图")
    content = Content(title="停水", body="", summary="周六停水", link="https://a.example/1")

    pictured = dataclasses.replace(content, images=(shown,))

    assert EXAMPLE.render(pictured).parts == ()
    with pytest.raises(UnfitError):
        EXAMPLE.render(dataclasses.replace(pictured, link=""))


def test_the_bot_rests_at_night() -> None:
    late = datetime(2026, 11, 24, 23, tzinfo=CAMPUS_TIME)

    assert EXAMPLE.rest_until(late) == datetime(2026, 11, 25, 7, tzinfo=CAMPUS_TIME)


def test_a_check_names_groups_that_nobody_configured_and_those_that_are_lost(
    outlet: Outlet,
) -> None:
    outlet.answers(body=GRANTED)
    one = bot(outlet.url)
    calls = Platform(one)
    calls.post("GROUP_ADD_ROBOT", "NEWOPENID")
    calls.post("GROUP_DEL_ROBOT", "OPENID1")

    health = one.check()

    assert "NEWOPENID" in health.note
    assert "新生群" in health.advice
    assert not health.is_well


def test_a_check_says_when_the_secret_is_wrong(outlet: Outlet) -> None:
    outlet.answers(body={"code": 100016})

    health = bot(outlet.url).check()

    assert (health.is_reachable, health.is_signed_in) == (True, False)


def test_nobody_there_is_an_answer_too() -> None:
    assert not bot("http://127.0.0.1:1").check().is_reachable


class Platform:
    """Calls the address of a bot as the platform does."""

    def __init__(self, one: QQBot) -> None:
        app = one.receiver(lambda event: None)
        self.client = TestClient(app, raise_server_exceptions=False)
        self.groups = Groups(folder=one.folder)

    def send(self, body: bytes, *, stamp: int | None = None, secret: str = SECRET) -> Response:
        at = str(int(time.time()) if stamp is None else stamp)
        signature = key_of(secret).sign(at.encode() + body).hex()
        headers = {"X-Signature-Ed25519": signature, "X-Signature-Timestamp": at}
        return self.client.post("/", content=body, headers=headers)

    def post(self, event: str, openid: str, **how: Any) -> Response:
        said = {"op": 0, "t": event, "d": {"group_openid": openid, "timestamp": 1}}
        return self.send(json.dumps(said).encode(), **how)


@contextmanager
def calling() -> Iterator[Platform]:
    yield Platform(EXAMPLE)


def test_the_address_proves_that_it_has_the_secret() -> None:
    with calling() as platform:
        asked = {"op": 13, "d": {"plain_token": "Arq0D5A61EgUu4OxUvOp", "event_ts": "1725442341"}}
        answer = platform.send(json.dumps(asked).encode()).json()

    assert answer["plain_token"] == "Arq0D5A61EgUu4OxUvOp"
    public = key_of(SECRET).public_key()
    public.verify(bytes.fromhex(answer["signature"]), b"1725442341Arq0D5A61EgUu4OxUvOp")


def test_groups_are_learned_from_events() -> None:
    with calling() as platform:
        answer = platform.post("GROUP_ADD_ROBOT", "G1")
        platform.post("GROUP_ADD_ROBOT", "G2")
        platform.post("GROUP_DEL_ROBOT", "G2")
        platform.post("GROUP_MSG_REJECT", "G3")
        platform.post("GROUP_AT_MESSAGE_CREATE", "G3")
        platform.post("SOMETHING_ELSE", "G4")

    assert (answer.status_code, answer.json()) == (200, {"op": 12})
    assert platform.groups.all() == {"G1": "in", "G2": "out", "G3": "closed"}


def test_an_event_that_comes_a_second_time_does_not_undo_a_later_one() -> None:
    now = int(time.time())
    with calling() as platform:
        platform.post("GROUP_DEL_ROBOT", "G1", stamp=now - 20)
        platform.post("GROUP_ADD_ROBOT", "G1", stamp=now - 10)
        platform.post("GROUP_DEL_ROBOT", "G1", stamp=now - 20)

    assert platform.groups.all() == {"G1": "in"}


@pytest.mark.parametrize("how", [{"stamp": 1}, {"secret": "another"}])
def test_a_call_that_is_forged_or_old_teaches_nothing(how: dict[str, Any]) -> None:
    with calling() as platform:
        assert platform.post("GROUP_ADD_ROBOT", "G1", **how).status_code == 401

    assert platform.groups.all() == {}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"op": 0}', b'{"op": 0, "d": 7}'])
def test_what_is_no_event_is_neither_believed_nor_a_fault_of_ours(body: bytes) -> None:
    with calling() as platform:
        assert platform.send(body).status_code == 400


def test_a_call_that_never_ends_is_cut() -> None:
    with calling() as platform:
        assert platform.send(b" " * (MAX_BYTES + 1)).status_code == 413


def test_a_group_that_is_no_openid_is_refused() -> None:
    with pytest.raises(ConfigError):
        bot("http://127.0.0.1:9", **{"a/b": "群"})
