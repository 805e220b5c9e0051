"""The console in a real browser: with scripts and without, by keyboard, and read by axe."""

from __future__ import annotations

import re
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from channels.screens import Screens
from channels.screens.pairing import Pairing
from channels.screens.playback import Playback
from channels.screens.reports import Heartbeat, Report
from channels.screens.store import Store
from publisher import clock
from publisher.channel import Alert, Content, Receipt
from publisher.errors import PermanentError, UnknownOutcomeError
from publisher.model.alarm import Alarm
from publisher.model.lane import Lane
from tests.publisher.console import office as offices
from tests.publisher.console.office import NOTICE, PASSWORD, REVIEWERS, Office, picture

CHROMIUM = shutil.which("chromium")
PATIENCE_MS = 30_000
WIDE: ViewportSize = {"width": 1366, "height": 768}
NARROW: ViewportSize = {"width": 390, "height": 844}
LOST = UnknownOutcomeError("no answer")

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
def house(office: Office) -> Iterator[House]:
    """The console on a real port."""
    with served(office) as url:
        yield House(office, url)


class House:
    """An office with its address, and what its browsers complained of."""

    def __init__(self, office: Office, url: str) -> None:
        self.office, self.url = office, url
        self.complaints: list[str] = []

    def enter(self, browser: Browser, name: str, **options: Any) -> Page:
        """Return a page of somebody who has signed in, and who sees no complaint unnoticed."""
        context: BrowserContext = browser.new_context(**({"viewport": WIDE} | options))
        context.set_default_timeout(PATIENCE_MS)
        cookie = self.office.of(name).client.cookies["yigao_session"]
        context.add_cookies([{"name": "yigao_session", "value": cookie, "url": self.url}])
        page = context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda asked: self._asked(asked.url))
        return page

    def _heard(self, said: Any) -> None:
        if said.type == "error" and "the server responded with a status of 4" not in said.text:
            self.complaints.append(said.text)

    def _asked(self, url: str) -> None:
        if not url.startswith((self.url, "about:", "data:")):
            self.complaints.append(f"a foreign address: {url}")


@contextmanager
def served(office: Office) -> Iterator[str]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        config = uvicorn.Config(office.door, log_config=None, lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield f"http://127.0.0.1:{port}"
        server.should_exit = True
        thread.join()


def busy(office: Office) -> None:
    """Fill the office with something of every kind."""
    office.site.answers[:] = [Receipt(remote_id="r1", url="http://127.0.0.1/1.html"), LOST]
    office.site.shows[:] = [LOST]
    office.board.answers[:] = [PermanentError("closed", advice="请打开栏目")]
    everywhere = ["site", "board", "walls"]
    office.of("林晓").post(
        "/items",
        files=[("new_picture", ("图.png", picture())), ("new_attachment", ("表.csv", b"a,b"))],
        **(NOTICE | {"new_alt": ["示意图"], "targets": everywhere, "body": "一\n[图1]\n二"}),
    )
    office.of("林晓").post("/items/1/submission")
    for name in REVIEWERS:
        office.review(1, name)
    office.rest()
    office.submitted(title="停电通知")
    office.draft(title="草稿", body="<h2>一</h2><p>手机 13800138000</p>", body_form="html")
    office.of("吴凡").post("/targets/site/check")
    office.of("吴凡").post("/pauses", scope="target:board", reason="栏目调整")
    office.of("吴凡").post("/pauses", scope="everything", reason="全校停电")
    in_trouble(office)


def with_screens(office: Office, folder: Path) -> None:
    """Hang up screens: one plays, one asks to be accepted; an emergency stands."""
    screens = Screens(
        base_url="http://127.0.0.1:8001",
        screens=("library", "canteen", "gate"),
        offline=("gate",),
        folder=folder / "screens",
    )
    office.app.channels["screens"] = screens
    now, library = clock.now(), screens.part("library")
    library.deliver(library.render(Content(title="停水", body="<p>周六</p>")), key="delivery-6")
    store = Store(folder=screens.folder)
    beat = Heartbeat(version=1, key="delivery-6", keys=("delivery-6",))
    Playback(store=store).beat("library", beat, at=now)
    Pairing(store=store).ask("canteen", "0f" * 32, at=now)
    report = Report(id="1", key="delivery-6", event="shown", from_at=now, to_at=now, times=7)
    Playback(store=store).report("library", [report], at=now)
    ends_at = now + timedelta(hours=1)
    screens.alert(Alert(id="alert-1", headline="火情", begins_at=now, ends_at=ends_at))


def in_trouble(office: Office) -> None:
    """Let an account be spared, an alarm be open and another one be over."""
    at = clock.now()
    with office.app.database.sessions.begin() as session:
        session.add(Lane(name="walls", breaker="open", opened_at=at, probe_at=at, advice="请登录"))
        session.add(Alarm(key="disk", since=at, text="磁盘只剩 0.4 GB，请清理或扩容"))
        session.add(Alarm(key="breaker walls", since=at, until=at, text="大屏自动停发"))


PAGES = {  # address: who looks
    "/agenda": "吴凡",
    "/agenda/targets": "吴凡",
    "/items": "吴凡",
    "/items/new": "林晓",
    "/items/1": "陈敏",
    "/items/3": "林晓",
    "/items/3/edit": "林晓",
    "/items/1/edit": "林晓",
    "/items/1/withdrawal": "林晓",
    "/reviews": "王建国",
    "/editions/2/review": "王建国",
    "/editions/2/review?": "赵琳",
    "/deliveries": "吴凡",
    "/deliveries/1/settlement": "吴凡",
    "/targets": "吴凡",
    "/targets/site/plan": "吴凡",
    "/calendar": "赵琳",
    "/alarms": "吴凡",
    "/screens": "吴凡",
    "/emergency": "陈敏",
    "/deliveries/6/plays": "吴凡",
    "/nowhere": "林晓",
}


@pytest.fixture(scope="module")
def full_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A busy office that nobody changes."""
    folder: Path = tmp_path_factory.mktemp("office")
    office = offices.found(folder)
    busy(office)
    with_screens(office, folder)
    with served(office) as url:
        yield House(office, url)
    office.rest()
    office.app.lanes.close()
    office.app.database.engine.dispose()


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["desk", "phone"])
@pytest.mark.parametrize(("path", "name"), PAGES.items())
def test_axe_finds_nothing_and_nothing_sticks_out(
    full_house: House, browser: Browser, path: str, name: str, viewport: ViewportSize
) -> None:
    page = full_house.enter(browser, name, viewport=viewport, bypass_csp=True)

    page.goto(full_house.url + path)
    for details in page.locator("details").all():
        details.evaluate("one => one.open = true")

    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    page.context.close()


@pytest.mark.parametrize(("path", "name"), PAGES.items())
def test_no_page_breaks_its_own_policy_or_asks_anybody_else(
    full_house: House, browser: Browser, path: str, name: str
) -> None:
    page = full_house.enter(browser, name)

    page.goto(full_house.url + path, wait_until="networkidle" if path == "/items/new" else "load")
    for frame in page.locator("iframe").all():
        expect(frame.content_frame.locator("body")).not_to_be_empty()

    assert full_house.complaints == []
    page.context.close()


def test_axe_finds_nothing_on_a_form_that_went_back(house: House, browser: Browser) -> None:
    page = house.enter(browser, "林晓", bypass_csp=True)

    page.goto(house.url + "/items/new")
    page.get_by_label("正文", exact=True).fill("一")
    page.get_by_label("标题", exact=True).fill(" ")
    page.get_by_role("button", name="保存草稿").click()

    expect(page.locator("#faults")).to_be_focused()
    assert Axe().run(page).response["violations"] == []
    page.get_by_role("link", name="标题").click()
    expect(page.get_by_label("标题", exact=True)).to_be_in_viewport()
    page.context.close()


def test_axe_finds_nothing_on_the_sign_in(house: House, browser: Browser) -> None:
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()

    page.goto(house.url)
    page.get_by_label("姓名").fill("林晓")
    page.get_by_label("密码").fill("wrong")
    page.get_by_role("button", name="登录").click()

    expect(page.get_by_role("alert")).to_contain_text("姓名或密码不对")
    assert Axe().run(page).response["violations"] == []
    context.close()


def test_the_whole_way_without_scripts(house: House, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False, viewport=WIDE)
    page = context.new_page()

    enter(page, house, "林晓")
    page.get_by_role("link", name="新建稿件").first.click()
    page.get_by_label("标题", exact=True).fill("停水通知")
    page.get_by_label("正文", exact=True).fill("周六停水。")
    page.get_by_label("官网", exact=True).check()
    page.get_by_role("button", name="保存草稿").click()
    page.get_by_role("button", name="提交送审").click()
    expect(page.get_by_text("已提交送审")).to_be_visible()
    page.get_by_role("button", name="退出").click()
    for name in REVIEWERS:
        enter(page, house, name)
        page.get_by_role("link", name="审核").first.click()
        page.get_by_role("link", name="停水通知").click()
        page.get_by_role("button", name="通过").click()
        page.get_by_role("button", name="退出").click()
    house.office.rest()
    enter(page, house, "林晓")
    page.get_by_role("link", name="停水通知").click()
    expect(page.locator("#deliveries")).to_contain_text("已确认")
    page.get_by_role("link", name="撤回").click()
    page.get_by_label("公开的原因（必填）").fill("日期有误")
    page.get_by_role("button", name="确认撤回").click()
    house.office.rest()

    assert house.office.site.withdrawn == ["r1"]
    context.close()


def enter(page: Page, house: House, name: str) -> None:
    """Sign in as a person does."""
    page.goto(house.url + "/items")
    page.get_by_label("姓名").fill(name)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url("**/items")


def test_the_main_way_by_keyboard_alone(house: House, browser: Browser) -> None:
    page = house.enter(browser, "林晓")
    page.goto(house.url + "/items")

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="跳到正文")).to_be_focused()
    page.keyboard.press("Enter")
    press_until(page, "新建稿件")
    page.wait_for_url("**/items/new")
    reach(page, "#title")
    page.keyboard.type("停水通知")
    reach(page, "#body")
    page.keyboard.type("周六停水。")
    reach(page, "input[name=targets][value=site]")
    page.keyboard.press("Space")
    press_until(page, "保存草稿")
    page.wait_for_url("**/items/1?done=saved")
    press_until(page, "提交送审")
    page.wait_for_url("**/items/1?done=submitted")

    assert house.office.item(1).edition.state == "in_review"
    assert house.complaints == []
    page.context.close()


def reach(page: Page, selector: str) -> None:
    """Press Tab until that field has the focus, which can be seen."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement?.matches(selector)", selector):
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none"
            return
    raise AssertionError(f"{selector} cannot be reached")


def press_until(page: Page, name: str) -> None:
    """Press Tab until the button or link of that name has the focus; then press it."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if name in (page.evaluate("document.activeElement?.textContent") or "")[:40]:
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"{name} cannot be reached")


def test_chips_change_by_themselves(house: House, browser: Browser) -> None:
    number = house.office.submitted(targets=["site"])
    listed, shown = (house.enter(browser, "林晓") for _ in range(2))
    listed.goto(house.url + "/items")
    shown.goto(f"{house.url}/items/{number}")
    expect(listed.locator("tbody")).to_contain_text("审核中")

    for name in REVIEWERS:
        house.office.review(number, name)
    house.office.rest()

    expect(listed.locator("tbody")).to_contain_text("已发布", timeout=PATIENCE_MS)
    expect(shown.locator("#deliveries")).to_contain_text("已确认", timeout=PATIENCE_MS)
    assert house.complaints == []


def test_what_is_open_stays_open_while_the_page_renews_itself(
    house: House, browser: Browser
) -> None:
    number = house.office.approved(targets=["site"])
    page = house.enter(browser, "林晓")
    page.goto(f"{house.url}/items/{number}")
    page.get_by_text("1 次尝试").click()
    house.office.site.shows[:] = [None]

    house.office.of("林晓").post(f"/items/{number}/withdrawal", reason="日期有误")
    house.office.rest()

    expect(page.locator("#deliveries")).to_contain_text("已撤回", timeout=PATIENCE_MS)
    expect(page.locator("#history-1")).to_have_attribute("open", "")
    expect(page.locator("#history-1 summary")).to_be_focused()


def test_a_double_click_saves_once(house: House, browser: Browser) -> None:
    page = house.enter(browser, "林晓")
    page.goto(house.url + "/items/new")
    page.get_by_label("标题", exact=True).fill("停水通知")
    page.get_by_label("正文", exact=True).fill("周六停水。")

    page.get_by_role("button", name="保存草稿").dblclick()
    page.wait_for_url("**/items/1?done=saved")
    page.goto(house.url + "/items")

    expect(page.locator("tbody tr")).to_have_count(1)


def test_a_body_with_formats_is_edited_as_it_looks(house: House, browser: Browser) -> None:
    number = house.office.draft(
        body='<p>周六停水</p><p class="al-right">后勤管理处</p>', body_form="html"
    )
    page = house.enter(browser, "林晓")
    page.goto(f"{house.url}/items/{number}/edit")

    paper = page.get_by_role("textbox", name="正文", exact=True)
    expect(paper.locator("p")).to_have_text(["周六停水", "后勤管理处"])
    paper.click()
    page.keyboard.press("Control+Home")
    page.keyboard.type("注意：")
    page.get_by_role("button", name="保存草稿").click()
    page.wait_for_url(re.compile("done=saved"))

    assert house.office.item(number).edition.body == (
        '<p>注意：周六停水</p><p class="al-right">后勤管理处</p>'
    )
    assert house.complaints == []


def test_text_may_be_given_formats(house: House, browser: Browser) -> None:
    page = house.enter(browser, "林晓")
    page.goto(house.url + "/items/new")
    page.get_by_label("标题", exact=True).fill("停水通知")
    page.get_by_label("正文", exact=True).fill("停水安排\n周六停水。")

    page.get_by_role("textbox", name="正文", exact=True).locator("p").first.click()
    page.get_by_label("段落样式").select_option(label="一级标题")
    page.get_by_role("button", name="居中", exact=True).click()
    page.get_by_role("button", name="保存草稿").click()
    page.wait_for_url(re.compile("done=saved"))

    assert house.office.item(1).edition.body == (
        '<h2 class="al-center">停水安排</h2><p>周六停水。</p>'
    )


def test_a_file_that_is_too_large_is_named_before_it_is_sent(
    house: House, browser: Browser
) -> None:
    page = house.enter(browser, "林晓")
    page.goto(house.url + "/items/new")
    page.evaluate("document.getElementById('file').dataset.maxMb = '0.001'")

    page.set_input_files(
        "#file", {"name": "大.txt", "mimeType": "text/plain", "buffer": b"x" * 2000}
    )

    said = page.evaluate("document.getElementById('file').validationMessage")
    assert "“大.txt”超过 0.001 MB" in said
