from __future__ import annotations

from pathlib import Path

import pytest

from publisher import installation, settings
from publisher.errors import InvalidError
from publisher.storage import queries
from publisher.workflow import people
from tests import make
from tests.make import NINE


def test_the_demo_never_takes_over_a_real_installation(tmp_path: Path) -> None:
    installation.init(tmp_path / "college")
    before = (tmp_path / "college" / "config" / "targets.toml").read_bytes()

    with pytest.raises(InvalidError, match="是正式的安装"):
        installation.init_demo(tmp_path / "college", first_port=9000)

    assert (tmp_path / "college" / "config" / "targets.toml").read_bytes() == before


def test_the_demo_moves_to_other_ports(tmp_path: Path) -> None:
    installation.init_demo(tmp_path / "demo", first_port=8000)

    installation.init_demo(tmp_path / "demo", first_port=9000)

    loaded = settings.load(tmp_path / "demo")
    assert (loaded.server.console_port, loaded.server.rehearsal_port) == (9000, 9002)
    assert loaded.targets["website"]["base_url"] == "http://127.0.0.1:9001"


def test_each_demo_has_passwords_of_its_own_and_keeps_them(tmp_path: Path) -> None:
    installation.init_demo(tmp_path, first_port=8000)
    database = make.database(tmp_path)

    with database.sessions.begin() as session:
        first = installation.demo_people(session, tmp_path, at=NINE)
        again = installation.demo_people(session, tmp_path, at=NINE)
        known = people.verify(session, "林晓", password=first["林晓"])
        names = {person.name for person in queries.people(session)}

    assert first == again
    assert len(set(first.values())) == len(first)
    assert known is not None
    assert names == set(installation.DEMO_PEOPLE)
    accounts = tmp_path / "data" / installation.ACCOUNTS
    assert accounts.stat().st_mode & 0o077 == 0
