"""The door of the practice bot: token, body, name of the action; in five personalities."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.channels.rehearsal.onebot.bot import TOKEN, Bot
from tests.rehearsal import TIMEOUT_S, Rehearsal

PROFILES = ("napcat", "llbot", "snowluma", "lagrange", "gocq")


def post(bot: Bot, action: str, **options: Any) -> requests.Response:
    return requests.post(bot.url(action), timeout=TIMEOUT_S, **options)


@pytest.mark.parametrize("action", ["get_status", "get_status/"])
def test_napcat_answers_in_the_order_of_the_wire(bot: Bot, action: str) -> None:
    body = bot.act(action, echo="e1")

    assert list(body.items()) == [
        ("status", "ok"),
        ("retcode", 0),
        ("data", {"online": True, "good": True, "stat": {}}),
        ("message", ""),
        ("wording", ""),
        ("echo", "e1"),
        ("stream", "normal-action"),
    ]


@pytest.mark.parametrize(
    ("profile", "app_name"),
    [
        ("napcat", "NapCat.Onebot"),
        ("llbot", "LLOneBot"),
        ("snowluma", "SnowLuma"),
        ("lagrange", "Lagrange.OneBot"),
        ("gocq", "go-cqhttp"),
    ],
)
def test_says_which_implementation_it_is(
    rehearsal: Rehearsal, bot: Bot, profile: str, app_name: str
) -> None:
    rehearsal.change("onebot", profile=profile)

    data = bot.act("get_version_info")["data"]

    assert (data["app_name"], data["protocol_version"]) == (app_name, "v11")


@pytest.mark.parametrize(
    ("profile", "missing", "wrong", "content"),
    [
        ("napcat", 403, 403, b'{"message":"token verify failed!"}'),
        ("llbot", 403, 403, b'{"message":"token verify failed"}'),
        (
            "snowluma",
            401,
            401,
            b'{"status":"failed","retcode":1401,"data":null,"wording":"unauthorized"}',
        ),
        ("lagrange", 401, 403, b""),
        ("gocq", 401, 403, b""),
    ],
)
def test_refuses_a_missing_and_a_wrong_token(
    rehearsal: Rehearsal, bot: Bot, profile: str, missing: int, wrong: int, content: bytes
) -> None:
    rehearsal.change("onebot", profile=profile)

    without = post(bot, "get_status", json={})
    with_wrong = post(bot, "get_status", json={}, headers={"Authorization": "Bearer wrong"})

    assert (without.status_code, with_wrong.status_code) == (missing, wrong)
    assert without.content == content


def test_napcat_labels_its_refusal_as_html(bot: Bot) -> None:
    assert post(bot, "get_status", json={}).headers["content-type"].startswith("text/html")


def test_lagrange_names_the_scheme(rehearsal: Rehearsal, bot: Bot) -> None:
    rehearsal.change("onebot", profile="lagrange")

    assert post(bot, "get_status", json={}).headers["www-authenticate"] == "Bearer"


def test_takes_the_token_in_the_query_and_parameters_in_a_form(bot: Bot) -> None:
    asked = {"access_token": TOKEN}

    by_form = post(
        bot, "get_group_member_info", params=asked, data={"group_id": "100001", "user_id": "10001"}
    )
    by_query = requests.get(
        bot.url("get_group_at_all_remain"),
        params=asked | {"group_id": "100001"},
        timeout=TIMEOUT_S,
    )

    assert by_form.json()["data"]["role"] == "admin"
    assert by_query.json()["data"]["can_at_all"] is True


@pytest.mark.parametrize(
    ("profile", "query_wins"), [("napcat", True), ("llbot", False), ("gocq", False)]
)
def test_of_two_tokens_one_wins(
    rehearsal: Rehearsal, bot: Bot, profile: str, query_wins: bool
) -> None:
    rehearsal.change("onebot", profile=profile)
    in_header = {"Authorization": f"Bearer {TOKEN}"}

    answer = bot.raw("get_status", params={"access_token": "wrong"}, headers=in_header)

    assert (answer.status_code == 403) == query_wins


@pytest.mark.parametrize(
    ("profile", "status", "content"),
    [
        ("napcat", 400, b"Invalid JSON"),
        ("llbot", 200, None),
        ("snowluma", 400, None),
        ("gocq", 400, b""),
    ],
)
@pytest.mark.parametrize("body", [b"{", b"[]"])
def test_a_broken_body_has_no_effect(
    rehearsal: Rehearsal, bot: Bot, profile: str, status: int, content: bytes | None, body: bytes
) -> None:
    rehearsal.change("onebot", profile=profile)
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}

    answer = post(bot, "_send_group_notice", data=body, headers=headers)

    assert answer.status_code == status
    assert answer.json()["retcode"] in (400, 1400) if content is None else answer.content == content


def test_lagrange_goes_dead_over_a_broken_body(rehearsal: Rehearsal, bot: Bot) -> None:
    rehearsal.change("onebot", profile="lagrange")
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}

    with pytest.raises(requests.ConnectionError):
        post(bot, "get_status", data=b"{", headers=headers)


def test_lagrange_wants_a_content_type(rehearsal: Rehearsal, bot: Bot) -> None:
    rehearsal.change("onebot", profile="lagrange")

    answer = post(bot, "get_status", data=b"{}", headers={"Authorization": f"Bearer {TOKEN}"})

    assert answer.status_code == 406


def test_snowluma_hangs_up_over_a_large_body(rehearsal: Rehearsal, bot: Bot) -> None:
    rehearsal.change("onebot", profile="snowluma")

    with pytest.raises(requests.ConnectionError):
        bot.raw("get_status", {"filling": "x" * 2 * 1024 * 1024})


@pytest.mark.parametrize(
    ("profile", "action", "status", "body"),
    [
        (
            "napcat",
            "_delete_group_notice",
            200,
            {"retcode": 200, "wording": "不支持的Api _delete_group_notice"},
        ),
        (
            "llbot",
            "_del_group_notice",
            404,
            {"retcode": 404, "wording": "_del_group_notice API 不存在"},
        ),
        ("snowluma", "get_status_async", 200, {"retcode": 1404, "wording": "unknown action"}),
        ("lagrange", "get_status_async", 200, {"retcode": 404}),
        ("gocq", "nothing", 200, {"retcode": 404, "wording": "API不存在", "msg": "API_NOT_FOUND"}),
    ],
)
def test_says_that_an_action_is_unknown(
    rehearsal: Rehearsal, bot: Bot, profile: str, action: str, status: int, body: dict[str, object]
) -> None:
    rehearsal.change("onebot", profile=profile)

    answer = bot.raw(action)

    assert answer.status_code == status
    assert body.items() <= answer.json().items()
    assert answer.json()["status"] == "failed"


@pytest.mark.parametrize("profile", ["napcat", "llbot", "gocq"])
def test_some_answer_at_once_to_a_name_with_async(
    rehearsal: Rehearsal, bot: Bot, profile: str
) -> None:
    rehearsal.change("onebot", profile=profile)

    assert bot.act("get_login_info_async")["data"] == {"user_id": 10001, "nickname": "校园通知"}


@pytest.mark.parametrize(
    ("value", "retcode", "wording"),
    [
        ({"retcode": 1200, "wording": "boom"}, 1200, "boom"),
        ("no login [errcode:1:0]", 200, "设置群公告失败,错误信息:no login [errcode:1:0]"),
        (100, 100, ""),
    ],
)
def test_answers_any_code_that_a_fault_asks_for(
    rehearsal: Rehearsal, bot: Bot, value: object, retcode: int, wording: str
) -> None:
    rehearsal.fault("onebot", "_send_group_notice", "code", value=value)

    body = bot.notice()

    assert (body["status"], body["retcode"], body["wording"]) == ("failed", retcode, wording)
    assert bot.notices() == []


def test_a_number_is_the_code_of_qq_for_a_message(rehearsal: Rehearsal, bot: Bot) -> None:
    rehearsal.fault("onebot", "send_group_msg", "code", value=46)

    body = bot.act("send_group_msg", group_id="100001", message="停水")

    assert body["retcode"] == 200
    assert '"result": 46' in body["message"]


@pytest.mark.parametrize(("value", "notices"), [(None, 0), ("effect", 1)])
def test_a_timeout_of_the_client_proves_nothing(
    rehearsal: Rehearsal, bot: Bot, value: object, notices: int
) -> None:
    rehearsal.fault("onebot", "_send_group_notice", "timeout_nt", value=value)

    body = bot.notice()

    assert body["status"] == "failed"
    assert body["message"].startswith("Timeout: NTEvent serviceAndMethod:NodeIKernelMsgService/")
    assert body["message"].endswith("EventRet:\n{}\n")
    assert len(bot.notices()) == notices


@pytest.mark.parametrize("profile", PROFILES)
def test_off_line_the_status_says_so_and_nothing_is_sent(
    rehearsal: Rehearsal, bot: Bot, profile: str
) -> None:
    rehearsal.change("onebot", profile=profile)
    rehearsal.fault("onebot", "*", "offline", times=None)

    status = bot.act("get_status")["data"]
    message = bot.act("send_group_msg", group_id="100001", message="停水")
    notice = bot.notice()

    assert (status["online"], status["good"]) == (False, True)
    assert message["status"] == "failed"
    # two of them say ok with an empty id
    assert (notice["status"] == "ok") == (profile in ("lagrange", "gocq"))
    seen = rehearsal.visible("onebot")
    assert seen["notices"]["100001"] == seen["messages"]["100001"] == []
