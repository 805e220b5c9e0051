"""The fixture `rehearsal`; a module asks for it with
`pytest_plugins = ["tests.channels.rehearsal_fixture"]`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rehearsal import Rehearsal, running


@pytest.fixture
def rehearsal(tmp_path: Path) -> Iterator[Rehearsal]:
    """The practice outlets on a free port, with nothing in them."""
    with running(tmp_path / "rehearsal") as outlets:
        yield outlets
