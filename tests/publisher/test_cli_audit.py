"""The record of who did what, proved at the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from publisher import installation, settings
from publisher.storage.database import open_database
from tests.publisher.test_cli import Shell


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Shell:
    installation.init(tmp_path / "home")
    return Shell(tmp_path / "home", monkeypatch, capfd)


def change(shell: Shell, statement: str) -> None:
    """Change the ledger as somebody with the file in hand would."""
    database = open_database(settings.load(shell.home).database_url)
    with database.sessions.begin() as session:
        session.execute(text(statement))
    database.engine.dispose()


def add(shell: Shell, *names: str) -> None:
    for name in names:
        shell.run("people", "add", name, "--roles", "author")


def test_a_record_as_it_was_written_is_proved(shell: Shell) -> None:
    add(shell, "林晓", "王建国")

    said = json.loads(shell.run("audit", "verify", "--json"))

    assert (said["is_whole"], said["count"]) == (True, 2)
    assert "没有改动" in shell.run("audit", "verify", "--contains", said["seal"][:12])


def test_a_record_that_somebody_changed_is_told(shell: Shell) -> None:
    add(shell, "林晓", "王建国", "陈敏")
    change(shell, "UPDATE note SET who = '别人' WHERE id = 2")

    assert "从第 2 条起接不上" in shell.run("audit", "verify", code=1)


def test_a_record_whose_end_was_cut_off_misses_a_seal_that_was_noted(shell: Shell) -> None:
    add(shell, "林晓", "王建国")
    seal = json.loads(shell.run("audit", "verify", "--json"))["seal"]
    change(shell, "DELETE FROM note WHERE id = 2")

    assert "没有改动" in shell.run("audit", "verify")
    assert "没有这个封印" in shell.run("audit", "verify", "--contains", seal, code=1)


def test_an_empty_record_is_none(shell: Shell) -> None:
    assert "还没有操作记录" in shell.run("audit", "verify")


def test_a_seal_of_few_characters_names_none(shell: Shell) -> None:
    shell.run("audit", "verify", "--contains", "abc", code=2)
