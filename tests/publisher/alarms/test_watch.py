from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, event, select, update

from publisher import settings
from publisher.alarms import watch
from publisher.delivery.works import Works
from publisher.model.alarm import Alarm
from publisher.model.delivery import Delivery
from publisher.model.lane import Lane
from publisher.model.states import DeliveryState as S
from publisher.model.target import Beat, Pause
from publisher.settings import Settings
from publisher.storage.backup.reconcile import reconcile
from publisher.storage.database import Database
from tests import make
from tests.make import NINE, FakeChannel

LATER = NINE + timedelta(seconds=15)


@pytest.fixture
def works(store: Database, tmp_path: Path) -> Works:
    return replace(make.works(tmp_path, {"gate": FakeChannel()}), database=store)


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return settings.load(tmp_path)


def overdue(works: Works) -> int:
    return make.delivery(works, state=S.UNCONFIRMED, deadline_at=NINE)


def change(works: Works, **values: Any) -> None:
    with works.database.sessions.begin() as session:
        session.execute(update(Delivery).values(**values))


def rows(works: Works) -> list[tuple[str, datetime, datetime | None]]:
    with works.database.reads() as session:
        found = session.scalars(select(Alarm).order_by(Alarm.id))
        return [(alarm.key, alarm.since, alarm.until) for alarm in found]


def text(works: Works) -> str:
    with works.database.reads() as session:
        return session.scalars(select(Alarm.text).order_by(Alarm.id.desc())).first() or ""


def beaten(works: Works, at: datetime) -> None:
    with works.database.sessions.begin() as session:
        session.merge(Beat(name="ticker", at=at))


def test_a_fault_is_one_alarm_from_its_beginning_to_its_end(works: Works, home: Settings) -> None:
    overdue(works)
    for second in range(0, 60, 15):
        watch.watch(works, home, now=NINE + timedelta(seconds=second))
    during = rows(works)

    change(works, state=S.CONFIRMED, deadline_at=None)
    watch.watch(works, home, now=NINE + timedelta(seconds=60))

    assert during == [("overdue", NINE, None)]
    assert rows(works) == [("overdue", NINE, NINE + timedelta(seconds=60))]


def test_a_fault_that_comes_again_is_another_alarm(works: Works, home: Settings) -> None:
    overdue(works)
    watch.watch(works, home, now=NINE)
    change(works, deadline_at=None)
    watch.watch(works, home, now=LATER)

    change(works, deadline_at=NINE)
    watch.watch(works, home, now=LATER + timedelta(seconds=15))

    assert [until for _, _, until in rows(works)] == [LATER, None]


def test_one_alarm_counts_all_that_is_overdue(works: Works, home: Settings) -> None:
    overdue(works)
    watch.watch(works, home, now=NINE)
    before = text(works)

    overdue(works)
    watch.watch(works, home, now=LATER)

    assert rows(works) == [("overdue", NINE, None)]
    assert "有 1 次投递" in before
    assert "有 2 次投递" in text(works)


def test_an_account_is_one_alarm_until_its_breaker_is_closed(works: Works, home: Settings) -> None:
    for number, breaker in enumerate(["open", "half_open", "open", "closed"]):
        with works.database.sessions.begin() as session:
            session.merge(Lane(name="gate", breaker=breaker, opened_at=NINE, advice="请登录"))
        watch.watch(works, home, now=NINE + timedelta(minutes=number))

    assert rows(works) == [("breaker gate", NINE, NINE + timedelta(minutes=3))]


def test_a_watch_that_finds_nothing_new_writes_no_alarm(works: Works, home: Settings) -> None:
    overdue(works)
    watch.watch(works, home, now=NINE)
    written: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(("INSERT", "UPDATE", "DELETE")):
            written.append(statement)

    event.listen(works.database.engine, "before_cursor_execute", note)
    watch.watch(works, home, now=LATER)

    assert written  # the probe
    assert not [statement for statement in written if "beat" not in statement]


@pytest.mark.parametrize(("gap_s", "is_told"), [(120, False), (121, True)])
def test_a_time_in_which_nothing_was_at_work_is_told_afterwards(
    works: Works, home: Settings, gap_s: int, is_told: bool
) -> None:
    beaten(works, NINE - timedelta(seconds=gap_s))

    watch.watch(works, home, now=NINE)

    assert [key for key, _, _ in rows(works)] == (["outage"] if is_told else [])
    assert ("到 2026年11月24日 9:00 服务没有运行" in text(works)) is is_told


def test_the_first_start_of_all_is_no_outage(works: Works, home: Settings) -> None:
    watch.watch(works, home, now=NINE)

    assert rows(works) == []


def test_what_happened_at_one_moment_is_shown_for_an_hour(works: Works, home: Settings) -> None:
    with works.database.sessions.begin() as session:
        watch.raise_now(session, "clock", "时钟跳了", at=NINE)
        watch.raise_now(session, "clock", "时钟又跳了", at=LATER)
    beaten(works, NINE + timedelta(minutes=60))

    watch.watch(works, home, now=NINE + timedelta(minutes=59))
    during = rows(works)
    watch.watch(works, home, now=NINE + timedelta(minutes=60))

    assert during == [("clock", NINE, None)]
    assert text(works) == "时钟又跳了"
    assert rows(works) == [("clock", NINE, NINE + timedelta(minutes=60))]


def test_an_event_from_the_future_does_not_stay(works: Works, home: Settings) -> None:
    with works.database.sessions.begin() as session:
        watch.raise_now(session, "clock", "时钟跳了", at=NINE + timedelta(days=1))

    watch.watch(works, home, now=NINE)  # the clock has been put right

    assert rows(works) == [("clock", NINE + timedelta(days=1), NINE)]


def test_only_events_are_raised_from_outside(works: Works) -> None:
    with (
        works.database.sessions.begin() as session,
        pytest.raises(ValueError, match="not an event: overdue"),
    ):
        watch.raise_now(session, "overdue", "……", at=NINE)


def test_that_a_backup_was_restored_stays_until_a_person_resumes_everything(
    works: Works, home: Settings
) -> None:
    with works.database.sessions.begin() as session:
        reconcile(session, taken_at=NINE, by="吴凡", at=NINE, look_up=timedelta(hours=24))
    watch.watch(works, home, now=NINE + timedelta(hours=3))
    before = rows(works)
    with works.database.sessions.begin() as session:
        session.execute(delete(Pause))

    watch.watch(works, home, now=NINE + timedelta(hours=4))

    assert before == [("restored", NINE, None)]
    assert rows(works) == [("restored", NINE, NINE + timedelta(hours=4))]
