"""Real worker processes, killed and cut off."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import select, text
from sqlalchemy.engine import make_url

from publisher import clock
from publisher.delivery.engine import Kind, Work
from publisher.delivery.recover import WORKER
from publisher.model.delivery import Delivery
from publisher.model.states import DeliveryState as S
from publisher.model.target import Beat
from publisher.wakeups.worker import CHUNK
from tests.engines import outlet as outlets
from tests.engines.setups import PATIENCE_S, TARGETS, Setup, prepared, until, write_home

DROP = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"


@pytest.fixture
def setup(tmp_path: Path, postgres_url: str) -> Iterator[Setup]:
    with (
        outlets.running() as outlet,
        prepared(tmp_path, postgres_url, outlet, workers=2) as made,
    ):
        yield made


def states(setup: Setup, deliveries: list[int]) -> Counter[str]:
    return Counter(setup.stored(one).state for one in deliveries)


def is_known(setup: Setup, delivery: int) -> bool:
    """Say whether it is confirmed, or did not arrive and is looked for."""
    row = setup.stored(delivery)
    has_arrived = any(place.endswith(f"/{row.key}") for place in setup.outlet.posts)
    if has_arrived:
        return row.state == S.CONFIRMED
    return row.state == S.UNCONFIRMED and row.check_at is not None


def execute(setup: Setup, statement: str) -> None:
    with setup.app.database.engine.begin() as connection:
        connection.execute(text(statement))


def beats(setup: Setup) -> int:
    with setup.app.database.reads() as session:
        found = session.scalars(select(Beat.name).where(Beat.name.startswith(WORKER)))
        return len([name for name in found if not name.endswith(setup.app.works.owner)])


def test_what_a_killed_worker_had_under_way_is_looked_up_and_nothing_goes_out_twice(
    setup: Setup,
) -> None:
    setup.outlet.holding.clear()
    planned = [setup.deliver(target) for target in TARGETS for _ in range(10)]
    victim = setup.start_worker("victim")
    setup.start_ticker()
    assert until(lambda: len(setup.outlet.posts) == len(TARGETS))

    victim.kill()
    setup.outlet.holding.set()
    setup.start_worker("heir")

    assert setup.come_to(S.CONFIRMED, *planned)
    assert setup.outlet.repeated() == []
    outcomes = Counter(a.outcome for one in planned for a in setup.stored(one).attempts)
    assert outcomes["lost"] == len(TARGETS)


def test_workers_that_are_killed_one_after_another_lose_nothing_and_repeat_nothing(
    setup: Setup,
) -> None:
    setup.outlet.takes_s = 0.05
    planned = [setup.deliver(target) for target in TARGETS for _ in range(40)]
    victim = setup.start_worker("first")
    setup.start_ticker()

    for round_ in range(1, 4):
        seen = len(setup.outlet.posts)
        assert setup.outlet.has_taken(seen + 15)
        victim.kill()
        victim = setup.start_worker(f"worker {round_}")

    assert until(lambda: all(is_known(setup, one) for one in planned))
    assert setup.outlet.repeated() == []


def test_a_worker_that_died_before_it_claimed_anything_keeps_no_lane(setup: Setup) -> None:
    setup.app.engine.wake(Work(Kind.SEND, "gate"))
    execute(
        setup,
        "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour')",
    )
    execute(
        setup,
        "UPDATE procrastinate_jobs SET status = 'doing',"
        " worker_id = (SELECT max(id) FROM procrastinate_workers)",
    )
    delivery = setup.deliver()

    setup.start()

    assert setup.come_to(S.CONFIRMED, delivery)


def test_a_job_whose_end_could_not_be_written_keeps_no_lane(setup: Setup) -> None:
    setup.start()
    first = setup.deliver()
    assert setup.come_to(S.CONFIRMED, first)
    execute(
        setup,
        "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, status, worker_id)"
        " SELECT 'send', 'publisher.work', 'send gate', 'doing', id FROM procrastinate_workers"
        " ORDER BY id LIMIT 1",
    )

    second = setup.deliver()

    assert setup.come_to(S.CONFIRMED, second)


@contextmanager
def cut_off(url: str) -> Iterator[None]:
    """Let nobody reach a database for a while, and end who is there."""
    address = make_url(url).set(drivername="postgresql")
    name = sql.Identifier(address.database or "")
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    outside = address.set(database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(outside, autocommit=True) as admin:
        admin.execute(allow.format(name, sql.SQL("false")))
        admin.execute(DROP, [address.database])
        yield
        admin.execute(allow.format(name, sql.SQL("true")))


def test_workers_come_back_after_a_time_without_database(setup: Setup, postgres_url: str) -> None:
    setup.start()
    first = setup.deliver()
    assert setup.come_to(S.CONFIRMED, first)

    with cut_off(postgres_url):
        noticed = "the database does not answer"
        assert until(lambda: (setup.home / "log").read_text().count(noticed) >= setup.workers)

    after = [setup.deliver(target) for target in TARGETS for _ in range(3)]
    assert setup.come_to(S.CONFIRMED, *after)
    assert setup.outlet.repeated() == []


def test_more_than_one_wake_up_allows_goes_out_without_waiting_for_the_ticker(
    setup: Setup,
) -> None:
    planned = [setup.deliver() for _ in range(CHUNK + 20)]
    setup.start_worker("alone")

    setup.app.engine.wake(Work(Kind.SEND, "gate"))

    assert until(lambda: len(setup.outlet.posts) == len(planned))
    assert setup.outlet.repeated() == []


def test_a_worker_that_is_asked_to_stop_ends_its_call_and_takes_back_its_beat(
    setup: Setup,
) -> None:
    setup.outlet.takes_s = 1.0
    planned = [setup.deliver() for _ in range(5)]
    worker = setup.start_worker("leaving")
    setup.app.engine.wake(Work(Kind.SEND, "gate"))
    assert until(lambda: setup.outlet.posts != [])
    assert beats(setup) == 1

    assert worker.stop() == 0

    assert states(setup, planned)[S.SENDING] == 0
    assert states(setup, planned)[S.PLANNED] > 0
    assert beats(setup) == 0


def test_a_worker_without_the_files_leaves_alone_what_needs_them(
    setup: Setup,
) -> None:
    object.__setattr__(setup.app.channels["gate"], "folder", setup.home)  # as if it kept files
    remote = setup.begin("worker", "--name", "remote")
    needing, other = setup.deliver("gate"), setup.deliver("hall")
    setup.start_ticker()
    assert setup.come_to(S.CONFIRMED, other)
    assert setup.stored(needing).state == S.PLANNED
    assert remote.process.poll() is None

    setup.start_worker("where the files are")

    assert setup.come_to(S.CONFIRMED, needing)


def test_of_two_services_one_ticks_and_the_other_takes_over_when_it_is_killed(
    setup: Setup,
) -> None:
    setup.start_worker("worker")
    services = []
    for name in ("one", "two"):
        url = setup.app.settings.database_url
        write_home(setup.home / name, url, setup.outlet, engine="procrastinate", lease_s=5.0)
        (setup.home / name / "data").symlink_to(setup.home / "data")
        services.append(setup.serve(setup.home / name))
    first = setup.deliver()
    assert setup.come_to(S.CONFIRMED, first)

    services[0].kill()

    second = setup.deliver()
    assert setup.come_to(S.CONFIRMED, second)
    assert services[1].process.poll() is None
    assert setup.outlet.repeated() == []


def test_a_worker_that_slept_and_wakes_up_repeats_nothing(setup: Setup) -> None:
    setup.outlet.takes_s = 0.1
    planned = [setup.deliver() for _ in range(30)]
    sleeper = setup.start_worker("sleeper")
    setup.start_ticker()
    assert until(lambda: len(setup.outlet.posts) >= 5)

    os.kill(sleeper.process.pid, signal.SIGSTOP)
    setup.start_worker("heir")
    assert until(lambda: len(setup.outlet.posts) >= 20)
    os.kill(sleeper.process.pid, signal.SIGCONT)

    assert setup.come_to(S.CONFIRMED, *planned)
    assert setup.outlet.repeated() == []


def test_a_worker_that_has_not_the_frozen_bytes_does_not_start(
    setup: Setup, tmp_path: Path
) -> None:
    setup.deliver()
    lost = setup.home / "elsewhere"
    write_home(
        lost, setup.app.settings.database_url, setup.outlet, engine="procrastinate", lease_s=5.0
    )

    started = setup.begin("worker", home=lost)

    assert started.process.wait(PATIENCE_S) == 2
    assert "data/media" in (setup.home / "log").read_text(encoding="utf-8")


def test_take_downs_have_lanes_of_their_own_where_all_others_hang(
    tmp_path: Path, postgres_url: str
) -> None:
    with (
        outlets.running() as outlet,
        prepared(tmp_path, postgres_url, outlet, workers=1, lease_s=120.0) as setup,
    ):
        setup.start_worker("narrow", "--lanes-at-once", "1")
        setup.start_ticker()
        there = setup.deliver("hall")
        assert setup.come_to(S.CONFIRMED, there)
        outlet.holding.clear()
        hanging = setup.deliver("gate")
        assert until(lambda: len(outlet.posts) == 2)

        with setup.app.database.sessions.begin() as session:
            session.get_one(Delivery, there).expires_at = clock.now()

        assert until(lambda: outlet.public == {f"gate/delivery-{hanging}"})
        assert setup.stored(hanging).state == S.SENDING
