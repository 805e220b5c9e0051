"""QQ group notices against a OneBot server: what is sent, and what each answer means."""

from __future__ import annotations

import base64
import time
import traceback
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from channels.qq_notice import QQNotice
from publisher.channel import Content, Part, Receipt, Rendition
from publisher.errors import (
    ChannelError,
    ConfigError,
    CredentialsError,
    PermanentError,
    RetryableError,
    UnknownOutcomeError,
)
from tests.channels.qq_notice import server as onebot
from tests.channels.qq_notice.server import BOT, GROUP, TOKEN, Server, failed, ok
from tests.outlet import Outlet

EXAMPLE = QQNotice(
    base_url="http://127.0.0.1:3000",
    access_token=TOKEN,
    groups=(GROUP, 100002),
    folder=Path("qq"),
)
NOTICE = Content(
    title="关于东校区停水的通知",
    body="<p>因检修停水。</p>",
    summary="周六 9:00 至 11:00 停水。",
    link="https://www.example.edu.cn/info/1.html?a=1&copy=2",
    department="后勤管理处",
    issued_on=date(2026, 11, 20),
)
PLACES = ("http://127.0.0.1:3000/", "https://qq.example.edu.cn/onebot")
TEXT = EXAMPLE.render(NOTICE).body.decode()
SEND = "_send_group_notice"
LIST = "_get_group_notice"
NT_EVENT = (
    "EventChecker Failed: NTEvent serviceAndMethod:NodeIKernelMsgService/sendMsg "
    "ListenerName:NodeIKernelMsgListener/onMsgInfoListUpdate EventRet:\n"
)


def test_targets_of_one_server_share_its_account() -> None:
    other = replace(EXAMPLE, base_url=PLACES[0], groups=(100009,), access_token="another")

    assert other.account() == EXAMPLE.account() == "127.0.0.1:3000"
    assert replace(EXAMPLE, base_url=PLACES[1]).account() == "qq.example.edu.cn:443"


@pytest.mark.parametrize("port", ["65536", "three"])
def test_a_port_that_cannot_be_is_a_mistake_of_the_settings(port: str) -> None:
    with pytest.raises(ConfigError, match="端口不对"):
        replace(EXAMPLE, base_url=f"http://127.0.0.1:{port}")


@pytest.fixture
def bot() -> Iterator[Server]:
    """A OneBot server whose bot is an administrator of GROUP."""
    bot, http = onebot.start()
    yield bot
    http.shutdown()
    http.server_close()


@pytest.fixture
def qq(bot: Server, tmp_path: Path) -> QQNotice:
    """The one group of a target on that server; it does not wait before it reads back."""
    return QQNotice(
        base_url=bot.url,
        access_token=TOKEN,
        groups=(GROUP,),
        folder=tmp_path / "qq",
        reads_back_after_s=0.0,
        timeout_s=3.0,
    )


@pytest.fixture
def rendition(qq: QQNotice) -> Rendition:
    return qq.render(NOTICE)


def test_each_group_is_a_place_of_its_own() -> None:
    part = EXAMPLE.part("100002")

    assert EXAMPLE.parts() == (str(GROUP), "100002")
    assert part == replace(EXAMPLE, groups=(100002,))
    assert part.parts() == ("100002",)


def test_leaves_the_gap_give_or_take_a_third() -> None:
    gaps = [replace(EXAMPLE, notice_gap_s=15.0).gap_s() for _ in range(500)]

    assert all(10.0 <= gap <= 20.0 for gap in gaps)
    assert len(set(gaps)) > 1


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        ("groups", ()),
        ("groups", (1, 1)),
        ("groups", (0,)),
        ("groups", (-5, 7)),
        ("base_url", "127.0.0.1:3000"),
        ("access_token", ""),
        ("access_token", "令牌"),
        ("access_token", "two words"),
        ("max_chars", 0),
        ("timeout_s", 0.0),
        ("notice_gap_s", -0.1),
        ("reads_back_after_s", -0.1),
    ],
)
def test_a_wrong_setting_is_named(key: str, wrong: Any) -> None:
    with pytest.raises(ConfigError) as raised:
        replace(EXAMPLE, **{key: wrong})

    assert raised.value.key == key


@pytest.mark.parametrize("profile", ["napcat", "llbot", "snowluma", "lagrange", "gocq"])
def test_publishes_and_reads_back(
    bot: Server, qq: QQNotice, rendition: Rendition, profile: str
) -> None:
    bot.profile = profile

    receipt = qq.deliver(rendition, key="delivery-7")

    [notice] = bot.notices
    assert notice["message"]["text"] == TEXT
    assert receipt.remote_id.startswith(f"{GROUP}:{notice['notice_id']}:")
    assert receipt.evidence.startswith("群公告列表中可见")
    assert set(bot.tokens) == {f"Bearer {TOKEN}"}


def test_sends_the_one_form_that_all_servers_understand(
    bot: Server, qq: QQNotice, rendition: Rendition
) -> None:
    qq.deliver(rendition, key="delivery-7")

    assert bot.sent(SEND) == [
        {
            "group_id": str(GROUP),
            "content": TEXT,
            "pinned": "0",
            "confirm_required": "1",
            "is_show_edit_card": "0",
            "tip_window_type": "1",
            "tip_window": "0",
            "type": "1",
            "send_new_member": "0",
        }
    ]


def test_the_settings_turn_the_flags(bot: Server, qq: QQNotice, rendition: Rendition) -> None:
    loud = replace(qq, pinned=True, confirm_required=False, popup=True, new_members=True)

    loud.deliver(rendition, key="delivery-7")

    [sent] = bot.sent(SEND)
    flags = {key: sent[key] for key in sent if key not in ("group_id", "content")}
    assert flags == {
        "pinned": "1",
        "confirm_required": "0",
        "is_show_edit_card": "0",
        "tip_window_type": "0",
        "tip_window": "1",
        "type": "20",
        "send_new_member": "1",
    }


def test_sends_the_picture_inline(bot: Server, qq: QQNotice, rendition: Rendition) -> None:
    picture = Part(name="picture.jpg", media_type="image/jpeg", file=b"\xff\xd8picture")

    qq.deliver(replace(rendition, parts=(picture,)), key="delivery-7")

    image = bot.sent(SEND)[0]["image"]
    assert base64.b64decode(image.removeprefix("base64://")) == picture.file


def test_a_code_for_everybody_goes_out_as_it_is_written(bot: Server, qq: QQNotice) -> None:
    qq.deliver(qq.render(replace(NOTICE, summary="[CQ:at,qq=all] 请看")), key="delivery-7")

    assert "[CQ:at,qq=all] 请看" in bot.sent(SEND)[0]["content"]


def test_reads_back_a_text_that_qq_has_escaped(
    bot: Server, qq: QQNotice, rendition: Rendition
) -> None:
    bot.escapes = True

    receipt = qq.deliver(rendition, key="delivery-7")

    assert bot.notices[0]["notice_id"] in receipt.remote_id


def test_names_what_it_read_where_the_server_counts(
    bot: Server, qq: QQNotice, rendition: Rendition
) -> None:
    assert qq.deliver(rendition, key="delivery-7").evidence == "群公告列表中可见，已读 12"


def test_a_notice_of_another_sender_is_not_taken_for_ours(
    bot: Server, qq: QQNotice, rendition: Rendition
) -> None:
    bot.publish(TEXT, sender=BOT + 1)

    receipt = qq.deliver(rendition, key="delivery-7")

    assert bot.notices[0]["notice_id"] in receipt.remote_id
    assert len(bot.notices) == 2


def test_a_notice_that_is_there_already_is_not_sent_again(
    bot: Server, qq: QQNotice, rendition: Rendition
) -> None:
    first = qq.deliver(rendition, key="delivery-7")

    second = qq.deliver(rendition, key="delivery-7")

    assert len(bot.sent(SEND)) == 1
    assert second.remote_id.split(":")[:3] == first.remote_id.split(":")[:3]
    assert second.evidence.startswith("群里已有这条公告")


def test_a_whole_target_of_two_groups_is_not_delivered_at_once(rendition: Rendition) -> None:
    with pytest.raises(PermanentError, match="part by part"):
        EXAMPLE.deliver(rendition, key="delivery-7")


def test_an_account_that_is_off_line_sends_nothing(
    bot: Server, qq: QQNotice, rendition: Rendition
) -> None:
    bot.online = False

    with pytest.raises(CredentialsError) as raised:  # of the account, not of one group
        qq.deliver(rendition, key="delivery-7")

    assert "重新登录" in raised.value.advice
    assert not bot.sent(SEND)


def test_a_group_that_the_bot_left_is_permanent(
    bot: Server, qq: QQNotice, rendition: Rendition
) -> None:
    bot.groups = [100002]

    with pytest.raises(PermanentError) as raised:
        qq.deliver(rendition, key="delivery-7")

    assert "机器人不在群里" in raised.value.advice
    assert not bot.sent(SEND)


@pytest.mark.parametrize(
    ("role", "expected"),
    [("member", PermanentError), (None, RetryableError), ("", RetryableError)],
)
def test_who_may_not_publish_does_not_try(
    bot: Server, qq: QQNotice, rendition: Rendition, role: str | None, expected: type[ChannelError]
) -> None:
    bot.role = role

    with pytest.raises(expected):
        qq.deliver(rendition, key="delivery-7")

    assert not bot.sent(SEND)


def test_the_owner_of_a_group_may_publish(bot: Server, qq: QQNotice, rendition: Rendition) -> None:
    bot.role = "owner"

    assert qq.deliver(rendition, key="delivery-7").remote_id


@pytest.mark.parametrize("as_text", [False, True])
def test_a_muted_bot_waits_until_the_mute_ends(
    bot: Server, qq: QQNotice, rendition: Rendition, as_text: bool
) -> None:
    until_s = int(time.time()) + 3600
    bot.muted_until_s = str(until_s) if as_text else until_s

    with pytest.raises(RetryableError) as raised:
        qq.deliver(rendition, key="delivery-7")

    assert raised.value.after_s is not None
    assert 3000 < raised.value.after_s <= 3600
    assert "禁言到" in raised.value.advice
    assert not bot.sent(SEND)


def test_a_mute_that_is_over_is_no_mute(bot: Server, qq: QQNotice, rendition: Rendition) -> None:
    bot.muted_until_s = int(time.time()) - 1

    assert qq.deliver(rendition, key="delivery-7").remote_id


@pytest.mark.parametrize(
    "action", ["get_status", "get_group_list", "get_login_info", "get_group_member_info", LIST]
)
@pytest.mark.parametrize(
    "answer",
    [
        (200, b'{"half":'),
        (200, {}),
        (200, ok(None)),
        (502, b"<html>Bad Gateway</html>"),
        (200, failed("Timeout: NTEvent")),
    ],
)
def test_what_is_lost_before_sending_may_be_tried_again(
    bot: Server, qq: QQNotice, rendition: Rendition, action: str, answer: tuple[int, object]
) -> None:
    bot.answers[action] = answer

    with pytest.raises(RetryableError) as raised:
        qq.deliver(rendition, key="delivery-7")

    assert raised.value.advice
    assert not bot.sent(SEND)


def test_records_that_cannot_be_written_keep_it_from_sending(
    bot: Server, qq: QQNotice, rendition: Rendition
) -> None:
    qq.folder.write_text("a file where the folder should be")

    with pytest.raises(RetryableError):
        qq.deliver(rendition, key="delivery-7")

    assert not bot.sent(SEND)


def test_a_server_that_is_not_there_may_be_tried_again(qq: QQNotice, rendition: Rendition) -> None:
    gone = replace(qq, base_url="http://127.0.0.1:9")

    with pytest.raises(RetryableError) as raised:
        gone.deliver(rendition, key="delivery-7")

    assert "连不上 OneBot 服务" in raised.value.advice


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((200, failed("设置群公告失败,错误信息:no permission")), PermanentError),
        ((200, failed("设置群公告失败, 错误信息: no permission")), PermanentError),
        ((200, failed("设置群公告失败,错误信息:undefined")), UnknownOutcomeError),
        ((200, failed("设置群公告失败,错误信息:no login [errcode:1:0]")), CredentialsError),
        ((200, failed(NT_EVENT + '{\n    "result": 110,\n "errMsg": ""\n}\n')), PermanentError),
        ((200, failed(NT_EVENT + '{"result": 120, "errMsg": ""}')), RetryableError),
        ((200, failed(NT_EVENT + '{"result": 46, "errMsg": ""}')), CredentialsError),
        ((200, failed("Timeout: NTEvent sendMsg EventRet:\n{}\n")), UnknownOutcomeError),
        (
            (200, failed("Schema compilation error: Expected required property", 400)),
            PermanentError,
        ),
        ((404, failed("_send_group_notice API 不存在", 404)), PermanentError),
        ((401, {"status": "failed", "retcode": 1401, "wording": "unauthorized"}), CredentialsError),
        ((403, {"message": "token verify failed!"}), CredentialsError),
        ((403, b""), CredentialsError),
        ((404, b"<html>no such page</html>"), PermanentError),
        ((406, b""), PermanentError),
        ((503, b""), RetryableError),
        ((502, b"<html>Bad Gateway</html>"), UnknownOutcomeError),
        ((200, b""), UnknownOutcomeError),
        ((200, b"[]"), UnknownOutcomeError),
        ((200, {}), UnknownOutcomeError),
        ((200, {"status": "async", "retcode": 1, "data": None}), UnknownOutcomeError),
        ((200, {"status": "ok", "retcode": 1, "data": None}), UnknownOutcomeError),
        ((200, ok("")), UnknownOutcomeError),
        ((200, ok({"notice_id": ""})), UnknownOutcomeError),
    ],
)
def test_sorts_every_answer(
    bot: Server,
    qq: QQNotice,
    rendition: Rendition,
    answer: tuple[int, object],
    expected: type[ChannelError],
) -> None:
    bot.answers[SEND] = answer

    with pytest.raises(ChannelError) as raised:
        qq.deliver(rendition, key="delivery-7")

    assert type(raised.value) is expected
    assert len(bot.sent(SEND)) == 1


def test_a_group_that_heard_too_much_is_left_alone_for_90_seconds(
    bot: Server, qq: QQNotice, rendition: Rendition
) -> None:
    bot.answers[SEND] = (200, failed(NT_EVENT + '{"result": 299, "errMsg": "本群每分钟只能发5条"}'))

    with pytest.raises(RetryableError) as raised:
        qq.deliver(rendition, key="delivery-7")

    assert raised.value.after_s == 90


def test_the_token_is_in_no_repr_and_no_error(
    bot: Server, qq: QQNotice, rendition: Rendition
) -> None:
    bot.answers[SEND] = (200, failed(f"denied for {TOKEN}"))

    with pytest.raises(UnknownOutcomeError) as raised:
        qq.deliver(rendition, key="delivery-7")

    told = "".join(traceback.format_exception(raised.value))
    assert TOKEN not in told.replace(f'TOKEN = "{TOKEN}"', "")
    assert TOKEN not in repr(qq)


def test_a_picture_in_an_error_is_not_kept(bot: Server, qq: QQNotice, rendition: Rendition) -> None:
    picture = "base64://" + "A" * 1_000_000
    bot.answers[SEND] = (200, failed(f"群公告{picture}设置失败,image字段可能格式不正确"))

    with pytest.raises(PermanentError) as raised:
        qq.deliver(rendition, key="delivery-7")

    assert len(str(raised.value)) < 200
    assert "换一张图片" in raised.value.advice


def test_a_yes_that_cannot_be_read_back_stays_a_yes(
    outlet: Outlet, qq: QQNotice, rendition: Rendition
) -> None:
    for body in (
        ok({"online": True}),
        ok([{"group_id": GROUP}]),
        ok({"user_id": BOT}),
        ok({"role": "admin"}),
        ok([]),
        ok(),
    ):
        outlet.answers(body=body)
    outlet.takes_it_and_hangs_up()

    receipt = replace(qq, base_url=outlet.url).deliver(rendition, key="delivery-7")

    assert receipt.remote_id.startswith(f"{GROUP}::")
    assert outlet.paths.count("/" + SEND) == 1


def test_a_notice_that_is_listed_late_is_confirmed_later(
    bot: Server, qq: QQNotice, rendition: Rendition
) -> None:
    bot.answers[LIST] = (200, ok([]))
    receipt = qq.deliver(rendition, key="delivery-7")
    del bot.answers[LIST]

    seen = qq.confirm(key="delivery-7", receipt=receipt)

    assert receipt.remote_id.startswith(f"{GROUP}::")
    assert seen is not None
    assert bot.notices[0]["notice_id"] in seen.remote_id
    assert seen.evidence == "群公告列表中可见，已读 12"


@pytest.mark.parametrize("profile", ["napcat", "llbot", "snowluma"])
def test_a_yes_that_published_nothing_is_found_out(
    bot: Server, qq: QQNotice, rendition: Rendition, profile: str
) -> None:
    bot.profile = profile
    bot.ignores = {SEND}

    receipt = qq.deliver(rendition, key="delivery-7")

    assert qq.confirm(key="delivery-7", receipt=receipt) is None


@pytest.mark.parametrize("profile", ["lagrange", "gocq"])
def test_a_yes_with_an_empty_id_is_an_unknown_outcome(
    bot: Server, qq: QQNotice, rendition: Rendition, profile: str
) -> None:
    bot.profile = profile
    bot.ignores = {SEND}

    with pytest.raises(UnknownOutcomeError):
        qq.deliver(rendition, key="delivery-7")

    assert qq.confirm(key="delivery-7", receipt=None) is None


def test_an_id_in_the_answer_is_kept_when_the_list_is_late(
    bot: Server, qq: QQNotice, rendition: Rendition
) -> None:
    bot.profile = "gocq"
    bot.answers[LIST] = (200, ok([]))

    receipt = qq.deliver(rendition, key="delivery-7")

    assert receipt.remote_id.split(":")[1] == bot.notices[0]["notice_id"]


@pytest.mark.parametrize(
    "lost", [failed("Timeout: NTEvent"), failed("waitForSelfEcho timeout"), failed("undefined")]
)
def test_a_failure_that_published_is_found_by_its_words(
    bot: Server, qq: QQNotice, rendition: Rendition, lost: dict[str, object]
) -> None:
    bot.answers[SEND] = (200, lost)
    with pytest.raises(UnknownOutcomeError):
        qq.deliver(rendition, key="delivery-7")
    notice_id = bot.publish(TEXT)

    seen = qq.confirm(key="delivery-7", receipt=None)

    assert seen is not None
    assert notice_id in seen.remote_id


def test_an_answer_lost_after_the_effect_is_found_and_never_sent_again(
    bot: Server, qq: QQNotice, rendition: Rendition
) -> None:
    bot.loses = {SEND}

    with pytest.raises(UnknownOutcomeError):
        qq.deliver(rendition, key="delivery-7")
    seen = qq.confirm(key="delivery-7", receipt=None)
    again = qq.deliver(rendition, key="delivery-7")

    assert seen is not None
    assert again.remote_id.split(":")[1] == seen.remote_id.split(":")[1]
    assert len(bot.sent(SEND)) == 1


def test_an_answer_that_comes_too_late_is_an_unknown_outcome(
    outlet: Outlet, qq: QQNotice, rendition: Rendition
) -> None:
    for body in (
        ok({"online": True}),
        ok([{"group_id": GROUP}]),
        ok({"user_id": BOT}),
        ok({"role": "admin"}),
        ok([]),
    ):
        outlet.answers(body=body)
    outlet.answers_late(1.0, ok())
    slow = replace(qq, base_url=outlet.url, timeout_s=0.3)

    with pytest.raises(UnknownOutcomeError):
        slow.deliver(rendition, key="delivery-7")

    assert outlet.paths.count("/" + SEND) == 1


def test_a_lost_notice_that_is_not_listed_is_certainly_not_there(
    bot: Server, qq: QQNotice, rendition: Rendition
) -> None:
    bot.answers[SEND] = (502, b"")
    with pytest.raises(UnknownOutcomeError):
        qq.deliver(rendition, key="delivery-7")

    assert qq.confirm(key="delivery-7", receipt=None) is None


def test_a_delivery_that_never_got_as_far_as_sending_is_not_there(
    bot: Server, qq: QQNotice
) -> None:
    assert qq.confirm(key="delivery-7", receipt=None) is None
    assert bot.calls == []


def test_a_clock_that_is_wrong_does_not_hide_a_notice(
    bot: Server, qq: QQNotice, rendition: Rendition
) -> None:
    bot.loses = {SEND}
    with pytest.raises(UnknownOutcomeError):
        qq.deliver(rendition, key="delivery-7")
    bot.notices[0]["publish_time"] -= 3600

    assert qq.confirm(key="delivery-7", receipt=None) is not None


def test_a_notice_of_the_same_title_and_other_words_leaves_it_open(
    bot: Server, qq: QQNotice, rendition: Rendition
) -> None:
    bot.answers[SEND] = (200, failed("Timeout: NTEvent"))
    with pytest.raises(UnknownOutcomeError):
        qq.deliver(rendition, key="delivery-7")
    bot.publish(TEXT.replace("周六", "周日"))

    with pytest.raises(UnknownOutcomeError) as raised:
        qq.confirm(key="delivery-7", receipt=None)

    assert "标题相同" in raised.value.advice


def test_an_earlier_edition_of_the_same_title_is_not_taken_for_it(
    bot: Server, qq: QQNotice, rendition: Rendition
) -> None:
    qq.deliver(qq.render(replace(NOTICE, summary="周日 9:00 停水。")), key="delivery-6")
    bot.ignores = {SEND}
    receipt = qq.deliver(rendition, key="delivery-7")

    assert qq.confirm(key="delivery-7", receipt=receipt) is None


@pytest.mark.parametrize(("sender", "age_s"), [(BOT + 1, 0), (BOT, 3600)])
def test_a_like_notice_of_another_or_of_long_ago_proves_nothing(
    bot: Server, qq: QQNotice, rendition: Rendition, sender: int, age_s: int
) -> None:
    bot.answers[SEND] = (200, failed("Timeout: NTEvent"))
    with pytest.raises(UnknownOutcomeError):
        qq.deliver(rendition, key="delivery-7")
    bot.publish(TEXT.replace("周六", "周日"), sender=sender, at_s=int(time.time()) - age_s)

    assert qq.confirm(key="delivery-7", receipt=None) is None


@pytest.mark.parametrize(
    "answer",
    [
        (200, b'{"half":'),
        (200, ok(None)),
        (200, failed("获取公告失败")),
        (200, failed("no login [errcode:1:0]")),
        (403, b""),
        (503, b""),
    ],
)
def test_a_list_that_cannot_be_read_proves_nothing(
    bot: Server, qq: QQNotice, rendition: Rendition, answer: tuple[int, object]
) -> None:
    receipt = qq.deliver(rendition, key="delivery-7")
    bot.answers[LIST] = answer

    with pytest.raises(UnknownOutcomeError):
        qq.confirm(key="delivery-7", receipt=receipt)


def test_an_empty_list_of_an_account_that_is_off_line_proves_nothing(
    bot: Server, qq: QQNotice, rendition: Rendition
) -> None:
    receipt = qq.deliver(rendition, key="delivery-7")
    bot.notices.clear()
    bot.online = False

    with pytest.raises(UnknownOutcomeError):
        qq.confirm(key="delivery-7", receipt=receipt)


def test_an_empty_list_of_a_group_that_the_bot_left_proves_nothing(
    bot: Server, qq: QQNotice, rendition: Rendition
) -> None:
    receipt = qq.deliver(rendition, key="delivery-7")
    bot.notices.clear()
    bot.groups = []

    with pytest.raises(UnknownOutcomeError):
        qq.confirm(key="delivery-7", receipt=receipt)


@pytest.mark.parametrize(("newer", "is_certain"), [(19, True), (20, False)])
def test_a_notice_older_than_the_whole_list_is_not_called_gone(
    bot: Server, qq: QQNotice, newer: int, is_certain: bool
) -> None:
    receipt = Receipt(remote_id=f"{GROUP}:fid-old:0123456789ab:1700000000")
    for number in range(newer):
        bot.publish(f"公告 {number}")

    if is_certain:
        assert qq.confirm(key="delivery-7", receipt=receipt) is None
    else:
        with pytest.raises(UnknownOutcomeError):
            qq.confirm(key="delivery-7", receipt=receipt)


@pytest.mark.parametrize(("profile", "is_certain"), [("llbot", True), ("napcat", False)])
def test_a_notice_for_new_members_is_gone_only_where_such_are_listed(
    bot: Server, qq: QQNotice, profile: str, is_certain: bool
) -> None:
    bot.profile = profile
    receipt = Receipt(remote_id=f"{GROUP}:fid-old:0123456789ab:1700000000")
    welcome = replace(qq, new_members=True)

    if is_certain:
        assert welcome.confirm(key="delivery-7", receipt=receipt) is None
    else:
        with pytest.raises(UnknownOutcomeError):
            welcome.confirm(key="delivery-7", receipt=receipt)


def test_a_receipt_that_names_nothing_is_looked_up_in_the_records(
    bot: Server, qq: QQNotice, rendition: Rendition
) -> None:
    qq.deliver(rendition, key="delivery-7")
    by_hand = Receipt(remote_id="")

    assert qq.confirm(key="delivery-7", receipt=by_hand) is not None
    with pytest.raises(UnknownOutcomeError):
        qq.confirm(key="delivery-8", receipt=by_hand)


@pytest.mark.parametrize(
    ("profile", "action"),
    [
        ("napcat", "_del_group_notice"),
        ("snowluma", "_del_group_notice"),
        ("lagrange", "_del_group_notice"),
        ("llbot", "_delete_group_notice"),
    ],
)
def test_takes_a_notice_down_and_sees_that_it_is_gone(
    bot: Server, qq: QQNotice, rendition: Rendition, profile: str, action: str
) -> None:
    bot.profile = profile
    receipt = qq.deliver(rendition, key="delivery-7")
    notice_id = bot.notices[0]["notice_id"]

    qq.withdraw(receipt, reason="时间有变")

    assert bot.notices == []
    assert bot.sent(action) == [{"group_id": str(GROUP), "notice_id": notice_id}]
    assert qq.confirm(key="delivery-7", receipt=receipt) is None


@pytest.mark.parametrize("profile", ["napcat", "snowluma", "llbot"])
def test_a_notice_that_is_gone_already_counts_as_taken_down(
    bot: Server, qq: QQNotice, rendition: Rendition, profile: str
) -> None:
    bot.profile = profile
    receipt = qq.deliver(rendition, key="delivery-7")

    qq.withdraw(receipt, reason="时间有变")
    qq.withdraw(receipt, reason="时间有变")

    assert bot.notices == []


def test_a_notice_whose_id_is_not_known_is_found_and_taken_down(
    bot: Server, qq: QQNotice, rendition: Rendition
) -> None:
    bot.answers[LIST] = (200, ok([]))
    receipt = qq.deliver(rendition, key="delivery-7")
    del bot.answers[LIST]

    qq.withdraw(receipt, reason="时间有变")
    qq.withdraw(receipt, reason="时间有变")

    assert bot.notices == []
    assert len(bot.sent("_del_group_notice")) == 1


def test_a_deletion_that_did_nothing_is_tried_again(
    bot: Server, qq: QQNotice, rendition: Rendition
) -> None:
    receipt = qq.deliver(rendition, key="delivery-7")
    bot.ignores = {"_del_group_notice"}

    with pytest.raises(RetryableError) as raised:
        qq.withdraw(receipt, reason="时间有变")

    assert "手动删除" in raised.value.advice


def test_a_refused_deletion_says_why(bot: Server, qq: QQNotice, rendition: Rendition) -> None:
    receipt = qq.deliver(rendition, key="delivery-7")
    bot.answers["_del_group_notice"] = (200, failed("错误信息:no permission"))

    with pytest.raises(PermanentError) as raised:
        qq.withdraw(receipt, reason="时间有变")

    assert "管理员" in raised.value.advice


def test_a_deletion_whose_answer_is_lost_is_judged_by_the_list(
    bot: Server, qq: QQNotice, rendition: Rendition
) -> None:
    receipt = qq.deliver(rendition, key="delivery-7")
    bot.loses = {"_del_group_notice"}

    qq.withdraw(receipt, reason="时间有变")

    assert bot.notices == []


def test_a_list_that_cannot_be_read_does_not_prove_a_deletion(
    bot: Server, qq: QQNotice, rendition: Rendition
) -> None:
    receipt = qq.deliver(rendition, key="delivery-7")
    bot.answers[LIST] = (200, failed("获取公告失败"))

    with pytest.raises(UnknownOutcomeError):
        qq.withdraw(receipt, reason="时间有变")


def test_a_notice_that_nothing_names_is_left_to_a_person(qq: QQNotice) -> None:
    with pytest.raises(PermanentError) as raised:
        qq.withdraw(Receipt(remote_id="某人核实"), reason="时间有变")

    assert "手动" in raised.value.advice


def test_another_notice_with_the_same_words_outlives_a_withdrawal(
    bot: Server, qq: QQNotice, rendition: Rendition
) -> None:
    receipt = qq.deliver(rendition, key="delivery-7")
    other = bot.publish(TEXT)

    qq.withdraw(receipt, reason="时间有变")

    assert [notice["notice_id"] for notice in bot.notices] == [other]
    assert qq.confirm(key="delivery-7", receipt=receipt) is None


def test_a_bot_in_order_needs_nobody(qq: QQNotice) -> None:
    health = qq.check()

    assert health.is_well
    assert health.is_signed_in
    assert health.note == f"NapCat.Onebot 4.18.19，账号 校园通知（{BOT}）"


def test_an_account_that_is_off_line_is_told(bot: Server, qq: QQNotice) -> None:
    bot.online = False

    health = qq.check()

    assert health.is_reachable
    assert health.is_signed_in is False
    assert "重新登录" in health.advice


def test_each_group_that_is_not_in_order_is_named(bot: Server, qq: QQNotice) -> None:
    bot.role = "member"

    advice = replace(qq, groups=(GROUP, 100002)).check().advice

    assert f"群{GROUP}（群 {GROUP}）：机器人不是群主或管理员" in advice
    assert "群 100002：机器人不在群里" in advice


def test_a_mute_is_told_with_its_end(bot: Server, qq: QQNotice) -> None:
    bot.muted_until_s = int(datetime(2036, 11, 24, 0, 30, tzinfo=UTC).timestamp())

    assert "禁言到 2036年11月24日 8:30" in qq.check().advice


def test_a_member_that_the_server_does_not_find_is_told(bot: Server, qq: QQNotice) -> None:
    bot.answers["get_group_member_info"] = (200, failed(f"群({GROUP})成员{BOT}不存在"))

    assert "机器人不在群里" in qq.check().advice


def test_a_refused_token_is_told(bot: Server, qq: QQNotice) -> None:
    bot.answers["get_status"] = (403, b'{"message":"token verify failed!"}')

    health = qq.check()

    assert health.is_reachable
    assert health.is_signed_in is False
    assert "access_token" in health.advice


def test_a_server_that_is_not_there_is_told(qq: QQNotice) -> None:
    health = replace(qq, base_url="http://127.0.0.1:9").check()

    assert not health.is_reachable
    assert "连不上 OneBot 服务" in health.advice


@pytest.mark.parametrize("answer", [(200, b"<html>"), (404, b""), (200, {"hello": 1})])
def test_another_server_in_its_place_is_told(
    bot: Server, qq: QQNotice, answer: tuple[int, object]
) -> None:
    bot.answers["get_status"] = answer

    health = qq.check()

    assert not health.is_reachable
    assert "base_url" in health.advice


def test_after_a_restore_a_notice_is_found_by_its_words_alone(
    bot: Server, qq: QQNotice, rendition: Rendition
) -> None:
    bot.publish(TEXT)  # sent since the backup: our records know nothing of it

    found = qq.find(rendition, key="delivery-7")

    assert found is not None
    assert found.evidence.startswith("群公告列表中可见")
    qq.withdraw(found, reason="")
    assert bot.notices == []


@pytest.mark.parametrize(("others", "is_certain"), [(19, True), (20, False)])
def test_after_a_restore_a_full_list_proves_no_absence(
    bot: Server, qq: QQNotice, rendition: Rendition, others: int, is_certain: bool
) -> None:
    for number in range(others):
        bot.publish(f"另一条公告 {number}")

    if is_certain:
        assert qq.find(rendition, key="delivery-7") is None
        return
    with pytest.raises(UnknownOutcomeError, match="older than all that is listed"):
        qq.find(rendition, key="delivery-7")


def test_after_a_restore_an_account_that_is_off_line_proves_nothing(
    bot: Server, qq: QQNotice, rendition: Rendition
) -> None:
    bot.online = False

    with pytest.raises(UnknownOutcomeError, match="off line"):
        qq.find(rendition, key="delivery-7")
