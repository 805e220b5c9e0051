"""Fixtures that all tests share."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from publisher.storage.database import Database, migrate, open_database
from tests import outlet as scripted
from tests import postgres
from tests.outlet import Outlet


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the stories, which take longest: last, they would leave all other cores idle."""
    items.sort(key=lambda item: not item.nodeid.startswith("tests/story/"))


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """Undo what a command did to the logging of this process."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def outlet() -> Iterator[Outlet]:
    """A scripted server on a real socket."""
    outlet, server = scripted.start()
    yield outlet
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """A real PostgreSQL, one for each process that runs tests."""
    try:
        with postgres.server() as server:
            yield server
    except postgres.NoServerError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def postgres_ledger(postgres_server: postgres.Server) -> Iterator[str]:
    """The name of a migrated database there, to be copied."""
    with postgres.ledger(postgres_server) as name:
        yield name


@pytest.fixture
def postgres_url(postgres_server: postgres.Server, postgres_ledger: str) -> Iterator[str]:
    """The address of a migrated PostgreSQL database that no other test has touched."""
    url = postgres_server.create(like=postgres_ledger)
    with postgres.closing():
        yield url
    postgres_server.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database of each kind: a test that asks for it runs on both."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'data' / 'publisher.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def store(store_url: str) -> Iterator[Database]:
    """A migrated database of each kind."""
    database = open_database(store_url)
    migrate(database.engine)
    yield database
    database.engine.dispose()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where nothing may be skipped (CI=true), a skipped test fails the run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
