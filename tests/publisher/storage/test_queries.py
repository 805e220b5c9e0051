from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, insert

from publisher.alarms import troubles
from publisher.delivery import claims, confirm, recover, takedown
from publisher.delivery.works import Works
from publisher.model.delivery import Delivery
from publisher.model.states import DeliveryState as S
from publisher.model.target import Place
from publisher.storage import queries, vitals
from publisher.storage.database import tend
from tests import make
from tests.make import NINE, FakeChannel

TOMORROW = NINE + timedelta(days=1, minutes=5)  # something has been due since then
HISTORY = 4000  # deliveries that are long done: published for good, or taken down again
Ask = Callable[[Works], object]


@pytest.fixture(scope="module")
def works(tmp_path_factory: pytest.TempPathFactory) -> Works:
    """A ledger with a long history and a little that is open."""
    made = make.works(tmp_path_factory.mktemp("history"), {"gate": FakeChannel()})
    make.delivery(made, due_at=NINE + timedelta(days=1), not_after=NINE + timedelta(days=2))
    old = make.stored(made, make.delivery(made))
    rows = [
        {
            "rendition_id": old.rendition_id,
            "item_id": old.item_id,
            "target": "gate",
            "lane": "gate",
            "part": str(number),
            "state": S.CONFIRMED if number % 2 else S.EXPIRED,
            "due_at": NINE - timedelta(days=9),
            "not_after": NINE - timedelta(days=8),
            "expires_at": None if number % 2 else NINE - timedelta(days=7),
            "ended_at": None if number % 2 else NINE - timedelta(days=7),
        }
        for number in range(HISTORY)
    ]
    with made.database.sessions.begin() as session:
        session.execute(insert(Delivery), rows)
    tend(made.database.engine)
    return made


def read(ask: Callable[..., object], **given: Any) -> Ask:
    def asked(works: Works) -> object:
        with works.database.reads() as session:
            return ask(session, **given)

    return asked


def claim(works: Works) -> object:
    with works.database.sessions.begin() as session:
        room = works.room("gate")
        return claims.claim_all(session, works, [room], now=NINE - timedelta(days=10))


def look(works: Works) -> object:
    with works.database.sessions.begin() as session:
        return confirm.claim(session, works, "gate", states=confirm.LOOKED_AT, now=NINE)


TICKS: dict[str, Ask] = {
    "due lanes": read(queries.due_lanes, lanes=["gate", "site"], now=NINE),
    "orphaned lanes": read(queries.orphaned_lanes, lanes=["site"], now=NINE),
    "next due": read(queries.next_due_at, after=NINE),
    "due looks": read(queries.due_checks, now=NINE),
    "targets": read(queries.targets, places={"gate": Place(kind="make", lane="gate")}),
    "work for people": read(queries.needs_a_person, now=NINE),
    "overdue": read(vitals.overdue, now=NINE),
    "most overdue": read(vitals.most_overdue, now=NINE),
    "oldest due": read(vitals.oldest_due_at),
    "lying": read(vitals.lying, lanes=["gate"], now=TOMORROW, since=TOMORROW, closed=["site"]),
    "sending": read(vitals.sending, now=NINE),
    "has sent": read(vitals.has_sent, targets=["gate"], since=NINE),
    "stuck lanes": lambda works: read(troubles.stuck_lanes, works=works, now=TOMORROW)(works),
    "claim": claim,
    "look": look,
    "expire": lambda works: takedown.expire(works, now=NINE),
    "miss": lambda works: recover.miss(works, now=NINE - timedelta(days=10)),
    "recover": lambda works: recover.recover(works, now=NINE),
    "mend the clock": lambda works: recover.mend_clock(works, now=NINE),
}


@pytest.mark.parametrize("name", TICKS)
def test_a_tick_goes_by_indexes_that_hold_only_what_is_open(works: Works, name: str) -> None:
    plans: list[str] = []

    def explain(connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith(("SELECT", "UPDATE", "WITH")) and "delivery" in statement:
            explained = connection.connection.driver_connection.execute(
                f"EXPLAIN QUERY PLAN {statement}", parameters
            )
            plans.extend(str(row[3]) for row in explained)

    event.listen(works.database.engine, "before_cursor_execute", explain)
    TICKS[name](works)
    event.remove(works.database.engine, "before_cursor_execute", explain)

    assert plans
    assert not [plan for plan in plans if plan.startswith("SCAN delivery")]
    assert not [plan for plan in plans if "ix_delivery_state" in plan]
    assert not [plan for plan in plans if "ix_delivery_target" in plan]


def test_a_lane_whose_deliveries_all_wait_for_others_is_not_woken(tmp_path: Path) -> None:
    works = make.works(tmp_path, {"gate": FakeChannel(), "site": FakeChannel()})
    leader = make.delivery(works, target="site", due_at=TOMORROW)
    make.delivery(works, after_id=leader)

    def due() -> list[str]:
        with works.database.reads() as session:
            return queries.due_lanes(session, ["gate", "site"], now=NINE)

    before = due()
    with works.database.sessions.begin() as session:
        session.get_one(Delivery, leader).state = S.CONFIRMED

    assert before == []
    assert due() == ["gate"]
