from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from publisher.model.target import Beat
from publisher.storage.database import Database
from publisher.storage.group import GroupCommit
from tests import make
from tests.make import NINE


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return make.database(tmp_path)


def keep(session: Session, names: Sequence[str]) -> list[str]:
    """Write one beat for each name; a name that begins with a minus is a fault."""
    for name in names:
        if name.startswith("-"):
            raise ValueError(name)
        session.add(Beat(name=name, at=NINE))
        session.flush()
    return [f"kept {name}" for name in names]


def all_at_once(database: Database, names: Sequence[str]) -> tuple[dict[str, object], list[int]]:
    """Let a thread ask for each name while the first still writes; answers, and sizes of groups."""
    group: GroupCommit[str, str] = GroupCommit()
    sizes: list[int] = []
    answers: dict[str, object] = {}
    first_writes, all_wait = threading.Event(), threading.Event()

    def work(session: Session, asked: Sequence[str]) -> list[str]:
        sizes.append(len(asked))
        first_writes.set()
        all_wait.wait(5)
        return keep(session, asked)

    def ask(name: str) -> None:
        try:
            answers[name] = group.run(database.sessions, name, work)
        except ValueError as error:
            answers[name] = error

    threads = [threading.Thread(target=ask, args=(name,)) for name in names]
    threads[0].start()
    first_writes.wait(5)
    for thread in threads[1:]:
        thread.start()
    while len(group._waiting) < len(names) - 1:
        pass
    all_wait.set()
    for thread in threads:
        thread.join(5)
    return answers, sizes


def test_those_that_wait_for_a_commit_share_the_next_one(database: Database) -> None:
    names = [f"n{number}" for number in range(20)]

    answers, sizes = all_at_once(database, names)

    assert sizes == [1, 19]
    assert answers == {name: f"kept {name}" for name in names}
    with database.reads() as session:
        assert session.scalar(select(func.count()).select_from(Beat)) == 20


def test_the_fault_of_one_is_not_that_of_the_others(database: Database) -> None:
    answers, _ = all_at_once(database, ["a", "b", "-c", "d"])

    assert isinstance(answers.pop("-c"), ValueError)
    assert answers == {name: f"kept {name}" for name in "abd"}
    with database.reads() as session:
        assert set(session.scalars(select(Beat.name))) == {"a", "b", "d"}


def test_an_answer_is_durable_when_it_comes(database: Database) -> None:
    group: GroupCommit[str, str] = GroupCommit()

    group.run(database.sessions, "a", keep)

    with database.reads() as session:
        assert session.get(Beat, "a") is not None
