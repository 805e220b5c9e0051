"""Signed push: what is sent, and what each answer means."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import time
from typing import Any

import pytest

from channels.push import Push, signature
from channels.push.notice import digest_of
from publisher.channel import Attachment, Content, Image, Receipt
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

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
OLD = "whsec_" + base64.b64encode(b"o" * 32).decode()
EXAMPLE = Push(
    url="https://cms.example.edu.cn/receive",
    secret=SECRET,
    shelf=MemoryShelf(),
    checks_page=False,
)
NOTICE = Content(title="停水通知", body="<p>周六停水。</p>", index_number="13771-9900-2026-0001")
KEY = "delivery-7"


UNKNOWN = {"contract": 1, "state": "unknown", "key": KEY}


@pytest.fixture
def receiver(outlet: Outlet) -> Push:
    url = f"{outlet.url}/receive"
    return dataclasses.replace(EXAMPLE, url=url, timeout_s=2.0, shelf=MemoryShelf())


def good(push: Push, **more: Any) -> dict[str, Any]:
    """Return what the receiver says of the notice when it has it."""
    said = {"contract": 1, "state": "published", "key": KEY, "id": "3"}
    said["digest"] = digest_of(push.render(NOTICE))
    return said | {"url": "http://127.0.0.1/notice/3"} | more


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("url", "cms.example.edu.cn"),
        ("url", "https://cms.example.edu.cn/?a=1"),
        ("url", "https://wang:geheim@cms.example.edu.cn/receive"),
        ("url", "https://cms.example.edu.cn/receive#a"),
        ("secret", "geheim"),
        ("secret", "whsec_abc"),
        ("secret", "whsec_" + base64.b64encode(b"short").decode()),
        ("old_secrets", ("geheim",)),
        ("max_file_mb", 0.0),
        ("timeout_s", 0.0),
        ("page_hosts", ("https://www.example.edu.cn",)),
    ],
)
def test_a_setting_that_cannot_work_is_refused(setting: str, value: object) -> None:
    with pytest.raises(ConfigError) as caught:
        dataclasses.replace(EXAMPLE, **{setting: value})  # type: ignore[arg-type]

    assert caught.value.key == setting


def test_a_secret_is_not_resolved_where_nothing_is_sent() -> None:
    named = dataclasses.replace(EXAMPLE, secret="env:CMS_SECRET", old_secrets=("file:old",))

    assert named.render(NOTICE).title == "停水通知"


@pytest.mark.parametrize(
    ("notice", "field", "words"),
    [
        ({"audience": "campus"}, "audience", "校内"),
        ({"title": " "}, "title", "标题"),
        ({"body": "<p> </p>"}, "body", "正文"),
        ({"body": '<p>图<img src="media:a.png" alt=""></p>'}, "images", "a.png"),
        ({"attachments": ("表.pdf", b"x" * 2000)}, "attachments", "表.pdf"),
        ({"attachments": ("空.pdf", b"")}, "attachments", "空.pdf"),
        ({"images": ("平面图", b"x" * 2000)}, "images", "平面图"),
    ],
)
def test_what_cannot_be_carried_is_unfit(notice: dict[str, Any], field: str, words: str) -> None:
    small = dataclasses.replace(EXAMPLE, max_file_mb=0.001)
    if "attachments" in notice:
        name, file = notice["attachments"]
        made = Attachment(name=name, file=file, media_type="application/pdf")
        notice = {"attachments": (made,)}
    if "images" in notice:
        alt, file = notice["images"]
        notice = {"images": (Image(name="a.png", alt=alt, file=file, media_type="image/png"),)}

    with pytest.raises(UnfitError) as caught:
        small.render(dataclasses.replace(NOTICE, **notice))

    assert caught.value.field == field
    assert words in str(caught.value)


def test_a_file_of_just_the_size_passes() -> None:
    small = dataclasses.replace(EXAMPLE, max_file_mb=1.0)
    file = Attachment(name="表.pdf", file=b"x" * 2**20, media_type="application/pdf")

    assert small.render(dataclasses.replace(NOTICE, attachments=(file,))).parts[0].file == file.file


def test_the_digest_covers_all_that_readers_get_and_not_the_key() -> None:
    file = Attachment(name="表.pdf", file=b"%PDF", media_type="application/pdf")
    changes: list[dict[str, Any]] = [
        {},
        {"title": "停电通知"},
        {"body": "<p>周日停水。</p>"},
        {"document_number": "院办〔2026〕7号"},
        {"attachments": (file,)},
        {"attachments": (dataclasses.replace(file, name="附件.pdf"),)},
        {"attachments": (dataclasses.replace(file, file=b"%PDF-2"),)},
    ]

    digests = [digest_of(EXAMPLE.render(dataclasses.replace(NOTICE, **each))) for each in changes]

    assert len(set(digests)) == len(changes)
    assert digests[0] == digest_of(EXAMPLE.render(NOTICE))


def test_the_signature_is_that_of_the_scheme() -> None:
    made = signature.headers([SECRET], id="msg_1", at=1_700_000_000, payload=b'{"a":1}')

    key = b"0123456789abcdef0123456789abcdef"
    by_hand = hmac.new(key, b'msg_1.1700000000.{"a":1}', hashlib.sha256).digest()
    assert made == {
        "webhook-id": "msg_1",
        "webhook-timestamp": "1700000000",
        "webhook-signature": "v1," + base64.b64encode(by_hand).decode(),
    }


def test_while_a_secret_is_changed_both_sign() -> None:
    both, first, second = (
        signature.headers(secrets, id="m", at=1, payload=b"x")["webhook-signature"]
        for secrets in ([SECRET, OLD], [SECRET], [OLD])
    )

    assert both == f"{first} {second}"


def test_a_notice_travels_with_its_facts_after_a_look_under_its_key(
    outlet: Outlet, receiver: Push
) -> None:
    outlet.answers(404, UNKNOWN)
    outlet.answers(201, good(receiver))

    receipt = receiver.deliver(receiver.render(NOTICE), key=KEY)

    look, sent = outlet.requests
    assert (look.method, look.path) == ("GET", f"/receive?key={KEY}")
    assert receipt.remote_id == "delivery-7 3"
    assert sent.json["type"] == "notice.published"
    assert sent.json["data"]["title"] == "停水通知"
    assert sent.json["data"]["digest"] == good(receiver)["digest"]
    assert sent.headers["webhook-id"] == "delivery-7.published"


def test_what_is_there_already_is_not_sent_again(outlet: Outlet, receiver: Push) -> None:
    outlet.answers(body=good(receiver))

    receipt = receiver.deliver(receiver.render(NOTICE), key=KEY)

    assert (receipt.remote_id, receipt.url) == ("delivery-7 3", "http://127.0.0.1/notice/3")
    assert [request.method for request in outlet.requests] == ["GET"]


@pytest.mark.parametrize(
    ("there", "words"),
    [
        ({"digest": "0" * 64}, "另一篇内容"),
        ({"state": "withdrawn"}, "已经撤下"),
        ({"state": "replaced"}, "更新的版次"),
    ],
)
def test_what_else_is_under_the_key_stops_for_a_person(
    outlet: Outlet, receiver: Push, there: dict[str, str], words: str
) -> None:
    outlet.answers(body=good(receiver, **there))

    with pytest.raises(PermanentError) as caught:
        receiver.deliver(receiver.render(NOTICE), key=KEY)

    assert words in caught.value.advice
    assert [request.method for request in outlet.requests] == ["GET"]


def test_files_go_first_and_are_named_by_digest(outlet: Outlet, receiver: Push) -> None:
    file = Attachment(name="表.pdf", file=b"%PDF", media_type="application/pdf")
    notice = receiver.render(dataclasses.replace(NOTICE, attachments=(file,)))
    name = hashlib.sha256(b"%PDF").hexdigest()
    outlet.answers(404, UNKNOWN)
    outlet.answers(body={"contract": 1, "sha256": name})
    outlet.answers(201, good(receiver, digest=digest_of(notice)))

    receiver.deliver(notice, key=KEY)

    assert outlet.requests[1].path == f"/receive?file={name}"
    assert outlet.requests[1].headers["webhook-id"] == f"file.{name}"
    assert outlet.requests[1].body == b"%PDF"
    assert outlet.requests[2].json["data"]["attachments"] == [
        {"name": "表.pdf", "sha256": name, "media_type": "application/pdf", "size_bytes": 4}
    ]


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, {"contract": 1, "detail": "签名不对"}, CredentialsError),
        (403, {"contract": 1, "detail": "停用"}, CredentialsError),
        (403, b"<html>firewall</html>", PermanentError),
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
    outlet.answers(404, UNKNOWN)
    outlet.answers(status, body)

    with pytest.raises(expected):
        receiver.deliver(receiver.render(NOTICE), key=KEY)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, {"contract": 1, "detail": "签名不对"}, CredentialsError),
        (403, b"<html>firewall</html>", CredentialsError),
        (404, b"<html>", PermanentError),
        (429, b"", RetryableError),
        (500, b"<html>", RetryableError),
        (200, b"<html>ok</html>", RetryableError),
    ],
)
def test_nothing_is_unknown_while_nothing_was_sent(
    outlet: Outlet, receiver: Push, status: int, body: object, expected: type[ChannelError]
) -> None:
    outlet.answers(status, body)

    with pytest.raises(expected):
        receiver.deliver(receiver.render(NOTICE), key=KEY)

    assert len(outlet.requests) == 1


def test_a_file_too_large_for_the_server_is_named_with_its_size(
    outlet: Outlet, receiver: Push
) -> None:
    file = Attachment(name="表.pdf", file=b"x" * 2**20, media_type="application/pdf")
    outlet.answers(404, UNKNOWN)
    outlet.answers(413, b"<html>Request Entity Too Large</html>")

    with pytest.raises(PermanentError) as caught:
        receiver.deliver(receiver.render(dataclasses.replace(NOTICE, attachments=(file,))), key=KEY)

    assert "“表.pdf” 有 1.0 MB" in caught.value.advice


def test_a_lost_answer_is_unknown_and_a_lost_file_has_published_nothing(
    outlet: Outlet, receiver: Push
) -> None:
    file = Attachment(name="表.pdf", file=b"%PDF", media_type="application/pdf")
    outlet.answers(404, UNKNOWN)
    outlet.takes_it_and_hangs_up()
    with pytest.raises(UnknownOutcomeError):
        receiver.deliver(receiver.render(NOTICE), key=KEY)

    outlet.answers(404, UNKNOWN)
    outlet.takes_it_and_hangs_up()
    notice = dataclasses.replace(NOTICE, attachments=(file,))
    with pytest.raises(RetryableError):
        receiver.deliver(receiver.render(notice), key=KEY)


@pytest.mark.parametrize(("status", "state"), [(404, "unknown"), (200, "withdrawn")])
def test_what_the_receiver_has_not_is_certainly_not_there(
    outlet: Outlet, receiver: Push, status: int, state: str
) -> None:
    outlet.answers(status, {"contract": 1, "state": state, "key": KEY})

    assert receiver.confirm(key=KEY, receipt=None) is None


@pytest.mark.parametrize("status", [401, 404, 429, 502])
def test_a_look_that_was_not_taken_proves_nothing(
    outlet: Outlet, receiver: Push, status: int
) -> None:
    outlet.answers(status, b"<html>")

    with pytest.raises((UnknownOutcomeError, CredentialsError)):
        receiver.confirm(key=KEY, receipt=None)


def test_another_notice_under_the_key_is_not_confirmed(outlet: Outlet, receiver: Push) -> None:
    outlet.answers(404, UNKNOWN)
    outlet.answers(201, good(receiver))
    receipt = receiver.deliver(receiver.render(NOTICE), key=KEY)  # which it goes on saying
    outlet.answers(body=good(receiver, digest="0" * 64))

    assert receiver.confirm(key=KEY, receipt=receipt) is not None
    with pytest.raises(UnknownOutcomeError):
        receiver.confirm(key=KEY, receipt=receipt)


def test_only_this_very_notice_is_found(outlet: Outlet, receiver: Push) -> None:
    outlet.answers(body=good(receiver))
    outlet.answers(body=good(receiver, digest="0" * 64))

    assert receiver.find(receiver.render(NOTICE), key=KEY) is not None
    assert receiver.find(receiver.render(NOTICE), key=KEY) is None


def test_a_page_at_a_host_that_nobody_allowed_is_not_opened(outlet: Outlet, receiver: Push) -> None:
    looking = dataclasses.replace(receiver, checks_page=True)
    outlet.answers(body=good(receiver, url="http://elsewhere.invalid/notice/3"))

    receipt = looking.confirm(key=KEY, receipt=None)

    assert receipt is not None
    assert "没有打开看" in receipt.evidence


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
    outlet.answers(body={"contract": 1, "state": "ready", "name": "cms", "time": time.time()})

    refused, well = receiver.check(), receiver.check()
    away = dataclasses.replace(receiver, url="http://127.0.0.1:1/receive").check()

    assert refused.is_signed_in is False
    assert "secret" in refused.advice
    assert well.is_well
    assert not away.is_reachable


@pytest.mark.parametrize(
    ("said", "words"),
    [({"time": 1_000_000_000}, "时钟差"), ({"max_bytes": 2**20}, "对方一次只收 1.0 MB")],
)
def test_the_check_tells_what_would_soon_go_wrong(
    outlet: Outlet, receiver: Push, said: dict[str, int], words: str
) -> None:
    outlet.answers(body={"contract": 1, "state": "ready", "name": "cms"} | said)

    health = receiver.check()

    assert (health.can_take, health.is_well) == (True, False)
    assert words in health.advice


@pytest.mark.parametrize("key", ["", "a b", "../x", "k" * 101])
def test_a_key_that_the_contract_does_not_allow_is_not_sent(
    outlet: Outlet, receiver: Push, key: str
) -> None:
    with pytest.raises(PermanentError):
        receiver.deliver(receiver.render(NOTICE), key=key)

    assert outlet.requests == []
