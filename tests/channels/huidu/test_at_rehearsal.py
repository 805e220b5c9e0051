"""The channel against the practice card."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from channels.huidu import Huidu
from publisher.channel import Content, Receipt
from publisher.errors import ChannelError, RetryableError
from tests.channels.wechat.scene import MemoryShelf
from tests.rehearsal import Rehearsal

pytest_plugins = ["tests.channels.rehearsal_fixture"]

CARD, KEY = "C16L-D00-A000F", "delivery-7"
NOTICE = Content(title="停水通知", body="<p>周六停水，请提前储水，两天后恢复供应。</p>")


@pytest.fixture
def wall(rehearsal: Rehearsal) -> Huidu:
    return Huidu(
        base_url=f"{rehearsal.url}/huidu",
        cards=(CARD,),
        sdk_key="rehearsal-key",
        secret="rehearsal-secret",
        shelf=MemoryShelf(),
        width=640,
        height=64,
    )


def shown(rehearsal: Rehearsal) -> list[str]:
    programs: list[str] = rehearsal.visible("huidu")[CARD]
    return programs


@pytest.mark.parametrize("size", [(640, 64), (1920, 1080)])
def test_a_program_is_shown_confirmed_and_removed(
    rehearsal: Rehearsal, wall: Huidu, size: tuple[int, int]
) -> None:
    made = replace(wall, width=size[0], height=size[1])
    receipt = made.deliver(made.render(NOTICE), key=KEY)
    confirmed = made.confirm(key=KEY, receipt=receipt)
    on = shown(rehearsal)
    made.withdraw(receipt, reason="有误")
    made.withdraw(receipt, reason="有误")

    assert confirmed is not None
    assert "没有播放记录" in confirmed.evidence
    assert on == [KEY]
    assert shown(rehearsal) == []
    assert made.confirm(key=KEY, receipt=receipt) is None


def test_what_others_put_there_stays(rehearsal: Rehearsal, wall: Huidu) -> None:
    other = wall.deliver(wall.render(NOTICE), key="delivery-1")
    receipt = wall.deliver(wall.render(NOTICE), key=KEY)

    wall.withdraw(receipt, reason="有误")

    assert shown(rehearsal) == ["delivery-1"]
    assert wall.confirm(key="delivery-1", receipt=other) is not None


def test_the_card_itself_ends_it_when_nobody_comes(rehearsal: Rehearsal, wall: Huidu) -> None:
    end = datetime.now(UTC) + timedelta(days=1)
    wall.deliver(wall.render(replace(NOTICE, expires_at=end)), key=KEY)

    rehearsal.change("huidu", clock_offset_s=3 * 86400.0)

    assert shown(rehearsal) == []


def test_four_parallel_sends_make_one_program(rehearsal: Rehearsal, wall: Huidu) -> None:
    rendition, receipts = wall.render(NOTICE), list[Receipt]()
    threads = [
        threading.Thread(target=lambda: receipts.append(wall.deliver(rendition, key=KEY)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(receipts)) == 1
    assert shown(rehearsal) == [KEY]


@pytest.mark.parametrize("call", ["file", "program"])
@pytest.mark.parametrize("fault", ["lost_answer", "cut_before", "error_5xx_after", "html_200"])
def test_whatever_is_lost_there_is_one_program_at_the_end(
    rehearsal: Rehearsal, wall: Huidu, call: str, fault: str
) -> None:
    rendition = wall.render(NOTICE)
    rehearsal.fault("huidu", call, fault, times=1)
    for _ in range(3):
        try:
            wall.deliver(rendition, key=KEY)
        except ChannelError:
            continue

    assert shown(rehearsal) == [KEY]


def test_a_wrong_secret_puts_nothing_up(rehearsal: Rehearsal, wall: Huidu) -> None:
    wrong = replace(wall, secret="wrong")

    with pytest.raises(RetryableError) as caught:
        wrong.deliver(wrong.render(NOTICE), key=KEY)

    assert "签名" in caught.value.advice
    assert "签名" in wrong.check().advice
    assert wall.check().is_well


def test_a_card_that_is_away_is_named(wall: Huidu) -> None:
    both = replace(wall, cards=(CARD, "C16L-D00-B0001"), names={"C16L-D00-B0001": "校门"})

    assert "校门" in both.check().advice
