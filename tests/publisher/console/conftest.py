"""An office with its console open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.publisher.console import office as offices
from tests.publisher.console.office import Office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """An office of seven people and three targets."""
    opened = offices.found(tmp_path)
    yield opened
    opened.rest()
    opened.app.lanes.close()
    opened.app.database.engine.dispose()
