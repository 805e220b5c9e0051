"""群公告 of the practice groups."""

from __future__ import annotations

import base64

import pytest

from tests.channels.rehearsal.onebot.bot import (
    FOREIGN,
    GROUP,
    MEMBER_ONLY,
    MUTED,
    SWITCHES,
    Bot,
    as_uri,
)
from tests.channels.rehearsal.wechat.account import picture
from tests.rehearsal import Rehearsal

PROFILES = ("napcat", "llbot", "snowluma", "lagrange", "gocq")


@pytest.mark.parametrize("profile", PROFILES)
def test_the_portable_body_is_right_everywhere(
    rehearsal: Rehearsal, bot: Bot, profile: str
) -> None:
    rehearsal.change("onebot", profile=profile)

    body = bot.notice("【教务处】周六停水")

    assert (body["status"], body["retcode"]) == ("ok", 0)
    [seen] = rehearsal.visible("onebot")["notices"][GROUP]
    assert (seen["text"], seen["sender_id"]) == ("【教务处】周六停水", 10001)
    [listed] = bot.notices()
    assert listed["notice_id"] == seen["notice_id"]
    assert listed["message"]["text"] == "【教务处】周六停水"


def test_says_ok_in_its_own_way(rehearsal: Rehearsal, bot: Bot) -> None:
    answers = {}
    for profile in PROFILES:
        rehearsal.change("onebot", profile=profile)
        answers[profile] = bot.notice()
    newest = [notice["notice_id"] for notice in rehearsal.visible("onebot")["notices"][GROUP]]

    echo = answers["napcat"].pop("echo")
    assert echo
    assert answers == {
        "napcat": {
            "status": "ok",
            "retcode": 0,
            "message": "",
            "wording": "",
            "stream": "normal-action",
        },
        "llbot": {"status": "ok", "retcode": 0, "data": None, "message": "", "wording": ""},
        "snowluma": {"status": "ok", "retcode": 0, "data": None},
        "lagrange": {"status": "ok", "retcode": 0, "data": newest[1], "echo": None},
        "gocq": {"data": {"notice_id": newest[0]}, "message": "", "retcode": 0, "status": "ok"},
    }


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ("napcat", {"retcode": 200, "message": "设置群公告失败,错误信息:no permission"}),
        ("llbot", {"retcode": 200, "message": "设置群公告失败, 错误信息: no permission"}),
        (
            "snowluma",
            {"retcode": 100, "wording": "设置群公告失败: 未知错误(Cookie过期或权限不足)"},
        ),
        ("lagrange", {"status": "ok", "retcode": 0, "data": ""}),
        ("gocq", {"retcode": 100, "msg": "PERMISSION_DENIED", "wording": "权限不足"}),
    ],
)
@pytest.mark.parametrize("group", [MEMBER_ONLY, MUTED])
def test_only_an_administrator_who_may_speak_can_post(
    rehearsal: Rehearsal, bot: Bot, profile: str, expected: dict[str, object], group: str
) -> None:
    rehearsal.change("onebot", profile=profile)

    body = bot.notice(group_id=group)

    assert expected.items() <= body.items()
    assert rehearsal.visible("onebot")["notices"][group] == []


@pytest.mark.parametrize(
    ("profile", "status", "text"),
    [
        ("napcat", "failed", "设置群公告失败,错误信息:no permission"),
        ("gocq", "failed", "群聊不存在"),
        ("lagrange", "ok", None),
    ],
)
def test_a_group_without_the_bot_gets_nothing(
    rehearsal: Rehearsal, bot: Bot, profile: str, status: str, text: str | None
) -> None:
    rehearsal.change("onebot", profile=profile)

    body = bot.notice(group_id=FOREIGN)

    assert (body["status"], body.get("wording")) == (status, text)


@pytest.mark.parametrize(
    ("profile", "changes", "text"),
    [
        ("napcat", {"content": None}, "Schema compilation error: Expected required property"),
        ("napcat", {"image": None}, "Schema compilation error: Expected string"),
        ("napcat", {"group_id": True}, "Schema compilation error: Expected string"),
        ("napcat", {"pinned": "true"}, "设置群公告失败,错误信息:undefined"),
        ("llbot", {"content": None}, "$.content missing required value"),
        ("llbot", {"pinned": 1}, "$.pinned expected boolean | string but got 1"),
        ("snowluma", {"content": 5}, "invalid parameter: content"),
        ("gocq", {"content": 5}, "参数错误"),
    ],
)
def test_refuses_what_it_does_not_take(
    rehearsal: Rehearsal, bot: Bot, profile: str, changes: dict[str, object], text: str
) -> None:
    rehearsal.change("onebot", profile=profile)

    whole: dict[str, object] = {"group_id": GROUP, "content": "停水"}
    body = bot.act("_send_group_notice", **(whole | SWITCHES | changes))

    assert (body["status"], body["wording"]) == ("failed", text)
    assert rehearsal.visible("onebot")["notices"][GROUP] == []


def test_a_napcat_failure_of_parameters_has_no_echo(bot: Bot) -> None:
    body = bot.act("_send_group_notice", group_id=GROUP)

    assert (body["retcode"], body["echo"]) == (400, None)


@pytest.mark.parametrize(
    ("profile", "sent", "seen"),
    [
        ("napcat", {}, {"pinned": False, "confirm_required": True, "popup": True}),
        ("napcat", {"pinned": 1, "tip_window_type": 1}, {"pinned": True, "popup": False}),
        ("napcat", {"pinned": True, "confirm_required": "0"}, {"confirm_required": False}),
        ("napcat", {"type": "20"}, {"to_new_members": True}),
        ("llbot", {}, {"confirm_required": True, "popup": False, "to_new_members": False}),
        ("llbot", {"tip_window_type": "0"}, {"popup": False}),
        ("llbot", {"tip_window": "1", "send_new_member": True}, {"popup": True}),
        ("snowluma", {"tip_window_type": "0"}, {"popup": False, "is_show_edit_card": True}),
        ("lagrange", {"confirm_required": "0"}, {"confirm_required": True, "popup": False}),
        ("gocq", {"pinned": "1"}, {"pinned": False}),
    ],
)
def test_reads_the_switches_in_its_own_way(
    rehearsal: Rehearsal,
    bot: Bot,
    profile: str,
    sent: dict[str, object],
    seen: dict[str, bool],
) -> None:
    rehearsal.change("onebot", profile=profile)

    bot.act("_send_group_notice", group_id=GROUP, content="停水", **sent)

    [notice] = rehearsal.visible("onebot")["notices"][GROUP]
    assert seen.items() <= notice.items()


@pytest.mark.parametrize(
    ("profile", "is_listed"),
    [("napcat", False), ("snowluma", False), ("llbot", True), ("lagrange", True)],
)
def test_notices_for_new_members_are_not_in_every_list(
    rehearsal: Rehearsal, bot: Bot, profile: str, is_listed: bool
) -> None:
    bot.notice(type="20")
    rehearsal.change("onebot", profile=profile)

    assert bool(bot.notices()) == is_listed


def test_a_list_is_as_napcat_gives_it(rehearsal: Rehearsal, bot: Bot) -> None:
    bot.notice("周六 9:00 停水 <东校区>", image=as_uri(picture()))

    [notice] = bot.notices()

    image = {"id": notice["message"]["images"][0]["id"], "height": "4", "width": "9"}
    assert notice["message"] == {
        "text": "周六&nbsp;9:00&nbsp;停水&nbsp;&lt;东校区&gt;",
        "image": [image],
        "images": [image],
    }
    assert notice["settings"] == {
        "is_show_edit_card": 0,
        "remind_ts": 0,
        "tip_window_type": 1,
        "confirm_required": 1,
    }
    assert (notice["sender_id"], notice["read_num"]) == (10001, 0)


def test_a_list_is_as_llbot_gives_it(rehearsal: Rehearsal, bot: Bot) -> None:
    rehearsal.change("onebot", profile="llbot", escapes_text=False)
    bot.notice("周六 停水", pinned="1")

    [notice] = bot.notices()

    assert notice["message"] == {"text": "周六 停水", "images": []}
    assert notice["settings"] == {
        "is_show_edit_card": False,
        "tip_window": False,
        "confirm_required": True,
        "pinned": True,
        "send_new_member": False,
    }


def test_a_list_has_the_twenty_newest(bot: Bot) -> None:
    for number in range(21):
        bot.notice(f"第{number}条")

    listed = [notice["message"]["text"] for notice in bot.notices()]

    assert listed == [f"第{number}条" for number in range(20, 0, -1)]


@pytest.mark.parametrize(
    ("profile", "text"),
    [("napcat", "获取公告失败"), ("llbot", "no permission"), ("lagrange", None), ("gocq", None)],
)
def test_the_list_of_a_foreign_group_fails_in_its_own_way(
    rehearsal: Rehearsal, bot: Bot, profile: str, text: str | None
) -> None:
    rehearsal.change("onebot", profile=profile)

    body = bot.act("_get_group_notice", group_id=FOREIGN)

    assert body.get("wording") == text
    assert body["data"] == ([] if profile == "gocq" else None)


def test_a_notice_appears_after_its_delay(rehearsal: Rehearsal, bot: Bot) -> None:
    rehearsal.change("onebot", notice_delay_s=60)
    bot.notice()

    before = bot.notices()
    rehearsal.change("onebot", clock_offset_s=61)

    assert before == []
    assert len(bot.notices()) == 1


@pytest.mark.parametrize(("profile", "data"), [("napcat", None), ("gocq", {"notice_id": ""})])
def test_a_false_ok_never_appears(
    rehearsal: Rehearsal, bot: Bot, profile: str, data: object
) -> None:
    rehearsal.change("onebot", profile=profile)
    rehearsal.fault("onebot", "_send_group_notice", "false_ok")

    body = bot.notice()

    assert (body["status"], body.get("data")) == ("ok", data)
    assert rehearsal.visible("onebot")["notices"][GROUP] == []


@pytest.mark.parametrize("profile", PROFILES)
def test_deletes_a_notice(rehearsal: Rehearsal, bot: Bot, profile: str) -> None:
    rehearsal.change("onebot", profile=profile)
    bot.notice()
    action = "_delete_group_notice" if profile == "llbot" else "_del_group_notice"
    asked = {"group_id": GROUP, "notice_id": bot.notices()[0]["notice_id"]}

    body = bot.act(action, **asked)

    assert body["status"] == "ok"
    assert rehearsal.visible("onebot")["notices"][GROUP] == []


@pytest.mark.parametrize(
    ("profile", "status"),
    [
        ("napcat", "ok"),
        ("llbot", "failed"),
        ("snowluma", "failed"),
        ("lagrange", "ok"),
        ("gocq", "ok"),
    ],
)
def test_most_say_ok_to_a_deletion_of_nothing(
    rehearsal: Rehearsal, bot: Bot, profile: str, status: str
) -> None:
    rehearsal.change("onebot", profile=profile)
    action = "_delete_group_notice" if profile == "llbot" else "_del_group_notice"

    assert bot.act(action, group_id=GROUP, notice_id="none")["status"] == status


def test_a_deletion_that_is_a_false_ok_leaves_the_notice(rehearsal: Rehearsal, bot: Bot) -> None:
    bot.notice()
    rehearsal.fault("onebot", "_del_group_notice", "false_ok")

    body = bot.act("_del_group_notice", group_id=GROUP, notice_id=bot.notices()[0]["notice_id"])

    assert body["status"] == "ok"
    assert len(bot.notices()) == 1


@pytest.mark.parametrize(
    "image",
    [
        "https://example.edu.cn/a.png",
        "file:///a.png",
        "/a.png",
        "base64://not base64",
        "base64://" + base64.b64encode(b"no picture").decode(),
    ],
)
def test_napcat_repeats_a_picture_that_cannot_be_used(
    rehearsal: Rehearsal, bot: Bot, image: str
) -> None:
    body = bot.notice(image=image)

    assert body["wording"] == f"群公告{image}设置失败,image字段可能格式不正确"
    assert rehearsal.visible("onebot")["notices"][GROUP] == []


def test_snowluma_publishes_without_the_picture(rehearsal: Rehearsal, bot: Bot) -> None:
    rehearsal.change("onebot", profile="snowluma")

    body = bot.notice(image="base64://broken")

    assert body["status"] == "ok"
    [seen] = rehearsal.visible("onebot")["notices"][GROUP]
    assert seen["image"] == ""


def test_lagrange_takes_no_picture(rehearsal: Rehearsal, bot: Bot) -> None:
    rehearsal.change("onebot", profile="lagrange")

    body = bot.notice(image=as_uri(picture()))

    assert body == {"status": "failed", "retcode": 200, "data": None, "echo": None}


@pytest.mark.parametrize(("profile", "is_kept"), [("napcat", True), ("gocq", False)])
def test_some_take_a_data_uri(rehearsal: Rehearsal, bot: Bot, profile: str, is_kept: bool) -> None:
    rehearsal.change("onebot", profile=profile)
    encoded = base64.b64encode(picture()).decode()

    body = bot.notice(image=f"data:image/png;base64,{encoded}")

    assert (body["status"] == "ok") == is_kept


def test_an_expired_login_is_named(rehearsal: Rehearsal, bot: Bot) -> None:
    rehearsal.fault("onebot", "_send_group_notice", "offline")

    assert bot.notice()["wording"] == "设置群公告失败,错误信息:no login [errcode:1:0]"
