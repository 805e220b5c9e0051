"""Fixtures that all tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import outlet as scripted
from tests.outlet import Outlet


@pytest.fixture
def outlet() -> Iterator[Outlet]:
    """A scripted server on a real socket."""
    outlet, server = scripted.start()
    yield outlet
    server.shutdown()
    server.server_close()
