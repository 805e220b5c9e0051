from __future__ import annotations

from pathlib import Path

import pytest

from publisher import clock, settings
from publisher.model.people import Person, Role
from publisher.storage.database import open_database
from tests.publisher.test_cli import Shell


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Shell:
    shell = Shell(tmp_path / "home", monkeypatch, capfd)
    shell.run("init", str(shell.home))
    return shell


def test_a_check_makes_no_database(shell: Shell) -> None:
    said = shell.run("check")

    assert "配置没有问题：0 个发布目标，3 级审核" in said
    assert "请注意" not in said
    assert not (shell.home / "data" / "publisher.db").exists()


def test_a_check_names_whoever_has_roles_that_are_kept_apart(shell: Shell) -> None:
    shell.run("people", "add", "林晓", "--roles", "author")
    database = open_database(settings.load(shell.home).database_url)
    with database.sessions.begin() as session:
        roles = [Role(name="administrator"), Role(name="office_reviewer")]
        session.add(Person(name="吴凡", created_at=clock.now(), role_rows=roles))
    database.engine.dispose()

    said = shell.run("check")

    assert "请注意：吴凡：系统管理员不能同时是办公室审核人" in said
    assert "林晓" not in said


def test_a_check_of_a_database_that_cannot_be_read_is_silent_about_people(shell: Shell) -> None:
    (shell.home / "data").mkdir(exist_ok=True)
    (shell.home / "data" / "publisher.db").write_bytes(b"not a database" * 100)

    assert "请注意" not in shell.run("check")


def test_a_check_of_an_older_database_is_silent_about_people(shell: Shell) -> None:
    database = open_database(settings.load(shell.home).database_url)
    database.engine.connect().close()
    database.engine.dispose()
    assert (shell.home / "data" / "publisher.db").exists()

    assert "请注意" not in shell.run("check")
