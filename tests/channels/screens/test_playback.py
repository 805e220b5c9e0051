"""What is concluded from what players say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from channels.screens import playback as module
from channels.screens.playback import Playback
from channels.screens.reports import Heartbeat, Report
from channels.screens.store import Entry, Slide, Store

NOW = datetime(2026, 11, 24, 0, 30, tzinfo=UTC)
END = NOW + timedelta(hours=1)


@pytest.fixture
def playback(tmp_path: Path) -> Playback:
    """One screen with one slide, version 1 of its list."""
    playback = Playback(store=Store(folder=tmp_path))
    put(playback)
    return playback


def put(playback: Playback, *, at: datetime = NOW) -> None:
    slide = Slide(title="停水", begins_at=None, ends_at=END, duration_s=12.0)
    playback.store.put({"library": [b"png"]}, "a", slide=slide, at=at)


def say(playback: Playback, event: str, *, at: datetime = NOW, id: str = "1") -> None:
    report = Report(id=id, key="a", event=event, from_at=at, to_at=at)
    playback.report("library", [report], at=NOW)


def beat(playback: Playback, *, version: int, key: str = "", keys: tuple[str, ...] = ()) -> None:
    playback.beat("library", Heartbeat(version=version, key=key, keys=keys), at=NOW)


def entry(playback: Playback) -> Entry:
    found = playback.store.entry("library", "a")
    assert found is not None
    return found


def test_shown_counts_from_the_first_report(playback: Playback) -> None:
    first = NOW + timedelta(seconds=-2)
    say(playback, "shown", at=first, id="1")
    say(playback, "shown", at=NOW, id="2")

    assert entry(playback).shown_at == first
    assert entry(playback).held_at == NOW


def test_a_player_whose_clock_is_ahead_shows_nothing_in_the_future(playback: Playback) -> None:
    say(playback, "shown", at=NOW + timedelta(days=1))

    assert entry(playback).shown_at == NOW


@pytest.mark.parametrize(("age_s", "is_shown"), [(60, True), (61, False)])
def test_a_report_older_than_the_entry_is_of_an_earlier_one(
    playback: Playback, age_s: int, is_shown: bool
) -> None:
    say(playback, "shown", at=NOW - timedelta(seconds=age_s))

    assert (entry(playback).shown_at is not None) is is_shown


def test_an_id_counts_once(playback: Playback) -> None:
    say(playback, "downloaded", id="1")
    playback.store.withdraw(["library"], "a", at=NOW)
    say(playback, "removed", id="1")

    assert entry(playback).removed_at is None


def test_an_endless_stream_of_reports_does_not_fill_the_disk(
    playback: Playback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_REPORTS", 20)
    for number in range(25):
        say(playback, "downloaded", id=str(number))

    with playback.store.reading() as base:
        assert base.execute("SELECT count(*) FROM report").fetchone()[0] == 20


def test_nobody_can_report_away_what_still_stands(playback: Playback) -> None:
    say(playback, "removed", id="1")
    say(playback, "downloaded", id="2")

    playback.store.withdraw(["library"], "a", at=NOW)

    assert entry(playback).removed_at is None


def test_what_is_over_may_be_removed_before_it_is_withdrawn(playback: Playback) -> None:
    report = Report(id="1", key="a", event="removed", from_at=NOW, to_at=END)
    playback.report("library", [report], at=END)
    playback.store.withdraw(["library"], "a", at=END)

    assert entry(playback).removed_at == END


def test_a_heartbeat_makes_up_for_a_lost_report_that_it_is_shown(playback: Playback) -> None:
    beat(playback, version=0, key="a")
    assert entry(playback).shown_at is None

    beat(playback, version=1, key="a")

    assert entry(playback).shown_at == NOW


def test_a_heartbeat_makes_up_for_a_lost_report_that_it_is_removed(playback: Playback) -> None:
    say(playback, "shown")
    playback.store.withdraw(["library"], "a", at=NOW)
    beat(playback, version=1, keys=())
    beat(playback, version=2, keys=("a",))
    assert entry(playback).removed_at is None

    beat(playback, version=2, keys=())

    assert entry(playback).removed_at == NOW


def test_a_heartbeat_says_nothing_of_what_still_stands(playback: Playback) -> None:
    say(playback, "shown")

    beat(playback, version=1, keys=())

    assert entry(playback).removed_at is None


def test_the_last_sign_of_life_is_kept(playback: Playback) -> None:
    assert playback.seen_at("library") is None

    beat(playback, version=0)

    assert playback.seen_at("library") == NOW
    assert playback.seen_at("canteen") is None


def test_keys_that_never_stood_here_are_unknown(playback: Playback) -> None:
    playback.store.withdraw(["library"], "a", at=NOW)

    assert playback.unknown("library", ["a", "b"]) == ["b"]
    assert playback.unknown("canteen", ["a"]) == ["a"]
