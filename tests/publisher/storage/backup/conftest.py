"""Fixtures of the tests of backups."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.postgres import Server
from tests.publisher.storage.backup.house import House, build


@pytest.fixture
def sqlite_house(tmp_path: Path) -> House:
    """An installation on SQLite."""
    return build(tmp_path / "home", "sqlite:///data/publisher.db")


@pytest.fixture
def postgres_house(
    postgres_server: Server, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> House:
    """An installation on PostgreSQL, with the programs that come with the server."""
    if postgres_server.programs is not None:
        monkeypatch.setenv("PATH", str(postgres_server.programs), prepend=":")
    return build(tmp_path / "home", postgres_url)


@pytest.fixture(params=["sqlite_house", "postgres_house"])
def house(request: pytest.FixtureRequest) -> House:
    """An installation on a database of each kind."""
    found: House = request.getfixturevalue(request.param)
    return found
