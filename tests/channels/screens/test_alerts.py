"""Emergencies: at once, over everything, with an end, and answered for by each screen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from lxml import etree

from channels.screens import Screens
from publisher.channel import Alert
from publisher.errors import UnfitError
from tests.channels.screens.scene import Player, Site

CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"


def alert(**changed: Any) -> Alert:
    now = datetime.now(UTC)
    made = Alert(
        id="alert-1",
        headline="实训楼发生火情",
        words="请立即从安全出口撤离，不要乘电梯。",
        begins_at=now,
        ends_at=now + timedelta(hours=1),
    )
    return replace(made, **changed)


def standing(player: Player) -> dict[str, Any] | None:
    found: dict[str, Any] | None = player.manifest()["alert"]
    return found


def test_an_alert_stands_on_every_screen_until_it_is_ended(site: Site, player: Player) -> None:
    site.screens.alert(alert())
    on = standing(player)

    site.screens.end_alert("alert-1")

    assert on is not None
    assert (on["headline"], on["style"]) == ("实训楼发生火情", "full")
    assert standing(player) is None


def test_an_alert_for_one_screen_stands_on_no_other(site: Site, player: Player) -> None:
    site.screens.alert(alert(), devices=("canteen",))

    assert standing(player) is None


def test_the_same_alert_twice_is_one(site: Site) -> None:
    first = alert()
    site.screens.alert(first)
    site.screens.end_alert("alert-1")

    site.screens.alert(replace(first, headline="别的话"))

    [shown] = site.screens.alerts(10)
    assert shown.alert.headline == "实训楼发生火情"
    assert shown.cancelled_at is not None


def test_the_latest_of_several_stands(site: Site, player: Player) -> None:
    site.screens.alert(alert())
    later = datetime.now(UTC) - timedelta(milliseconds=1)
    site.screens.alert(alert(id="alert-2", headline="全部撤离", begins_at=later))

    on = standing(player)

    assert on is not None
    assert on["headline"] == "全部撤离"


def test_each_screen_answers_for_itself(site: Site, player: Player) -> None:
    site.screens.alert(alert())
    assert player.says("shown", "alert-1") == 204
    site.screens.end_alert("alert-1")
    assert player.says("removed", "alert-1") == 204

    [shown] = site.screens.alerts(1)

    answers = {answer.device: answer for answer in shown.answers}
    assert answers["library"].label == "图书馆"
    assert answers["library"].shown_at
    assert answers["library"].removed_at
    assert answers["canteen"].shown_at is None


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"headline": " "}, "headline"),
        ({"headline": "火" * 31}, "headline"),
        ({"headline": "着火啦🔥"}, "headline"),
        ({"words": "撤" * 121}, "words"),
        ({"ends_at": datetime.now(UTC) - timedelta(days=2)}, "ends_at"),
        ({"ends_at": datetime.now(UTC) + timedelta(days=2)}, "ends_at"),
        ({"id": "火"}, "id"),
    ],
)
def test_an_alert_that_cannot_be_shown_or_has_no_end_is_refused(
    site: Site, changed: dict[str, Any], field: str
) -> None:
    with pytest.raises(UnfitError) as caught:
        site.screens.alert(alert(**changed))

    assert caught.value.field == field
    assert site.screens.alerts(10) == ()


@pytest.fixture
def line(player: Player) -> Iterator[Iterator[str]]:
    """The server-sent events of the screen."""
    answer = requests.get(f"{player.url}/events", stream=True, timeout=10)
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    yield answer.iter_lines(chunk_size=1, decode_unicode=True)
    answer.close()


def test_a_connected_screen_is_told_without_asking(site: Site, line: Iterator[str]) -> None:
    assert [next(line) for _ in range(3)] == ["event: change", "data: 0 ", ""]

    site.screens.alert(alert())

    assert next(line) == "event: change"  # before any word that only keeps the line
    assert "alert-1" in next(line)


def test_an_end_that_comes_by_itself_is_told_too(site: Site, line: Iterator[str]) -> None:
    before = [next(line) for _ in range(3)]
    site.screens.alert(alert(ends_at=datetime.now(UTC) + timedelta(seconds=3)))
    told = [next(line) for _ in range(6)]

    assert "alert-1" in told[1]
    assert told[4] == before[1] == "data: 0 "


def cap(site: Site) -> Any:
    answer = requests.get(f"{site.url}/screen/alert.cap.xml", timeout=10)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("application/cap+xml")
    return etree.fromstring(answer.content)


def test_the_alert_that_stands_is_given_out_as_cap_and_so_is_its_end(site: Site) -> None:
    site.screens.alert(alert())
    on = cap(site)
    site.screens.end_alert("alert-1")
    over = cap(site)

    assert on.findtext(f"{CAP}msgType") == "Alert"
    assert on.findtext(f"{CAP}status") == "Actual"
    assert on.findtext(f"{CAP}info/{CAP}headline") == "实训楼发生火情"
    assert on.findtext(f"{CAP}sent").endswith("+08:00")
    assert over.findtext(f"{CAP}msgType") == "Cancel"
    assert over.findtext(f"{CAP}references") == ",".join(
        on.findtext(f"{CAP}{name}") for name in ("sender", "identifier", "sent")
    )
    order = [element.tag.removeprefix(CAP) for element in over]
    assert order == [
        "identifier", "sender", "sent", "status", "msgType", "scope", "references", "info",
    ]  # fmt: skip


def test_without_any_alert_there_is_no_cap(site: Site) -> None:
    assert requests.get(f"{site.url}/screen/alert.cap.xml", timeout=10).status_code == 404


def test_an_alert_is_kept_when_the_server_begins_anew(
    site: Site, player: Player, tmp_path: Path
) -> None:
    site.screens.alert(alert())
    site.stop()
    site.start()

    assert standing(player) is not None
    assert isinstance(site.screens, Screens)


def test_a_line_ends_quietly_when_the_server_stops(site: Site, line: Iterator[str]) -> None:
    assert next(line) == "event: change"

    site.stop()

    assert list(line) == ["data: 0 ", ""]
