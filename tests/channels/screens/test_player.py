"""The pages of the screens, over a real socket."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
import requests

from channels.screens import Screens
from publisher.channel import Content
from publisher.errors import UnknownOutcomeError
from tests.channels.screens.scene import Player, Site

NOTICE = Content(title="停水通知 <b>&", body="<p>周六停水。</p>", summary="周六停水。")
KEY = "delivery-7"


def deliver(library: Screens, *, expires_at: datetime | None = None, key: str = KEY) -> None:
    content = Content(title=NOTICE.title, body=NOTICE.body, expires_at=expires_at)
    library.deliver(library.render(content), key=key)


def fetch(url: str, **options: object) -> requests.Response:
    return requests.get(url, timeout=10, **options)  # type: ignore[arg-type]


def test_a_list_says_what_to_show_and_what_time_it_is(library: Screens, player: Player) -> None:
    end = datetime.now(UTC) + timedelta(hours=1)
    deliver(library, expires_at=end)

    manifest = player.manifest()

    assert manifest["version"] == 1
    assert abs(datetime.fromisoformat(manifest["now"]) - datetime.now(UTC)) < timedelta(minutes=1)
    [item] = manifest["items"]
    assert item["key"] == KEY
    [file] = item["files"]
    assert re.fullmatch("files/[0-9a-f]{64}[.]png", file)
    assert item["priority"] == 0
    assert item["from"] == ""
    assert datetime.fromisoformat(item["until"]) == end.replace(
        microsecond=end.microsecond // 1000 * 1000
    )
    assert item["duration_s"] == 3.0
    assert item["title"] == NOTICE.title


def test_a_list_that_is_known_is_not_sent_again_but_the_time_is(
    library: Screens, player: Player
) -> None:
    address = f"{player.url}/manifest.json"
    tag = fetch(address).headers["ETag"]

    again = fetch(address, headers={"If-None-Match": tag})
    deliver(library)
    changed = fetch(address, headers={"If-None-Match": tag})

    assert (again.status_code, again.content) == (304, b"")
    assert datetime.fromisoformat(again.headers["Server-Time"]).tzinfo
    assert changed.status_code == 200


def test_a_slide_is_served_unchangeable_until_it_is_withdrawn(
    site: Site, library: Screens, player: Player
) -> None:
    receipt = library.deliver(library.render(NOTICE), key=KEY)
    [item] = player.manifest()["items"]
    address = f"{site.url}/screen/{item['files'][0]}"

    answer = fetch(address)
    library.withdraw(receipt, reason="内容有误")

    assert answer.content == library.render(NOTICE).body
    assert answer.headers["Content-Type"] == "image/png"
    assert "immutable" in answer.headers["Cache-Control"]
    assert fetch(address).status_code == 404
    assert player.manifest()["items"] == []


@pytest.mark.parametrize(
    "path", ["gate", "library/else", "files/nothing.png", "static/slide.typ", "static/..%2fx"]
)
def test_a_wrong_address_answers_a_chinese_page(site: Site, path: str) -> None:
    answer = fetch(f"{site.url}/screen/{path}")

    assert answer.status_code == 404
    assert "没有这个页面" in answer.content.decode()


def test_the_index_leads_to_every_screen(site: Site) -> None:
    text = fetch(f"{site.url}/screen/").content.decode()

    for name, called in (("library", "图书馆"), ("canteen", "canteen")):
        assert f'href="/screen/{name}"' in text
        assert called in text


@pytest.mark.parametrize("path", ["", "library", "gate", "library/manifest.json"])
def test_every_answer_is_under_a_strict_policy(site: Site, path: str) -> None:
    headers = fetch(f"{site.url}/screen/{path}").headers

    assert "script-src 'self'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["library", "static/player.js", "static/pages.css", "worker.js"])
def test_pages_scripts_and_styles_are_asked_for_anew(site: Site, path: str) -> None:
    answer = fetch(f"{site.url}/screen/{path}")

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-cache"


def test_a_report_over_the_line_confirms(library: Screens, player: Player) -> None:
    deliver(library)

    status = player.says("shown", KEY)

    confirmed = library.confirm(key=KEY, receipt=None)
    assert status == 204
    assert confirmed is not None
    assert "起播放" in confirmed.evidence


def test_the_same_report_twice_is_acknowledged_twice(library: Screens, player: Player) -> None:
    deliver(library)

    assert player.says("shown", KEY, id="r1") == 204
    assert player.says("shown", KEY, id="r1") == 204


def test_a_heartbeat_over_the_line_is_a_sign_of_life(library: Screens, player: Player) -> None:
    assert "还没有连上" in library.check().advice

    assert player.beats() == 204

    assert library.check().is_well


def test_one_wrong_report_spoils_all(library: Screens, player: Player) -> None:
    deliver(library)
    moment = datetime.now(UTC).isoformat()
    good = {"id": "1", "key": KEY, "event": "shown", "from": moment, "to": moment}

    answer = player.posts("reports", [good, good | {"id": "2", "key": "delivery-8"}])

    assert answer.status_code == 422
    assert answer.json()["detail"] == "这块屏幕上没有过这条内容：delivery-8"
    with pytest.raises(UnknownOutcomeError):
        library.confirm(key=KEY, receipt=None)


def test_what_stands_on_one_screen_cannot_be_reported_by_another(
    site: Site, library: Screens
) -> None:
    deliver(library)

    assert Player(url=f"{site.url}/screen/canteen").says("shown", KEY) == 422


def test_a_body_has_a_limit(player: Player) -> None:
    address, headers = f"{player.url}/reports", {"Content-Type": "application/json"}
    room = b"[" + b" " * (64 * 1024 - 2) + b"]"

    fits = requests.post(address, data=room, headers=headers, timeout=10)
    too_large = requests.post(address, data=room + b" ", headers=headers, timeout=10)

    assert fits.status_code == 204
    assert too_large.status_code == 413
    assert "64 KB" in too_large.json()["detail"]


@pytest.mark.parametrize("path", ["reports", "heartbeat"])
def test_a_form_of_another_page_is_refused(player: Player, path: str) -> None:
    answer = requests.post(
        f"{player.url}/{path}", data=b"[]", headers={"Content-Type": "text/plain"}, timeout=10
    )

    assert answer.status_code == 415
    assert "JSON" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["reports", "heartbeat", "manifest.json"])
def test_an_unknown_screen_answers_a_problem_in_chinese(site: Site, path: str) -> None:
    method = "GET" if path == "manifest.json" else "POST"
    answer = requests.request(method, f"{site.url}/screen/gate/{path}", json=[], timeout=10)

    assert answer.status_code == 404
    assert "没有这块屏幕" in answer.json()["detail"]
