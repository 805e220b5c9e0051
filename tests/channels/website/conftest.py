"""Fixtures for the parts of the website."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from channels.website import Website
from tests.channels.website.served import served


@pytest.fixture
def website(tmp_path: Path) -> Iterator[Website]:
    """A website on a real socket, its folder empty."""
    with served(tmp_path / "site") as website:
        yield website
