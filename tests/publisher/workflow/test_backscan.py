"""When the rules change, what is public is looked at again."""

from __future__ import annotations

import dataclasses

import pytest
from sqlalchemy import update

from publisher.model.delivery import Delivery
from publisher.model.states import DeliveryState as S
from publisher.settings import Screening
from publisher.workflow import backscan
from publisher.workflow.desk import Desk
from tests.make import NINE
from tests.publisher.workflow.conftest import Office
from tests.publisher.workflow.test_attachments import MOBILE, attach, book


def knowing(desk: Desk, *numbers: str) -> Desk:
    settings = dataclasses.replace(desk.settings, screening=Screening(office_numbers=list(numbers)))
    return dataclasses.replace(desk, settings=settings)


def put(office: Office, state: S) -> None:
    with office.desk.database.sessions.begin() as session:
        session.execute(update(Delivery).values(state=state))


def blocked(desk: Desk) -> list[int]:
    return [
        seen.item_id
        for seen in backscan.screened(desk, at=NINE)
        if any(one["action"] == "block" for one in seen.findings)
    ]


@pytest.mark.parametrize("state", [S.SENDING, S.CONFIRMED, S.UNCONFIRMED, S.WITHDRAWING])
def test_what_readers_may_see_is_screened_by_the_rules_of_today(office: Office, state: S) -> None:
    knowing_office = dataclasses.replace(office, desk=knowing(office.desk, MOBILE))
    kept = attach(knowing_office, "名单.xlsx", book(MOBILE))
    item_id = knowing_office.approved(body=f"<p>电话 {MOBILE}</p>", attachments=(kept,))
    put(office, state)

    assert blocked(knowing_office.desk) == []
    assert blocked(office.desk) == [item_id]
    [seen] = backscan.screened(office.desk, at=NINE)
    assert {one["place"].partition(" ")[0] for one in seen.findings} >= {"body", "attachments[0]"}


@pytest.mark.parametrize("state", [S.PLANNED, S.CANCELLED, S.FAILED, S.WITHDRAWN, S.EXPIRED])
def test_what_nobody_can_see_is_left_alone(office: Office, state: S) -> None:
    office.approved()
    put(office, state)

    assert list(backscan.screened(office.desk, at=NINE)) == []


def test_all_of_it_is_seen_once_however_much_it_is(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backscan, "AT_ONCE", 2)
    items = [office.approved(title=f"第{number}号通知") for number in range(5)]
    put(office, S.CONFIRMED)

    assert [seen.item_id for seen in backscan.screened(office.desk, at=NINE)] == items


def test_a_scan_changes_nothing(office: Office) -> None:
    kept = attach(office, "表.xlsx", book("甲"))
    item_id = office.approved(attachments=(kept,))
    put(office, S.CONFIRMED)
    before = office.item(item_id).edition.findings

    list(backscan.screened(knowing(office.desk, MOBILE), at=NINE))

    assert office.item(item_id).edition.findings == before
