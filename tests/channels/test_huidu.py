"""Huidu cards: settings, and what each answer means."""

from __future__ import annotations

import dataclasses

import pytest

from channels.huidu import Huidu
from publisher.channel import Content, Receipt
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

CARD = "C16L-D00-A000F"
EXAMPLE = Huidu(
    base_url="http://10.0.0.9:30080", cards=(CARD,), sdk_key="k", secret="sesame",
    shelf=MemoryShelf(),
)  # fmt: skip
NOTICE = Content(title="停水通知", body="<p>周六停水。</p>")


@pytest.fixture
def wall(outlet: Outlet) -> Huidu:
    return dataclasses.replace(EXAMPLE, base_url=outlet.url, timeout_s=2.0)


def answer(data: object, *, message: str = "ok") -> dict[str, object]:
    return {"message": "ok", "data": [{"id": CARD, "message": message, "data": data}]}


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("base_url", "10.0.0.9"),
        ("cards", ()),
        ("cards", ("C16L-A00-A000F",)),
        ("names", {"C16L-D00-X": "校门"}),
        ("width", 300),
        ("height", 8),
        ("line_s", 2),
        ("days_without_end", 0),
    ],
)
def test_a_setting_that_cannot_work_is_refused(setting: str, value: object) -> None:
    with pytest.raises(ConfigError) as caught:
        dataclasses.replace(EXAMPLE, **{setting: value})  # type: ignore[arg-type]

    assert caught.value.key == setting


def test_a_strip_shows_no_emoji() -> None:
    with pytest.raises(UnfitError):
        EXAMPLE.render(dataclasses.replace(NOTICE, title="开学啦🎉"))


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, {"message": "failed"}, RetryableError),
        (200, answer("", message="offline"), RetryableError),
        (200, {"message": "ok", "data": []}, RetryableError),
        (200, b"<html>", RetryableError),
        (401, b"", CredentialsError),
        (404, b"", PermanentError),
        (503, b"", RetryableError),
    ],
)
def test_trouble_before_the_program_has_shown_nothing(
    outlet: Outlet, wall: Huidu, status: int, body: object, expected: type[ChannelError]
) -> None:
    outlet.answers(status, body)

    with pytest.raises(expected) as caught:
        wall.deliver(wall.render(NOTICE), key="delivery-7")

    assert "sesame" not in str(caught.value)


def test_a_screen_that_is_dark_is_not_confirmed(outlet: Outlet, wall: Huidu) -> None:
    outlet.answers(body=answer({"item": [{"uuid": "delivery-7"}]}))
    outlet.answers(body=answer({"screen.openStatus": "false"}))

    with pytest.raises(UnknownOutcomeError) as caught:
        wall.confirm(key="delivery-7", receipt=None)

    assert "点亮" in caught.value.advice


def test_a_program_that_stays_is_asked_for_again(outlet: Outlet, wall: Huidu) -> None:
    outlet.answers(body=answer("kSuccess"))
    outlet.answers(body=answer({"item": [{"uuid": "delivery-7"}]}))

    with pytest.raises(RetryableError):
        wall.withdraw(Receipt(remote_id=f"{CARD}:delivery-7"), reason="有误")
