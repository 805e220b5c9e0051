"""The public site in a real browser: with scripts and without, by keyboard, on paper, by axe."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from channels.website import Website
from tests.channels.website.notices import ILLUSTRATED, NOTICE, deliver, numbered, public
from tests.channels.website.served import served

CHROMIUM = shutil.which("chromium")
OFFICE = ViewportSize(width=1366, height=768)
PHONE = ViewportSize(width=360, height=740)
ITEM = "/info/2026/13771-0307-2026-0001.html"
PATHS = [
    "/",
    "/column/03/",
    "/column/01/",
    ITEM,
    "/info/2026/13771-0307-2026-0003.html",  # withdrawn
    "/guide.html",
    "/request.html",
    "/reports/",
    "/search/",
    "/search/?q=收费",
    "/search/?q=没有的字",
    "/nothing",
]
TABLE = "<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>".format(
    "".join(f'<th scope="col">第{n}栏</th>' for n in range(9)),
    "".join("<tr>" + "<td>按学年收取</td>" * 9 + "</tr>" for _ in range(3)),
)

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="needs a browser: install the distribution's package chromium"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Website]:
    """A site with some notices, one corrected and one withdrawn."""
    with served(tmp_path_factory.mktemp("site")) as website:
        deliver(website, replace(ILLUSTRATED, body=ILLUSTRATED.body + TABLE))
        deliver(website, numbered(2), key="delivery-2")
        website.withdraw(deliver(website, numbered(3), key="delivery-3"), reason="数据有误")
        deliver(website, replace(numbered(2), title="更正后的公示"), key="delivery-4")
        yield website


@dataclass(frozen=True)
class Look:
    """What a page complained of."""

    page: Page
    complaints: list[str]


@contextmanager
def opened(
    browser: Browser, url: str, *, viewport: ViewportSize = OFFICE, has_scripts: bool = True
) -> Iterator[Look]:
    context = browser.new_context(
        viewport=viewport, java_script_enabled=has_scripts, bypass_csp=False
    )
    page, complaints = context.new_page(), list[str]()
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(url)
    yield Look(page, complaints)
    context.close()


@pytest.mark.parametrize("viewport", [OFFICE, PHONE], ids=["office", "phone"])
@pytest.mark.parametrize("switches", ["", "large contrast"], ids=["plain", "large and contrast"])
@pytest.mark.parametrize("path", PATHS)
def test_axe_finds_nothing_and_nothing_sticks_out(
    site: Website, browser: Browser, path: str, switches: str, viewport: ViewportSize
) -> None:
    context = browser.new_context(viewport=viewport, bypass_csp=True)
    page = context.new_page()
    page.goto(site.base_url + path)
    for name in switches.split():
        page.click(f"[data-switch={name}]")

    found = Axe().run(page).response["violations"]

    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    context.close()


@pytest.mark.parametrize("path", PATHS)
def test_no_page_breaks_its_own_policy(site: Website, browser: Browser, path: str) -> None:
    with opened(browser, site.base_url + path) as look:
        refused = [one for one in look.complaints if "status of 4" not in one]

    assert refused == []


def test_a_reader_s_choice_of_type_and_contrast_holds_on_the_next_page(
    site: Website, browser: Browser
) -> None:
    with opened(browser, site.base_url + "/") as look:
        look.page.get_by_role("button", name="大字").click()
        look.page.get_by_role("button", name="高对比").click()
        look.page.goto(site.base_url + ITEM)

        size = look.page.evaluate("getComputedStyle(document.documentElement).fontSize")
        ground = look.page.evaluate("getComputedStyle(document.body).backgroundColor")
        pressed = look.page.get_by_role("button", name="大字").get_attribute("aria-pressed")

    assert (size, ground, pressed) == ("20px", "rgb(0, 0, 0)", "true")


def test_without_scripts_everything_is_found_and_read(site: Website, browser: Browser) -> None:
    with opened(browser, site.base_url + "/", has_scripts=False) as look:
        page = look.page
        expect(page.get_by_role("button", name="大字")).to_have_count(0)
        page.get_by_role("searchbox").fill("收费项目")
        page.get_by_role("searchbox").press("Enter")
        page.get_by_role("link", name=NOTICE.title).click()

        expect(page.get_by_role("heading", level=1)).to_have_text(NOTICE.title)


def test_the_keyboard_alone_leads_past_the_head_to_the_text(
    site: Website, browser: Browser
) -> None:
    with opened(browser, site.base_url + ITEM) as look:
        look.page.keyboard.press("Tab")
        expect(look.page.get_by_text("跳到正文")).to_be_focused()
        look.page.keyboard.press("Enter")

        expect(look.page.locator("main")).to_be_focused()


def test_on_paper_the_notice_has_a_red_head_and_no_navigation(
    site: Website, browser: Browser, tmp_path: Path
) -> None:
    with opened(browser, site.base_url + ITEM) as look:
        page = look.page
        page.emulate_media(media="print")

        expect(page.locator(".redhead")).to_be_visible()
        expect(page.locator(".top")).to_be_hidden()
        expect(page.locator(".foot")).to_be_hidden()
        body = page.locator(".body").evaluate("one => getComputedStyle(one).fontSize")
        facts_top = page.locator(".facts").evaluate("one => one.getBoundingClientRect().top")
        text_top = page.locator(".body").evaluate("one => one.getBoundingClientRect().top")
        paper = page.pdf(prefer_css_page_size=True)

    assert abs(float(body.removesuffix("px")) - 16 / 72 * 96) < 0.01  # 三号, GB/T 9704-2012
    assert text_top < facts_top  # as the 版记 of a document
    assert paper.startswith(b"%PDF")


def test_a_server_of_files_alone_searches_the_titles(site: Website, browser: Browser) -> None:
    handler = partial(SimpleHTTPRequestHandler, directory=str(public(site)))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with opened(browser, f"http://127.0.0.1:{server.server_port}/search/?q=更正后") as look:
            expect(look.page.locator("#said")).to_have_text("标题里找到 1 条")
            expect(look.page.locator("#found a")).to_have_text("更正后的公示")

            look.page.goto(f"http://127.0.0.1:{server.server_port}/search/?q=没有的字")
            expect(look.page.locator("#said")).to_contain_text("没有找到")
        server.shutdown()
