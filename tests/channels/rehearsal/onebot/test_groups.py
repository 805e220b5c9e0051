"""The practice groups, and what the bot is in them."""

from __future__ import annotations

import time

import pytest

from tests.channels.rehearsal.onebot.bot import FOREIGN, GROUP, MEMBER_ONLY, MUTED, Bot
from tests.rehearsal import Rehearsal


def test_lists_the_groups_that_the_bot_is_in(bot: Bot) -> None:
    groups = bot.act("get_group_list", no_cache="true")["data"]

    assert [group["group_id"] for group in groups] == [100001, 100002, 100003, 100009, 100010]
    assert groups[0] == {
        "group_all_shut": 0,
        "group_remark": "",
        "group_id": 100001,
        "group_name": "2026级软件1班",
        "member_count": 48,
        "max_member_count": 200,
    }


@pytest.mark.parametrize(
    ("group", "role", "is_muted"),
    [(GROUP, "admin", False), (MEMBER_ONLY, "member", False), (MUTED, "admin", True)],
)
def test_says_what_the_bot_is_in_a_group(bot: Bot, group: str, role: str, is_muted: bool) -> None:
    asked = {"group_id": group, "user_id": "10001", "no_cache": "true"}

    member = bot.act("get_group_member_info", **asked)["data"]

    assert (member["role"], member["nickname"]) == (role, "校园通知")
    assert (member["shut_up_timestamp"] > time.time()) == is_muted


@pytest.mark.parametrize(
    ("profile", "text"),
    [
        ("napcat", "群(999999)成员10001不存在"),
        ("llbot", "群成员未找到"),
        ("gocq", "群员不存在"),
    ],
)
def test_knows_no_member_of_a_foreign_group(
    rehearsal: Rehearsal, bot: Bot, profile: str, text: str
) -> None:
    rehearsal.change("onebot", profile=profile)

    body = bot.act("get_group_member_info", group_id=FOREIGN, user_id="10001")

    assert (body["status"], body["wording"]) == ("failed", text)


@pytest.mark.parametrize(
    ("value", "left"), [(None, []), (100001, [100002, 100003, 100009, 100010])]
)
def test_a_bot_that_was_thrown_out_is_in_fewer_groups(
    rehearsal: Rehearsal, bot: Bot, value: object, left: list[int]
) -> None:
    rehearsal.fault("onebot", "*", "kicked", times=None, value=value)

    groups = [group["group_id"] for group in bot.act("get_group_list")["data"]]

    assert groups == left
    assert bot.notice()["status"] == "failed"
    asked = {"group_id": GROUP, "user_id": "10001"}
    assert bot.act("get_group_member_info", **asked)["status"] == "failed"
    rehearsal.clear("onebot")
    assert bot.notice()["status"] == "ok"


@pytest.mark.parametrize("group_id", [None, "", "软件1班", True, [100001]])
def test_a_group_is_a_number(bot: Bot, group_id: object) -> None:
    body = bot.act("_get_group_notice", group_id=group_id)

    assert (body["status"], body["retcode"]) == ("failed", 400)


def test_all_shut_and_quotas_of_a_foreign_group_fail(bot: Bot) -> None:
    assert bot.act("get_group_at_all_remain", group_id=FOREIGN)["status"] == "failed"
