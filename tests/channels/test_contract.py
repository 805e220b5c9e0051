"""What every channel must do. New modules are found by listing the package."""

from __future__ import annotations

import dataclasses
import inspect
from datetime import UTC, date, datetime
from importlib import import_module
from typing import Any

import pytest

from publisher import registry
from publisher.channel import Attachment, Channel, Content, Image, Rendition, Splits
from publisher.errors import UnfitError

CHANNELS = registry.available()
SECRET_WORDS = ("secret", "token", "password", "key", "webhook")
DOT = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154"
    "789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)  # a PNG of one red pixel
PICTURES = tuple(
    Image(name=f"{n}.png", file=DOT, media_type="image/png", alt=f"图{n}") for n in range(4)
)
NOTICE = Content(
    title="关于东校区部分区域临时停电停水的通知",
    body="<p>因检修，周六 9:00 至 11:00 停水。</p>",
    summary="周六 9:00 至 11:00 停水。",
    link="http://127.0.0.1:8001/info/2026/13771-9900-2026-0001.html",
    department="后勤管理处",
    index_number="13771-9900-2026-0001",
    issued_on=date(2026, 11, 20),
    publish_at=datetime(2026, 11, 24, 0, 30, tzinfo=UTC),
)
SHELF = {
    "nothing at all": Content(title="", body=""),
    "an ordinary notice": NOTICE,
    "a long title": dataclasses.replace(NOTICE, title="关于" + "很" * 200 + "长的通知"),
    "an emoji": dataclasses.replace(NOTICE, title="开学啦🎉", body="<p>👩‍🏫 老师好</p>"),
    "four images": dataclasses.replace(
        NOTICE,
        body="".join(f'<p><img src="media:{p.name}" alt="{p.alt}"></p>' for p in PICTURES),
        images=PICTURES,
    ),
    "an attachment": dataclasses.replace(
        NOTICE,
        attachments=(Attachment(name="表.pdf", file=b"%PDF-1.7", media_type="application/pdf"),),
    ),
    "markup in the title": dataclasses.replace(NOTICE, title='<script>"&#*$[CQ:at,qq=all]'),
}


def example(name: str) -> Channel:
    """Return the EXAMPLE of a channel's own test module."""
    channel: Channel = import_module(f"tests.channels.test_{name}").EXAMPLE
    return channel


@pytest.mark.parametrize("name", CHANNELS)
def test_a_channel_is_a_frozen_dataclass_of_its_settings(name: str) -> None:
    kind = registry.adapter(name)

    params: Any = kind.__dict__["__dataclass_params__"]
    assert params.frozen
    assert all(field.kw_only for field in dataclasses.fields(kind))  # type: ignore[arg-type]
    assert kind.label


@pytest.mark.parametrize("name", CHANNELS)
def test_a_channel_names_the_page_it_was_written_from(name: str) -> None:
    module = inspect.getmodule(registry.adapter(name))

    assert module is not None
    assert "\nAPI:" in (module.__doc__ or "")


@pytest.mark.parametrize("name", CHANNELS)
def test_a_secret_is_not_in_the_repr(name: str) -> None:
    for field in dataclasses.fields(registry.adapter(name)):  # type: ignore[arg-type]
        if any(word in field.name for word in SECRET_WORDS):
            assert not field.repr, field.name


@pytest.mark.parametrize("name", CHANNELS)
@pytest.mark.parametrize("content", SHELF.values(), ids=SHELF.keys())
def test_render_is_pure_or_says_unfit(name: str, content: Content) -> None:
    channel = example(name)

    assert _rendered(channel, content) == _rendered(channel, content)


def _rendered(channel: Channel, content: Content) -> Rendition | str:
    try:
        rendition = channel.render(content)
    except UnfitError as error:
        return f"{error.field}: {error}"
    assert isinstance(rendition.body, bytes)
    assert len({part.name for part in rendition.parts}) == len(rendition.parts)
    assert all(part.name.isascii() for part in rendition.parts)
    return rendition


@pytest.mark.parametrize("name", CHANNELS)
def test_the_places_of_a_target_take_the_rendition_of_the_whole(name: str) -> None:
    channel = example(name)
    if not isinstance(channel, Splits):
        return

    assert len(set(channel.parts())) == len(channel.parts()) >= 1
    for part in channel.parts():
        assert channel.part(part).render(NOTICE) == channel.render(NOTICE)
