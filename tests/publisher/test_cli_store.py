from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from publisher import cli_store, installation


@dataclass(frozen=True)
class Shell:
    """Runs commands in one installation, each in a process of its own."""

    home: Path

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run one command and return what it printed; its exit code must be the one given."""
        command = [sys.executable, "-m", "publisher", "--home", str(self.home), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation with one person in it, to be copied."""
    home = tmp_path_factory.mktemp("made") / "home"
    installation.init(home)
    Shell(home).run("people", "add", "林晓", "--roles", "author")
    return home


@pytest.fixture
def shell(made: Path, tmp_path: Path) -> Shell:
    shutil.copytree(made, tmp_path / "home")
    return Shell(tmp_path / "home")


def verbs(home: Path) -> list[str]:
    with closing(sqlite3.connect(home / "data" / "publisher.db")) as ledger:
        return [verb for (verb,) in ledger.execute("SELECT verb FROM note ORDER BY id")]


def test_there_and_back(shell: Shell, tmp_path: Path) -> None:
    archive = str(tmp_path / "a.tar")

    assert "已读回核对" in shell.run("backup", archive)
    assert "备份完好" in shell.run("verify-backup", archive)
    assert verbs(shell.home)[-1] == "backup"
    refusal = shell.run("restore", archive, code=2)
    told = shell.run("restore", archive, "--replace")

    assert "--replace" in refusal
    assert "原来的数据没有删除" in told
    assert "全部发送已暂停" in told
    assert verbs(shell.home)[-1] == "restore"
    assert "林晓" in shell.run("people", "list")


def test_needs_no_secret_of_an_outlet(shell: Shell, tmp_path: Path) -> None:
    targets = shell.home / "config" / "targets.toml"
    targets.write_text('[qq]\nchannel = "qq_notice"\naccess_token = "file:config/secrets/lost"\n')

    shell.run("backup", str(tmp_path / "a.tar"))
    shutil.rmtree(shell.home)
    told = shell.run("restore", str(tmp_path / "a.tar"))

    assert "config/secrets" in told


def test_keeps_so_many_in_a_folder(shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "backups"

    shell.run("backup", str(folder), "--keep", "3")

    assert len(list(folder.glob("yigao-*.tar"))) == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("backup", "{tmp}/none/a.tar"), "要先建好"),
        (("backup", "{tmp}"), "写一个文件名"),
        (("verify-backup", "{tmp}/none.tar"), "没有备份文件"),
        (("restore", "{tmp}/none.tar"), "没有备份文件"),
        (("restore", "{tmp}/home/config/publisher.toml", "--replace"), "不是本程序的备份"),
        (("migrate-store", "--to", "sqlite:///other.db"), "只能从 SQLite 移到 PostgreSQL"),
        (("migrate-store", "--to", "what is this"), "--to"),
    ],
)
def test_bad_input_is_one_sentence(
    shell: Shell, tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    told = shell.run(*(one.format(tmp=tmp_path) for one in arguments), code=2)

    assert says in told
    assert "Traceback" not in told


def test_moves_to_postgresql_and_says_what_to_change(shell: Shell, postgres_url: str) -> None:
    told = shell.run("migrate-store", "--to", postgres_url)
    again = shell.run("migrate-store", "--to", postgres_url, code=2)

    assert "全部核对一致" in told
    assert "database_url" in told
    assert "已经有数据" in again


def test_long_work_tells_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli_store, "TELL_EVERY_S", 0.0)
    tell = cli_store._Progress("字节")

    tell("写入备份", 3 << 20)

    assert "写入备份：3 MiB" in capfd.readouterr().err
