from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, text

from publisher.errors import ConfigError
from publisher.storage.database import Database, open_database
from publisher.wakeups import schema

MARK = "SELECT obj_description('procrastinate_jobs'::regclass)"
TRIGGER = "procrastinate_trigger_status_events_update_v1"  # of the newest migration


@pytest.fixture
def connection(postgres_url: str) -> Iterator[Connection]:
    database: Database = open_database(postgres_url)
    with database.engine.connect() as connection:
        schema.bring_up(connection)
        yield connection
    database.engine.dispose()


def mark(connection: Connection, revision: str) -> None:
    connection.execute(text(f"COMMENT ON TABLE procrastinate_jobs IS '{revision}'"))


def test_what_is_there_is_left_as_it_is(connection: Connection) -> None:
    connection.execute(
        text("INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('q', 't')")
    )

    schema.bring_up(connection)

    assert connection.scalar(text("SELECT count(*) FROM procrastinate_jobs")) == 1


def test_what_an_older_version_made_is_brought_up(connection: Connection) -> None:
    newest = connection.scalar(text(MARK))
    connection.execute(text(f"DROP TRIGGER {TRIGGER} ON procrastinate_jobs"))
    mark(connection, "03.04.00_01_pre_add_retry_failed_job_procedure")

    schema.bring_up(connection)

    there = text("SELECT count(*) FROM pg_trigger WHERE tgname = :name")
    assert connection.scalar(there, {"name": TRIGGER}) == 1
    assert connection.scalar(text(MARK)) == newest


@pytest.mark.parametrize(("revision", "told"), [("", "不是本程序建的"), ("99.0", "升级本程序")])
def test_tables_of_somebody_else_or_of_the_future_are_not_touched(
    connection: Connection, revision: str, told: str
) -> None:
    mark(connection, revision)

    with pytest.raises(ConfigError, match=told):
        schema.bring_up(connection)
