"""Pauses: of everything, a channel, a target; and the alarms that people are told of."""

from __future__ import annotations

from publisher import clock
from publisher.model.alarm import Alarm
from publisher.model.lane import Lane
from tests.publisher.api.office import Office
from tests.publisher.api.test_problems import assert_problem, unchanged

KIND = "channel:office"  # of both toy channels: the last name of their module


def test_nothing_goes_out_while_everything_is_paused(office: Office) -> None:
    made = office.post("/pauses", by="吴凡", scope="everything", reason="全校停电")
    number = office.approved()
    held = office.get(f"/items/{number}")["status"]
    shown = office.get("/targets")["targets"]

    answer = office.ask("DELETE", "/pauses/everything", by="吴凡")
    office.rest()

    assert (made["scope"], made["by"], made["reason"]) == ("everything", "吴凡", "全校停电")
    assert held == "planned"
    assert [one["is_paused"] for one in shown] == [True, True]
    assert {one["paused_scope"] for one in shown} == {"everything"}
    assert shown[0]["advice"] == "全部发布已暂停：全校停电"
    assert (answer.status_code, answer.content) == (204, b"")
    assert office.get(f"/items/{number}")["status"] == "published"


def test_what_was_published_comes_down_while_everything_is_paused(office: Office) -> None:
    number = office.approved(targets=["site"])
    office.post("/pauses", by="吴凡", scope="everything", reason="全校停电")
    office.site.shows[:] = [None]

    office.post(f"/items/{number}/withdrawal", reason="有误")
    office.rest()

    assert office.get(f"/items/{number}")["status"] == "withdrawn"


def test_pauses_are_listed_and_the_widest_is_told_of_a_target(office: Office) -> None:
    office.post("/targets/site/pause", by="吴凡", reason="平台维护")
    office.post("/pauses", by="吴凡", scope=KIND, reason="账号迁移")

    listed = office.get("/pauses")["pauses"]
    site = office.get("/targets")["targets"][0]

    assert [one["scope"] for one in listed] == ["target:site", KIND]
    assert (site["paused_scope"], site["paused_because"]) == (KIND, "账号迁移")
    assert site["paused_at"] == listed[1]["at"]


def test_a_pause_is_made_once_and_lifted_once(office: Office) -> None:
    first = office.post("/pauses", by="吴凡", scope=KIND, reason="第一个原因")
    second = office.post("/pauses", by="吴凡", scope=KIND, reason="第二个原因")

    for _ in range(2):
        assert office.ask("DELETE", f"/pauses/{KIND}", by="吴凡").status_code == 204
    assert first == second
    assert office.get("/pauses") == {"pauses": []}


def test_a_scope_that_there_is_not_is_a_problem(office: Office) -> None:
    asked = {"reason": "维护"}
    with unchanged(office):
        odd = office.ask("POST", "/pauses", by="吴凡", json=asked | {"scope": "all"})
        nowhere = office.ask("POST", "/pauses", by="吴凡", json=asked | {"scope": "target:gate"})
        lifted = office.ask("DELETE", "/pauses/channel:gate", by="吴凡")
        long = office.ask("DELETE", f"/pauses/{'长' * 65}", by="吴凡")
        empty = office.ask("POST", "/pauses", by="吴凡", json={"scope": KIND, "reason": " "})

    assert_problem(odd, 422, "unknown_scope", "scope")
    assert_problem(nowhere, 404, "unknown_target")
    assert_problem(lifted, 422, "unknown_scope", "scope")
    assert long.status_code == 404
    assert_problem(empty, 422, "empty", "reason")


def test_only_operators_pause_and_resume(office: Office) -> None:
    body = {"scope": "everything", "reason": "试试"}
    with unchanged(office):
        assert_problem(office.ask("POST", "/pauses", json=body), 403, "not_allowed")
        assert_problem(office.ask("DELETE", "/pauses/everything"), 403, "not_allowed")


def test_a_breaker_is_told_and_closed_by_resuming_its_target(office: Office) -> None:
    with office.app.database.sessions.begin() as session:
        at = clock.now()
        session.add(
            Lane(name="site", breaker="open", opened_at=at, probe_at=at, advice="请检查密钥")
        )
    before = office.get("/targets")["targets"][0]

    after = office.post("/targets/site/resume", by="吴凡")

    assert (before["is_well"], before["is_paused"]) == (False, False)
    assert (before["breaker"]["state"], before["breaker"]["advice"]) == ("open", "请检查密钥")
    assert before["breaker"]["since"] == before["breaker"]["probe_at"]
    assert before["advice"] == "已自动停发：请检查密钥"
    assert after["is_well"] is True
    assert after["breaker"] == {"state": "closed", "since": None, "advice": "", "probe_at": None}


def test_alarms_are_listed_open_ones_first(office: Office) -> None:
    with office.app.database.sessions.begin() as session:
        at = clock.now()
        session.add_all(
            [
                Alarm(key="disk", since=at, until=at, text="磁盘"),
                Alarm(key="breaker site", since=at, text="停发"),
            ]
        )

    now, all_of_them = office.get("/alarms")["alarms"], office.get("/alarms?past=10")["alarms"]

    assert [one["key"] for one in now] == ["breaker site"]
    assert [(one["key"], one["until"] is None) for one in all_of_them] == [
        ("breaker site", True),
        ("disk", False),
    ]
