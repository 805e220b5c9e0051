from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from lxml.html import HtmlElement

from publisher import clock
from publisher.channel import CAMPUS_TIME
from publisher.model.lane import OutsideSend
from tests.publisher.console import office as offices
from tests.publisher.console.digesting import Daily
from tests.publisher.console.office import Office, words


@pytest.fixture
def daily(tmp_path: Path) -> Iterator[Office]:
    """An office whose public account sends once a day."""
    opened = offices.found(tmp_path)
    opened.app.channels["daily"] = Daily()
    yield opened
    opened.rest()
    opened.app.lanes.close()
    opened.app.database.engine.dispose()


def queued(office: Office, *titles: str) -> list[int]:
    """Approve notices of these titles for the public account, due far ahead."""
    when = {"publish_at": "2099-11-24T08:30"}
    return [office.approved(title=title, targets=["daily"], **when) for title in titles]


def sends(page: HtmlElement) -> list[list[str]]:
    """Return the titles of each send, in order."""
    return [
        [words(one) for one in send.xpath(".//li/span/a")]
        for send in page.xpath("//section[ol[@class='order']]")
    ]


def move(office: Office, page: HtmlElement, title: str, where: str) -> HtmlElement:
    """Press a button beside a title."""
    [button] = [
        one
        for one in page.xpath("//button[@name='move']")
        if title in words(one) and where in words(one)
    ]
    return office.of("吴凡").post("/targets/daily/plan/order", move=button.get("value"))


def test_what_goes_together_is_shown_in_order(daily: Office) -> None:
    queued(daily, "甲", "乙", "丙", "丁")

    page = daily.of("吴凡").get("/targets/daily/plan")

    assert sends(page) == [["甲", "乙", "丙"], ["丁"]]
    assert "今天还剩 1 次，共 1 次" in words(page)


def test_staff_change_the_order_until_it_goes(daily: Office) -> None:
    queued(daily, "甲", "乙", "丙")
    page = daily.of("吴凡").get("/targets/daily/plan")

    page = move(daily, page, "丙", "上移")
    page = move(daily, page, "甲", "下移")

    assert sends(page) == [["丙", "甲", "乙"]]
    assert "顺序已调整" in words(page)


def test_one_that_is_taken_into_the_coming_send_puts_the_last_off(daily: Office) -> None:
    queued(daily, "甲", "乙", "丙", "丁")
    page = daily.of("吴凡").get("/targets/daily/plan")

    page = move(daily, page, "丁", "上移")

    assert sends(page) == [["甲", "乙", "丁"], ["丙"]]


@pytest.mark.parametrize("asked", ["", "x:up", "1:left", "99999999999:up"])
def test_a_move_that_there_is_not_is_refused(daily: Office, asked: str) -> None:
    queued(daily, "甲", "乙")

    page = daily.of("吴凡").post("/targets/daily/plan/order", status=422, move=asked)

    assert sends(page) == [["甲", "乙"]]


def test_one_that_waits_no_more_cannot_be_moved(daily: Office) -> None:
    queued(daily, "甲", "乙")

    page = daily.of("吴凡").post("/targets/daily/plan/order", status=409, move="77:up")

    assert "已不在等待发送" in words(page)


def test_who_may_not_arrange_sees_the_order_without_buttons(daily: Office) -> None:
    queued(daily, "甲", "乙")
    visit = daily.of("赵琳")

    page = visit.get("/targets/daily/plan")

    assert sends(page) == [["甲", "乙"]]
    assert not page.xpath("//button[@name='move']")
    assert "没有调整发送顺序的权限" in words(page)


def test_an_empty_plan_says_when_it_will_fill(daily: Office) -> None:
    assert "现在没有排着的稿件" in words(daily.of("吴凡").get("/targets/daily/plan"))


def test_a_target_that_there_is_not_is_no_fault_of_ours(daily: Office) -> None:
    daily.of("吴凡").get("/targets/nowhere/plan", status=404)


def test_the_calendar_shows_what_goes_together_on_its_day(daily: Office) -> None:
    queued(daily, "甲", "乙", "丙", "丁")

    page = daily.of("赵琳").get("/calendar?month=2099-11")

    [day] = page.xpath("//li[.//time[@datetime='2099-11-24']]")
    [line] = day.xpath(".//ul/li")
    assert "17:00 公众号 3 篇" in words(line)
    assert [words(one) for one in line.xpath(".//ol/li")] == ["甲", "乙", "丙"]
    assert "丁" in words(page.xpath("//li[.//time[@datetime='2099-11-25']]")[0])


def test_the_calendar_shows_an_item_once_with_all_its_targets(daily: Office) -> None:
    daily.approved(title="停电", targets=["site", "walls"])
    today = clock.now().astimezone(CAMPUS_TIME).date().isoformat()

    page = daily.of("赵琳").get("/calendar")

    [day] = page.xpath(f"//li[.//time[@datetime='{today}']]")
    [line] = day.xpath(".//ul/li")
    assert "官网、大屏 2 处" in words(line)
    assert "停电" in words(line)


def test_the_calendar_shows_what_people_sent_by_hand(daily: Office) -> None:
    now = clock.now()
    with daily.app.database.sessions.begin() as session:
        session.add(OutsideSend(lane="daily", remote_id="9", at=now - timedelta(seconds=1)))

    assert "公众号 有人手工群发" in words(daily.of("赵琳").get("/calendar"))


def test_an_empty_month_says_when_it_will_fill(daily: Office) -> None:
    assert "这个月还没有安排" in words(daily.of("赵琳").get("/calendar?month=2098-02"))


@pytest.mark.parametrize("month", ["2026-13", "x", "0001-01", "9999-12"])
def test_a_month_that_there_is_not_is_no_fault_of_ours(daily: Office, month: str) -> None:
    daily.of("赵琳").get(f"/calendar?month={month}", status=422)


def test_reviewers_and_authors_are_told_what_an_urgent_item_puts_off(daily: Office) -> None:
    queued(daily, "甲", "乙", "丙")
    number = daily.submitted(
        title="停课", targets=["daily"], urgency="urgent", publish_at="2099-11-24T08:30"
    )

    review = daily.of("王建国").get(f"/editions/{daily.item(number).edition.id}/review")
    item = daily.of("林晓").get(f"/items/{number}")

    for page in (review, item):
        assert "往后推迟的有 《丙》（改到 11月25日（周三）17:00）" in words(page)
