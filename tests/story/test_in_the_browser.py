"""The same way by browser: staff at the console, screens in front of students."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.story.college import PATIENCE_S, College, college, word_notice

CHROMIUM = Path("/usr/bin/chromium")
QUIET = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]
TITLE = "关于图书馆闭馆的通知"
PLACES = ("官网", "微信公众号", "校园大屏", "QQ群公告")

pytestmark = pytest.mark.skipif(
    not CHROMIUM.exists(), reason="needs Chromium: apt install chromium fonts-noto-cjk"
)


@contextmanager
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield opened
        opened.close()


def test_staff_publish_and_take_back_a_word_notice_and_the_screens_show_it(tmp_path: Path) -> None:
    with college(tmp_path) as ours, browser() as chromium:
        screens = [watch(chromium, ours, name) for name in ("library", "canteen")]
        author = sign_in(chromium, ours, "林晓")

        # she uploads a Word file and chooses where it goes
        author.goto(f"{ours.console}/items/new")
        author.locator("input[type=file]").first.set_input_files(word_notice(tmp_path))
        author.get_by_role("button", name="上传并识别").click()
        expect(author.get_by_label("标题", exact=True).first).to_have_value(TITLE)
        for place in PLACES:
            author.get_by_role("checkbox", name=place).check()
        author.get_by_role("button", name="保存草稿").click()

        # she sees what each channel will show, and submits it
        for place in PLACES:
            expect(author.get_by_role("heading", name=place).first).to_be_visible()
        author.get_by_role("button", name="提交送审").click()
        expect(author.get_by_text("审核中").first).to_be_visible()
        item = author.url.split("?")[0]

        # three people read it and approve
        for name in ("王建国", "陈敏", "郑涛"):
            approve(chromium, ours, name)

        # it goes everywhere by itself, and her page says so without being reloaded
        author.goto(item)
        expect(author.get_by_text("已确认")).to_have_count(6, timeout=PATIENCE_S * 1000)
        for screen in screens:
            expect(screen.get_by_role("img", name=TITLE).first).to_be_visible()
        assert len(ours.articles()) == 1
        assert len(ours.notices(100001)) == 1

        # she takes it back: everywhere, and the screens drop it
        author.get_by_role("link", name="撤回").or_(
            author.get_by_role("button", name="撤回")
        ).first.click()
        author.get_by_label("公开的原因").fill("日期有误")
        author.get_by_role("button", name="确认撤回").click()
        author.goto(item)
        expect(author.get_by_text("已撤回", exact=True)).to_have_count(7, timeout=PATIENCE_S * 1000)
        for screen in screens:
            expect(screen.get_by_role("img", name=TITLE)).to_have_count(0)
        assert ours.articles() == ours.notices(100001) == ours.notices(100002) == []


def watch(chromium: Browser, ours: College, screen: str) -> Page:
    """Open the player of a screen, as a kiosk does."""
    page = chromium.new_page(viewport={"width": 1920, "height": 1080})
    page.goto(f"{ours.site}/screen/{screen}")
    return page


def sign_in(chromium: Browser, ours: College, name: str) -> Page:
    """Sign in at the console, in a browser session of one's own."""
    accounts = (ours.home / "data" / "demo-accounts.json").read_text(encoding="utf-8")
    page = chromium.new_context(locale="zh-CN").new_page()
    page.goto(ours.console)
    page.get_by_label("姓名").or_(page.get_by_label("登录名")).first.fill(name)
    page.get_by_label("密码").fill(json.loads(accounts)[name])
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_text(name).first).to_be_visible()
    return page


def approve(chromium: Browser, ours: College, name: str) -> None:
    """Read what waits for this reviewer and approve it."""
    page = sign_in(chromium, ours, name)
    page.goto(f"{ours.console}/reviews")
    page.get_by_role("link", name=TITLE).first.click()
    expect(page.get_by_text("您审核的是摘要为")).to_be_visible()
    page.get_by_role("button", name="通过").click()
    expect(page).to_have_url(f"{ours.console}/reviews?done=approve")
