"""What the account does, seen from the core; its parts are tested in the folder `wechat`."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from channels.wechat import MODES, WeChat
from publisher.channel import CAMPUS_TIME, Receipt, Rendition
from publisher.errors import (
    ChannelError,
    ConfigError,
    CredentialsError,
    PermanentError,
    RetryableError,
    UnknownOutcomeError,
)
from tests.channels.wechat.scene import (
    KEY,
    LINK,
    NOTICE,
    SECRET,
    MemoryShelf,
    account,
    draft_of,
    drafts_in_box,
    picture,
    refusal,
)
from tests.outlet import Outlet

EXAMPLE = WeChat(
    appid="wx0000000000000001",
    secret=SECRET,
    api_base="https://wechat.example.invalid",
    shelf=MemoryShelf(),
)
RECEIPT = Receipt(remote_id="3147494276:2455891298:2:20991127")
HANDLE = json.dumps({"draft": "draft-1"})
SENT = {"errcode": 0, "errmsg": "ok", "msg_id": 3147494276, "msg_data_id": 2455891298}


def answers_up_to_the_draft(outlet: Outlet, wechat: WeChat) -> None:
    outlet.answers(body=drafts_in_box())
    outlet.answers(body={"media_id": "cover-1", "url": "http://mmbiz.qpic.cn/c"})
    outlet.answers(body={"media_id": "draft-1"})
    outlet.answers(body=draft_of(wechat.render(NOTICE)))


def deliver(wechat: WeChat, rendition: Rendition, *, key: str = KEY) -> Receipt:
    """Push a bundle of one."""
    [outcome] = wechat.deliver_bundle([rendition], key=key, handle=HANDLE)
    assert isinstance(outcome, Receipt)
    return outcome


def today() -> str:
    return datetime.now(CAMPUS_TIME).strftime("%Y%m%d")


def called(outlet: Outlet) -> list[str]:
    return [path.partition("?")[0].removeprefix("/cgi-bin/") for path in outlet.paths]


def test_targets_of_one_public_account_share_it() -> None:
    other = dataclasses.replace(EXAMPLE, tag_id=7, secret="another")

    assert other.account() == EXAMPLE.account()
    assert EXAMPLE.account() != dataclasses.replace(EXAMPLE, appid="wx2").account()
    assert EXAMPLE.appid not in EXAMPLE.account()  # lanes are named in logs


@pytest.mark.parametrize(
    ("key", "settings"),
    [
        ("mode", {"mode": "email"}),
        ("reserve_per_month", {"reserve_per_month": -1}),
        ("callback_aes_key", {"callback_aes_key": "too short"}),
        ("account_kind", {"account_kind": "personal"}),
        ("author", {"author": "一" * 17}),
        ("pushes_per_day", {"pushes_per_day": -1}),
        ("push_times", {"push_times": ("25:00",)}),
        ("push_times", {"push_times": ("下午五点",)}),
    ],
)
def test_a_wrong_setting_is_named_at_start(key: str, settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError) as raised:
        dataclasses.replace(EXAMPLE, **settings)  # type: ignore[arg-type]

    assert raised.value.key == key


def test_an_author_of_the_longest_length_is_taken() -> None:
    wechat = dataclasses.replace(EXAMPLE, author="一" * 16)

    assert wechat.render(NOTICE).facts["author"] == "一" * 16


@pytest.mark.parametrize(
    ("settings", "rations"),
    [
        ({}, [(1, "day", 0)]),
        ({"account_kind": "service"}, [(1, "day", 0), (4, "month", 0)]),
        ({"account_kind": "service", "reserve_per_month": 1}, [(1, "day", 0), (4, "month", 1)]),
        ({"pushes_per_day": 2, "reserve_per_day": 1}, [(2, "day", 1)]),
        ({"pushes_per_day": 0}, []),
        ({"mode": "publish", "pushes_per_day": 1}, []),
        ({"mode": "draft"}, [(1, "day", 0)]),
    ],
)
def test_an_account_keeps_to_the_pushes_that_it_has(
    settings: dict[str, object], rations: list[tuple[int, str, int]]
) -> None:
    wechat = dataclasses.replace(EXAMPLE, **settings)  # type: ignore[arg-type]

    assert [(one.sends, one.period, one.reserve) for one in wechat.rations()] == rations


def test_each_way_of_an_account_has_a_lane_of_its_own() -> None:
    ways = [dataclasses.replace(EXAMPLE, mode=mode).account() for mode in MODES]

    assert len(set(ways)) == 3
    assert {way.split("/")[0] for way in ways} == {EXAMPLE.account()}


def test_pushes_leave_at_the_next_push_time() -> None:
    wechat = dataclasses.replace(EXAMPLE, push_times=("17:00", "12:00"))

    slot = wechat.slot(datetime(2026, 11, 24, 13, 0, tzinfo=CAMPUS_TIME))

    assert slot == datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def test_prepares_a_draft_and_reads_it_back(outlet: Outlet) -> None:
    wechat = account(outlet)
    answers_up_to_the_draft(outlet, wechat)

    handle = wechat.prepare_bundle([wechat.render(NOTICE)], key=KEY)

    assert json.loads(handle) == {"draft": "draft-1"}
    assert called(outlet) == [
        "draft/batchget",
        "material/add_material",
        "draft/add",
        "draft/get",
    ]
    [article] = outlet.requests[2].json["articles"]
    assert article["title"] == NOTICE.title
    assert article["digest"] == NOTICE.summary
    assert article["thumb_media_id"] == "cover-1"
    assert article["content_source_url"] == f"{LINK}?wx={KEY}.1"


def test_pictures_are_uploaded_and_their_addresses_stand_in_the_draft(outlet: Outlet) -> None:
    wechat = account(outlet)
    shown = picture(300, 200)
    content = dataclasses.replace(
        NOTICE, body='<p><img src="media:a.png" alt="图"></p>', images=(shown,)
    )
    rendition = wechat.render(content)
    outlet.answers(body=drafts_in_box())
    outlet.answers(body={"url": "http://mmbiz.qpic.cn/p/0?wx_fmt=png&from=appmsg"})
    outlet.answers(body={"media_id": "cover-1"})
    outlet.answers(body={"media_id": "draft-1"})
    outlet.answers(body=draft_of(rendition))

    wechat.prepare_bundle([rendition], key=KEY)

    [article] = outlet.requests[-2].json["articles"]
    assert 'src="http://mmbiz.qpic.cn/p/0?wx_fmt=png&amp;from=appmsg"' in article["content"]
    assert "media:" not in article["content"]


def test_a_draft_whose_answer_was_lost_is_found_and_not_made_again(outlet: Outlet) -> None:
    wechat = account(outlet)
    rendition = wechat.render(NOTICE)
    outlet.answers(body=drafts_in_box())
    outlet.answers(body={"media_id": "cover-1"})
    outlet.takes_it_and_hangs_up()
    outlet.answers(body=drafts_in_box("delivery-8.1", f"{KEY}.1"))
    outlet.answers(body=draft_of(rendition))

    with pytest.raises(RetryableError):
        wechat.prepare_bundle([rendition], key=KEY)
    handle = wechat.prepare_bundle([rendition], key=KEY)

    assert json.loads(handle) == {"draft": f"draft-of-{KEY}.1"}
    assert called(outlet).count("draft/add") == 1


def test_a_draft_that_someone_changed_by_hand_is_not_used(outlet: Outlet) -> None:
    wechat = account(outlet)
    rendition = wechat.render(NOTICE)
    outlet.answers(body=drafts_in_box(f"{KEY}.1"))
    outlet.answers(body=draft_of(rendition, content="<p>改过的文字</p>"))
    outlet.answers(body={"media_id": "cover-1"})
    outlet.answers(body={"media_id": "draft-2"})
    outlet.answers(body=draft_of(rendition))

    assert json.loads(wechat.prepare_bundle([rendition], key=KEY)) == {"draft": "draft-2"}


@pytest.mark.parametrize(
    "changed", [{"title": "别的标题"}, {"content": "<p>少了字</p>"}], ids=["title", "words"]
)
def test_a_draft_that_reads_otherwise_is_not_pushed(
    outlet: Outlet, changed: dict[str, object]
) -> None:
    wechat = account(outlet)
    rendition = wechat.render(NOTICE)
    outlet.answers(body=draft_of(rendition, **changed))

    with pytest.raises(PermanentError) as raised:
        deliver(wechat, rendition, key=KEY)

    assert "没有发出" in raised.value.advice
    assert called(outlet) == ["draft/get"]


def test_pushes_the_draft_to_all_followers_with_a_key_of_its_own(outlet: Outlet) -> None:
    wechat = account(outlet)
    rendition = wechat.render(NOTICE)
    outlet.answers(body=draft_of(rendition))
    outlet.answers(body=SENT)

    receipt = deliver(wechat, rendition, key=KEY)

    assert receipt.remote_id == f"3147494276:2455891298:1:{today()}"
    message = outlet.requests[-1].json
    assert message["filter"] == {"is_to_all": True}
    assert message["mpnews"] == {"media_id": "draft-1"}
    assert message["msgtype"] == "mpnews"
    assert message["send_ignore_reprint"] == 0
    assert len(message["clientmsgid"]) == 26
    assert message["clientmsgid"] == message["clientmsgid"].lower()


def test_the_key_of_a_push_is_the_same_on_every_attempt_and_only_there(outlet: Outlet) -> None:
    wechat = account(outlet)
    rendition = wechat.render(NOTICE)

    keys = (KEY, KEY, "delivery-8")
    for _ in keys:
        outlet.answers(body=draft_of(rendition))
        outlet.answers(body=SENT)

    for key in keys:
        deliver(wechat, rendition, key=key)

    first, again, other = (request.json["clientmsgid"] for request in outlet.requests[1::2])
    assert first == again != other


def test_pushes_to_the_followers_with_a_tag(outlet: Outlet) -> None:
    wechat = account(outlet, tag_id=101, send_ignore_reprint=True)
    rendition = wechat.render(NOTICE)
    outlet.answers(body=draft_of(rendition))
    outlet.answers(body=SENT)

    deliver(wechat, rendition, key=KEY)

    assert outlet.requests[-1].json["filter"] == {"is_to_all": False, "tag_id": 101}
    assert outlet.requests[-1].json["send_ignore_reprint"] == 1


def test_deliver_does_all_of_it(outlet: Outlet) -> None:
    wechat = account(outlet)
    rendition = wechat.render(NOTICE)
    answers_up_to_the_draft(outlet, wechat)
    outlet.answers(body=draft_of(rendition))
    outlet.answers(body=SENT)

    receipt = wechat.deliver(rendition, key=KEY)

    assert receipt.remote_id == f"3147494276:2455891298:1:{today()}"
    assert called(outlet)[-1] == "message/mass/sendall"


def test_a_push_whose_key_exists_was_accepted_before(outlet: Outlet) -> None:
    wechat = account(outlet)
    rendition = wechat.render(NOTICE)
    outlet.answers(body=draft_of(rendition))
    outlet.answers(body=refusal(45065, "clientmsgid exist", msg_id=3147494276))
    outlet.answers(body={"msg_id": 3147494276, "msg_status": "SENDING"})

    receipt = deliver(wechat, rendition, key=KEY)

    assert receipt.remote_id == f"3147494276::1:{today()}"


def test_a_push_whose_draft_is_gone_is_repeated_with_its_key(outlet: Outlet) -> None:
    wechat = account(outlet)
    outlet.answers(body=refusal(40007))
    outlet.answers(body=refusal(45065, msg_id="3147494276"))

    receipt = deliver(wechat, wechat.render(NOTICE), key=KEY)

    assert receipt.remote_id == f"3147494276::1:{today()}"


@pytest.mark.parametrize("status", ["SEND_FAIL", "DELETE"])
def test_a_push_that_failed_is_not_taken_for_accepted(outlet: Outlet, status: str) -> None:
    wechat = account(outlet)
    rendition = wechat.render(NOTICE)
    outlet.answers(body=draft_of(rendition))
    outlet.answers(body=refusal(45065, msg_id=3147494276))
    outlet.answers(body={"msg_id": 3147494276, "msg_status": status})

    with pytest.raises(PermanentError):
        deliver(wechat, rendition, key=KEY)


@pytest.mark.parametrize(
    "script",
    [
        lambda outlet: outlet.takes_it_and_hangs_up(),
        lambda outlet: outlet.answers_half(),
        lambda outlet: outlet.answers(body=b""),
        lambda outlet: outlet.answers(body=b"<html>"),
        lambda outlet: outlet.answers(body=[]),
        lambda outlet: outlet.answers(body={}),
        lambda outlet: outlet.answers(body={"errcode": 0, "errmsg": "ok"}),
        lambda outlet: outlet.answers(body={"errcode": None}),
        lambda outlet: outlet.answers(body={"errcode": "x"}),
        lambda outlet: outlet.answers(body=refusal(-1, "system error")),
        lambda outlet: outlet.answers(body=refusal(40007)),
        lambda outlet: outlet.answers(body=refusal(89505)),
        lambda outlet: outlet.answers(body=refusal(123456)),
        lambda outlet: outlet.answers(status=502, body=b"<html>"),
    ],
    ids=[
        "cut",
        "half",
        "empty",
        "html",
        "list",
        "no code",
        "no msg_id",
        "null code",
        "word code",
        "busy",
        "draft gone",
        "administrator",
        "unlisted",
        "gateway",
    ],
)
def test_an_answer_to_a_push_that_says_nothing_is_an_unknown_outcome(
    outlet: Outlet, script: Callable[[Outlet], None]
) -> None:
    wechat = account(outlet)
    rendition = wechat.render(NOTICE)
    outlet.answers(body=draft_of(rendition))
    script(outlet)

    with pytest.raises(UnknownOutcomeError):
        deliver(wechat, rendition, key=KEY)

    assert called(outlet).count("message/mass/sendall") == 1


def test_a_push_answered_too_late_is_an_unknown_outcome(outlet: Outlet) -> None:
    wechat = account(outlet, timeout_s=0.3)
    rendition = wechat.render(NOTICE)
    outlet.answers(body=draft_of(rendition))
    outlet.answers_late(1.0, SENT)

    with pytest.raises(UnknownOutcomeError):
        deliver(wechat, rendition, key=KEY)


def test_a_lost_answer_before_the_push_may_be_repeated(outlet: Outlet) -> None:
    wechat = account(outlet)
    outlet.takes_it_and_hangs_up()

    with pytest.raises(RetryableError):
        deliver(wechat, wechat.render(NOTICE), key=KEY)


def test_a_push_that_was_sent_is_confirmed(outlet: Outlet) -> None:
    outlet.answers(body={"msg_id": 3147494276, "msg_status": "SEND_SUCCESS"})

    seen = account(outlet).confirm(key=KEY, receipt=RECEIPT)

    assert seen is not None
    assert seen.remote_id == RECEIPT.remote_id
    assert "群发成功" in seen.evidence
    assert outlet.received == [{"msg_id": "3147494276"}]


@pytest.mark.parametrize("status", ["SEND_FAIL", "DELETE"])
def test_a_push_that_failed_or_was_deleted_is_not_there(outlet: Outlet, status: str) -> None:
    outlet.answers(body={"msg_id": 3147494276, "msg_status": status})

    assert account(outlet).confirm(key=KEY, receipt=RECEIPT) is None


@pytest.mark.parametrize(
    "body",
    [
        {"msg_id": 3147494276, "msg_status": "SENDING"},
        {"msg_id": 3147494276, "msg_status": "A_NEW_WORD"},
        refusal(40059, "invalid msg id"),
        refusal(89504),
        refusal(45009),
        refusal(40164),
        refusal(48001),
        {},
    ],
)
def test_every_other_answer_proves_nothing(outlet: Outlet, body: dict[str, object]) -> None:
    outlet.answers(body=body)

    with pytest.raises(UnknownOutcomeError):
        account(outlet).confirm(key=KEY, receipt=RECEIPT)


def test_a_look_up_that_reaches_nobody_proves_nothing() -> None:
    wechat = dataclasses.replace(EXAMPLE, api_base="http://127.0.0.1:1")

    with pytest.raises(UnknownOutcomeError):
        wechat.confirm(key=KEY, receipt=RECEIPT)


@pytest.mark.parametrize(
    ("box", "said"), [((KEY,), "还在草稿箱"), (("delivery-8",), "已不在草稿箱")]
)
def test_without_a_receipt_nothing_is_proved_whatever_the_draft_box_says(
    outlet: Outlet, box: tuple[str, ...], said: str
) -> None:
    outlet.answers(body=drafts_in_box(*box))

    with pytest.raises(UnknownOutcomeError) as raised:
        account(outlet).confirm(key=KEY, receipt=None)

    assert said in raised.value.advice
    assert called(outlet) == ["draft/batchget"]


def test_deletes_the_one_article(outlet: Outlet) -> None:
    outlet.answers(body={"msg_id": 3147494276, "msg_status": "SEND_SUCCESS"})
    outlet.answers(body={"errcode": 0, "errmsg": "ok"})

    account(outlet).withdraw(RECEIPT, reason="内容有误")

    assert called(outlet) == ["message/mass/get", "message/mass/delete"]
    assert outlet.received[1:] == [{"msg_id": 3147494276, "article_idx": 2}]


@pytest.mark.parametrize("status", ["DELETE", "SEND_FAIL"])
def test_what_is_gone_already_counts_as_done(outlet: Outlet, status: str) -> None:
    outlet.answers(body={"msg_id": 3147494276, "msg_status": status})

    account(outlet).withdraw(RECEIPT, reason="内容有误")

    assert called(outlet) == ["message/mass/get"]


@pytest.mark.parametrize("code", [40059, 40060, 40065, 40204])
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"msg_status": "SENDING"}, RetryableError),
        ({"msg_status": "SEND_SUCCESS"}, PermanentError),
        (refusal(40059), PermanentError),
    ],
)
def test_what_cannot_be_deleted_says_when_or_who_can(
    outlet: Outlet, code: int, status: dict[str, object], expected: type[ChannelError]
) -> None:
    outlet.answers(body=status)
    outlet.answers(body=refusal(code))

    with pytest.raises(expected) as raised:
        account(outlet).withdraw(RECEIPT, reason="内容有误")

    assert raised.value.advice


def test_a_lost_answer_to_a_deletion_may_be_repeated(outlet: Outlet) -> None:
    outlet.takes_it_and_hangs_up()

    with pytest.raises(RetryableError):
        account(outlet).withdraw(RECEIPT, reason="内容有误")


def test_a_push_that_a_person_registered_is_deleted_by_a_person(outlet: Outlet) -> None:
    with pytest.raises(PermanentError) as raised:
        account(outlet).withdraw(Receipt(remote_id=""), reason="内容有误")

    assert "人工删除" in raised.value.advice
    assert not outlet.requests


def test_a_healthy_account_says_what_is_left(outlet: Outlet) -> None:
    outlet.answers(body={"access_token": "80_new", "expires_in": 7200})
    outlet.answers(body={"total_count": 3})
    outlet.answers(body=refusal(40059))
    outlet.answers(body={"total_count": 0, "item_count": 0, "item": []})
    outlet.answers(body={"errcode": 0, "quota": {"daily_limit": 100, "used": 7, "remain": 93}})

    health = account(outlet, shelf=MemoryShelf()).check()

    assert health.is_well
    assert health.is_signed_in
    assert health.quota_left == 93
    assert called(outlet) == [
        "stable_token",
        "draft/count",
        "message/mass/get",
        "freepublish/batchget",
        "openapi/quota/get",
    ]
    assert "这个账号能群发、发布（不推送）、存草稿" in health.note
    assert outlet.requests[-1].json == {"cgi_path": "/cgi-bin/message/mass/sendall"}


def test_an_account_that_may_not_push_is_known_before_the_first_push(outlet: Outlet) -> None:
    outlet.answers(body={"total_count": 3})
    outlet.answers(body=refusal(48001, "api unauthorized"))
    outlet.answers(body=refusal(48001, "api unauthorized"))
    outlet.answers(body={"errcode": 0, "quota": {"remain": 93}})

    health = account(outlet).check()

    assert not health.is_well
    assert "不能群发" in health.note
    assert "认证" in health.advice
    assert "改为 draft" in health.advice


def test_permission_to_push_is_asked_for_once_a_day(outlet: Outlet) -> None:
    wechat = account(outlet)
    outlet.answers(body={"total_count": 3})
    outlet.answers(body=refusal(40059))
    outlet.answers(body={"item": []})
    outlet.answers(body={"errcode": 0, "quota": {"remain": 93}})
    outlet.answers(body={"total_count": 3})
    outlet.answers(body={"errcode": 0, "quota": {"remain": 93}})

    assert wechat.check().is_well
    assert wechat.check().is_well

    assert called(outlet).count("message/mass/get") == 1


def test_a_question_for_permission_that_fails_is_no_alarm_and_asked_again(outlet: Outlet) -> None:
    wechat = account(outlet)
    for _ in range(2):
        outlet.answers(body={"total_count": 3})
        outlet.answers(body=refusal(45009))
        outlet.answers(body=refusal(45009))
        outlet.answers(body={"errcode": 0, "quota": {"remain": 93}})

    assert wechat.check().is_well
    assert wechat.check().is_well

    assert called(outlet).count("message/mass/get") == 2


def test_an_account_with_no_calls_left_is_not_well(outlet: Outlet) -> None:
    outlet.answers(body={"total_count": 3})
    outlet.answers(body=refusal(40059))
    outlet.answers(body={"item": []})
    outlet.answers(body={"errcode": 0, "quota": {"daily_limit": 100, "used": 100, "remain": 0}})

    health = account(outlet).check()

    assert health.quota_left == 0
    assert not health.is_well


def test_a_missing_whitelist_entry_is_named(outlet: Outlet) -> None:
    errmsg = "invalid ip 203.0.113.8 ipv6 ::ffff:203.0.113.8, not in whitelist rid: 6900aaaa"
    outlet.answers(body=refusal(40164, errmsg))

    health = account(outlet, shelf=MemoryShelf()).check()

    assert health.is_reachable
    assert health.is_signed_in is False
    assert "203.0.113.8" in health.advice
    assert "rid: 6900aaaa" in health.note


def test_nobody_there_is_an_answer_too() -> None:
    health = dataclasses.replace(EXAMPLE, api_base="http://127.0.0.1:1").check()

    assert not health.is_reachable
    assert health.is_signed_in is None
    assert health.advice


def test_a_busy_outlet_is_reachable(outlet: Outlet) -> None:
    outlet.answers(body=refusal(-1))

    health = account(outlet).check()

    assert health.is_reachable
    assert not health.is_well


def test_a_refused_account_stops_the_delivery(outlet: Outlet) -> None:
    outlet.answers(body=refusal(40125, "invalid appsecret"))
    wechat = account(outlet, shelf=MemoryShelf())

    with pytest.raises(CredentialsError):
        wechat.deliver(wechat.render(NOTICE), key=KEY)

    assert called(outlet) == ["stable_token"]
