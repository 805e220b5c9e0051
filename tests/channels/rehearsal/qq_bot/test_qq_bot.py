"""The channel `qq_bot` against the practice bot."""

from __future__ import annotations

from pathlib import Path

import pytest

from channels.qq_bot import QQBot
from publisher.channel import Content
from publisher.errors import ChannelError, CredentialsError, PermanentError, UnknownOutcomeError
from tests.channels.wechat.scene import MemoryShelf
from tests.rehearsal import Rehearsal

pytest_plugins = ["tests.channels.rehearsal_fixture"]

FRESHMEN = "B07A00000000000000000000000000A1"
NOTICE = Content(title="停水通知", body="<p>周六停水</p>", summary="周六 9:00 停水。")
RECALL_ENDS_S = 121.0


@pytest.fixture
def bot(rehearsal: Rehearsal, tmp_path: Path) -> QQBot:
    return QQBot(
        app_id="102000001",
        client_secret="rehearsal-bot-secret",
        groups={FRESHMEN: "2026级新生群"},
        shelf=MemoryShelf(),
        folder=tmp_path / "bot",
        token_base=f"{rehearsal.url}/qq_bot",
        api_base=f"{rehearsal.url}/qq_bot",
    )


def texts(rehearsal: Rehearsal) -> list[str]:
    """What the members of the group see, newest first."""
    return [message["text"] for message in rehearsal.visible("qq_bot")["messages"][FRESHMEN]]


def test_a_message_stands_in_the_group_and_is_recalled(rehearsal: Rehearsal, bot: QQBot) -> None:
    receipt = bot.deliver(bot.render(NOTICE), key="delivery-1")
    [text] = texts(rehearsal)
    assert "停水通知" in text

    bot.withdraw(receipt, reason="时间有误")

    assert texts(rehearsal) == []


def test_a_recall_comes_too_late_after_two_minutes(rehearsal: Rehearsal, bot: QQBot) -> None:
    receipt = bot.deliver(bot.render(NOTICE), key="delivery-1")
    rehearsal.change("qq_bot", clock_offset_s=RECALL_ENDS_S)

    with pytest.raises(PermanentError):
        bot.withdraw(receipt, reason="时间有误")

    assert len(texts(rehearsal)) == 1


def test_a_lost_answer_is_unknown_though_the_message_stands_there(
    rehearsal: Rehearsal, bot: QQBot
) -> None:
    rehearsal.fault("qq_bot", "messages", "lost_answer")

    with pytest.raises(UnknownOutcomeError):
        bot.deliver(bot.render(NOTICE), key="delivery-1")

    assert len(texts(rehearsal)) == 1


@pytest.mark.parametrize(
    "sets",
    [{"max_chars": 5}, {"group_minute": 0}, {"group_day": 0}],
    ids=lambda sets: next(iter(sets)),
)
def test_what_is_too_long_or_too_much_is_refused_and_not_sent(
    rehearsal: Rehearsal, bot: QQBot, sets: dict[str, int]
) -> None:
    rehearsal.change("qq_bot", **sets)

    with pytest.raises(ChannelError):
        bot.deliver(bot.render(NOTICE), key="delivery-1")

    assert texts(rehearsal) == []


def test_a_wrong_secret_stops_the_target(rehearsal: Rehearsal, bot: QQBot) -> None:
    rehearsal.change("qq_bot", client_secret="another")

    with pytest.raises(CredentialsError):
        bot.deliver(bot.render(NOTICE), key="delivery-1")

    assert "another" not in repr(bot.check())


def test_a_token_that_ran_out_is_renewed(rehearsal: Rehearsal, bot: QQBot) -> None:
    bot.deliver(bot.render(NOTICE), key="delivery-1")
    rehearsal.change("qq_bot", clock_offset_s=7300.0)

    bot.deliver(bot.render(NOTICE), key="delivery-2")

    assert len(texts(rehearsal)) == 2
