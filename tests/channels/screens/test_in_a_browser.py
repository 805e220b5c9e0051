"""The player in a real browser: what a passer-by sees, and what the office is told."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from channels.screens import Screens
from publisher.channel import Content, Receipt
from publisher.errors import UnknownOutcomeError
from tests.channels.screens.scene import Site, eventually

CHROMIUM = shutil.which("chromium")
PATIENCE_MS = 30_000
KEY = "delivery-7"

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
def page(browser: Browser) -> Iterator[Page]:
    """A screen of 1920 x 1080, with a profile of its own."""
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


def deliver(
    library: Screens,
    title: str = "停水通知",
    *,
    key: str = KEY,
    begins_in_s: float | None = None,
    ends_in_s: float | None = None,
) -> Receipt:
    now = datetime.now(UTC)
    content = Content(
        title=title,
        body="<p>周六停水。</p>",
        publish_at=now + timedelta(seconds=begins_in_s) if begins_in_s is not None else None,
        expires_at=now + timedelta(seconds=ends_in_s) if ends_in_s is not None else None,
    )
    return library.deliver(library.render(content), key=key)


def sees(page: Page, title: str) -> None:
    expect(page.get_by_role("img", name=title, exact=True)).to_have_class(
        "slide is-on", timeout=PATIENCE_MS
    )


def sees_nothing(page: Page) -> None:
    expect(page.get_by_text("暂无通知")).to_be_visible(timeout=PATIENCE_MS)


def confirmed(library: Screens, key: str = KEY) -> Receipt | None:
    return eventually(lambda: library.confirm(key=key, receipt=None))


def test_a_slide_comes_is_confirmed_goes_and_that_is_proved(
    site: Site, library: Screens, page: Page
) -> None:
    faults: list[str] = []
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{site.url}/screen/library")
    sees_nothing(page)

    receipt = deliver(library)
    sees(page, "停水通知")
    shown = confirmed(library)
    library.withdraw(receipt, reason="内容有误")
    sees_nothing(page)

    assert shown is not None
    assert "图书馆" in shown.evidence
    assert confirmed(library) is None
    assert library.check().is_well
    assert faults == []


def test_a_slide_outlives_the_server_and_ends_on_its_own(
    site: Site, library: Screens, page: Page
) -> None:
    receipt = deliver(library, ends_in_s=15)
    page.goto(f"{site.url}/screen/library")
    sees(page, "停水通知")
    assert confirmed(library) is not None

    site.stop()
    sees(page, "停水通知")
    sees_nothing(page)
    site.start()
    library.withdraw(receipt, reason="到期")

    assert confirmed(library) is None


def test_a_page_that_is_opened_again_without_the_server_shows_its_slide(
    site: Site, library: Screens, page: Page
) -> None:
    deliver(library)
    page.goto(f"{site.url}/screen/library")
    sees(page, "停水通知")
    page.wait_for_function(
        """async () => (await (await caches.open("screen-library")).keys()).length >= 4
           && navigator.serviceWorker.controller !== null"""
    )

    site.stop()
    page.reload()

    sees(page, "停水通知")


def test_what_was_withdrawn_while_the_screen_was_off_is_proved_gone_later(
    site: Site, library: Screens, page: Page
) -> None:
    receipt = deliver(library)
    page.goto(f"{site.url}/screen/library")
    sees(page, "停水通知")
    assert confirmed(library) is not None
    page.goto("about:blank")
    library.withdraw(receipt, reason="内容有误")
    with pytest.raises(UnknownOutcomeError):
        library.confirm(key=KEY, receipt=receipt)

    page.goto(f"{site.url}/screen/library")
    sees_nothing(page)

    assert confirmed(library) is None


def test_a_screen_that_lost_its_memory_still_proves_a_removal(
    site: Site, library: Screens, browser: Browser, page: Page
) -> None:
    receipt = deliver(library)
    page.goto(f"{site.url}/screen/library")
    sees(page, "停水通知")
    assert confirmed(library) is not None
    page.close()
    library.withdraw(receipt, reason="内容有误")

    with browser.new_context() as fresh:
        fresh.new_page().goto(f"{site.url}/screen/library")

        assert confirmed(library) is None


def test_slides_take_turns(site: Site, library: Screens, page: Page) -> None:
    for number in range(2):
        deliver(library, f"第{number}号通知", key=f"delivery-{number}")
    page.goto(f"{site.url}/screen/library")

    sees(page, "第0号通知")
    sees(page, "第1号通知")
    sees(page, "第0号通知")

    assert confirmed(library, "delivery-0") is not None
    assert confirmed(library, "delivery-1") is not None


@pytest.mark.parametrize("wrong_by_s", [-200_000_000, 200_000_000])
def test_a_wrong_clock_of_the_machine_does_not_matter(
    site: Site, library: Screens, page: Page, wrong_by_s: int
) -> None:
    deliver(library, begins_in_s=-5, ends_in_s=600)
    deliver(library, "明天的通知", key="delivery-8", begins_in_s=86_400)
    page.add_init_script(f"const real = Date.now; Date.now = () => real() + {wrong_by_s} * 1000;")
    page.goto(f"{site.url}/screen/library")

    sees(page, "停水通知")

    assert confirmed(library) is not None
    campus = datetime.now(UTC) + timedelta(hours=8)
    assert f"{campus.month}月{campus.day}日" in page.locator("#clock").inner_text()
    with pytest.raises(UnknownOutcomeError):
        library.confirm(key="delivery-8", receipt=None)


def test_a_preview_leaves_no_trace(site: Site, library: Screens, page: Page) -> None:
    deliver(library)
    posts: list[str] = []
    page.on("request", lambda call: posts.append(call.url) if call.method == "POST" else None)
    page.goto(f"{site.url}/screen/")
    page.get_by_role("link", name=re.compile("预览.*图书馆")).click()

    sees(page, "停水通知")
    page.wait_for_timeout(4000)

    assert posts == []
    assert page.evaluate("localStorage.length") == 0
    assert "还没有连上" in library.check().advice


def test_nothing_is_asked_of_another_host(site: Site, library: Screens, page: Page) -> None:
    addresses: list[str] = []
    page.on("request", lambda call: addresses.append(call.url))
    deliver(library)

    page.goto(f"{site.url}/screen/library")
    sees(page, "停水通知")

    assert all(address.startswith((f"{site.url}/screen/", "data:")) for address in addresses)


@pytest.mark.parametrize("path", ["", "gate", "library", "canteen"])
def test_pages_break_no_rule_of_accessibility(
    site: Site, library: Screens, browser: Browser, path: str
) -> None:
    deliver(library)
    with browser.new_context(bypass_csp=True) as context:
        page = context.new_page()
        page.goto(f"{site.url}/screen/{path}")
        page.wait_for_load_state("networkidle")

        found = Axe().run(page)

    assert found.violations_count == 0, found.generate_report()
