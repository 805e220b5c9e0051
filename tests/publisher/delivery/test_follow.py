from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from publisher import settings
from publisher.channel import Content, Links
from publisher.delivery import follow, recover
from publisher.delivery.works import Works
from publisher.model.delivery import Delivery
from publisher.model.states import DeliveryState as S
from publisher.schedule import late, plan
from publisher.storage import queries, renditions
from publisher.storage.database import Database
from tests import make
from tests.make import NINE, FakeChannel

HOUR = timedelta(hours=1)
YEARS = settings.load(Path("no such folder")).working_days


@dataclass(frozen=True, kw_only=True)
class Site(FakeChannel, Links):
    label = "官网"

    def link(self, content: Content) -> str:
        return "http://127.0.0.1/7"


def works_of(folder: Path, **limits: Any) -> Works:
    made = make.works(folder, {"site": Site(), "gate": FakeChannel()}, **limits)
    return dataclasses.replace(made, working_days=YEARS)


def planned(works: Works, **changes: Any) -> tuple[int, int]:
    """An edition for both targets, planned for nine: the leader and its follower."""
    with works.database.sessions.begin() as session:
        edition = make.edition(session, targets=["site", "gate"], **changes)
        for target in edition.targets:
            frozen = renditions.freeze(target, make.PLAIN, works.media)
            frozen.edition_id = edition.id
            session.add(frozen)
        session.flush()
        session.refresh(edition, ["renditions"])
        plan.plan(session, edition, channels=works.channels, limits=works.limits, at=NINE)
        leader, follower = session.scalars(
            select(Delivery.id).where(Delivery.item_id == edition.item_id).order_by(Delivery.id)
        )
    return leader, follower


def put(works: Works, number: int, **values: Any) -> None:
    with works.database.sessions.begin() as session:
        row = session.get_one(Delivery, number)
        for name, value in values.items():
            setattr(row, name, value)


def notes(works: Works, number: int) -> list[tuple[str, str]]:
    row = make.stored(works, number)
    with works.database.reads() as session:
        found = queries.notes_of(session, row.item_id)
        return [(note.verb, note.text) for note in found if note.delivery_id == number]


def begun(works: Works, number: int, *, at: datetime) -> None:
    """The leader is seen there, and that begins the 公示期."""
    with works.database.sessions.begin() as session:
        row = session.get_one(Delivery, number)
        row.state, row.confirmed_at = S.CONFIRMED, at
        follow.start_display(session, works, row, at=at)


def test_waits_as_long_as_was_planned(tmp_path: Path) -> None:
    works = works_of(tmp_path, follow_else="send")
    _, follower = planned(works)

    assert follow.stop_waiting(works, now=NINE + 2 * HOUR - timedelta(seconds=1)) == 0
    assert make.stored(works, follower).after_id is not None


def test_goes_without_its_leader_where_the_plan_says_so(tmp_path: Path) -> None:
    works = works_of(tmp_path, follow_else="send")
    _, follower = planned(works)

    assert follow.stop_waiting(works, now=NINE + 2 * HOUR) == 1

    row = make.stored(works, follower)
    assert (row.state, row.after_id, row.deadline_at, row.advice) == (S.PLANNED, None, None, "")
    assert notes(works, follower) == [("follow", "官网那一处一直没有确认，不再等它")]


def test_a_person_is_asked_once_and_the_delivery_stays(tmp_path: Path) -> None:
    works = works_of(tmp_path)
    leader, follower = planned(works)

    at = NINE + 2 * HOUR
    assert [follow.stop_waiting(works, now=at + n * HOUR) for n in range(3)] == [1, 0, 0]

    row = make.stored(works, follower)
    assert (row.state, row.after_id, row.deadline_at) == (S.PLANNED, leader, at)
    assert "官网那一处还没有确认" in row.advice
    assert len(notes(works, follower)) == 1


@pytest.mark.parametrize("state", [S.FAILED, S.MISSED, S.WITHDRAWN, S.EXPIRED, S.CANCELLED])
def test_never_waits_silently_for_a_leader_that_is_over(tmp_path: Path, state: S) -> None:
    works = works_of(tmp_path)
    leader, follower = planned(works)
    put(works, leader, state=state)

    follow.stop_waiting(works, now=NINE + 2 * HOUR)

    row = make.stored(works, follower)
    assert row.deadline_at == NINE + 2 * HOUR
    assert "没有发成" in row.advice


def test_what_was_said_of_a_failed_leader_stands(tmp_path: Path) -> None:
    works = works_of(tmp_path)
    leader, follower = planned(works)
    put(works, leader, state=S.FAILED)
    put(works, follower, advice="已说过", deadline_at=NINE)

    follow.stop_waiting(works, now=NINE + 2 * HOUR)

    row = make.stored(works, follower)
    assert (row.advice, row.deadline_at) == ("已说过", NINE)


@pytest.mark.parametrize("policy", ["ask", "send"])
def test_a_follower_whose_leader_is_there_just_goes(tmp_path: Path, policy: str) -> None:
    works = works_of(tmp_path, follow_else=policy)
    leader, follower = planned(works)
    put(works, leader, state=S.CONFIRMED)

    follow.stop_waiting(works, now=NINE + 2 * HOUR)

    row = make.stored(works, follower)
    assert (row.after_id, row.deadline_at, row.follow_until) == (leader, None, None)
    assert notes(works, follower) == []


@pytest.mark.parametrize("policy", ["ask", "send"])
def test_an_outage_of_a_month_floods_nobody(tmp_path: Path, policy: str) -> None:
    works = works_of(tmp_path, late="send", follow_else=policy)
    old = [number for _ in range(5) for number in planned(works)]
    back = NINE + timedelta(days=30)
    with works.database.sessions.begin() as session:
        edition = make.edition(session)
        latest = late.latest(back - HOUR, limits=works.limits)
        fresh = make.delivery_of(
            session,
            works,
            edition,
            target="gate",
            due_at=back - HOUR,
            not_after=latest.not_after,
            late=latest.late,
        ).id

    for _ in range(2):
        recover.miss(works, now=back)
        follow.stop_waiting(works, now=back)

    assert {make.stored(works, number).state for number in old} == {S.MISSED}
    assert {make.stored(works, number).deadline_at for number in old} == {back}
    assert [verb for number in old for verb, _ in notes(works, number)] == ["miss"] * len(old)
    assert make.stored(works, fresh).state == S.PLANNED


def test_waits_and_displays_are_the_same_on_each_database(store: Database, tmp_path: Path) -> None:
    works = dataclasses.replace(works_of(tmp_path), database=store)
    leader, follower = planned(works, display_days=5)

    asked = follow.stop_waiting(works, now=NINE + 2 * HOUR)
    begun(works, leader, at=NINE + 3 * HOUR)

    row = make.stored(works, follower)
    assert (asked, row.deadline_at) == (1, NINE + 2 * HOUR)
    assert row.expires_at == datetime.fromisoformat("2026-12-01T00:00:00+08:00")


def test_a_clock_set_back_ends_no_wait_twice(tmp_path: Path) -> None:
    works = works_of(tmp_path)
    _, follower = planned(works)

    ended = [follow.stop_waiting(works, now=NINE + n * HOUR) for n in (3, -5, 1, 2, 4)]

    assert ended == [1, 0, 0, 0, 0]
    assert len(notes(works, follower)) == 1


def test_the_end_counts_from_the_moment_it_was_seen_everywhere(tmp_path: Path) -> None:
    works = works_of(tmp_path)
    leader, follower = planned(works, display_days=5, display_unit="working")

    begun(works, leader, at=NINE + 48 * HOUR)  # two days later than planned, a Thursday

    end = datetime.fromisoformat("2026-12-04T00:00:00+08:00")
    assert {make.stored(works, number).expires_at for number in (leader, follower)} == {end}
    [(verb, text)] = notes(works, leader)
    assert verb == "display"
    assert "公示期 5 个工作日" in text
    assert "2026年11月26日 9:00" in text
    assert "2026年12月3日 24:00" in text
    assert "暂定" not in text


def test_a_later_end_that_the_author_gave_stands(tmp_path: Path) -> None:
    works = works_of(tmp_path)
    later = NINE + timedelta(days=20)
    leader, follower = planned(works, display_days=5, expires_at=later)

    begun(works, leader, at=NINE)

    assert {make.stored(works, number).expires_at for number in (leader, follower)} == {later}
    assert "2026年12月14日 9:00 更晚" in notes(works, leader)[0][1]


def test_an_end_is_put_off_where_the_display_began_late(tmp_path: Path) -> None:
    works = works_of(tmp_path)
    leader, _ = planned(works, display_days=5, expires_at=NINE + timedelta(days=6))

    begun(works, leader, at=NINE + 48 * HOUR)

    assert make.stored(works, leader).expires_at == datetime.fromisoformat(
        "2026-12-02T00:00:00+08:00"
    )
    assert "2026年11月30日 9:00" in notes(works, leader)[0][1]


def test_an_end_in_a_year_without_data_is_called_provisional(tmp_path: Path) -> None:
    works = works_of(tmp_path)
    leader, _ = planned(works, display_days=5, display_unit="working")

    begun(works, leader, at=datetime.fromisoformat("2026-12-30T09:00:00+08:00"))

    assert "2027 年的放假安排还没有录入，这是暂定的日期" in notes(works, leader)[0][1]


def test_what_is_down_or_coming_down_gets_no_new_end(tmp_path: Path) -> None:
    works = works_of(tmp_path)
    leader, follower = planned(works, display_days=5)
    put(works, follower, state=S.WITHDRAWING)

    begun(works, leader, at=NINE)

    assert make.stored(works, follower).expires_at is None


def test_what_failed_has_the_end_too_should_it_be_sent_again(tmp_path: Path) -> None:
    works = works_of(tmp_path)
    leader, follower = planned(works, display_days=5)
    put(works, follower, state=S.FAILED)

    begun(works, leader, at=NINE)

    assert make.stored(works, follower).expires_at is not None


def test_nothing_goes_out_after_the_display(tmp_path: Path) -> None:
    works = works_of(tmp_path, latest_after_h=1000)
    leader, follower = planned(works, display_days=1)

    begun(works, leader, at=NINE)

    row = make.stored(works, follower)
    assert row.not_after == row.expires_at


def test_only_the_leading_target_begins_it_and_only_where_there_is_one(tmp_path: Path) -> None:
    works = works_of(tmp_path)
    leader, follower = planned(works, display_days=5)
    plain, _ = planned(works)

    begun(works, follower, at=NINE)
    begun(works, plain, at=NINE)

    for number in (leader, follower, plain):
        assert make.stored(works, number).expires_at is None
        assert notes(works, number) == []


def test_seen_again_never_brings_the_end_forward(tmp_path: Path) -> None:
    works = works_of(tmp_path)
    leader, _ = planned(works, display_days=5)

    begun(works, leader, at=NINE + 48 * HOUR)
    first = make.stored(works, leader).expires_at
    begun(works, leader, at=NINE)

    assert make.stored(works, leader).expires_at == first


def test_missed_with_its_leader_it_is_nobodys_task(tmp_path: Path) -> None:
    works = works_of(tmp_path, late="miss")
    _, follower = planned(works)
    follow.stop_waiting(works, now=NINE + 2 * HOUR)

    recover.miss(works, now=NINE + timedelta(days=30))

    row = make.stored(works, follower)
    assert (row.state, row.deadline_at, row.advice) == (S.MISSED, None, "")
