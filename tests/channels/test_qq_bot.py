"""One message to one group, and what every answer means."""

from __future__ import annotations

import pytest

from channels.qq_bot import QQBot
from channels.qq_bot.codes import CODES
from publisher.channel import Rendition
from publisher.errors import (
    ChannelError,
    ConfigError,
    CredentialsError,
    PermanentError,
    RetryableError,
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


def test_only_a_person_takes_a_message_back(outlet: Outlet) -> None:
    outlet.answers(body=GRANTED)
    outlet.answers(body={"id": "m1"})
    one = bot(outlet.url)
    receipt = one.deliver(WORDS, key="k")

    with pytest.raises(PermanentError) as caught:
        one.withdraw(receipt, reason="更正")
    assert "新生群" in caught.value.advice


def test_a_group_that_is_no_openid_is_refused() -> None:
    with pytest.raises(ConfigError):
        bot("http://127.0.0.1:9", **{"a/b": "群"})
