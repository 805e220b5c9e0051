"""Campus screens: what is claimed of a screen, and when."""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from channels.screens import Screens
from channels.screens.playback import Playback
from channels.screens.reports import Heartbeat, Report
from channels.screens.store import Store
from publisher.channel import Content, Receipt
from publisher.errors import ConfigError, PermanentError, RetryableError, UnknownOutcomeError

EXAMPLE = Screens(
    base_url="http://127.0.0.1:8001",
    screens=("library", "canteen"),
    names={"library": "图书馆"},
    folder=Path("unused"),
)
NOTICE = Content(
    title="关于东校区部分区域临时停电停水的通知",
    body="<p>因检修，周六 9:00 至 11:00 停水。</p>",
    department="后勤管理处",
    issued_on=date(2026, 11, 20),
)
KEY = "delivery-7"


@pytest.fixture
def screens(tmp_path: Path) -> Screens:
    """Two screens with a folder that does not exist yet."""
    return dataclasses.replace(EXAMPLE, folder=tmp_path / "data" / "screens")


@pytest.fixture
def library(screens: Screens) -> Screens:
    """The channel of one of them."""
    return screens.part("library")


@pytest.fixture
def playback(screens: Screens) -> Playback:
    """What the players say."""
    return Playback(store=Store(folder=screens.folder))


def delivered(library: Screens, content: Content = NOTICE) -> Receipt:
    return library.deliver(library.render(content), key=KEY)


def say(playback: Playback, event: str, *, at: datetime | None = None) -> None:
    moment = at or datetime.now(UTC)
    report = Report(id=event, key=KEY, event=event, from_at=moment, to_at=moment)
    playback.report("library", [report], at=moment)


def beat(playback: Playback, *, before_s: float = 0, screen: str = "library") -> None:
    moment = datetime.now(UTC) - timedelta(seconds=before_s)
    playback.beat(screen, Heartbeat(version=0, key="", keys=()), at=moment)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("base_url", "127.0.0.1:8001"),
        ("screens", ()),
        ("screens", ("图书馆",)),
        ("screens", ("Library",)),
        ("screens", ("a/b",)),
        ("screens", ("library", "library")),
        ("screens", ("static",)),
        ("names", {"gate": "大门"}),
        ("slide_s", 2.9),
        ("slide_s", 600.1),
        ("excerpt_chars", 19),
        ("poll_s", 0.5),
        ("silent_after_s", 29.9),
        ("groups", {"教学楼": []}),
        ("groups", {"教学楼": ["gate"]}),
        ("groups", {"library": ["canteen"]}),
        ("groups", {"一": ["library"], "二": ["library"]}),
        ("shapes", {"gate": "portrait"}),
        ("shapes", {"library": "round"}),
        ("shapes", {"library": "strip-100x100"}),
        ("colour", "#ffff00"),
        ("confirm_share", 0.0),
        ("confirm_share", 1.1),
        ("offline", ("gate",)),
        ("black_out", ("22:30",)),
        ("logo", Path("/nothing/such.svg")),
    ],
)
def test_a_setting_that_cannot_work_is_refused_with_its_key(setting: str, value: object) -> None:
    settings = {"names": {}, setting: value}

    with pytest.raises(ConfigError) as caught:
        dataclasses.replace(EXAMPLE, **settings)  # type: ignore[arg-type]

    assert caught.value.key == setting


@pytest.mark.parametrize(
    ("setting", "value"), [("slide_s", 3.0), ("slide_s", 600.0), ("silent_after_s", 30.0)]
)
def test_a_setting_at_its_limit_is_taken(setting: str, value: float) -> None:
    assert dataclasses.replace(EXAMPLE, **{setting: value})  # type: ignore[arg-type]


def test_facts_carry_what_the_player_needs() -> None:
    begins_at = datetime(2026, 11, 24, 0, 30, tzinfo=UTC)
    content = dataclasses.replace(NOTICE, publish_at=begins_at)

    rendition = EXAMPLE.render(content)

    assert rendition.media_type == "image/png"
    assert dict(rendition.facts) == {
        "title": NOTICE.title,
        "from": "2026-11-24T00:30:00+00:00",
        "until": "",
        "duration_s": "12.0",
        "priority": "0",
        "pages": "landscape:1",
    }


def test_a_receipt_names_the_screen_and_its_address(library: Screens) -> None:
    receipt = delivered(library)

    assert receipt.remote_id == "library:delivery-7"
    assert receipt.url == "http://127.0.0.1:8001/screen/library"


def test_several_screens_are_not_delivered_to_at_once(screens: Screens) -> None:
    with pytest.raises(PermanentError):
        delivered(screens)


def test_the_same_key_twice_is_one_entry(library: Screens, playback: Playback) -> None:
    delivered(library)
    other = dataclasses.replace(NOTICE, title="另一个标题")
    receipt = delivered(library, other)

    version, entries = playback.store.listed("library", at=datetime.now(UTC))
    assert receipt.remote_id == "library:delivery-7"
    assert [entry.title for entry in entries] == [NOTICE.title]
    assert version == 1


def test_a_folder_that_cannot_be_written_is_retryable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    library = dataclasses.replace(EXAMPLE, folder=tmp_path / "file").part("library")

    with pytest.raises(RetryableError) as caught:
        delivered(library)

    assert "磁盘" in caught.value.advice


def test_what_never_stood_there_is_certainly_not_there(library: Screens) -> None:
    assert library.confirm(key=KEY, receipt=None) is None


def test_a_slide_on_another_screen_is_not_on_this_one(screens: Screens) -> None:
    delivered(screens.part("canteen"))

    assert screens.part("library").confirm(key=KEY, receipt=None) is None


def test_delivered_is_not_yet_shown(library: Screens, playback: Playback) -> None:
    beat(playback)
    receipt = delivered(library)
    say(playback, "downloaded")

    with pytest.raises(UnknownOutcomeError, match="not shown yet") as caught:
        library.confirm(key=KEY, receipt=receipt)

    assert caught.value.advice == ""


def test_a_slide_that_was_shown_is_confirmed_with_the_campus_time(
    library: Screens, playback: Playback
) -> None:
    receipt = delivered(library)
    shown_at = datetime.now(UTC)
    say(playback, "shown", at=shown_at)

    confirmed = library.confirm(key=KEY, receipt=receipt)

    assert confirmed is not None
    assert confirmed.remote_id == receipt.remote_id
    assert re.fullmatch(r"图书馆 \d\d:\d\d:\d\d 起播放", confirmed.evidence)
    campus = shown_at + timedelta(hours=8)
    assert f"{campus:%H:%M:%S}" in confirmed.evidence


def test_advice_for_a_screen_that_was_never_there(library: Screens) -> None:
    receipt = delivered(library)

    with pytest.raises(UnknownOutcomeError) as caught:
        library.confirm(key=KEY, receipt=receipt)

    assert "还没有连上，请在屏幕的浏览器打开 http://127.0.0.1:8001/screen/library" in (
        caught.value.advice
    )


def test_advice_for_a_screen_that_fell_silent(library: Screens, playback: Playback) -> None:
    receipt = delivered(library)
    beat(playback, before_s=125)

    with pytest.raises(UnknownOutcomeError) as caught:
        library.confirm(key=KEY, receipt=receipt)

    assert caught.value.advice == "屏幕离线超过 2 分钟，请检查电源和网络"


def test_what_no_player_had_is_gone_with_its_withdrawal(library: Screens) -> None:
    receipt = delivered(library)

    library.withdraw(receipt, reason="内容有误")

    assert library.confirm(key=KEY, receipt=receipt) is None


@pytest.mark.parametrize("event", ["downloaded", "shown"])
def test_what_a_player_had_is_gone_when_it_says_so(
    library: Screens, playback: Playback, event: str
) -> None:
    beat(playback)
    receipt = delivered(library)
    say(playback, event)
    library.withdraw(receipt, reason="内容有误")
    with pytest.raises(UnknownOutcomeError, match="not dropped it yet") as caught:
        library.confirm(key=KEY, receipt=receipt)
    assert caught.value.advice == ""

    say(playback, "removed")

    assert library.confirm(key=KEY, receipt=receipt) is None


def test_a_silent_screen_may_still_show_what_was_withdrawn(
    library: Screens, playback: Playback
) -> None:
    receipt = delivered(library)
    say(playback, "shown")
    library.withdraw(receipt, reason="内容有误")
    beat(playback, before_s=125)

    with pytest.raises(UnknownOutcomeError) as caught:
        library.confirm(key=KEY, receipt=receipt)

    assert "屏幕离线" in caught.value.advice


def test_withdrawing_twice_or_the_unknown_counts_as_done(library: Screens) -> None:
    receipt = delivered(library)

    library.withdraw(receipt, reason="内容有误")
    library.withdraw(receipt, reason="内容有误")
    library.withdraw(Receipt(remote_id="library:delivery-8"), reason="内容有误")

    assert library.confirm(key=KEY, receipt=receipt) is None


def test_a_withdrawal_leaves_the_other_screen_alone(screens: Screens, playback: Playback) -> None:
    for name in screens.parts():
        delivered(screens.part(name))

    screens.part("library").withdraw(Receipt(remote_id=f"library:{KEY}"), reason="只撤一块屏")

    _, entries = playback.store.listed("canteen", at=datetime.now(UTC))
    assert [entry.key for entry in entries] == [KEY]


def test_the_check_names_silent_and_missing_screens(screens: Screens, playback: Playback) -> None:
    beat(playback, before_s=125)

    health = screens.check()

    assert not health.is_well
    assert health.note == "2 块屏幕，0 块在线"
    assert "图书馆屏幕离线超过 2 分钟" in health.advice
    assert "canteen屏幕还没有连上" in health.advice


def test_the_check_is_well_when_all_screens_are_alive(screens: Screens, playback: Playback) -> None:
    for name in screens.parts():
        beat(playback, screen=name)

    health = screens.check()

    assert health.is_well
    assert health.note == "2 块屏幕，2 块在线"


def test_after_a_restore_our_own_list_is_what_the_screens_show(
    library: Screens, playback: Playback
) -> None:
    rendition = library.render(NOTICE)
    before = library.find(rendition, key=KEY)
    delivered(library)
    say(playback, "shown")

    found = library.find(rendition, key=KEY)

    assert before is None
    assert found is not None
    assert found.remote_id == f"library:{KEY}"
