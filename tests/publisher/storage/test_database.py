from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import DBAPIError

from publisher.model.base import Base
from publisher.model.people import Person
from publisher.model.target import Beat
from publisher.storage.database import Database, migrate, open_database
from tests import make, postgres
from tests.make import NINE
from tests.threads import at_once, failures


def test_the_migrations_make_exactly_the_records(store: Database) -> None:
    with store.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)

    assert differences == []


def test_migrating_twice_changes_nothing(store: Database) -> None:
    before = inspect(store.engine).get_table_names()

    migrate(store.engine)

    assert inspect(store.engine).get_table_names() == before


def test_processes_that_start_at_once_migrate_once(postgres_server: postgres.Server) -> None:
    url = postgres_server.create()
    databases = [open_database(url) for _ in range(3)]

    done = at_once(*[lambda opened=opened: migrate(opened.engine) for opened in databases])
    tables = inspect(databases[0].engine).get_table_names()
    for opened in databases:
        opened.engine.dispose()
    postgres_server.drop(url)

    assert failures(done) == []
    assert set(Base.metadata.tables) <= set(tables)


def test_sqlite_loses_nothing_in_a_power_cut(tmp_path: Path) -> None:
    database = make.database(tmp_path)

    with database.engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2


def test_many_write_at_once(store: Database) -> None:
    def write(number: int) -> None:
        for count in range(10):
            with store.sessions.begin() as session:
                session.merge(Beat(name=f"{number}-{count}", at=NINE))

    done = at_once(*[lambda number=number: write(number) for number in range(8)])

    assert failures(done) == []
    with store.reads() as session:
        assert session.query(Beat).count() == 80


def test_a_moment_comes_back_aware_and_a_naive_one_is_refused(store: Database) -> None:
    with store.sessions.begin() as session:
        session.add(Beat(name="ticker", at=NINE))

    with store.reads() as session:
        assert session.get_one(Beat, "ticker").at == NINE
    with pytest.raises(Exception, match="naive"), store.sessions.begin() as session:
        session.add(Beat(name="naive", at=NINE.replace(tzinfo=None)))


def test_a_dangling_reference_is_refused(store: Database) -> None:
    with (
        pytest.raises(DBAPIError, match=r"(?i)foreign key"),
        store.sessions.begin() as session,
    ):
        session.execute(text("INSERT INTO role (person_id, name) VALUES (99, 'author')"))


def test_a_reader_never_waits_for_a_writer(store: Database) -> None:
    with store.sessions.begin() as writer:
        writer.add(Beat(name="ticker", at=NINE))
        writer.flush()
        with store.reads() as reader:
            seen = reader.query(Beat).count()

    assert seen == 0


def test_a_reader_sees_one_moment(store: Database) -> None:
    with store.reads() as reader:
        before = reader.query(Beat).count()
        with store.sessions.begin() as writer:
            writer.add(Beat(name="ticker", at=NINE))
        after = reader.query(Beat).count()

    assert before == after == 0


def test_a_reader_cannot_write(store: Database) -> None:
    with pytest.raises(DBAPIError, match=r"(?i)read-?only"), store.reads.begin() as session:
        session.add(Beat(name="ticker", at=NINE))

    with store.sessions.begin() as session:  # on the same connection
        session.add(Beat(name="ticker", at=NINE))


def test_postgresql_takes_and_finds_what_no_text_may_hold(postgres_url: str) -> None:
    database = open_database(postgres_url)
    with database.sessions.begin() as session:
        make.person(session, "林\x00晓\ud83d")

    with database.reads() as session:
        found = session.scalar(select(Person.name).where(Person.name == "林\x00晓\ud83d"))

    assert found == "林?晓?"


def test_postgresql_ends_what_hangs(postgres_url: str) -> None:
    database = open_database(postgres_url)

    with database.engine.connect() as connection:
        shown = {
            name: connection.execute(text(f"SHOW {name}")).scalar()
            for name in (
                "application_name",
                "timezone",
                "statement_timeout",
                "lock_timeout",
                "idle_in_transaction_session_timeout",
            )
        }

    assert shown == {
        "application_name": "publisher",
        "timezone": "UTC",
        "statement_timeout": "1min",
        "lock_timeout": "40s",
        "idle_in_transaction_session_timeout": "30s",
    }


def test_a_connection_that_died_in_the_pool_is_not_given_out(postgres_url: str) -> None:
    database, other = open_database(postgres_url), open_database(postgres_url)
    ours = text("SELECT pg_backend_pid()")
    with database.engine.connect() as connection:
        died = connection.execute(ours).scalar()

    with other.engine.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": died})
    with database.engine.connect() as connection:
        works = connection.execute(ours).scalar()

    assert works != died
