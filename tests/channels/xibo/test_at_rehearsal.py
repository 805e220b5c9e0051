"""The channel against the practice CMS, whose players play."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from channels.xibo import Xibo
from publisher.channel import Content, Receipt
from publisher.errors import ChannelError, CredentialsError, UnknownOutcomeError
from tests.channels.wechat.scene import MemoryShelf
from tests.rehearsal import Rehearsal

pytest_plugins = ["tests.channels.rehearsal_fixture"]

KEY = "delivery-7"
NOTICE = Content(title="停水通知", body="<p>周六停水。</p>")
DISPLAYS = ("教学楼A大屏", "图书馆大屏")


@pytest.fixture
def cms(rehearsal: Rehearsal) -> Xibo:
    return Xibo(
        api_base=f"{rehearsal.url}/xibo/api",
        client_id="rehearsal",
        client_secret="rehearsal-xibo",
        display_groups=(1,),
        shelf=MemoryShelf(),
    )


def shown(rehearsal: Rehearsal) -> list[str]:
    seen: list[str] = rehearsal.visible("xibo")[DISPLAYS[0]]
    return seen


@pytest.mark.parametrize("has_envelope", [True, False], ids=["4.5", "4.4"])
def test_a_notice_is_scheduled_proved_and_taken_off(
    rehearsal: Rehearsal, cms: Xibo, *, has_envelope: bool
) -> None:
    rehearsal.change("xibo", has_envelope=has_envelope)
    receipt = cms.deliver(cms.render(NOTICE), key=KEY)
    confirmed = cms.confirm(key=KEY, receipt=receipt)
    on = shown(rehearsal)
    cms.withdraw(receipt, reason="有误")
    cms.withdraw(receipt, reason="有误")

    assert confirmed is not None
    assert confirmed.evidence == "2/2 块屏幕有播放记录"
    assert on == [KEY]
    assert shown(rehearsal) == []
    assert cms.confirm(key=KEY, receipt=receipt) is None


def test_a_silent_display_is_named_and_a_share_is_enough(rehearsal: Rehearsal, cms: Xibo) -> None:
    rehearsal.change("xibo", silent=[DISPLAYS[1]])
    receipt = cms.deliver(cms.render(NOTICE), key=KEY)
    with pytest.raises(UnknownOutcomeError) as caught:
        cms.confirm(key=KEY, receipt=receipt)

    enough = replace(cms, confirm_share=0.5).confirm(key=KEY, receipt=receipt)

    assert DISPLAYS[1] in caught.value.advice
    assert DISPLAYS[0] not in caught.value.advice
    assert enough is not None
    assert DISPLAYS[1] in enough.evidence
    assert DISPLAYS[1] in cms.check().advice


def test_statistics_that_are_off_are_named(rehearsal: Rehearsal, cms: Xibo) -> None:
    rehearsal.change("xibo", statistics=False)
    receipt = cms.deliver(cms.render(NOTICE), key=KEY)

    with pytest.raises(UnknownOutcomeError) as caught:
        cms.confirm(key=KEY, receipt=receipt)

    assert "打开统计" in caught.value.advice


def test_a_wrong_zone_is_noticed(rehearsal: Rehearsal, cms: Xibo) -> None:
    wrong = replace(cms, cms_timezone="Europe/London")

    with pytest.raises(UnknownOutcomeError) as caught:
        wrong.deliver(wrong.render(NOTICE), key=KEY)

    assert "cms_timezone" in caught.value.advice


def test_the_schedule_itself_ends_it_when_nobody_comes(rehearsal: Rehearsal, cms: Xibo) -> None:
    end = datetime.now(UTC) + timedelta(hours=1)
    cms.deliver(cms.render(replace(NOTICE, expires_at=end)), key=KEY)

    rehearsal.change("xibo", clock_offset_s=3700.0)

    assert shown(rehearsal) == []


def test_an_urgent_notice_goes_before_the_others(rehearsal: Rehearsal, cms: Xibo) -> None:
    cms.deliver(cms.render(NOTICE), key="delivery-1")
    cms.deliver(cms.render(replace(NOTICE, title="紧急停课通知")), key="delivery-2")

    assert shown(rehearsal) == ["delivery-2", "delivery-1"]


def test_names_that_begin_alike_and_more_than_ten_rows_are_told_apart(
    rehearsal: Rehearsal, cms: Xibo
) -> None:
    for number in range(12, 0, -1):  # delivery-1 comes after delivery-12, -11, -10
        cms.deliver(cms.render(NOTICE), key=f"delivery-{number}")

    receipt = cms.confirm(key="delivery-1", receipt=None)
    assert receipt is not None
    cms.withdraw(receipt, reason="有误")

    assert len(shown(rehearsal)) == 11
    assert "delivery-1" not in shown(rehearsal)


def test_four_parallel_sends_make_one_event(rehearsal: Rehearsal, cms: Xibo) -> None:
    rendition, receipts = cms.render(NOTICE), list[Receipt]()
    threads = [
        threading.Thread(target=lambda: receipts.append(cms.deliver(rendition, key=KEY)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(receipts)) == 1
    assert shown(rehearsal) == [KEY]


@pytest.mark.parametrize("call", ["library", "schedule", "authorize/access_token"])
@pytest.mark.parametrize("fault", ["lost_answer", "cut_before", "error_5xx_after", "html_200"])
def test_whatever_is_lost_there_is_one_event_at_the_end(
    rehearsal: Rehearsal, cms: Xibo, call: str, fault: str
) -> None:
    rendition = cms.render(NOTICE)
    rehearsal.fault("xibo", call, fault, times=2)
    for _ in range(4):
        try:
            cms.deliver(rendition, key=KEY)
        except ChannelError:
            continue

    assert shown(rehearsal) == [KEY]


def test_a_process_that_dies_after_the_upload_goes_on_with_the_same_picture(
    rehearsal: Rehearsal, cms: Xibo
) -> None:
    rendition = cms.render(NOTICE)
    handle = cms.prepare(rendition, key=KEY)

    assert cms.prepare(rendition, key=KEY) == handle
    cms.deliver_prepared(rendition, key=KEY, handle=handle)
    assert shown(rehearsal) == [KEY]


def test_a_token_that_ran_out_is_renewed(rehearsal: Rehearsal, cms: Xibo) -> None:
    cms.shelf.write(f"xibo-token {cms.api_base}", "old.old.old", ttl_s=60)

    cms.deliver(cms.render(NOTICE), key=KEY)

    assert shown(rehearsal) == [KEY]


def test_a_scope_that_is_lacking_stops_the_target(rehearsal: Rehearsal, cms: Xibo) -> None:
    rehearsal.change("xibo", scopes=["schedule"])

    with pytest.raises(CredentialsError) as caught:
        cms.deliver(cms.render(NOTICE), key=KEY)

    assert "design" in caught.value.advice
