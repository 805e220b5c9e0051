from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from publisher.channel import Channel
from publisher.delivery import replan, worker
from publisher.delivery.works import Works
from publisher.errors import InvalidError, NotAllowedError, NotFoundError, RetryableError
from publisher.model.delivery import Delivery
from publisher.model.item import Edition, Item
from publisher.model.lane import OutsideSend, Spent
from publisher.model.note import Note
from publisher.model.people import Person
from publisher.model.states import DeliveryState as S
from publisher.model.urgency import Urgency
from publisher.schedule.forecast import Push
from publisher.storage import queries
from publisher.workflow import digest
from tests.make import NINE, FakeChannel
from tests.publisher.workflow.conftest import Office
from tests.pushing import A_DAY, FIVE, Digest


@pytest.fixture
def channels() -> dict[str, Channel]:
    return {"push": Digest(), "gate": FakeChannel()}


@pytest.fixture
def works(office: Office) -> Works:
    desk = office.desk
    return Works(
        database=desk.database,
        media=desk.media,
        channels=desk.channels,
        limits=desk.settings.delivery,
    )


def approved(office: Office, count: int = 1, **changes: Any) -> list[int]:
    """Approve so many items for the push; return the ids of their deliveries."""
    given = {"targets": ("push",)} | changes
    items = [office.approved(**given) for _ in range(count)]
    return [office.deliveries(item)[0].id for item in items]


def coming(office: Office, *, now: datetime = NINE) -> list[Push]:
    with office.desk.database.reads() as session:
        return digest.forecast(session, office.desk, "push", now=now)


def arranged(office: Office, *ids: int, by: str = "陈敏", at: datetime = NINE) -> None:
    with office.desk.database.sessions.begin() as session:
        person = session.get_one(Person, office.staff[by])
        digest.reorder(session, office.desk, "push", ids, by=person, at=at)


def displaced(office: Office, **changes: Any) -> str:
    given = {"targets": ["push"], "overrides": {}, "publish_at": None} | changes
    item = Item(urgency=given.pop("urgency", Urgency.NORMAL))
    with office.desk.database.reads() as session:
        return digest.displaced(session, office.desk, Edition(item=item, **given), at=NINE)


def row(office: Office, delivery: int) -> Delivery:
    with office.desk.database.reads() as session:
        return session.get_one(Delivery, delivery)


def test_what_waits_is_shown_send_by_send(office: Office) -> None:
    ids = approved(office, 5)

    assert coming(office) == [
        Push(at=FIVE, ids=tuple(ids[:3])),
        Push(at=FIVE + A_DAY, ids=tuple(ids[3:])),
    ]


def test_what_is_left_of_a_ration_counts_what_was_sent_by_hand(office: Office) -> None:
    with office.desk.database.sessions.begin() as session:
        session.add(Spent(lane="push", period="2026-11-24", sends=1))
        session.add(OutsideSend(lane="push", remote_id="m1", at=NINE))
        session.add(OutsideSend(lane="push", remote_id="m0", at=NINE - A_DAY))
    [one] = approved(office)

    with office.desk.database.reads() as session:
        found = digest.plan(session, office.desk, "push", now=NINE)

    [left] = found.rations
    assert (left.period, left.spent, left.by_hand, left.sends) == ("2026-11-24", 1, 1, 0)
    assert left.renewed_at == datetime(2026, 11, 24, 16, 5, tzinfo=UTC)
    assert found.pushes == (Push(at=FIVE + A_DAY, ids=(one,)),)
    assert found.titles == {one: "停水通知"}


def test_what_fits_nowhere_in_time_is_shown_as_such(office: Office) -> None:
    approved(office, 3)
    [late] = approved(office, not_after=FIVE + timedelta(hours=1))

    with office.desk.database.reads() as session:
        found = digest.plan(session, office.desk, "push", now=NINE)

    assert found.unplaced == (late,)


def test_a_target_that_there_is_not_has_no_plan(office: Office) -> None:
    with office.desk.database.reads() as session, pytest.raises(NotFoundError):
        digest.forecast(session, office.desk, "nowhere", now=NINE)


def test_an_urgent_item_goes_first_and_says_what_it_puts_off(office: Office) -> None:
    first, second, third = approved(office, 3)

    warning = displaced(office, urgency=Urgency.URGENT)
    [urgent] = approved(office, urgency=Urgency.URGENT)

    assert warning == (
        "推送：这一稿件排在 11月24日（周二）17:00 发出，"
        "往后推迟的有 《停水通知》（改到 11月25日（周三）17:00）"
    )
    assert [push.ids for push in coming(office)] == [(urgent, first, second), (third,)]


def test_an_emergency_takes_the_send_of_the_day_and_warns_of_all_that_waits_for_it(
    office: Office,
) -> None:
    approved(office, 5)

    warning = displaced(office, urgency=Urgency.EMERGENCY)

    assert warning.startswith("推送：这一稿件排在 11月24日（周二）9:00 发出，往后推迟的有")
    assert warning.count("《停水通知》") == 3
    assert warning.endswith(" 等 5 篇")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"targets": ["gate"], "urgency": Urgency.EMERGENCY},
        {"targets": ["gone"], "urgency": Urgency.EMERGENCY},
        {"not_after": NINE, "urgency": Urgency.URGENT},
    ],
)
def test_nothing_is_warned_of_where_nothing_is_put_off(
    office: Office, changes: dict[str, Any]
) -> None:
    approved(office, 3)

    assert displaced(office, **changes) == ""


def test_what_waits_already_is_not_put_off_by_itself(office: Office) -> None:
    approved(office, 2)
    item = office.approved(targets=("push",), urgency=Urgency.URGENT)

    with office.desk.database.reads() as session:
        edition = queries.item(session, item).edition
        assert digest.displaced(session, office.desk, edition, at=NINE) == ""


def test_staff_put_them_into_another_order_and_they_go_out_so(office: Office, works: Works) -> None:
    first, second, third = approved(office, 3)

    arranged(office, third, first)
    worker.run_lane(works, "push", now=lambda: FIVE)

    places = [row(office, one).bundle_position for one in (third, first, second)]
    assert places == [1, 2, 3]
    with office.desk.database.reads() as session:
        note = session.scalars(select(Note).where(Note.verb == "reorder")).one()
    assert (note.who, note.target, note.text) == ("陈敏", "push", "发送顺序改为稿件 3、1")


def test_one_pulled_into_the_coming_send_displaces_the_last(office: Office, works: Works) -> None:
    ids = approved(office, 4)

    arranged(office, ids[3])
    worker.run_lane(works, "push", now=lambda: FIVE)

    assert [row(office, one).state for one in ids] == [
        S.ACCEPTED,
        S.ACCEPTED,
        S.PLANNED,
        S.ACCEPTED,
    ]


def test_one_that_was_put_off_may_be_pulled_back(office: Office, works: Works) -> None:
    ids = approved(office, 7)
    worker.run_lane(works, "push", now=lambda: FIVE)
    replan.replan(works, now=FIVE)
    put_off = row(office, ids[6])

    arranged(office, ids[6], at=FIVE)

    pulled = row(office, ids[6])
    assert (put_off.due_at, pulled.due_at, pulled.advice) == (FIVE + 2 * A_DAY, FIVE + A_DAY, "")
    assert [push.ids for push in coming(office, now=FIVE)] == [
        (ids[6], ids[3], ids[4]),
        (ids[5],),
    ]


def test_the_order_of_staff_stands_when_they_are_planned_anew(office: Office, works: Works) -> None:
    first, second, third = approved(office, 3)
    arranged(office, third, second, first)
    with office.desk.database.sessions.begin() as session:
        session.add(Spent(lane="push", period="2026-11-24", sends=1))

    replan.replan(works, now=FIVE)
    [early] = approved(office, at=FIVE + timedelta(hours=1))

    pushes = coming(office, now=FIVE + timedelta(hours=2))
    assert [push.ids for push in pushes] == [(third, second, first), (early,)]


def test_nothing_goes_before_the_time_that_its_author_wished(office: Office) -> None:
    approved(office)
    [wished] = approved(office, publish_at=FIVE + A_DAY - timedelta(hours=1))

    with pytest.raises(NotAllowedError, match="不能提前到 11月24日（周二）17:00") as caught:
        arranged(office, wished)

    assert caught.value.code == "too_early"
    assert row(office, wished).due_at == FIVE + A_DAY


def test_what_has_begun_has_its_order_already(office: Office, works: Works) -> None:
    ids = approved(office, 2)
    worker.run_lane(works, "push", now=lambda: FIVE)

    with pytest.raises(NotAllowedError) as caught:
        arranged(office, *ids)

    assert caught.value.code == "wrong_state"


def test_a_bundle_that_is_to_go_again_as_it_was_has_its_order_already(
    office: Office, works: Works
) -> None:
    push = office.desk.channels["push"]
    assert isinstance(push, Digest)
    push.does.append(RetryableError("busy"))
    ids = approved(office, 2)
    worker.run_lane(works, "push", now=lambda: FIVE)

    with pytest.raises(NotAllowedError) as caught:
        arranged(office, *reversed(ids))

    assert caught.value.code == "frozen"


@pytest.mark.parametrize("by", ["林晓", "王建国", "赵琳"])
def test_not_everybody_may_change_the_order(office: Office, by: str) -> None:
    [one] = approved(office)

    with pytest.raises(NotAllowedError, match="调整发送顺序"):
        arranged(office, one, by=by)


@pytest.mark.parametrize("ids", [[], [1, 1]])
def test_an_order_names_each_once(office: Office, ids: Sequence[int]) -> None:
    approved(office)

    with pytest.raises(InvalidError):
        arranged(office, *ids)


def test_a_target_that_sends_each_at_its_time_has_no_order(office: Office) -> None:
    office.approved(targets=("gate",))

    with pytest.raises(NotAllowedError) as caught:
        office.act("陈敏", digest.reorder, office.desk, "gate", [1])

    assert caught.value.code == "no_order"
