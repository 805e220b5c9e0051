"""The work list is read by indexes that hold only what is open, however long the history."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from publisher.delivery.works import Works
from publisher.storage import queries, worklist
from publisher.storage.worklist import Matter, Whose
from tests import make
from tests.make import NINE, FakeChannel

ALL = Whose(person_id=None)
LISTS: dict[str, Callable[[Session], object]] = {
    "in review": queries.in_review,
    "sent back": lambda session: worklist.sent_back(session, 1),
    "until": lambda session: worklist.in_review_until(session, until=NINE),
}


@pytest.fixture
def works(tmp_path: Path) -> Works:
    made = make.works(tmp_path, {"gate": FakeChannel()})
    make.delivery(made)
    return made


def plans(works: Works, ask: Callable[[Session], object]) -> list[str]:
    """Return the plan of every query, as SQLite tells it."""
    found: list[str] = []

    def explain(connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT"):
            explained = connection.connection.driver_connection.execute(
                f"EXPLAIN QUERY PLAN {statement}", parameters
            )
            found.extend(str(row[3]) for row in explained)

    event.listen(works.database.engine, "before_cursor_execute", explain)
    with works.database.reads() as session:
        ask(session)
    event.remove(works.database.engine, "before_cursor_execute", explain)
    return found


@pytest.mark.parametrize("matter", Matter)
def test_no_matter_is_looked_for_in_the_whole_ledger(works: Works, matter: Matter) -> None:
    def ask(session: Session) -> object:
        return worklist.deliveries(
            session, matter, whose=ALL, assisted=["gate"], now=NINE, limit=8
        ), worklist.count(session, matter, whose=ALL, assisted=["gate"], now=NINE)

    found = plans(works, ask)

    assert found
    assert not [plan for plan in found if plan.startswith("SCAN delivery")]
    assert not [plan for plan in found if "ix_delivery_target" in plan]


@pytest.mark.parametrize("matter", [Matter.FAILED, Matter.LATE])
def test_what_was_decided_long_ago_is_not_read_again(works: Works, matter: Matter) -> None:
    def ask(session: Session) -> object:
        return worklist.count(session, matter, whose=ALL, assisted=[], now=NINE)

    found = plans(works, ask)

    assert [plan for plan in found if "ix_delivery_undecided" in plan]
    assert not [plan for plan in found if "ix_delivery_state" in plan]


@pytest.mark.parametrize("name", LISTS)
def test_no_list_of_editions_reads_all_of_them(works: Works, name: str) -> None:
    found = plans(works, LISTS[name])

    assert found
    assert not [plan for plan in found if plan.startswith("SCAN edition")]


def test_what_is_reviewed_later_is_not_looked_for_among_all_that_is_approved(works: Works) -> None:
    found = plans(works, queries.in_review)

    assert [plan for plan in found if "ix_edition_later" in plan]
    assert len([plan for plan in found if "ix_edition_state" in plan]) == 1
