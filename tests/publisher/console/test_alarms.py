from __future__ import annotations

from datetime import timedelta

from publisher import clock
from publisher.model.alarm import Alarm
from tests.publisher.console.office import Office, words


def alarm(
    office: Office, key: str, text: str, *, is_over: bool = False, hours_ago: int = 0
) -> None:
    since = clock.now() - timedelta(hours=hours_ago)
    with office.app.database.sessions.begin() as session:
        session.add(Alarm(key=key, since=since, until=clock.now() if is_over else None, text=text))


def tasks(office: Office, name: str) -> str:
    return words(office.of(name).get("/agenda").xpath("//*[@id='tasks']")[0])


def test_without_alarms_the_page_says_that_all_is_well(office: Office) -> None:
    page = office.of("林晓").get("/alarms")

    assert "一切正常" in words(page)
    assert not page.xpath("//nav//*[@class='count']")


def test_open_alarms_stand_above_those_that_are_over(office: Office) -> None:
    alarm(office, "disk", "磁盘只剩 0.4 GB，请清理")
    alarm(office, "breaker site", "官网自动停发", is_over=True)

    page = office.of("林晓").get("/alarms")

    assert "磁盘只剩 0.4 GB，请清理 磁盘将满" in words(page.xpath("//*[@id='open']")[0])
    assert "官网自动停发 自动停发" in words(page.xpath("//*[@id='past']")[0])
    assert page.xpath("//nav//*[@class='count']/@aria-label") == ["1 条还没有结束"]


def test_the_last_hundred_that_are_over_are_shown(office: Office) -> None:
    for hour in range(101):
        alarm(office, "disk", f"第 {hour} 次", is_over=True, hours_ago=hour)

    page = office.of("林晓").get("/alarms")

    rows = page.xpath("//*[@id='past']//tbody/tr")
    assert len(rows) == 100
    assert "第 0 次" in words(rows[0])


def test_an_alarm_is_a_task_of_those_who_keep_it_running(office: Office) -> None:
    alarm(office, "disk", "磁盘只剩 0.4 GB，请清理")

    page = office.of("吴凡").get("/agenda")

    for name in ("吴凡", "陈敏"):
        assert "磁盘将满磁盘只剩 0.4 GB，请清理" in tasks(office, name)
    assert tasks(office, "林晓") == ""
    [url] = page.xpath("//*[@id='tasks']//a/@href")
    assert office.of("吴凡").get("/alarms").xpath(f"//*[@id='{url.partition('#')[2]}']")


def test_what_targets_and_deliveries_say_themselves_is_said_once(office: Office) -> None:
    alarm(office, "breaker site", "官网自动停发")
    alarm(office, "overdue", "有 1 次投递过了处理期限")

    assert tasks(office, "吴凡") == ""


def test_the_live_page_is_the_same_page(office: Office) -> None:
    alarm(office, "disk", "磁盘只剩 0.4 GB，请清理")
    live, page = office.of("林晓").get("/alarms/live"), office.of("林晓").get("/alarms")

    for path in ("//*[@id='open']", "//*[@id='past']"):
        assert words(live.xpath(path)[0]) == words(page.xpath(path)[0])
