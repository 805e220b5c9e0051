"""What a caller sees of a line that is in trouble, and what happened behind it."""

from __future__ import annotations

import asyncio

import pytest
import requests

from channels.rehearsal import line
from tests.channels.rehearsal.onebot.bot import Bot
from tests.channels.rehearsal.wechat.account import Account
from tests.rehearsal import Rehearsal


@pytest.mark.parametrize("fault", ["refuse", "cut_before"])
def test_a_line_that_is_cut_before_has_no_effect(
    rehearsal: Rehearsal, account: Account, fault: str
) -> None:
    media_id = account.draft()
    rehearsal.fault("wechat", "message/mass/sendall", fault)

    with pytest.raises(requests.ConnectionError):
        account.push(media_id)

    assert rehearsal.visible("wechat")["articles"] == []
    assert account.get("draft/count") == {"total_count": 1}


def test_a_lost_answer_has_the_effect(rehearsal: Rehearsal, account: Account) -> None:
    media_id = account.draft()
    rehearsal.fault("wechat", "message/mass/sendall", "lost_answer")

    with pytest.raises(requests.ConnectionError):
        account.push(media_id)

    assert len(rehearsal.visible("wechat")["articles"]) == 1


def test_a_cut_line_is_not_an_answer_with_an_error(rehearsal: Rehearsal, bot: Bot) -> None:
    rehearsal.fault("onebot", "get_status", "refuse")

    with pytest.raises(requests.ConnectionError) as caught:
        bot.act("get_status")

    assert caught.value.response is None


@pytest.mark.parametrize(
    ("fault", "value", "status", "notices"),
    [
        ("refuse", 503, 503, 0),
        ("error_5xx_before", None, 502, 0),
        ("error_5xx_before", 500, 500, 0),
        ("error_5xx_after", None, 502, 1),
        ("empty_200", None, 200, 0),
        ("empty_200", "effect", 200, 1),
        ("html_200", None, 200, 0),
        ("html_200", "effect", 200, 1),
    ],
)
def test_an_answer_that_says_nothing_may_hide_an_effect(
    rehearsal: Rehearsal, bot: Bot, fault: str, value: object, status: int, notices: int
) -> None:
    rehearsal.fault("onebot", "_send_group_notice", fault, value=value)

    answer = bot.raw("_send_group_notice", {"group_id": "100001", "content": "停水"})

    assert answer.status_code == status
    assert not answer.headers.get("content-type", "").startswith("application/json")
    assert len(rehearsal.visible("onebot")["notices"]["100001"]) == notices


def test_a_slow_answer_comes_after_the_effect(rehearsal: Rehearsal, bot: Bot) -> None:
    rehearsal.fault("onebot", "_send_group_notice", "slow", value=5)

    with pytest.raises(requests.ReadTimeout):
        requests.post(
            bot.url("_send_group_notice"),
            json={"group_id": "100001", "content": "停水"},
            headers={"Authorization": "Bearer rehearsal-token"},
            timeout=(5, 0.5),
        )

    assert len(rehearsal.visible("onebot")["notices"]["100001"]) == 1


def test_a_fault_strikes_as_often_as_it_was_asked_for(rehearsal: Rehearsal, bot: Bot) -> None:
    rehearsal.fault("onebot", "get_status", "empty_200", times=2)

    answers = [bot.raw("get_status").content for _ in range(3)]

    assert [bool(content) for content in answers] == [False, False, True]


def test_a_fault_without_end_strikes_until_it_is_cleared(rehearsal: Rehearsal, bot: Bot) -> None:
    rehearsal.fault("onebot", "*", "empty_200", times=None)

    before = [bot.raw("get_status").content for _ in range(3)]
    rehearsal.clear("onebot")

    assert before == [b"", b"", b""]
    assert bot.act("get_status")["status"] == "ok"


def test_the_first_fault_asked_for_strikes_first(rehearsal: Rehearsal, bot: Bot) -> None:
    rehearsal.fault("onebot", "get_status", "empty_200")
    rehearsal.fault("onebot", "get_status", "error_5xx_before")

    first, second = bot.raw("get_status"), bot.raw("get_status")

    assert (first.status_code, second.status_code) == (200, 502)


async def _cut_without_a_socket() -> list[dict[str, object]]:
    sent: list[dict[str, object]] = []

    async def send(message: object) -> None:
        sent.append(dict(message))  # type: ignore[call-overload]  # an ASGI message is a mapping

    async def receive() -> dict[str, object]:
        return {"type": "http.disconnect"}

    await line.cut(receive, send)
    return sent


def test_behind_a_server_that_hides_its_socket_an_answer_is_never_finished() -> None:
    sent = asyncio.run(_cut_without_a_socket())

    assert [message["type"] for message in sent] == ["http.response.start"]
    assert sent[0]["headers"] == [(b"content-length", b"1000")]
