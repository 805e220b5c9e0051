"""The database: engine, sessions, migrations. SQLite on one machine, PostgreSQL on many.

SQLite runs in WAL mode with full synchronisation. A writing session begins IMMEDIATE, so that two
writers wait for each other instead of failing half-way. On PostgreSQL writers run side by side;
what they must not do at once is in locks.py. A reading session takes no lock and sees one moment
of the ledger on both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg import Connection as PostgresConnection
from psycopg.adapt import Dumper
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from publisher.model.base import storable
from publisher.storage import locks

BUSY_TIMEOUT_MS = 40_000  # a writer waits so long for another
STATEMENT_TIMEOUT_MS = 60_000  # PostgreSQL ends a statement that takes longer
IDLE_TIMEOUT_MS = 30_000  # and a transaction that does nothing: less than its waiters wait
READS_ONLY = "publisher_reads_only"
POOLS: Mapping[str, Mapping[str, Any]] = {
    "sqlite": {"pool_size": 20, "max_overflow": 20},
    # All processes share the server's max_connections, so a process stays below 20. Last in, first
    # out: what a quiet hour does not need falls asleep, and the ping finds out whether it died.
    "postgresql": {
        "pool_size": 10,
        "max_overflow": 10,
        "pool_pre_ping": True,
        "pool_use_lifo": True,
    },
}
POSTGRES: Mapping[str, Any] = {  # of every connection, unless the address says otherwise
    "application_name": "publisher",
    "client_encoding": "utf8",
    "connect_timeout": 10,  # seconds
    "keepalives_idle": 30,  # seconds; a server that vanished is noticed within a minute
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,  # milliseconds
    "options": " ".join(
        f"-c {name}={value}"
        for name, value in {
            "timezone": "UTC",
            "statement_timeout": STATEMENT_TIMEOUT_MS,
            "lock_timeout": BUSY_TIMEOUT_MS,
            "idle_in_transaction_session_timeout": IDLE_TIMEOUT_MS,
            "tcp_keepalives_idle": 30,  # the same the other way round, in the same units: what a
            "tcp_keepalives_interval": 10,  # machine held that lost its power is free in a minute
            "tcp_keepalives_count": 3,
            "tcp_user_timeout": 30_000,
            "jit": "off",  # our statements are short; compiling them takes longer than they do
        }.items()
    ),
}
ONE_MOMENT = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


@dataclass(frozen=True)
class Database:
    """One database and its two kinds of sessions."""

    engine: Engine
    sessions: sessionmaker[Session]  # to write
    reads: sessionmaker[Session]  # to read; a write in it fails


def open_database(url: str) -> Database:
    """Open the database; the folder of an SQLite file is made if need be."""
    address = make_url(url)
    is_sqlite = address.get_backend_name() == "sqlite"
    engine = _sqlite(address) if is_sqlite else _postgresql(address)
    reading = engine.execution_options(**{READS_ONLY: True} if is_sqlite else ONE_MOMENT)
    return Database(
        engine=engine,
        sessions=sessionmaker(engine, expire_on_commit=False),
        reads=sessionmaker(reading, expire_on_commit=False),
    )


def _sqlite(address: URL) -> Engine:
    if address.database:
        Path(address.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(address, **POOLS["sqlite"])
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # BEGIN is ours, below
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
    ):
        connection.cursor().execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    reads_only = bool(connection.get_execution_options().get(READS_ONLY))
    connection.exec_driver_sql(f"PRAGMA query_only={int(reads_only)}")
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")


def _postgresql(address: URL) -> Engine:
    address = address.set(drivername="postgresql+psycopg")
    settings = {name: value for name, value in POSTGRES.items() if name not in address.query}
    engine = create_engine(address, connect_args=settings, **POOLS["postgresql"])
    event.listen(engine, "connect", _set_up_postgresql)
    return engine


def _set_up_postgresql(connection: PostgresConnection, record: ConnectionPoolEntry) -> None:
    connection.adapters.register_dumper(str, StorableText)


class StorableText(Dumper):
    """Every text on its way to PostgreSQL, be it written or searched for."""

    def dump(self, obj: str) -> bytes:
        """Make it storable: the server refuses NUL, and half an emoji is no UTF-8."""
        return storable(obj).encode()


def tend(engine: Engine) -> None:
    """Let the database look at its own tables, so that it goes on choosing the right index.

    Without this SQLite believes that every state holds a handful of rows. Cheap: it reads about a
    thousand rows an index. To be called at the start and now and then.
    Source: sqlite.org/lang_analyze.html, "Approximate ANALYZE For Large Databases".
    """
    if engine.dialect.name != "sqlite":
        return  # PostgreSQL does it by itself
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA analysis_limit=1000")
        connection.exec_driver_sql("ANALYZE")
        connection.commit()
    engine.dispose()  # a connection reads these figures only when it is opened


def migrate(engine: Engine) -> None:
    """Bring the schema to the newest revision; does nothing where it is already there.

    Of several processes that start at once one migrates, and the others find it done.
    """
    with engine.begin() as connection:
        locks.migrating(connection)
        upgrade(connection)


def upgrade(connection: Connection) -> None:
    """Bring the schema to the newest revision, within the transaction that is open."""
    config = _alembic()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def knows(revision: str) -> bool:
    """Say whether this version of the program has that revision of the schema."""
    revisions = ScriptDirectory.from_config(_alembic()).walk_revisions()
    return revision in {one.revision for one in revisions}


def newest() -> str | None:
    """Return the newest revision of the schema that this version of the program has."""
    return ScriptDirectory.from_config(_alembic()).get_current_head()


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
