"""What holds for either engine, on either database, in one process or with real workers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from publisher import clock
from publisher.delivery.engine import Kind, Work
from publisher.model.item import Item
from publisher.model.lane import Lane
from publisher.model.people import Person
from publisher.model.states import DeliveryState as S
from publisher.workflow import targets
from publisher.workflow.withdraw import withdraw
from tests import make
from tests.engines import outlet as outlets
from tests.engines.outlet import Outlet
from tests.engines.setups import TARGETS, Setup, prepared, until


@pytest.fixture
def sink() -> Iterator[Outlet]:
    with outlets.running() as outlet:
        yield outlet


@pytest.fixture(params=["embedded on sqlite", "embedded on postgresql", "two workers"])
def setup(request: pytest.FixtureRequest, tmp_path: Path, sink: Outlet) -> Iterator[Setup]:
    is_sqlite = request.param == "embedded on sqlite"
    url = "sqlite:///data/publisher.db"
    if not is_sqlite:
        url = request.getfixturevalue("postgres_url")
    workers = 2 if request.param == "two workers" else 0
    with prepared(tmp_path, url, sink, workers=workers) as made:
        yield made


@pytest.fixture
def started(setup: Setup) -> Setup:
    setup.start()
    return setup


def somebody(setup: Setup) -> int:
    with setup.app.database.sessions.begin() as session:
        return make.person(session, "林晓", "operator").id


def pause(setup: Setup, target: str, *, by: int) -> None:
    with setup.app.database.sessions.begin() as session:
        scope, person = targets.of_target(target), session.get_one(Person, by)
        targets.pause(session, setup.app.desk, scope, reason="修", by=person, at=clock.now())


def resume(setup: Setup, target: str, *, by: int) -> None:
    with setup.app.database.sessions.begin() as session:
        scope, person = targets.of_target(target), session.get_one(Person, by)
        targets.resume(session, setup.app.desk, scope, by=person, at=clock.now())


def take_back(setup: Setup, delivery: int, *, by: int) -> None:
    item_id = setup.stored(delivery).item_id
    with setup.app.database.sessions.begin() as session:
        item, person = session.get_one(Item, item_id), session.get_one(Person, by)
        withdraw(session, setup.app.desk, item, reason="有误", by=person, at=clock.now())
    setup.app.wake_take_down(setup.stored(delivery).target)


def test_each_delivery_goes_out_once_though_nobody_was_woken(started: Setup) -> None:
    planned = [started.deliver(target) for target in TARGETS for _ in range(8)]

    assert started.come_to(S.CONFIRMED, *planned)

    assert len(started.outlet.posts) == len(planned)
    assert started.outlet.repeated() == []


def test_a_wake_up_that_comes_twice_claims_nothing(started: Setup) -> None:
    planned = [started.deliver() for _ in range(8)]

    for _ in range(20):
        started.app.engine.wake(Work(Kind.SEND, "gate"))

    assert started.come_to(S.CONFIRMED, *planned)
    assert [len(started.stored(one).attempts) for one in planned] == [1] * 8
    assert started.outlet.repeated() == []


def test_a_lane_is_never_at_work_twice_at_once(started: Setup) -> None:
    started.outlet.takes_s = 0.05
    planned = [started.deliver(target) for target in TARGETS for _ in range(10)]

    def woken_until_all_are_there() -> bool:
        for target in TARGETS:
            started.app.engine.wake(Work(Kind.SEND, target))
        return all(started.stored(one).state == S.CONFIRMED for one in planned)

    assert until(woken_until_all_are_there)
    assert set(started.outlet.most_at_once.values()) == {1}


def test_one_outlet_that_hangs_delays_no_other(started: Setup) -> None:
    started.outlet.holding.clear()
    hanging = started.deliver("gate")
    assert until(lambda: started.outlet.posts != [])
    started.outlet.refuses["hall"] = 200  # answers at once

    other = started.deliver("hall")

    assert until(lambda: f"hall/delivery-{other}" in started.outlet.posts)
    assert started.stored(hanging).state == S.SENDING


def test_what_is_paused_waits_until_it_is_resumed(started: Setup) -> None:
    person = somebody(started)
    pause(started, "gate", by=person)
    waiting, other = started.deliver("gate"), started.deliver("hall")
    assert started.come_to(S.CONFIRMED, other)
    assert started.stored(waiting).state == S.PLANNED

    resume(started, "gate", by=person)

    assert started.come_to(S.CONFIRMED, waiting)


def test_what_is_withdrawn_while_it_is_sent_is_taken_down(started: Setup) -> None:
    person = somebody(started)
    started.outlet.holding.clear()
    delivery = started.deliver()
    assert until(lambda: started.outlet.public != set())

    take_back(started, delivery, by=person)
    started.outlet.holding.set()

    assert started.come_to(S.WITHDRAWN, delivery)
    assert started.outlet.public == set()


def test_a_take_down_does_not_wait_for_a_send_that_hangs(started: Setup) -> None:
    person = somebody(started)
    there = started.deliver()
    assert started.come_to(S.CONFIRMED, there)
    started.outlet.holding.clear()
    hanging = started.deliver()
    assert until(lambda: len(started.outlet.posts) == 2)

    take_back(started, there, by=person)

    assert until(lambda: f"gate/delivery-{there}" not in started.outlet.public)
    assert started.stored(hanging).state in (S.SENDING, S.UNCONFIRMED)


def test_a_follower_goes_out_when_its_leader_is_there(started: Setup) -> None:
    started.outlet.holding.clear()
    leader = started.deliver("gate")
    follower = started.deliver("hall", after_id=leader)
    assert until(lambda: started.outlet.posts != [])
    started.outlet.holding.set()

    assert started.come_to(S.CONFIRMED, leader, follower)

    first, second = started.stored(leader), started.stored(follower)
    assert first.confirmed_at is not None
    assert second.attempts[0].started_at >= first.confirmed_at


def test_refused_credentials_close_one_lane_and_no_other(started: Setup) -> None:
    def breaker() -> str:
        with started.app.database.reads() as session:
            lane = session.get(Lane, "gate")
            return "" if lane is None else lane.breaker

    started.outlet.refuses["gate"] = 401
    refused = [started.deliver("gate") for _ in range(5)]
    others = [started.deliver("hall") for _ in range(5)]

    assert until(lambda: breaker() == "open")
    assert started.come_to(S.CONFIRMED, *others)

    assert started.outlet.posts.count(f"gate/delivery-{refused[0]}") <= 1
    assert sum(place.startswith("gate/") for place in started.outlet.posts) == 1


def test_a_call_that_outlives_its_lease_is_looked_up_and_its_lane_goes_on(started: Setup) -> None:
    started.outlet.holding.clear()
    hanging = started.deliver()
    assert until(lambda: started.outlet.posts != [])
    behind = started.deliver()

    assert until(lambda: len(started.outlet.posts) == 2)
    started.outlet.holding.set()

    assert started.come_to(S.CONFIRMED, hanging, behind)
    assert started.outlet.repeated() == []
