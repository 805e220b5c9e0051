from __future__ import annotations

from datetime import timedelta

import pytest

from publisher.errors import InvalidError, NotAllowedError
from publisher.model.delivery import Delivery
from publisher.model.item import Item
from publisher.model.people import Person
from publisher.model.states import DeliveryState as S
from publisher.workflow import settle, withdraw
from tests.make import NINE
from tests.publisher.workflow.conftest import Office


def take_back(office: Office, item_id: int, by: str = "林晓", reason: str = "时间有误") -> None:
    with office.desk.database.sessions.begin() as session:
        item = session.get_one(Item, item_id)
        person = session.get_one(type(item.created_by), office.staff[by])
        withdraw.withdraw(session, office.desk, item, reason=reason, by=person, at=NINE)


def put(office: Office, item_id: int, *states: S) -> None:
    """Put the deliveries of an item into these states."""
    with office.desk.database.sessions.begin() as session:
        for delivery, state in zip(office.deliveries(item_id), states, strict=True):
            session.get_one(Delivery, delivery.id).state = state


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (S.PLANNED, S.CANCELLED),
        (S.SENDING, S.SENDING),
        (S.ACCEPTED, S.WITHDRAWING),
        (S.CONFIRMED, S.WITHDRAWING),
        (S.UNCONFIRMED, S.WITHDRAWING),
        (S.FAILED, S.FAILED),
        (S.MISSED, S.MISSED),
        (S.EXPIRED, S.EXPIRED),
    ],
)
def test_one_withdrawal_reaches_every_delivery(office: Office, before: S, after: S) -> None:
    item_id = office.approved()
    put(office, item_id, before, S.CONFIRMED)

    take_back(office, item_id)

    assert [d.state for d in office.deliveries(item_id)] == [after, S.WITHDRAWING]


def test_withdrawing_twice_is_withdrawing_once(office: Office) -> None:
    item_id = office.approved()
    put(office, item_id, S.CONFIRMED, S.CONFIRMED)

    take_back(office, item_id)
    take_back(office, item_id, reason="别的原因")

    assert office.item(item_id).withdrawal_reason == "时间有误"


def test_what_a_person_let_stay_can_be_withdrawn_again(office: Office) -> None:
    item_id = office.approved(targets=("gate",))
    put(office, item_id, S.CONFIRMED)
    take_back(office, item_id)
    with office.desk.database.sessions.begin() as session:
        delivery = session.get_one(Delivery, office.deliveries(item_id)[0].id)
        by = session.get_one(Person, office.staff["吴凡"])
        seen = settle.Sighting(outcome="delivered", note="点错了")
        settle.settle(session, office.desk, delivery, seen, by=by, at=NINE)

    take_back(office, item_id, reason="确实有误")

    [delivery] = office.deliveries(item_id)
    assert (delivery.state, delivery.takedown_reason) == (S.WITHDRAWING, "确实有误")


def test_what_is_in_review_can_be_withdrawn_and_is_reviewed_no_more(office: Office) -> None:
    item_id = office.write()
    office.submit(item_id)

    take_back(office, item_id)

    with pytest.raises(NotAllowedError, match="不在审核中"):
        office.review(item_id, "department", "王建国")


@pytest.mark.parametrize("reason", ["", "   ", "长" * 501])
def test_a_withdrawal_needs_a_reason_that_readers_can_read(office: Office, reason: str) -> None:
    item_id = office.approved()

    with pytest.raises(InvalidError, match="撤回原因"):
        take_back(office, item_id, reason=reason)

    assert office.item(item_id).withdrawn_at is None


def test_a_reviewer_of_a_department_may_not_withdraw(office: Office) -> None:
    item_id = office.approved()

    with pytest.raises(NotAllowedError, match="没有撤回稿件的权限"):
        take_back(office, item_id, by="王建国")


def test_a_draft_needs_no_withdrawal(office: Office) -> None:
    item_id = office.write()

    with pytest.raises(NotAllowedError, match="不需要撤回"):
        take_back(office, item_id)


@pytest.mark.parametrize(
    ("before", "outcome", "after"),
    [
        (S.UNCONFIRMED, "delivered", S.CONFIRMED),
        (S.UNCONFIRMED, "not_delivered", S.FAILED),
        (S.ACCEPTED, "delivered", S.CONFIRMED),
        (S.WITHDRAWING, "not_delivered", S.WITHDRAWN),
        (S.WITHDRAWING, "delivered", S.CONFIRMED),
    ],
)
def test_a_person_settles_what_no_machine_can(
    office: Office, before: S, outcome: str, after: S
) -> None:
    item_id = office.approved()
    put(office, item_id, before, S.PLANNED)

    with office.desk.database.sessions.begin() as session:
        delivery = session.get_one(Delivery, office.deliveries(item_id)[0].id)
        by = session.get_one(type(delivery.item.created_by), office.staff["吴凡"])
        seen = settle.Sighting(outcome=outcome, url="https://a.example/7", note="看过后台")
        settle.settle(session, office.desk, delivery, seen, by=by, at=NINE)

    settled = office.deliveries(item_id)[0]
    assert settled.state == after
    assert settled.observations[0].source == "吴凡"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"outcome": "maybe"}, "outcome"),
        ({"note": " "}, "note"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"picture": "0" * 64}, "picture"),
    ],
)
def test_a_settlement_without_evidence_is_refused(
    office: Office, given: dict[str, str], field: str
) -> None:
    item_id = office.approved()
    put(office, item_id, S.UNCONFIRMED, S.PLANNED)
    delivery = office.deliveries(item_id)[0]
    seen = settle.Sighting(**({"outcome": "delivered", "note": "看过后台"} | given))

    with pytest.raises(InvalidError) as caught:
        office.act("吴凡", settle.settle, office.desk, delivery, seen)

    assert caught.value.field == field
    assert office.deliveries(item_id)[0].state == S.UNCONFIRMED


def test_a_failed_delivery_is_sent_again_at_once(office: Office) -> None:
    item_id = office.approved()
    put(office, item_id, S.FAILED, S.PLANNED)

    with office.desk.database.sessions.begin() as session:
        delivery = session.get_one(Delivery, office.deliveries(item_id)[0].id)
        by = session.get_one(type(delivery.item.created_by), office.staff["吴凡"])
        later = NINE + timedelta(days=3)
        settle.retry(session, office.desk, delivery, by=by, at=later)

    again = office.deliveries(item_id)[0]
    assert (again.state, again.due_at) == (S.PLANNED, NINE + timedelta(days=3))
    assert again.not_after > again.due_at


@pytest.mark.parametrize("state", [S.FAILED, S.MISSED])
def test_nobody_is_asked_any_more_about_what_was_withdrawn(office: Office, state: S) -> None:
    item_id = office.approved(targets=("gate",))
    put(office, item_id, state)
    with office.desk.database.sessions.begin() as session:
        session.get_one(Delivery, office.deliveries(item_id)[0].id).deadline_at = NINE

    take_back(office, item_id)

    row = office.deliveries(item_id)[0]
    assert (row.deadline_at, row.decided_at) == (None, NINE)
