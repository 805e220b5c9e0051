from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from publisher.channel import Ration, Rests
from publisher.delivery import gates, recover, replan, worker
from publisher.delivery.works import Works
from publisher.errors import RetryableError
from publisher.model.delivery import Bundle, Delivery
from publisher.model.lane import Spent
from publisher.model.note import Note
from publisher.model.states import DeliveryState as S
from publisher.model.urgency import Urgency
from publisher.settings import Delivery as Limits
from publisher.storage.database import Database
from publisher.storage.media import MediaStore
from tests import make
from tests.make import NINE, FakeChannel
from tests.pushing import A_DAY, FIVE, Digest

SOON = timedelta(seconds=15)  # the ticker keeps house so often


def at(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


def planned(works: Works, count: int, **changes: Any) -> list[int]:
    given = {"due_at": FIVE, "not_after": FIVE + A_DAY} | changes
    return [make.delivery(works, **given) for _ in range(count)]


def used(works: Works, period: str, sends: int) -> None:
    """Somebody has pushed by hand."""
    with works.database.sessions.begin() as session:
        session.merge(Spent(lane="gate", period=period, sends=sends))


def dues(works: Works, ids: Sequence[int]) -> list[datetime]:
    return [make.stored(works, one).due_at for one in ids]


def replan_notes(works: Works) -> list[tuple[int | None, str]]:
    with works.database.reads() as session:
        found = session.scalars(select(Note).where(Note.verb == "replan").order_by(Note.id))
        return [(note.delivery_id, note.text) for note in found]


def test_what_does_not_fit_is_spread_over_the_coming_sends_and_says_so(tmp_path: Path) -> None:
    works = make.works(tmp_path, {"gate": Digest()})
    ids = planned(works, 8)
    worker.run_lane(works, "gate", now=at(FIVE))

    moved = replan.replan(works, now=FIVE + SOON)

    assert moved == 5
    assert dues(works, ids[3:]) == [FIVE + A_DAY] * 3 + [FIVE + 2 * A_DAY] * 2
    row = make.stored(works, ids[3])
    assert (row.state, row.not_after) == (S.PLANNED, FIVE + 2 * A_DAY)
    assert row.advice == "今天的发送次数已用完，改到 11月25日（周三）17:00"
    assert replan_notes(works)[0] == (ids[3], row.advice)


def test_it_is_done_once(tmp_path: Path) -> None:
    works = make.works(tmp_path, {"gate": Digest()})
    planned(works, 5)
    worker.run_lane(works, "gate", now=at(FIVE))

    moved = [replan.replan(works, now=FIVE + n * SOON) for n in range(1, 5)]

    assert moved == [2, 0, 0, 0]
    assert len(replan_notes(works)) == 2


def test_nothing_is_moved_while_a_send_is_left_nor_before_it_is_due(tmp_path: Path) -> None:
    works = make.works(tmp_path, {"gate": Digest()})
    ids = planned(works, 2)

    with_one_left = replan.replan(works, now=FIVE)
    used(works, "2026-11-24", 1)
    before = replan.replan(works, now=FIVE - SOON)
    replan.replan(works, now=FIVE)

    assert (with_one_left, before) == (0, 0)
    assert dues(works, ids) == [FIVE + A_DAY] * 2


def test_a_send_that_is_under_way_may_come_back(tmp_path: Path) -> None:
    works = make.works(tmp_path, {"gate": Digest()})
    under_way, *ids = planned(works, 3)
    used(works, "2026-11-24", 1)
    with works.database.sessions.begin() as session:
        row = session.get_one(Delivery, under_way)
        row.state, row.lease_until = S.SENDING, FIVE + A_DAY

    moved = replan.replan(works, now=FIVE)

    assert moved == 0
    assert dues(works, ids) == [FIVE] * 2


def test_a_used_up_month_goes_on_with_the_next(tmp_path: Path) -> None:
    works = make.works(tmp_path, {"gate": Digest(given=(Ration(sends=4, period="month"),))})
    [one] = planned(works, 1)
    used(works, "2026-11", 4)

    replan.replan(works, now=FIVE)

    assert dues(works, [one]) == [datetime(2026, 12, 1, 9, 0, tzinfo=UTC)]
    assert make.stored(works, one).advice == "本月的发送次数已用完，改到 12月1日（周二）17:00"


def test_what_is_kept_goes_to_the_urgent_and_all_others_wait(tmp_path: Path) -> None:
    gate = Digest(given=(Ration(sends=2, period="month", reserve=1),))
    works = make.works(tmp_path, {"gate": gate})
    ids = planned(works, 4)
    worker.run_lane(works, "gate", now=at(FIVE))
    with works.database.reads() as session:
        while_it_waits = gates.ready(session, works, ["gate"], now=FIVE + SOON)

    replan.replan(works, now=FIVE + SOON)
    [urgent] = planned(works, 1, urgency=Urgency.URGENT)
    with works.database.reads() as session:
        once_urgent = gates.ready(session, works, ["gate"], now=FIVE + SOON)
    worker.run_lane(works, "gate", now=at(FIVE + SOON))

    assert (while_it_waits, once_urgent) == ([], ["gate"])
    assert make.stored(works, ids[3]).advice.startswith(
        "本月剩下的发送次数留给加急稿件，改到 12月1日"
    )
    assert make.stored(works, urgent).state == S.ACCEPTED
    assert [len(call) for call in gate.calls] == [3, 1]


def test_the_urgent_take_along_what_is_due(tmp_path: Path) -> None:
    gate = Digest(given=(Ration(sends=1, period="day", reserve=1),))
    works = make.works(tmp_path, {"gate": gate})
    ids = planned(works, 4)
    [urgent] = planned(works, 1, urgency=Urgency.URGENT, rank_at=FIVE + SOON)

    worker.run_lane(works, "gate", now=at(FIVE + SOON))

    states = [make.stored(works, one).state for one in [*ids, urgent]]
    assert states == [S.ACCEPTED, S.ACCEPTED, S.PLANNED, S.PLANNED, S.ACCEPTED]


def test_who_said_until_when_is_asked_and_not_put_off(tmp_path: Path) -> None:
    works = make.works(tmp_path, {"gate": Digest()})
    latest = FIVE + timedelta(hours=3)
    one = make.delivery(works, due_at=FIVE, not_after=latest)
    with works.database.sessions.begin() as session:
        session.get_one(Delivery, one).rendition.edition.not_after = latest
    used(works, "2026-11-24", 1)

    moved = [replan.replan(works, now=FIVE + n * SOON) for n in range(3)]

    row = make.stored(works, one)
    assert moved == [0, 0, 0]
    assert (row.due_at, row.not_after, row.deadline_at) == (FIVE, latest, FIVE)
    assert row.advice.startswith(
        "今天的发送次数已用完，在最晚发布时间 11月24日（周二）20:00 之前排不上"
    )
    assert len(replan_notes(works)) == 1


def test_what_ends_before_it_could_go_is_left_to_a_person(tmp_path: Path) -> None:
    works = make.works(tmp_path, {"gate": Digest()})
    ends = FIVE + timedelta(hours=20)
    [one] = planned(works, 1, expires_at=ends, not_after=ends)
    used(works, "2026-11-24", 1)

    replan.replan(works, now=FIVE)

    assert make.stored(works, one).deadline_at == FIVE


def test_the_order_that_people_gave_stands(tmp_path: Path) -> None:
    gate = Digest()
    works = make.works(tmp_path, {"gate": gate})
    first, second = planned(works, 2)
    with works.database.sessions.begin() as session:
        session.execute(
            update(Delivery).where(Delivery.id == second).values(rank_at=FIVE - timedelta(days=1))
        )
    used(works, "2026-11-24", 1)

    replan.replan(works, now=FIVE)
    worker.run_lane(works, "gate", now=at(FIVE + A_DAY))

    positions = [make.stored(works, one).bundle_position for one in (first, second)]
    assert positions == [2, 1]


def test_a_bundle_that_was_refused_is_made_anew_on_another_day(tmp_path: Path) -> None:
    gate = Digest(does=[RetryableError("busy")])
    works = make.works(tmp_path, {"gate": gate})
    ids = planned(works, 2)
    worker.run_lane(works, "gate", now=at(FIVE))
    used(works, "2026-11-24", 1)
    with works.database.sessions.begin() as session:
        session.execute(update(Delivery).values(due_at=FIVE))

    replan.replan(works, now=FIVE + SOON)
    urgent = planned(works, 1, due_at=FIVE + A_DAY, rank_at=NINE, not_after=FIVE + 2 * A_DAY)
    worker.run_lane(works, "gate", now=at(FIVE + A_DAY))

    rows = [make.stored(works, one) for one in [*urgent, *ids]]
    assert [row.bundle_position for row in rows] == [1, 2, 3]
    assert {row.bundle_id for row in rows} == {2}
    with works.database.reads() as session:
        assert session.get_one(Bundle, 1).frozen_at is None


def test_the_last_send_is_for_the_bundle_that_is_tried_again(tmp_path: Path) -> None:
    gate = Digest(does=[RetryableError("busy", after_s=60)])
    works = make.works(tmp_path, {"gate": gate})
    ids = planned(works, 4)

    worker.run_lane(works, "gate", now=at(FIVE))
    meanwhile = len(gate.calls)
    worker.run_lane(works, "gate", now=at(FIVE + timedelta(minutes=3)))

    states = [make.stored(works, one).state for one in ids]
    assert meanwhile == 0
    assert states == [S.ACCEPTED] * 3 + [S.PLANNED]


@pytest.mark.parametrize("moment", [FIVE + timedelta(hours=30)])
def test_what_is_past_its_latest_moment_is_missed_as_ever(tmp_path: Path, moment: datetime) -> None:
    works = make.works(tmp_path, {"gate": Digest()})
    [one] = planned(works, 1)
    used(works, "2026-11-25", 1)

    replan.replan(works, now=moment)
    recover.miss(works, now=moment)

    assert make.stored(works, one).state == S.MISSED


def test_lanes_without_rations_are_left_alone(tmp_path: Path) -> None:
    works = make.works(tmp_path, {"gate": FakeChannel()})
    ids = planned(works, 2)

    assert replan.replan(works, now=FIVE) == 0
    assert dues(works, ids) == [FIVE] * 2


@dataclass(frozen=True, kw_only=True)
class Resting(FakeChannel, Rests):
    """Left alone until five."""

    def rest_until(self, moment: datetime) -> datetime:
        return max(moment, FIVE)


def test_an_account_at_rest_is_not_sent_to_nor_woken(tmp_path: Path) -> None:
    gate = Resting()
    works = make.works(tmp_path, {"gate": gate})
    make.delivery(works)

    worker.run_lane(works, "gate", now=at(FIVE - SOON))
    with works.database.reads() as session:
        before = gates.ready(session, works, ["gate"], now=FIVE - SOON)
        after = gates.ready(session, works, ["gate"], now=FIVE)
    sent_before = len(gate.sent)
    worker.run_lane(works, "gate", now=at(FIVE))

    assert (before, after) == ([], ["gate"])
    assert (sent_before, len(gate.sent)) == (0, 1)


def test_what_is_late_goes_the_same_day_whose_send_would_be_lost(tmp_path: Path) -> None:
    gate = Digest()
    works = make.works(tmp_path, {"gate": gate})
    planned(works, 2)

    worker.run_lane(works, "gate", now=at(FIVE + timedelta(hours=5)))

    assert [len(call) for call in gate.calls] == [2]


def test_on_another_day_it_waits_for_the_time_at_which_things_leave(tmp_path: Path) -> None:
    gate = Digest()
    works = make.works(tmp_path, {"gate": gate})
    [late] = planned(works, 1)
    today = planned(works, 1, due_at=FIVE + A_DAY, not_after=FIVE + 2 * A_DAY)
    morning = FIVE + timedelta(hours=15)

    worker.run_lane(works, "gate", now=at(morning))
    in_the_morning = list(gate.calls)
    with works.database.reads() as session:
        is_woken = gates.ready(session, works, ["gate"], now=morning)
    moved = replan.replan(works, now=morning)
    row = make.stored(works, late)
    worker.run_lane(works, "gate", now=at(FIVE + A_DAY + SOON))

    assert (in_the_morning, is_woken, moved) == ([], [], 1)
    assert (row.due_at, row.not_after) == (FIVE + A_DAY, FIVE + A_DAY + replan.LEEWAY)
    assert row.advice == "还没到发送时间，改到 11月25日（周三）17:00"
    assert [make.stored(works, one).bundle_position for one in [late, *today]] == [1, 2]


def test_however_long_the_outage_what_is_late_is_not_put_off_for_ever(tmp_path: Path) -> None:
    works = make.works(tmp_path, {"gate": Digest()})
    [one] = planned(works, 1, late="ask")

    for hour in range(72):
        now = FIVE + timedelta(hours=hour)
        replan.replan(works, now=now)
        recover.miss(works, now=now)

    row = make.stored(works, one)
    assert (row.state, row.ended_at) == (S.MISSED, FIVE + A_DAY + timedelta(hours=3))


def test_an_emergency_waits_for_nobody_and_takes_along_what_is_due(tmp_path: Path) -> None:
    gate = Digest()
    works = make.works(tmp_path, {"gate": gate})
    late = planned(works, 4)
    morning = FIVE + timedelta(hours=15)
    urgent = planned(works, 1, urgency=Urgency.URGENT, due_at=morning)
    emergency = planned(works, 1, urgency=Urgency.EMERGENCY, due_at=morning)

    worker.run_lane(works, "gate", now=at(morning))

    states = [make.stored(works, one).state for one in [*late, *urgent, *emergency]]
    assert states == [S.ACCEPTED] * 2 + [S.PLANNED] * 3 + [S.ACCEPTED]


def test_on_each_kind_of_store_what_is_kept_goes_to_the_urgent(
    store: Database, tmp_path: Path
) -> None:
    gate = Digest(given=(Ration(sends=2, period="month", reserve=1),))
    works = Works(
        database=store,
        media=MediaStore(tmp_path / "media"),
        channels={"gate": gate},
        limits=Limits(),
    )
    ids = planned(works, 4)
    worker.run_lane(works, "gate", now=at(FIVE))

    moved = replan.replan(works, now=FIVE + SOON)
    planned(works, 1, urgency=Urgency.URGENT)
    worker.run_lane(works, "gate", now=at(FIVE + SOON))

    assert moved == 1
    assert dues(works, ids[3:]) == [datetime(2026, 12, 1, 9, 0, tzinfo=UTC)]
    assert [len(call) for call in gate.calls] == [3, 1]
