"""Targets: how they are, and who may stop them."""

from __future__ import annotations

from dataclasses import dataclass

from publisher.channel import Channel, Content, Health, Receipt, Rendition
from tests.make import FakeChannel
from tests.publisher.api.office import Office
from tests.publisher.api.test_problems import assert_problem, unchanged


@dataclass(frozen=True, kw_only=True)
class Mute(Channel):
    """An outlet that cannot be asked anything."""

    label = "哑渠道"

    def render(self, content: Content) -> Rendition:
        return Rendition(body=content.title.encode(), media_type="text/plain")

    def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
        return Receipt(remote_id=key)


@dataclass(frozen=True, kw_only=True)
class Sick(FakeChannel):
    """An outlet that has signed us out."""

    label = "病渠道"

    def check(self) -> Health:
        return Health(is_reachable=True, is_signed_in=False, quota_left=3, advice="请重新登录")


def test_a_target_is_told_before_anybody_has_used_it(office: Office) -> None:
    site, board = office.get("/targets")["targets"]

    assert (site["name"], site["label"], board["name"]) == ("site", "官网", "board")
    assert (site["is_well"], site["is_reachable"], site["checked_at"]) == (True, None, None)
    assert (site["waiting"], site["open"], site["last_success_at"]) == (0, 0, None)


def test_a_paused_target_sends_nothing_until_it_is_resumed(office: Office) -> None:
    paused = office.post("/targets/site/pause", by="吴凡", reason="平台维护")
    number = office.approved(targets=["site"])
    held = office.get(f"/items/{number}")
    waiting = office.get("/targets")["targets"][0]

    office.post("/targets/site/resume", by="吴凡")
    office.rest()

    assert (paused["is_paused"], paused["paused_by"]) == (True, "吴凡")
    assert paused["advice"] == "已暂停：平台维护"
    assert held["status"] == "planned"
    assert waiting["waiting"] == 1
    assert office.get(f"/items/{number}")["status"] == "published"
    resumed = office.get("/targets")["targets"][0]
    assert (resumed["is_paused"], resumed["is_well"], resumed["waiting"]) == (False, True, 0)
    assert resumed["last_success_at"] is not None


def test_a_check_asks_the_outlet_and_keeps_the_answer(office: Office) -> None:
    office.app.channels["site"] = Sick()

    told = office.post("/targets/site/check", by="吴凡")

    assert (told["is_well"], told["is_reachable"], told["is_signed_in"]) == (False, True, False)
    assert (told["quota_left"], told["advice"]) == (3, "请重新登录")
    assert told["checked_at"] is not None
    assert office.get("/targets")["targets"][0] == told


def test_a_target_that_cannot_be_asked_stays_unknown(office: Office) -> None:
    office.app.channels["board"] = Mute()

    told = office.post("/targets/board/check", by="吴凡")

    assert (told["is_reachable"], told["checked_at"]) == (None, None)


def test_only_operators_run_targets(office: Office) -> None:
    with unchanged(office):
        for act in ("pause", "resume", "check"):
            body = {"reason": "试试"} if act == "pause" else None
            answer = office.ask("POST", f"/targets/site/{act}", by="陈敏", json=body)
            assert_problem(answer, 403, "not_allowed")


def test_a_pause_needs_a_reason_and_a_target_that_is_there(office: Office) -> None:
    with unchanged(office):
        empty = office.ask("POST", "/targets/site/pause", by="吴凡", json={"reason": ""})
        nowhere = office.ask("POST", "/targets/gate/pause", by="吴凡", json={"reason": "维护"})
        unchecked = office.ask("POST", "/targets/gate/check", by="吴凡")

    assert_problem(empty, 422, "empty", "reason")
    assert_problem(nowhere, 404, "unknown_target")
    assert_problem(unchecked, 404, "unknown_target")


def test_a_withdrawal_ignores_a_pause(office: Office) -> None:
    number = office.approved(targets=["site"])
    office.post("/targets/site/pause", by="吴凡", reason="平台维护")
    office.site.shows[:] = [None]

    office.post(f"/items/{number}/withdrawal", reason="有误")
    office.rest()

    assert office.get(f"/items/{number}")["status"] == "withdrawn"
