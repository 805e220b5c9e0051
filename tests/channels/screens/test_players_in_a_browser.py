"""Players in real browsers: pairing, emergencies, an hour without network, the night."""

from __future__ import annotations

import io
import re
import shutil
import time
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from channels.screens import Screens
from publisher.channel import CAMPUS_TIME, Alert, Content
from tests.channels.screens.scene import Site, eventually

CHROMIUM = shutil.which("chromium")
PATIENCE_MS = 30_000
SHAPES = {
    "television": ViewportSize(width=1920, height=1080),
    "upright": ViewportSize(width=1080, height=1920),
    "office": ViewportSize(width=1366, height=768),
    "phone": ViewportSize(width=390, height=844),
    "strip": ViewportSize(width=1920, height=200),
}
CODE = re.compile(r"^\d{3} \d{3}$")
NAMES = ("library", "canteen", "gym")

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="needs a browser: install the distribution's package chromium"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def screens(tmp_path: Path) -> Screens:
    return Screens(
        base_url="http://screens.invalid",
        screens=NAMES,
        names={"library": "图书馆"},
        folder=tmp_path / "screens",
        poll_s=5.0,
        slide_s=3.0,
        pairing=False,
    )


@pytest.fixture
def site(screens: Screens) -> Iterator[Site]:
    site = Site(screens=screens)
    site.start()
    yield site
    site.stop()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=SHAPES["television"])
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


def deliver(screen: Screens, title: str, *, key: str, ends_in_s: float | None = None) -> None:
    end = datetime.now(UTC) + timedelta(seconds=ends_in_s) if ends_in_s is not None else None
    content = Content(title=title, body="<p>周六停水。</p>", expires_at=end)
    screen.deliver(screen.render(content), key=key)


def sees(page: Page, title: str) -> None:
    image = page.get_by_role("img", name=title, exact=True)
    expect(image).to_have_class("slide is-on", timeout=PATIENCE_MS)


def alert(**changed: object) -> Alert:
    now = datetime.now(UTC)
    made = Alert(
        id="alert-1",
        headline="实训楼发生火情",
        words="请立即从安全出口撤离，不要乘电梯。",
        begins_at=now,
        ends_at=now + timedelta(minutes=10),
    )
    return replace(made, **changed)  # type: ignore[arg-type]


def test_a_screen_shows_a_code_until_it_is_accepted_and_then_its_slides(
    screens: Screens, page: Page
) -> None:
    site = Site(screens=replace(screens, pairing=True))
    site.start()
    deliver(screens.part("library"), "停水通知", key="d-1")
    page.goto(f"{site.url}/screen/library")
    expect(page.locator("#code")).to_have_text(CODE, timeout=PATIENCE_MS)
    assert page.get_by_role("img", name="停水通知").count() == 0

    site.screens.accept("library", page.locator("#code").inner_text())

    sees(page, "停水通知")
    expect(page.locator("#pairing")).to_be_hidden()
    library = site.screens.part("library")
    assert eventually(lambda: library.confirm(key="d-1", receipt=None)) is not None

    site.screens.release("library")

    expect(page.locator("#pairing")).to_be_visible(timeout=PATIENCE_MS)
    assert page.get_by_role("img", name="停水通知").count() == 0
    site.stop()


def test_an_emergency_covers_three_screens_at_once_and_goes_again(
    screens: Screens, browser: Browser
) -> None:
    rarely = replace(screens, poll_s=60.0, silent_after_s=600.0)  # who waits for a poll comes late
    site = Site(screens=rarely)
    site.start()
    with ExitStack() as contexts:
        pages = []
        for name in NAMES:
            context = contexts.enter_context(browser.new_context(viewport=SHAPES["television"]))
            pages.append(context.new_page())
            with pages[-1].expect_response(re.compile("/events$"), timeout=PATIENCE_MS):
                pages[-1].goto(f"{site.url}/screen/{name}")

        rarely.alert(alert())
        for each in pages:
            heading = each.get_by_role("heading", name="实训楼发生火情")
            expect(heading).to_be_visible(timeout=PATIENCE_MS)
        shown = eventually_all(rarely, "shown_at")

        rarely.end_alert("alert-1")
        for each in pages:
            expect(each.locator("#alert")).to_be_hidden(timeout=PATIENCE_MS)
        gone = eventually_all(rarely, "removed_at")
    site.stop()

    assert shown
    assert gone


def eventually_all(screens: Screens, name: str) -> bool:
    """Whether all screens have said so, before patience ends."""
    end = time.monotonic() + PATIENCE_MS / 1000
    while time.monotonic() < end:
        [row] = screens.alerts(1)
        if all(getattr(answer, name) for answer in row.answers):
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("style", ["full", "banner"])
def test_all_of_an_emergency_can_be_read_on_every_shape(
    site: Site, screens: Screens, browser: Browser, shape: str, style: str
) -> None:
    screens.alert(alert(style=style, headline="火" * 30, words="请立即撤离。" * 20))
    with browser.new_context(viewport=SHAPES[shape], bypass_csp=True) as context:
        page = context.new_page()
        page.goto(f"{site.url}/screen/library")
        expect(page.locator("#alert")).to_be_visible(timeout=PATIENCE_MS)
        page.wait_for_timeout(300)
        box = page.locator("#alert").bounding_box()
        words = page.locator("#alert-words").bounding_box()
        size = float(
            page.locator("#alert-headline")
            .evaluate("one => getComputedStyle(one).fontSize")
            .removesuffix("px")
        )
        found = Axe().run(page)

    assert box is not None
    assert words is not None
    assert words["y"] >= box["y"]
    assert size >= min(SHAPES[shape]["height"], SHAPES[shape]["width"]) / 40  # as large as fits
    assert words["y"] + words["height"] <= box["y"] + box["height"]
    assert found.violations_count == 0, found.generate_report()


def test_an_emergency_ends_by_itself_without_a_network(
    site: Site, screens: Screens, page: Page
) -> None:
    page.goto(f"{site.url}/screen/library")
    screens.alert(alert(ends_at=datetime.now(UTC) + timedelta(seconds=6)))
    expect(page.locator("#alert")).to_be_visible(timeout=PATIENCE_MS)

    site.stop()

    expect(page.locator("#alert")).to_be_hidden(timeout=PATIENCE_MS)


def test_an_hour_without_network_is_played_through_and_told_afterwards(
    site: Site, screens: Screens, page: Page
) -> None:
    library = screens.part("library")
    deliver(library, "半小时的通知", key="d-1", ends_in_s=1800)
    deliver(library, "两小时的通知", key="d-2", ends_in_s=7200)
    page.clock.install(time=datetime.now(UTC))
    page.goto(f"{site.url}/screen/library")
    page.clock.run_for(4000)
    sees_soon(page, "两小时的通知")

    site.stop()
    page.clock.run_for("20:00")
    expect(page.get_by_role("img", name="半小时的通知", include_hidden=True)).to_have_count(1)
    page.clock.run_for("40:00")
    expect(page.get_by_role("img", name="半小时的通知", include_hidden=True)).to_have_count(0)
    sees_soon(page, "两小时的通知")

    site.start()
    page.clock.run_for("02:00")

    assert eventually(lambda: library.confirm(key="d-2", receipt=None)) is not None
    end = time.monotonic() + 20
    while times_shown(library, "d-2") < 100 and time.monotonic() < end:
        page.clock.run_for(5000)
    assert times_shown(library, "d-2") > 100  # six seconds a round, for an hour


def times_shown(screen: Screens, key: str) -> int:
    return sum(play.times for play in screen.plays(key))


def sees_soon(page: Page, title: str) -> None:
    """See it within a few rounds of a clock that a test turns."""
    image = page.get_by_role("img", name=title, exact=True, include_hidden=True)
    for _ in range(40):
        if image.count() and "is-on" in (image.first.get_attribute("class") or ""):
            return
        page.clock.run_for(500)
    raise AssertionError(f"not seen: {title}")


def test_an_urgent_notice_comes_after_every_other_one(
    site: Site, screens: Screens, page: Page
) -> None:
    library = screens.part("library")
    for number in range(2):
        deliver(library, f"第{number}号通知", key=f"d-{number}")
    deliver(library, "紧急通知：停课", key="d-9")
    page.clock.install(time=datetime.now(UTC))
    page.goto(f"{site.url}/screen/library")
    sees_soon(page, "紧急通知：停课")

    seen = [on_screen(page)]
    for _ in range(200):
        page.clock.run_for(500)
        if on_screen(page) != seen[-1]:
            seen.append(on_screen(page))
        if len(seen) == 7:
            break

    assert seen[0::2] == ["紧急通知：停课"] * 4
    assert set(seen[1::2]) == {"第0号通知", "第1号通知"}


def on_screen(page: Page) -> str:
    return str(page.evaluate("(document.querySelector('.slide.is-on') || {alt: ''}).alt"))


def test_a_screen_is_dark_in_its_hours_but_for_an_emergency(screens: Screens, page: Page) -> None:
    now = datetime.now(CAMPUS_TIME)
    span = f"{now - timedelta(hours=1):%H:%M}-{now + timedelta(hours=1):%H:%M}"
    dark = replace(screens, black_out=(span,))
    site = Site(screens=dark)
    site.start()
    deliver(dark.part("library"), "停水通知", key="d-1")
    page.goto(f"{site.url}/screen/library")

    expect(page.locator("#dark")).to_be_visible(timeout=PATIENCE_MS)
    dark.alert(alert())
    expect(page.get_by_role("heading", name="实训楼发生火情")).to_be_visible(timeout=PATIENCE_MS)

    assert dark.part("library").plays("d-1") == ()
    site.stop()


def test_pictures_survive_a_restart_where_there_is_no_service_worker(
    site: Site, screens: Screens, page: Page
) -> None:
    deliver(screens.part("library"), "停水通知", key="d-1")
    page.add_init_script("delete window.caches;")  # as over plain HTTP
    page.goto(f"{site.url}/screen/library")
    sees(page, "停水通知")
    page.wait_for_function(
        """() => new Promise(done => {
             const open = indexedDB.open("screen.library", 1);
             open.onsuccess = () => {
               const all = open.result.transaction("pictures").objectStore("pictures").getAllKeys();
               all.onsuccess = () => done(all.result.length === 1);
             };
           })"""
    )
    asked: list[str] = []
    page.on("request", lambda call: asked.append(call.url) if "/files/" in call.url else None)

    page.reload()

    sees(page, "停水通知")
    assert [url for url in asked if not url.startswith("blob:")] == []


def test_a_package_plays_by_itself_from_a_folder(
    screens: Screens, page: Page, tmp_path: Path
) -> None:
    deliver(screens.part("library"), "停水通知", key="d-1")
    with zipfile.ZipFile(io.BytesIO(screens.pack("library"))) as pack:
        pack.extractall(tmp_path / "stick")
    asked: list[str] = []
    page.on("request", lambda call: asked.append(call.url))

    page.goto((tmp_path / "stick" / "index.html").as_uri())

    sees(page, "停水通知")
    assert all(url.startswith(("file:", "data:")) for url in asked)
