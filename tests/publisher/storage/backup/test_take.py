"""A backup is whole, whoever writes meanwhile and wherever it is cut off."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import tarfile
import threading
import time
import tracemalloc
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.engine import make_url

from publisher.delivery.works import Works
from publisher.model.delivery import Attempt, Delivery
from publisher.model.item import Edition, FrozenRendition
from publisher.model.states import DeliveryState as S
from publisher.storage.backup import sqlite
from publisher.storage.backup.archive import BackupError
from publisher.storage.backup.check import verify
from publisher.storage.backup.take import take_into
from tests import make
from tests.make import NINE
from tests.publisher.storage.backup.house import SECRET, House, silent

FLOOD = 200  # files of 1 MB: long enough to be killed in the middle


def manifest_of(path: Path) -> dict[str, object]:
    with tarfile.open(path) as tar:
        file = tar.extractfile("manifest.json")
        assert file is not None
        found: dict[str, object] = json.load(file)
        return found


def test_holds_the_ledger_the_media_and_the_outlets_folders(house: House, tmp_path: Path) -> None:
    works = house.works()
    make.delivery(works)

    taken = house.backup(tmp_path / "a.tar")

    names = set(taken.manifest.members)
    assert taken.manifest.counts["delivery"] == 1
    assert {"targets/gate/index.html", "targets/gate/own.sqlite3"} <= names
    assert "config/targets.toml" in names
    assert len([name for name in names if name.startswith("media/")]) == 1
    assert verify(tmp_path / "a.tar", progress=silent) == taken.manifest


def test_holds_no_secret(house: House, tmp_path: Path) -> None:
    house.works()
    toml = house.home / "config" / "extra.toml"
    toml.write_text('database_url = "postgresql+psycopg://yigao:open-sesame@db/yigao"\n')

    house.backup(tmp_path / "a.tar")

    written = (tmp_path / "a.tar").read_bytes()
    assert SECRET.encode() not in written
    assert b"open-sesame" not in written
    assert b"postgresql+psycopg://yigao:***@db/yigao" in written
    assert "config/secrets" in str(manifest_of(tmp_path / "a.tar")["left_out"])


def test_nobody_else_may_read_it(sqlite_house: House, tmp_path: Path) -> None:
    sqlite_house.works()

    sqlite_house.backup(tmp_path / "a.tar")

    assert (tmp_path / "a.tar").stat().st_mode & 0o077 == 0


def test_is_whole_while_four_threads_write(house: House, tmp_path: Path) -> None:
    works = house.works()
    stopping = threading.Event()
    writers = [threading.Thread(target=write, args=(works, stopping)) for _ in range(4)]
    for writer in writers:
        writer.start()
        time.sleep(0.1)

    house.backup(tmp_path / "a.tar")

    stopping.set()
    for writer in writers:
        writer.join()
    works.database.engine.dispose()
    house.restore(tmp_path / "a.tar", at=NINE + timedelta(hours=1))
    with house.works().database.reads() as session:
        rows = session.scalars(select(Delivery)).all()
        assert len(rows) > 4
        for row in rows:
            assert works.media.read(row.rendition.body_digest) == make.PLAIN.body
            assert row.remote_id == f"r{row.rendition_id}"
            assert len(row.attempts) == 1


def write(works: Works, stopping: threading.Event) -> None:
    """Write deliveries, each with its attempt, until told to stop."""
    with works.database.sessions.begin() as session:
        approved = make.edition(session).id
    while not stopping.is_set():
        with works.database.sessions.begin() as session:
            edition = session.get_one(Edition, approved)
            target = f"t{session.query(FrozenRendition.id).count()}"
            row = make.delivery_of(session, works, edition, target=target, state=S.ACCEPTED)
            row.remote_id = f"r{row.rendition_id}"
            session.add(Attempt(delivery_id=row.id, step="deliver", started_at=NINE))


def test_no_writer_waits_for_it_and_it_shows_one_moment(
    sqlite_house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    works = sqlite_house.works()
    make.delivery(works)
    live = Path(works.database.engine.url.database or "")
    steps: list[int] = []
    monkeypatch.setattr(sqlite, "PAGES", 1)

    def write_in_the_middle(step: str, done: int) -> None:
        steps.append(done)
        with closing(sqlite3.connect(live, timeout=0)) as other:
            other.execute("INSERT INTO beat VALUES (?, '2026-11-24', '')", (str(len(steps)),))
            other.commit()

    sqlite.copy(live, tmp_path / "copy.db", progress=write_in_the_middle)

    assert len(steps) > 10
    assert steps == sorted(steps)  # it never began anew
    assert sqlite.counts(tmp_path / "copy.db")["beat"] == 0


def test_a_backup_that_cannot_be_verified_is_not_kept(sqlite_house: House, tmp_path: Path) -> None:
    works = sqlite_house.works()
    make.delivery(works)
    next(works.media.folder.glob("*/*")).unlink()

    with pytest.raises(BackupError, match="不存在"):
        sqlite_house.backup(tmp_path / "a.tar")

    assert list(tmp_path.glob("*.tar*")) == list(tmp_path.glob(".*partial")) == []


def test_a_damaged_file_is_never_backed_up_as_good(sqlite_house: House, tmp_path: Path) -> None:
    works = sqlite_house.works()
    make.delivery(works)
    next(works.media.folder.glob("*/*")).write_bytes(b"else")

    with pytest.raises(BackupError, match="已损坏"):
        sqlite_house.backup(tmp_path / "a.tar")

    assert list(tmp_path.glob("*.tar")) == []


def test_an_older_backup_of_that_name_stays_until_the_new_one_is_good(
    sqlite_house: House, tmp_path: Path
) -> None:
    works = sqlite_house.works()
    make.delivery(works)
    sqlite_house.backup(tmp_path / "a.tar")
    before = (tmp_path / "a.tar").read_bytes()
    next(works.media.folder.glob("*/*")).unlink()

    with pytest.raises(BackupError):
        sqlite_house.backup(tmp_path / "a.tar")

    assert (tmp_path / "a.tar").read_bytes() == before


def test_a_kill_in_the_middle_leaves_no_half_archive(sqlite_house: House, tmp_path: Path) -> None:
    sqlite_house.works()
    folder = sqlite_house.home / "data" / "targets" / "gate"
    for number in range(FLOOD):
        (folder / f"{number}.bin").write_bytes(os.urandom(1 << 20))
    command = [sys.executable, "-m", "publisher", "--home", str(sqlite_house.home), "backup"]
    archive = tmp_path / "a.tar"

    with subprocess.Popen([*command, str(archive)], stderr=subprocess.DEVNULL) as process:
        while not any(one.stat().st_size > 1 << 20 for one in tmp_path.glob(".*.partial")):
            assert process.poll() is None
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)

    assert not archive.exists()
    sqlite_house.backup(archive)
    assert list(tmp_path.glob(".*.partial")) == []


def test_keeps_the_newest_of_a_folder_and_nothing_else_is_touched(
    sqlite_house: House, tmp_path: Path
) -> None:
    sqlite_house.works()
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "by-hand.tar").touch()

    for day in range(4):
        at = NINE + timedelta(days=day)
        take_into(sqlite_house.settings, folder, keep=2, at=at, progress=silent)

    assert sorted(path.name for path in folder.iterdir()) == [
        "by-hand.tar",
        "yigao-20261126T010000Z.tar",
        "yigao-20261127T010000Z.tar",
    ]


def test_says_which_package_brings_a_program_that_is_missing(
    postgres_house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres_house.works()
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(BackupError, match="postgresql-client"):
        postgres_house.backup(tmp_path / "a.tar")


def test_the_password_never_stands_on_a_command_line(
    postgres_house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres_house.works()
    programs = tmp_path / "programs"
    programs.mkdir()
    spy = programs / "pg_dump"
    spy.write_text('#!/bin/sh\necho "$@" > "$0.said"; echo "$PGPASSWORD" > "$0.knows"; exit 1\n')
    spy.chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    url = make_url(postgres_house.settings.database_url).set(password="open-sesame")
    toml = f'[server]\ndatabase_url = "{url.render_as_string(hide_password=False)}"\n'
    (postgres_house.home / "config" / "publisher.toml").write_text(toml)

    with pytest.raises(BackupError, match="pg_dump 失败"):
        postgres_house.backup(tmp_path / "a.tar")

    assert "open-sesame" not in (programs / "pg_dump.said").read_text()
    assert (programs / "pg_dump.knows").read_text() == "open-sesame\n"


def test_memory_stays_flat_however_large_the_files(sqlite_house: House, tmp_path: Path) -> None:
    sqlite_house.works()
    large = sqlite_house.home / "data" / "targets" / "gate" / "large.bin"
    large.write_bytes(os.urandom(64 << 20))
    tracemalloc.start()

    sqlite_house.backup(tmp_path / "a.tar")

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 << 20
