"""Procrastinate's own tables, in the database of the ledger.

They are no revision of ours: they belong to the installed version of Procrastinate, which brings
its migrations along, and only an installation with workers has them. The comment on the table of
jobs says how far they have come.
"""

from __future__ import annotations

from pathlib import Path

from procrastinate.schema import SchemaManager
from sqlalchemy import Connection, Engine, text

from publisher.errors import ConfigError
from publisher.storage import locks

TABLE = "procrastinate_jobs"
FOREIGN = "数据库里有 Procrastinate 的表，但不是本程序建的，请换一个数据库"
TOO_NEW = "数据库里 Procrastinate 的表比本程序的新，请升级本程序"


def install(engine: Engine) -> None:
    """Make the tables, or bring them up; does nothing where they are as they should be.

    Of several processes that start at once one does it, and the others find it done.
    """
    with engine.begin() as connection:
        locks.migrating(connection)
        bring_up(connection)


def bring_up(connection: Connection) -> None:
    """Make the tables or bring them up, within the transaction that is open."""
    migrations = sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
    newest = migrations[-1].stem
    if not connection.scalar(text("SELECT to_regclass(:table)"), {"table": TABLE}):
        _run(connection, SchemaManager.get_schema())
        _remember(connection, newest)
        return
    came_to = connection.scalar(text(f"SELECT obj_description('{TABLE}'::regclass)"))
    if not came_to:
        raise _wrong(FOREIGN)
    if came_to > newest:
        raise _wrong(TOO_NEW)
    missing = [path for path in migrations if path.stem > came_to]
    for path in missing:
        _run(connection, path.read_text(encoding="utf-8"))
    if missing:
        _remember(connection, newest)


def _run(connection: Connection, script: str) -> None:
    """Run many statements at once, whose per cent signs are not places of ours."""
    connection.execution_options(no_parameters=True).exec_driver_sql(script)


def _remember(connection: Connection, revision: str) -> None:
    _run(connection, f"COMMENT ON TABLE {TABLE} IS '{revision}'")


def _wrong(message: str) -> ConfigError:
    return ConfigError(message, file="config/publisher.toml", table="server", key="database_url")
