"""The coming sends of a target, and who may change their order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.publisher.api import office as offices
from tests.publisher.api.office import LATER, Office
from tests.publisher.api.test_problems import assert_problem, unchanged
from tests.pushing import Digest


@dataclass(frozen=True, kw_only=True)
class Push(Digest):
    """Sends at any time, so that a test waits for nothing."""

    def slot(self, moment: datetime) -> datetime:
        return moment


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    opened = offices.found(tmp_path)
    opened.app.channels["push"] = Push()
    yield opened
    opened.rest()
    opened.app.lanes.close()
    opened.app.database.engine.dispose()


def waiting(office: Office, count: int, **changes: Any) -> list[int]:
    """Approve so many for a far day; return the ids of their deliveries."""
    given = {"targets": ["push"], "publish_at": LATER, "urgency": "normal"} | changes
    items = [office.approved(**given) for _ in range(count)]
    return [office.get(f"/items/{item}")["deliveries"][0]["id"] for item in items]


def pushes(plan: Any) -> list[list[int]]:
    return [[one["id"] for one in push["deliveries"]] for push in plan["pushes"]]


def test_the_plan_tells_what_goes_when_and_what_is_left(office: Office) -> None:
    ids = waiting(office, 4)

    plan = office.get("/targets/push/plan")

    assert (plan["target"], pushes(plan), plan["unplaced"]) == ("push", [ids[:3], ids[3:]], [])
    first, second = (datetime.fromisoformat(push["at"]) for push in plan["pushes"])
    assert first == datetime.fromisoformat("2099-11-24T08:30:00+08:00")
    assert timedelta(hours=15) < second - first < timedelta(days=1)
    one = plan["pushes"][0]["deliveries"][0]
    assert (one["item"], one["title"], one["part"], one["urgency"]) == (1, "停水通知", "", "normal")
    [ration] = plan["rations"]
    assert (ration["unit"], ration["sends"], ration["reserve"]) == ("day", 1, 0)
    assert (ration["spent"], ration["by_hand"], ration["left"]) == (0, 0, 1)


def test_a_target_without_rations_has_a_plan_of_single_sends(office: Office) -> None:
    ids = waiting(office, 2, targets=["site"])

    plan = office.get("/targets/site/plan")

    assert (pushes(plan), plan["rations"]) == ([[one] for one in ids], [])


def test_another_order_is_answered_with_the_plan_as_it_is_now(office: Office) -> None:
    first, second, third, fourth = waiting(office, 4)

    answer = office.ask(
        "PUT", "/targets/push/plan/order", by="陈敏", json={"ids": [fourth, second]}
    )

    assert answer.status_code == 200
    assert pushes(answer.json()) == [[fourth, second, first], [third]]
    assert pushes(office.get("/targets/push/plan")) == [[fourth, second, first], [third]]


def test_who_may_not_change_the_order_is_refused(office: Office) -> None:
    ids = waiting(office, 2)

    with unchanged(office):
        answer = office.ask("PUT", "/targets/push/plan/order", json={"ids": ids})

    assert_problem(answer, 403, "not_allowed")


@pytest.mark.parametrize("ids", [[], [0], ["x"], [1] * 501, None])
def test_an_order_that_is_none_is_refused(office: Office, ids: object) -> None:
    with unchanged(office):
        answer = office.ask("PUT", "/targets/push/plan/order", by="陈敏", json={"ids": ids})

    assert answer.status_code == 422


def test_a_target_that_there_is_not_is_not_found(office: Office) -> None:
    assert_problem(office.ask("GET", "/targets/nowhere/plan"), 404, "unknown_target")


def test_an_item_says_when_it_would_go_and_what_it_would_put_off(office: Office) -> None:
    waiting(office, 3)
    urgent = office.draft(targets=["push"], publish_at=LATER, urgency="urgent")
    normal = office.draft(targets=["push", "site"], publish_at=LATER)

    told = office.get(f"/items/{urgent}/plan")

    assert told["targets"] == {"push": "2099-11-24T08:30:00+08:00"}
    assert told["displaced"].startswith(
        "推送：这一稿件排在 11月24日（周二）8:30 发出，往后推迟的有"
    )
    assert office.get(f"/items/{normal}/plan")["displaced"] == ""
