"""The database: engine, sessions, migrations.

SQLite runs in WAL mode with full synchronisation. A writing session begins IMMEDIATE, so that two
writers wait for each other instead of failing half-way; a reading one takes no lock at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_TIMEOUT_MS = 30_000  # a writer waits so long for another
READS_ONLY = "publisher_reads_only"


@dataclass(frozen=True)
class Database:
    """One database and its two kinds of sessions."""

    engine: Engine
    sessions: sessionmaker[Session]  # to write
    reads: sessionmaker[Session]  # to read; a write in it fails


def open_database(url: str) -> Database:
    """Open the database; the folder of an SQLite file is made if need be."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite" and address.database:
        Path(address.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(address, pool_size=20, max_overflow=20)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _on_connect)
        event.listen(engine, "begin", _on_begin)
    reading = engine.execution_options(**{READS_ONLY: True})
    return Database(
        engine=engine,
        sessions=sessionmaker(engine, expire_on_commit=False),
        reads=sessionmaker(reading, expire_on_commit=False),
    )


def _on_connect(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # BEGIN is ours, below
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
    ):
        connection.cursor().execute(f"PRAGMA {pragma}")


def _on_begin(connection: Connection) -> None:
    if connection.get_execution_options().get(READS_ONLY):
        connection.exec_driver_sql("BEGIN")
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


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
    """Bring the schema to the newest revision; does nothing where it is already there."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
