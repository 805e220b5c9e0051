"""Xibo: settings, and what each answer of the CMS means."""

from __future__ import annotations

import dataclasses

import pytest

from channels.xibo import Xibo
from publisher.channel import Content, Receipt
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

EXAMPLE = Xibo(
    api_base="https://xibo.example.edu.cn/api", client_id="yigao", client_secret="sesame",
    display_groups=(1,), shelf=MemoryShelf(),
)  # fmt: skip
NOTICE = Content(title="停水通知", body="<p>周六停水。</p>")
KEY = "delivery-7"
TOKEN = {"token_type": "Bearer", "expires_in": 3600, "access_token": "a.b.c"}


@pytest.fixture
def cms(outlet: Outlet) -> Xibo:
    shelf = MemoryShelf(**{f"xibo-token {outlet.url}/api": "a.b.c"})
    return dataclasses.replace(EXAMPLE, api_base=f"{outlet.url}/api", shelf=shelf, timeout_s=2.0)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("api_base", "xibo.example.edu.cn"),
        ("display_groups", ()),
        ("display_groups", (0,)),
        ("confirm_share", 0.0),
        ("days_without_end", 0),
        ("cms_timezone", "Asia/Quanzhou"),
    ],
)
def test_a_setting_that_cannot_work_is_refused(setting: str, value: object) -> None:
    with pytest.raises(ConfigError) as caught:
        dataclasses.replace(EXAMPLE, **{setting: value})  # type: ignore[arg-type]

    assert caught.value.key == setting


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, {"error": "access_denied"}, CredentialsError),
        (403, {"error": 403, "message": "Access to this route is denied"}, CredentialsError),
        (404, {"error": 404, "message": "Cannot find media"}, PermanentError),
        (409, {"error": 409, "message": "You already own"}, PermanentError),
        (422, {"error": 422, "message": "Please enter a from date"}, PermanentError),
        (500, {"success": False, "error": 404, "message": "404 Not Found"}, PermanentError),
        (500, {"success": False, "error": 500, "message": "Unexpected"}, UnknownOutcomeError),
        (502, b"<html>", UnknownOutcomeError),
        (503, b"<html>", RetryableError),
        (200, b"<html>", UnknownOutcomeError),
        (201, {"data": {}}, UnknownOutcomeError),
    ],
)
def test_sorts_every_answer_to_the_event(
    outlet: Outlet, cms: Xibo, status: int, body: object, expected: type[ChannelError]
) -> None:
    outlet.answers(body=[])
    outlet.answers(status, body)
    if status == 401:  # a token that is refused is renewed once
        outlet.answers(body=TOKEN)
        outlet.answers(status, body)

    with pytest.raises(expected) as caught:
        cms.deliver_prepared(cms.render(NOTICE), key=KEY, handle="1")

    assert "sesame" not in str(caught.value)


def test_a_lost_answer_to_the_event_is_unknown(outlet: Outlet, cms: Xibo) -> None:
    outlet.answers(body=[])
    outlet.takes_it_and_hangs_up()

    with pytest.raises(UnknownOutcomeError):
        cms.deliver_prepared(cms.render(NOTICE), key=KEY, handle="1")


def test_trouble_with_the_look_before_has_shown_nothing(outlet: Outlet, cms: Xibo) -> None:
    outlet.takes_it_and_hangs_up()

    with pytest.raises(RetryableError):
        cms.deliver_prepared(cms.render(NOTICE), key=KEY, handle="1")


def test_an_upload_that_is_refused_with_http_200_is_refused(outlet: Outlet, cms: Xibo) -> None:
    outlet.answers(body=[])
    outlet.answers(body={"files": [{"name": "a.png", "error": "Filetype not allowed"}]})

    with pytest.raises(PermanentError) as caught:
        cms.prepare(cms.render(NOTICE), key=KEY)

    assert "Filetype" in caught.value.advice


def test_a_wrong_secret_stops_the_target(outlet: Outlet, cms: Xibo) -> None:
    fresh = dataclasses.replace(cms, shelf=MemoryShelf())
    outlet.answers(401, {"error": "invalid_client"})

    with pytest.raises(CredentialsError):
        fresh.prepare(fresh.render(NOTICE), key=KEY)


def test_a_receipt_that_names_no_event_is_left_to_a_person(cms: Xibo) -> None:
    with pytest.raises(PermanentError):
        cms.withdraw(Receipt(remote_id="x"), reason="有误")
