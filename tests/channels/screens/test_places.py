"""Groups of screens as one place, screens without network, and proof of play."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from channels.screens import Screens
from channels.screens.playback import Playback
from channels.screens.reports import Heartbeat, Report
from channels.screens.store import Store
from publisher.channel import Content
from publisher.errors import PermanentError, UnknownOutcomeError

NOTICE = Content(title="停水通知", body="<p>周六停水。</p>")
KEY = "delivery-7"
NAMES = {"a1": "一楼", "a2": "二楼", "a3": "三楼", "gate": "校门"}


@pytest.fixture
def screens(tmp_path: Path) -> Screens:
    """A building of three screens, and one at the gate without network."""
    return Screens(
        base_url="http://screens.invalid",
        screens=("a1", "a2", "a3", "gate"),
        names=NAMES,
        groups={"教学楼": ["a1", "a2", "a3"]},
        confirm_share=0.6,
        offline=("gate",),
        folder=tmp_path / "screens",
    )


@pytest.fixture
def building(screens: Screens) -> Screens:
    return screens.part("教学楼")


@pytest.fixture
def playback(screens: Screens) -> Playback:
    return Playback(store=Store(folder=screens.folder))


def say(playback: Playback, screen: str, event: str, *, id: str = "", times: int = 1) -> None:
    now = datetime.now(UTC)
    name = id or f"{screen}-{event}"
    report = Report(id=name, key=KEY, event=event, from_at=now, to_at=now, times=times)
    playback.report(screen, [report], at=now)


def test_a_group_is_one_place_beside_the_screens_of_no_group(screens: Screens) -> None:
    assert screens.parts() == ("教学楼", "gate")
    assert screens.part_label("教学楼") == "教学楼"
    assert screens.part_label("gate") == "校门"


def test_a_group_is_confirmed_by_its_share_and_the_missing_ones_are_named(
    building: Screens, playback: Playback
) -> None:
    building.deliver(building.render(NOTICE), key=KEY)
    say(playback, "a1", "shown")
    with pytest.raises(UnknownOutcomeError) as caught:
        building.confirm(key=KEY, receipt=None)
    say(playback, "a3", "shown")

    receipt = building.confirm(key=KEY, receipt=None)

    assert caught.value.advice.startswith("1/3 块屏幕已播放，还没有播放的：二楼")
    assert "三楼" in caught.value.advice
    assert receipt is not None
    assert receipt.remote_id == f"教学楼:{KEY}"
    assert receipt.evidence.startswith("2/3 块屏幕已播放")
    assert receipt.evidence.endswith("还没有播放的：二楼")


def test_a_group_is_gone_when_the_last_screen_has_dropped_it(
    building: Screens, playback: Playback
) -> None:
    receipt = building.deliver(building.render(NOTICE), key=KEY)
    for screen in ("a1", "a2"):
        say(playback, screen, "shown")
    building.withdraw(receipt, reason="有误")
    say(playback, "a1", "removed")
    with pytest.raises(UnknownOutcomeError):
        building.confirm(key=KEY, receipt=receipt)

    say(playback, "a2", "removed")

    assert building.confirm(key=KEY, receipt=receipt) is None  # the third never had it


def test_a_repeat_after_a_crash_puts_it_on_each_screen_once(building: Screens) -> None:
    rendition = building.render(NOTICE)
    building.deliver(rendition, key=KEY)
    before = Store(folder=building.folder).entry("a2", KEY)

    building.deliver(rendition, key=KEY)

    assert Store(folder=building.folder).entry("a2", KEY) == before


def test_a_screen_without_network_waits_for_a_person(screens: Screens) -> None:
    gate = screens.part("gate")
    rendition = gate.render(NOTICE)

    receipt = gate.deliver(rendition, key=KEY)

    assert "校门" in receipt.awaits
    assert any("离线包" in step for step in gate.steps(rendition))
    assert screens.part("教学楼").steps(rendition) == ()
    with pytest.raises(PermanentError) as caught:
        gate.withdraw(receipt, reason="有误")
    assert "重新下载" in caught.value.advice


def test_the_package_holds_player_list_and_pictures(screens: Screens) -> None:
    gate = screens.part("gate")
    gate.deliver(gate.render(NOTICE), key=KEY)

    with zipfile.ZipFile(io.BytesIO(screens.pack("gate"))) as pack:
        names = set(pack.namelist())
        listed = pack.read("static/pack.js").decode()
        page = pack.read("index.html").decode()

    manifest = json.loads(listed.removeprefix("window.SCREEN_PACK = ").removesuffix(";\n"))
    [item] = manifest["items"]
    assert item["title"] == "停水通知"
    assert set(item["files"]) <= names
    assert {"static/player.js", "static/player.css", "说明.txt"} <= names
    assert 'src="./static/player.js"' in page


def test_what_was_withdrawn_is_in_no_package(screens: Screens) -> None:
    gate = screens.part("gate")
    receipt = gate.deliver(gate.render(NOTICE), key=KEY)
    with pytest.raises(PermanentError):
        gate.withdraw(receipt, reason="有误")

    with zipfile.ZipFile(io.BytesIO(screens.pack("gate"))) as pack:
        assert not [name for name in pack.namelist() if name.startswith("files/")]


def test_proof_of_play_is_counted_by_screen_and_day_and_a_repeat_counts_once(
    building: Screens, playback: Playback
) -> None:
    building.deliver(building.render(NOTICE), key=KEY)
    say(playback, "a1", "shown", id="1")
    say(playback, "a1", "shown", id="2", times=40)
    say(playback, "a1", "shown", id="2", times=40)
    say(playback, "a2", "shown", id="1")

    plays = {(play.device, play.times) for play in building.plays(KEY)}

    assert plays == {("a1", 41), ("a2", 1)}


def test_every_screen_says_how_it_is(screens: Screens, playback: Playback) -> None:
    screens.part("教学楼").deliver(screens.render(NOTICE), key=KEY)
    now = datetime.now(UTC)
    beat = Heartbeat(version=1, key=KEY, keys=(KEY,), trouble="图片没有取到")
    playback.beat("a1", beat, at=now)
    playback.beat("a2", Heartbeat(version=1, key="", keys=()), at=now - timedelta(minutes=9))

    known = {device.name: device for device in screens.devices()}

    assert known["a1"].shows == "停水通知"
    assert known["a1"].trouble == "屏幕报告：图片没有取到"
    assert known["a1"].waiting == 0
    assert known["a2"].waiting == 1
    assert "离线超过" in known["a2"].trouble
    assert "还没有连上" in known["a3"].trouble
    assert known["gate"].is_offline
    assert not known["gate"].trouble
    assert screens.picture("a1") == screens.render(NOTICE).body
    assert screens.picture("a2") is None
    assert "二楼" in screens.check().advice
    assert "校门" not in screens.check().advice


def test_an_urgent_notice_has_priority(screens: Screens) -> None:
    urgent = Content(title="关于防御台风的紧急通知", body="<p>停课。</p>")

    assert screens.render(urgent).facts["priority"] == "1"
    assert screens.render(NOTICE).facts["priority"] == "0"
