"""An office with its door open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.publisher.api import office as offices
from tests.publisher.api.office import Office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """An office of eight people and two targets."""
    opened = offices.found(tmp_path)
    yield opened
    opened.rest()
    opened.app.lanes.close()
    opened.app.database.engine.dispose()
