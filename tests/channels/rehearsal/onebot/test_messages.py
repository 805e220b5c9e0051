"""Messages to the practice groups."""

from __future__ import annotations

import json

import pytest

from tests.channels.rehearsal.onebot.bot import FOREIGN, GROUP, MEMBER_ONLY, MUTED, Bot
from tests.rehearsal import Rehearsal

AT_ALL = {"type": "at", "data": {"qq": "all"}}
TEXT = {"type": "text", "data": {"text": "停水"}}


def words_seen(rehearsal: Rehearsal) -> list[str]:
    return [message["text"] for message in rehearsal.visible("onebot")["messages"][GROUP]]


@pytest.mark.parametrize(
    ("profile", "is_negative"),
    [("napcat", False), ("llbot", False), ("snowluma", True), ("gocq", True)],
)
def test_ids_of_messages_have_a_sign(
    rehearsal: Rehearsal, bot: Bot, profile: str, is_negative: bool
) -> None:
    rehearsal.change("onebot", profile=profile)

    message_id = bot.act("send_group_msg", group_id=GROUP, message=[TEXT])["data"]["message_id"]

    assert (message_id < 0) == is_negative
    assert abs(message_id) < 2**31


@pytest.mark.parametrize(
    ("parameters", "seen"),
    [
        ({"message": [AT_ALL, TEXT]}, "@全体成员 停水"),
        ({"message": TEXT}, "停水"),
        ({"message": "停水"}, "停水"),
        ({"message": "[CQ:at,qq=all]停水"}, "@全体成员 停水"),
        ({"message": "[CQ:at,qq=all]停水", "auto_escape": "true"}, "[CQ:at,qq=all]停水"),
        ({"message": [{"type": "image", "data": {"file": "base64://"}}]}, "［图片］"),
    ],
)
def test_a_string_is_searched_for_codes_and_an_array_is_not(
    rehearsal: Rehearsal, bot: Bot, parameters: dict[str, object], seen: str
) -> None:
    bot.act("send_group_msg", group_id=GROUP, **parameters)

    assert words_seen(rehearsal) == [seen]


@pytest.mark.parametrize("message", [None, [], [{"type": "text"}], 5, ["停水"]])
def test_refuses_what_is_no_message(rehearsal: Rehearsal, bot: Bot, message: object) -> None:
    body = bot.act("send_group_msg", group_id=GROUP, message=message)

    assert (body["status"], body["retcode"]) == ("failed", 400)
    assert words_seen(rehearsal) == []


@pytest.mark.parametrize(
    ("group", "result"),
    [
        (FOREIGN, {"result": 110, "errMsg": "发送失败，你已被移出该群，请重新加群。"}),
        (MUTED, {"result": 120, "errMsg": ""}),
    ],
)
def test_napcat_quotes_what_qq_said(bot: Bot, group: str, result: dict[str, object]) -> None:
    body = bot.act("send_group_msg", group_id=group, message=[TEXT])

    head, _, quoted = body["message"].partition("EventRet:\n")
    assert head == (
        "EventChecker Failed: NTEvent serviceAndMethod:NodeIKernelMsgService/sendMsg"
        " ListenerName:NodeIKernelMsgListener/onMsgInfoListUpdate "
    )
    assert json.loads(quoted) == result
    assert body["message"] == body["wording"]


@pytest.mark.parametrize(
    ("profile", "retcode", "text"),
    [
        ("llbot", 200, "当前处于被禁言状态"),
        ("lagrange", 120, None),
        ("gocq", 100, "send group message failed: blocked by server"),
    ],
)
def test_others_say_muted_in_their_own_way(
    rehearsal: Rehearsal, bot: Bot, profile: str, retcode: int, text: str | None
) -> None:
    rehearsal.change("onebot", profile=profile)

    body = bot.act("send_group_msg", group_id=MUTED, message=[TEXT])

    assert (body["retcode"], body.get("wording")) == (retcode, text)


def test_an_ordinary_member_cannot_call_everybody(rehearsal: Rehearsal, bot: Bot) -> None:
    body = bot.act("send_group_msg", group_id=MEMBER_ONLY, message=[AT_ALL, TEXT])

    assert '"result": 121' in body["message"]


def test_everybody_is_called_ten_times_a_day(rehearsal: Rehearsal, bot: Bot) -> None:
    asked = {"group_id": GROUP, "message": [AT_ALL, TEXT]}

    answers = [bot.act("send_group_msg", **asked)["status"] for _ in range(11)]
    left = bot.act("get_group_at_all_remain", group_id=GROUP)["data"]
    rehearsal.change("onebot", clock_offset_s=86400)

    assert answers == ["ok"] * 10 + ["failed"]
    assert left == {
        "can_at_all": False,
        "remain_at_all_count_for_group": 10,
        "remain_at_all_count_for_uin": 0,
    }
    assert bot.act("send_group_msg", **asked)["status"] == "ok"


def test_recalls_a_message_once(rehearsal: Rehearsal, bot: Bot) -> None:
    message_id = bot.act("send_group_msg", group_id=GROUP, message=[TEXT])["data"]["message_id"]

    first = bot.act("delete_msg", message_id=str(message_id))
    second = bot.act("delete_msg", message_id=str(message_id))

    assert (first["status"], first["data"]) == ("ok", None)
    assert (second["status"], second["wording"]) == ("failed", "Recall failed")
    assert words_seen(rehearsal) == []


def test_a_false_ok_of_a_message_never_arrives(rehearsal: Rehearsal, bot: Bot) -> None:
    rehearsal.fault("onebot", "send_group_msg", "false_ok")

    body = bot.act("send_group_msg", group_id=GROUP, message=[TEXT])

    assert body["data"]["message_id"]
    assert words_seen(rehearsal) == []


def test_off_line_a_message_times_out(rehearsal: Rehearsal, bot: Bot) -> None:
    rehearsal.fault("onebot", "send_group_msg", "offline")

    body = bot.act("send_group_msg", group_id=GROUP, message=[TEXT])

    assert body["message"].startswith("Timeout: NTEvent")
