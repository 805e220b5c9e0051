"""The channel against the practice screen."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from channels.anthias import Anthias
from publisher.channel import Content, Receipt
from publisher.errors import ChannelError, CredentialsError, UnknownOutcomeError
from tests.channels.wechat.scene import MemoryShelf
from tests.rehearsal import Rehearsal

pytest_plugins = ["tests.channels.rehearsal_fixture"]

NOTICE = Content(title="停水通知", body="<p>周六停水。</p>")
KEY = "delivery-7"


@pytest.fixture
def hall(rehearsal: Rehearsal) -> Anthias:
    return Anthias(
        devices={"hall": f"{rehearsal.url}/anthias"},
        shelf=MemoryShelf(),
        username="anthias",
        password="rehearsal",
    )


def shown(rehearsal: Rehearsal) -> list[str]:
    names: list[str] = rehearsal.visible("anthias")["shown"]
    return names


def test_a_slide_is_shown_confirmed_and_taken_down(rehearsal: Rehearsal, hall: Anthias) -> None:
    receipt = hall.deliver(hall.render(NOTICE), key=KEY)
    confirmed = hall.confirm(key=KEY, receipt=receipt)
    on = shown(rehearsal)
    hall.withdraw(receipt, reason="有误")
    hall.withdraw(receipt, reason="有误")

    assert confirmed is not None
    assert "没有播放记录" in confirmed.evidence
    assert on == [KEY]
    assert rehearsal.visible("anthias")["assets"] == []
    assert hall.confirm(key=KEY, receipt=receipt) is None


def test_the_end_of_the_notice_stands_on_the_device(rehearsal: Rehearsal, hall: Anthias) -> None:
    end = datetime.now(UTC) + timedelta(hours=1)
    hall.deliver(hall.render(replace(NOTICE, expires_at=end)), key=KEY)

    rehearsal.change("anthias", clock_offset_s=3700.0)

    assert shown(rehearsal) == []
    with pytest.raises(UnknownOutcomeError):
        hall.confirm(key=KEY, receipt=None)


def test_four_parallel_sends_make_one_slide(rehearsal: Rehearsal, hall: Anthias) -> None:
    rendition, receipts = hall.render(NOTICE), list[Receipt]()
    threads = [
        threading.Thread(target=lambda: receipts.append(hall.deliver(rendition, key=KEY)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({receipt.remote_id for receipt in receipts}) == 1
    assert shown(rehearsal) == [KEY]


def test_a_rival_of_another_installation_is_given_way_to(
    rehearsal: Rehearsal, hall: Anthias
) -> None:
    rivals = [replace(hall, shelf=MemoryShelf()) for _ in range(4)]  # they share no lock
    rendition = hall.render(NOTICE)

    def send(rival: Anthias) -> None:
        rival.deliver(rendition, key=KEY)

    threads = [threading.Thread(target=send, args=(rival,)) for rival in rivals]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert shown(rehearsal) == [KEY]


@pytest.mark.parametrize("call", ["file_asset", "assets"])
@pytest.mark.parametrize("fault", ["lost_answer", "cut_before", "error_5xx_after", "html_200"])
def test_whatever_is_lost_there_is_one_slide_at_the_end(
    rehearsal: Rehearsal, hall: Anthias, call: str, fault: str
) -> None:
    rendition = hall.render(NOTICE)
    rehearsal.fault("anthias", call, fault, times=1)
    for _ in range(3):
        try:
            hall.deliver(rendition, key=KEY)
        except ChannelError:
            continue

    assert shown(rehearsal) == [KEY]


def test_a_lost_answer_is_found_by_its_name(rehearsal: Rehearsal, hall: Anthias) -> None:
    rehearsal.fault("anthias", "assets", "slow", times=1, value=0)  # the look before
    rehearsal.fault("anthias", "assets", "lost_answer", times=1)
    with pytest.raises(UnknownOutcomeError):
        hall.deliver(hall.render(NOTICE), key=KEY)

    assert hall.confirm(key=KEY, receipt=None) is not None


@pytest.mark.parametrize("password", ["", "wrong"])
def test_a_missing_or_wrong_login_is_told(
    rehearsal: Rehearsal, hall: Anthias, password: str
) -> None:
    wrong = replace(hall, username="anthias" if password else "", password=password)

    with pytest.raises(CredentialsError):
        wrong.deliver(wrong.render(NOTICE), key=KEY)

    assert wrong.check().is_signed_in is False
    assert hall.check().is_well
