"""Signed push: what is sent, and what each answer means."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
from typing import Any

import pytest

from channels.push import Push, signature
from publisher.channel import Attachment, Content, Receipt
from publisher.errors import (
    ChannelError,
    ConfigError,
    CredentialsError,
    PermanentError,
    RetryableError,
    UnfitError,
    UnknownOutcomeError,
)
from tests.outlet import Outlet

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
EXAMPLE = Push(url="https://cms.example.edu.cn/receive", secret=SECRET, checks_page=False)
NOTICE = Content(title="停水通知", body="<p>周六停水。</p>", index_number="13771-9900-2026-0001")
KEY = "delivery-7"


@pytest.fixture
def receiver(outlet: Outlet) -> Push:
    return dataclasses.replace(EXAMPLE, url=f"{outlet.url}/receive", timeout_s=2.0)


def digest(push: Push) -> str:
    return push._notice(push.render(NOTICE), key=KEY)["digest"]  # type: ignore[no-any-return]


def good(push: Push, **more: Any) -> dict[str, Any]:
    said = {"contract": 1, "state": "published", "key": KEY, "digest": digest(push), "id": "3"}
    return said | {"url": "http://127.0.0.1/notice/3"} | more


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("url", "cms.example.edu.cn"),
        ("url", "https://cms.example.edu.cn/?a=1"),
        ("secret", "geheim"),
        ("secret", "whsec_abc"),
        ("secret", "whsec_" + base64.b64encode(b"short").decode()),
        ("max_file_mb", 0.0),
    ],
)
def test_a_setting_that_cannot_work_is_refused(setting: str, value: object) -> None:
    with pytest.raises(ConfigError) as caught:
        dataclasses.replace(EXAMPLE, **{setting: value})  # type: ignore[arg-type]

    assert caught.value.key == setting


def test_a_file_that_is_too_large_is_unfit() -> None:
    small = dataclasses.replace(EXAMPLE, max_file_mb=0.001)
    file = Attachment(name="表.pdf", file=b"x" * 2000, media_type="application/pdf")

    with pytest.raises(UnfitError) as caught:
        small.render(dataclasses.replace(NOTICE, attachments=(file,)))

    assert "表.pdf" in str(caught.value)


def test_the_signature_is_that_of_the_scheme() -> None:
    made = signature.headers(SECRET, id="msg_1", at=1_700_000_000, payload=b'{"a":1}')

    key = b"0123456789abcdef0123456789abcdef"
    by_hand = hmac.new(key, b'msg_1.1700000000.{"a":1}', hashlib.sha256).digest()
    assert made == {
        "webhook-id": "msg_1",
        "webhook-timestamp": "1700000000",
        "webhook-signature": "v1," + base64.b64encode(by_hand).decode(),
    }


def test_a_notice_travels_with_its_facts_and_the_same_id_each_time(
    outlet: Outlet, receiver: Push
) -> None:
    outlet.answers(body=good(receiver))

    receipts = [receiver.deliver(receiver.render(NOTICE), key=KEY) for _ in range(2)]

    [first, second] = outlet.requests
    assert receipts[0].remote_id == "delivery-7 3"
    assert first.json["type"] == "notice.published"
    assert first.json["data"]["title"] == "停水通知"
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == "delivery-7.published"
    assert first.body == second.body


def test_files_go_first_and_are_named_by_digest(outlet: Outlet, receiver: Push) -> None:
    file = Attachment(name="表.pdf", file=b"%PDF", media_type="application/pdf")
    name = hashlib.sha256(b"%PDF").hexdigest()
    outlet.answers(body={"contract": 1, "sha256": name})
    outlet.answers(body=good(receiver))

    notice = dataclasses.replace(NOTICE, attachments=(file,))
    receiver.deliver(receiver.render(notice), key=KEY)

    assert outlet.requests[0].path == f"/receive?file={name}"
    assert outlet.requests[0].body == b"%PDF"
    [sent] = outlet.requests[1].json["data"]["files"]
    assert (sent["label"], sent["sha256"], sent["role"]) == ("表.pdf", name, "attachment")


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, {"contract": 1, "detail": "签名不对"}, CredentialsError),
        (403, b"<html>", CredentialsError),
        (409, {"contract": 1, "detail": "已用于别的内容"}, PermanentError),
        (413, b"<html>too large</html>", PermanentError),
        (422, {"contract": 1, "detail": "缺少标题"}, PermanentError),
        (404, b"<html>", PermanentError),
        (302, b"", PermanentError),
        (429, b"", RetryableError),
        (503, {"contract": 1, "detail": "维护中"}, RetryableError),
        (503, b"<html>", UnknownOutcomeError),
        (500, b"<html>", UnknownOutcomeError),
        (200, b"<html>ok</html>", UnknownOutcomeError),
        (200, {"ok": True}, UnknownOutcomeError),
        (200, {"contract": 1, "key": "delivery-8", "digest": "x"}, UnknownOutcomeError),
    ],
)
def test_sorts_every_answer(
    outlet: Outlet, receiver: Push, status: int, body: object, expected: type[ChannelError]
) -> None:
    outlet.answers(status, body)

    with pytest.raises(expected):
        receiver.deliver(receiver.render(NOTICE), key=KEY)


def test_a_lost_answer_is_unknown_and_a_lost_file_has_published_nothing(
    outlet: Outlet, receiver: Push
) -> None:
    file = Attachment(name="表.pdf", file=b"%PDF", media_type="application/pdf")
    outlet.takes_it_and_hangs_up()
    with pytest.raises(UnknownOutcomeError):
        receiver.deliver(receiver.render(NOTICE), key=KEY)
    notice = dataclasses.replace(NOTICE, attachments=(file,))
    with pytest.raises(RetryableError):
        receiver.deliver(receiver.render(notice), key=KEY)


@pytest.mark.parametrize("state", ["unknown", "withdrawn", "replaced"])
def test_what_the_receiver_has_not_is_certainly_not_there(
    outlet: Outlet, receiver: Push, state: str
) -> None:
    outlet.answers(body={"contract": 1, "state": state, "key": KEY})

    assert receiver.confirm(key=KEY, receipt=None) is None


def test_what_the_receiver_has_is_confirmed(outlet: Outlet, receiver: Push) -> None:
    outlet.answers(body=good(receiver))

    receipt = receiver.confirm(key=KEY, receipt=None)

    assert receipt is not None
    assert receipt.url == "http://127.0.0.1/notice/3"


@pytest.mark.parametrize(
    "page", ["<p>请登录</p>", '<div data-yigao="delivery-8 ' + "0" * 64 + '">别的</div>']
)
def test_a_page_without_the_mark_is_not_confirmed(
    outlet: Outlet, receiver: Push, page: str
) -> None:
    looking = dataclasses.replace(receiver, checks_page=True)
    outlet.answers(body=good(receiver, url=f"{outlet.url}/notice/3"))
    outlet.answers(200, page.encode())

    with pytest.raises(UnknownOutcomeError) as caught:
        looking.confirm(key=KEY, receipt=None)

    assert "看不到" in caught.value.advice


@pytest.mark.parametrize("body", [b"<html>", {"state": "unknown"}, {"contract": 1, "state": "?"}])
def test_an_answer_that_is_not_of_the_contract_proves_nothing(
    outlet: Outlet, receiver: Push, body: object
) -> None:
    outlet.answers(body=body)

    with pytest.raises(UnknownOutcomeError):
        receiver.confirm(key=KEY, receipt=None)


def test_a_withdrawal_is_asked_for_again_until_the_receiver_agrees(
    outlet: Outlet, receiver: Push
) -> None:
    outlet.takes_it_and_hangs_up()
    outlet.answers(body={"contract": 1, "state": "withdrawn", "key": KEY})
    receipt = Receipt(remote_id="delivery-7 3")
    with pytest.raises(RetryableError):
        receiver.withdraw(receipt, reason="有误")

    receiver.withdraw(receipt, reason="有误")

    assert outlet.received[-1]["data"] == {"key": KEY, "id": "3", "reason": "有误"}


def test_the_check_tells_a_wrong_secret_from_a_closed_door_and_an_old_contract(
    outlet: Outlet, receiver: Push
) -> None:
    outlet.answers(401, {"contract": 1, "detail": "签名不对"})
    outlet.answers(body={"contract": 1, "state": "ready", "name": "cms"})

    refused, well = receiver.check(), receiver.check()
    away = dataclasses.replace(receiver, url="http://127.0.0.1:1/receive").check()

    assert refused.is_signed_in is False
    assert "secret" in refused.advice
    assert well.is_well
    assert not away.is_reachable
