"""Fixtures that all tests share."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

import pytest
import structlog

from tests import outlet as scripted
from tests.outlet import Outlet


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


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where nothing may be skipped (CI=true), a skipped test fails the run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
