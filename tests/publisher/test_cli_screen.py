"""What is public, screened again at the command line."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from publisher import installation, settings
from publisher.model.states import DeliveryState
from publisher.storage.database import open_database
from tests.make import FakeChannel
from tests.publisher.test_cli import Shell
from tests.publisher.workflow.conftest import opened
from tests.publisher.workflow.test_attachments import MOBILE
from tests.publisher.workflow.test_backscan import knowing, put


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Shell:
    installation.init(tmp_path / "home")
    return Shell(tmp_path / "home", monkeypatch, capfd)


def test_where_nothing_is_public_nothing_is_found(shell: Shell) -> None:
    assert "筛查了 0 篇已公开的稿件，0 篇必须处理" in shell.run("screen")
    assert shell.run("screen", "--json", "--warnings") == ""


def test_what_must_be_dealt_with_is_named_and_ends_with_code_one(shell: Shell) -> None:
    shell.run("screen")  # makes the database
    database = open_database(settings.load(shell.home).database_url)
    office = opened(database, shell.home, {"gate": FakeChannel()})
    knows = dataclasses.replace(office, desk=knowing(office.desk, MOBILE))
    item_id = knows.approved(body=f"<p>电话 {MOBILE}</p>", targets=("gate",))
    put(office, DeliveryState.CONFIRMED)
    database.engine.dispose()

    said = shell.run("screen", code=1)

    assert f"稿件 {item_id}（第 1 版）" in said
    assert "必须修改：正文第 1 段有手机号码" in said
    assert MOBILE not in said
    [told] = map(json.loads, shell.run("screen", "--json", code=1).splitlines())
    assert (told["item"], told["findings"][0]["rule"]) == (item_id, "mobile")
