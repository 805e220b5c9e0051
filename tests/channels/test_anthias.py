"""Anthias: settings, and what each answer of a device means."""

from __future__ import annotations

import dataclasses

import pytest

from channels.anthias import Anthias
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

EXAMPLE = Anthias(
    devices={"hall": "http://10.0.0.5"}, shelf=MemoryShelf(), username="a", password="sesame"
)
NOTICE = Content(title="停水通知", body="<p>周六停水。</p>")
KEY = "delivery-7"
UPLOADED = {"uri": "/data/x.tmp", "ext": ".png", "upload_id": "x"}


@pytest.fixture
def hall(outlet: Outlet) -> Anthias:
    return dataclasses.replace(EXAMPLE, devices={"hall": outlet.url}, timeout_s=2.0)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("devices", {}),
        ("devices", {"Hall": "http://10.0.0.5"}),
        ("devices", {"hall": "10.0.0.5"}),
        ("names", {"gate": "大门"}),
        ("slide_s", 2),
        ("days_without_end", 0),
    ],
)
def test_a_setting_that_cannot_work_is_refused(setting: str, value: object) -> None:
    with pytest.raises(ConfigError) as caught:
        dataclasses.replace(EXAMPLE, **{setting: value})  # type: ignore[arg-type]

    assert caught.value.key == setting


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (302, b"", CredentialsError),
        (401, {"detail": "Invalid username/password."}, CredentialsError),
        (400, {"uri": ["Invalid file path. Failed to add asset."]}, PermanentError),
        (500, {"error": "Could not retrieve file. Check the asset URL."}, PermanentError),
        (507, {"detail": "full"}, RetryableError),
        (503, b"", RetryableError),
        (500, b"<html>", UnknownOutcomeError),
        (200, b"<html>login</html>", UnknownOutcomeError),
        (201, {"name": KEY, "duration": 99}, UnknownOutcomeError),
    ],
)
def test_sorts_every_answer_to_the_slide(
    outlet: Outlet, hall: Anthias, status: int, body: object, expected: type[ChannelError]
) -> None:
    outlet.answers(body=[])
    outlet.answers(body=UPLOADED)
    outlet.answers(status, body)

    with pytest.raises(expected) as caught:
        hall.deliver(hall.render(NOTICE), key=KEY)

    assert "sesame" not in str(caught.value)


def test_trouble_before_the_slide_has_shown_nothing(outlet: Outlet, hall: Anthias) -> None:
    outlet.answers(body=[])
    outlet.takes_it_and_hangs_up()

    with pytest.raises(RetryableError):
        hall.deliver(hall.render(NOTICE), key=KEY)


def test_a_lost_answer_to_the_slide_is_unknown(outlet: Outlet, hall: Anthias) -> None:
    outlet.answers(body=[])
    outlet.answers(body=UPLOADED)
    outlet.takes_it_and_hangs_up()

    with pytest.raises(UnknownOutcomeError):
        hall.deliver(hall.render(NOTICE), key=KEY)


def test_a_receipt_that_names_no_asset_is_left_to_a_person(hall: Anthias) -> None:
    with pytest.raises(PermanentError):
        hall.withdraw(Receipt(remote_id="hall:"), reason="有误")


def test_a_device_that_is_away_is_named(outlet: Outlet, hall: Anthias) -> None:
    outlet.answers(body=[])
    both = dataclasses.replace(
        hall,
        devices={**hall.devices, "gate": "http://127.0.0.1:1"},
        names={"gate": "大门"},
    )

    health = both.check()

    assert health.is_reachable
    assert "大门" in health.advice
