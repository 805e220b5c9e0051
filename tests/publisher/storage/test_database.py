from __future__ import annotations

import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from publisher.model.base import Base
from publisher.model.target import Beat
from publisher.storage.database import migrate
from tests import make
from tests.make import NINE


def test_the_migrations_make_exactly_the_records(tmp_path: Path) -> None:
    database = make.database(tmp_path)

    with database.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)

    assert differences == []


def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    database = make.database(tmp_path)

    migrate(database.engine)

    with database.engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2


def test_writers_wait_for_each_other(tmp_path: Path) -> None:
    database = make.database(tmp_path)

    def write(number: int) -> None:
        for count in range(10):
            with database.sessions.begin() as session:
                session.merge(Beat(name=f"{number}-{count}", at=NINE))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with database.reads() as session:
        assert session.query(Beat).count() == 80


def test_a_moment_comes_back_aware_and_a_naive_one_is_refused(tmp_path: Path) -> None:
    database = make.database(tmp_path)
    with database.sessions.begin() as session:
        session.add(Beat(name="ticker", at=NINE))

    with database.reads() as session:
        assert session.get_one(Beat, "ticker").at == NINE
    with pytest.raises(Exception, match="naive"), database.sessions.begin() as session:
        session.add(Beat(name="naive", at=NINE.replace(tzinfo=None)))


def test_a_dangling_reference_is_refused(tmp_path: Path) -> None:
    database = make.database(tmp_path)

    with pytest.raises(Exception, match="FOREIGN KEY"), database.sessions.begin() as session:
        session.execute(text("INSERT INTO role (person_id, name) VALUES (99, 'author')"))


def test_a_reader_never_waits_for_a_writer(tmp_path: Path) -> None:
    database = make.database(tmp_path)

    with database.sessions.begin() as writer:
        writer.add(Beat(name="ticker", at=NINE))
        writer.flush()
        with database.reads() as reader:
            seen = reader.query(Beat).count()

    assert seen == 0
