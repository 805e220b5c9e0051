from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from publisher.delivery.engine import Kind, Work
from publisher.delivery.works import Works
from publisher.storage.database import open_database
from publisher.wakeups import schema
from publisher.wakeups.engine import Wakeups
from tests import make
from tests.make import FakeChannel

JOBS = text("SELECT queue_name, lock, queueing_lock, args FROM procrastinate_jobs"
            " WHERE status = 'todo' ORDER BY priority DESC")  # fmt: skip


@dataclasses.dataclass(frozen=True, kw_only=True)
class Site(FakeChannel):
    folder: Path = Path("site")


@pytest.fixture
def works(tmp_path: Path, postgres_url: str) -> Iterator[Works]:
    database = open_database(postgres_url)
    schema.install(database.engine)
    made = make.works(tmp_path, {"site": Site(), "gate": FakeChannel()})
    yield dataclasses.replace(made, database=database)
    database.engine.dispose()


def jobs(works: Works) -> list[tuple[object, ...]]:
    with works.database.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(JOBS)]


def test_a_wake_up_carries_the_name_of_its_lane_and_nothing_else(works: Works) -> None:
    Wakeups(works).wake(Work(Kind.SEND, "gate"))

    args = {"kind": "send", "place": "gate"}
    assert jobs(works) == [("send", "send gate", "send gate", args)]


def test_one_wake_up_waits_for_a_lane_however_often_it_is_woken(works: Works) -> None:
    engine = Wakeups(works)

    for _ in range(5):
        engine.wake(Work(Kind.SEND, "gate"))
        engine.wake(Work(Kind.LOOK, "gate"))

    assert [lock for _, lock, _, _ in jobs(works)] == ["send gate", "look gate"]


def test_a_lane_at_work_can_be_woken_once_more(works: Works) -> None:
    engine = Wakeups(works)
    engine.wake(Work(Kind.SEND, "gate"))
    with works.database.engine.begin() as connection:
        connection.execute(text("UPDATE procrastinate_jobs SET status = 'doing'"))

    engine.wake(Work(Kind.SEND, "gate"))

    assert len(jobs(works)) == 1


def test_take_downs_come_first_and_checks_last(works: Works) -> None:
    engine = Wakeups(works)

    for kind in (Kind.CHECK, Kind.LOOK, Kind.SEND, Kind.TAKE_DOWN):
        engine.wake(Work(kind, "gate"))

    assert [queue for queue, *_ in jobs(works)] == ["take down", "send", "look", "check"]


def test_a_target_that_keeps_files_has_queues_of_its_own(works: Works) -> None:
    engine = Wakeups(works)

    engine.wake(Work(Kind.SEND, "site"))
    engine.wake(Work(Kind.LOOK, "gone"))

    assert [queue for queue, *_ in jobs(works)] == ["send with files", "look"]


def test_a_wake_up_that_cannot_be_brought_is_no_fault_of_the_caller(works: Works) -> None:
    with works.database.engine.begin() as connection:
        connection.execute(text("DROP TABLE procrastinate_jobs CASCADE"))

    Wakeups(works).wake(Work(Kind.SEND, "gate"))
