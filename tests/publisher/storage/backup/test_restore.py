"""A restore is whole or not at all, and what may have gone out since is looked up first."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, text

from publisher.channel import Finds, Receipt, Rendition
from publisher.delivery import confirm, worker
from publisher.delivery.works import Works
from publisher.errors import UnknownOutcomeError
from publisher.model.alarm import Alarm
from publisher.model.delivery import Delivery
from publisher.model.note import Note
from publisher.model.people import SignIn
from publisher.model.states import DeliveryState as S
from publisher.model.target import Pause
from publisher.storage import notes
from publisher.storage.backup import exchange
from publisher.storage.backup.archive import BackupError
from publisher.storage.backup.restore import IDS_AHEAD
from publisher.wakeups import schema
from tests import make
from tests.make import NINE, Board
from tests.publisher.storage.backup.house import House, build

WAKE_UP = "INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('send', 'x')"
TEN = NINE + timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Wall(Board, Finds):
    """An outlet on which a delivery is found by its key."""

    def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
        super().deliver(rendition, key=key)
        self.public.append(key)
        return Receipt(remote_id=key)

    def find(self, rendition: Rendition, *, key: str) -> Receipt | None:
        return Receipt(remote_id=key) if key in self.public else None


def state(works: Works, number: int) -> Delivery:
    return make.stored(works, number)


def resume(works: Works) -> None:
    with works.database.sessions.begin() as session:
        session.execute(delete(Pause))


def an_hour(works: Works, *, begins: datetime) -> None:
    """Let time work on the gate for an hour."""
    for minute in range(60):
        moment = begins + timedelta(minutes=minute)
        worker.run_lane(works, "gate", now=partial(as_it_is, moment))
        confirm.run_target(works, "gate", now=partial(as_it_is, moment))


def as_it_is(moment: datetime) -> datetime:
    return moment


def put_back(house: House, archive: Path, works: Works, **changes: Any) -> Works:
    """Restore, and open the installation again with the same outlets."""
    works.database.engine.dispose()
    house.restore(archive, at=TEN, **changes)
    return house.works(dict(works.channels))


def test_what_was_sent_after_the_backup_is_not_sent_again(house: House, tmp_path: Path) -> None:
    wall = Wall()
    works = house.works({"gate": wall})
    sent = make.delivery(works)
    house.backup(tmp_path / "a.tar")
    worker.run_lane(works, "gate", now=lambda: NINE)

    works = put_back(house, tmp_path / "a.tar", works)
    resume(works)
    an_hour(works, begins=TEN)

    assert len(wall.sent) == 1
    assert state(works, sent).state == S.CONFIRMED


def test_what_was_not_sent_is_sent_after_two_looks(house: House, tmp_path: Path) -> None:
    wall = Wall()
    works = house.works({"gate": wall})
    planned = make.delivery(works)
    house.backup(tmp_path / "a.tar")

    works = put_back(house, tmp_path / "a.tar", works)
    resume(works)
    worker.run_lane(works, "gate", now=lambda: TEN)
    before = list(wall.sent)
    an_hour(works, begins=TEN)

    assert before == []
    assert len(wall.sent) == 1
    row = state(works, planned)
    assert row.state == S.CONFIRMED
    assert [seen.found for seen in row.observations] == ["absent", "absent", "present"]


def test_what_is_due_tomorrow_is_sent_tomorrow(house: House, tmp_path: Path) -> None:
    wall = Wall()
    works = house.works({"gate": wall})
    tomorrow = NINE + timedelta(days=1)
    planned = make.delivery(works, due_at=tomorrow, not_after=tomorrow + timedelta(hours=1))
    house.backup(tmp_path / "a.tar")

    works = put_back(house, tmp_path / "a.tar", works)
    resume(works)
    an_hour(works, begins=TEN)

    assert wall.sent == []
    row = state(works, planned)
    assert (row.state, row.due_at, row.is_restored) == (S.PLANNED, tomorrow, False)


def test_an_outlet_that_cannot_be_searched_is_left_to_a_person(
    house: House, tmp_path: Path
) -> None:
    board = Board()
    works = house.works({"gate": board})
    planned = make.delivery(works)
    house.backup(tmp_path / "a.tar")

    works = put_back(house, tmp_path / "a.tar", works)
    resume(works)
    an_hour(works, begins=TEN)

    assert board.sent == []
    assert state(works, planned).state == S.UNCONFIRMED


def test_nothing_is_sent_until_a_person_resumes(house: House, tmp_path: Path) -> None:
    wall = Wall()
    works = house.works({"gate": wall})
    make.delivery(works)
    house.backup(tmp_path / "a.tar")

    works = put_back(house, tmp_path / "a.tar", works)
    an_hour(works, begins=TEN)

    assert wall.sent == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (S.PLANNED, S.UNCONFIRMED),
        (S.SENDING, S.UNCONFIRMED),
        (S.UNCONFIRMED, S.UNCONFIRMED),
        (S.ACCEPTED, S.ACCEPTED),
        (S.FAILED, S.FAILED),
        (S.MISSED, S.MISSED),
    ],
)
def test_whatever_could_have_gone_out_is_marked(
    sqlite_house: House, tmp_path: Path, before: S, after: S
) -> None:
    works = sqlite_house.works()
    lease: dict[str, Any] = {"lease_owner": "w1", "lease_until": NINE, "absent_at": NINE}
    number = make.delivery(works, state=before, fence=5, checks=3, **lease)
    sqlite_house.backup(tmp_path / "a.tar")

    works = put_back(sqlite_house, tmp_path / "a.tar", works)

    row = state(works, number)
    assert (row.state, row.is_restored, row.fence) == (after, True, 6)
    if after in (S.UNCONFIRMED, S.ACCEPTED):
        assert (row.lease_owner, row.lease_until, row.absent_at, row.checks) == (
            None,
            None,
            None,
            0,
        )
        assert (row.check_at, row.deadline_at) == (TEN, TEN + timedelta(hours=24))


@pytest.mark.parametrize("final", [S.CONFIRMED, S.CANCELLED, S.WITHDRAWN, S.EXPIRED])
def test_what_cannot_go_out_any_more_stays_as_it_was(
    sqlite_house: House, tmp_path: Path, final: S
) -> None:
    works = sqlite_house.works()
    number = make.delivery(works, state=final, fence=5)
    sqlite_house.backup(tmp_path / "a.tar")

    works = put_back(sqlite_house, tmp_path / "a.tar", works)

    row = state(works, number)
    assert (row.state, row.is_restored, row.fence) == (final, False, 5)


def test_people_are_told_and_sign_in_anew(house: House, tmp_path: Path) -> None:
    works = house.works()
    with works.database.sessions.begin() as session:
        person = make.person(session, "林晓")
        edition = make.edition(session, state="in_review", title="待审的通知")
        session.add(SignIn(person_id=person.id, digest="0" * 64, created_at=NINE, ends_at=TEN))
        item = edition.item_id
    house.backup(tmp_path / "a.tar")
    works.database.engine.dispose()

    done = house.restore(tmp_path / "a.tar", at=TEN)

    assert done.reconciled.in_review == ((item, "待审的通知"),)
    with house.works().database.reads() as session:
        assert session.scalars(select(SignIn.ended_at)).one() == TEN
        assert "重新撤回" in session.scalars(select(Alarm.text)).one()
        note = session.scalars(select(Note)).one()
        assert (note.who, note.verb) == ("吴凡", "restore")
        assert notes.first_broken(session) is None
        assert session.scalars(select(Pause.scope)).all() == ["everything"]


def test_an_id_that_an_outlet_may_know_is_never_given_out_again(
    house: House, tmp_path: Path
) -> None:
    works = house.works()
    last = make.delivery(works)
    house.backup(tmp_path / "a.tar")

    works = put_back(house, tmp_path / "a.tar", works)

    with works.database.sessions.begin() as session:
        edition = make.edition(session, created_by=make.person(session, "周宁"))
        made = make.delivery_of(session, works, edition, target="gate")
        assert made.id > last + IDS_AHEAD
        assert made.item_id > IDS_AHEAD


def test_the_old_data_is_moved_aside_and_never_deleted(house: House, tmp_path: Path) -> None:
    works = house.works()
    make.delivery(works)
    house.backup(tmp_path / "a.tar")
    later = house.home / "data" / "targets" / "gate" / "later.html"
    later.write_text("later")
    works.database.engine.dispose()

    done = house.restore(tmp_path / "a.tar", at=TEN)

    [aside] = house.home.glob("data.before-*")
    assert str(aside) in done.aside
    assert (aside / "targets" / "gate" / "later.html").read_text() == "later"
    assert not later.exists()
    assert (house.home / "data" / "targets" / "gate" / "index.html").exists()
    with closing(sqlite3.connect(later.with_name("own.sqlite3"))) as own:
        assert own.execute("SELECT key FROM sent").fetchall() == [("delivery-1",)]


def test_the_old_ledger_on_postgresql_stays_beside_the_new_one(
    postgres_house: House, tmp_path: Path
) -> None:
    works = postgres_house.works()
    make.delivery(works)
    postgres_house.backup(tmp_path / "a.tar")
    make.delivery(works, target="hall")

    works = put_back(postgres_house, tmp_path / "a.tar", works)

    with works.database.reads() as session:
        assert session.scalars(select(Delivery.target)).all() == ["gate"]
        old = session.scalars(text("SELECT target FROM before_20261124t020000z.delivery"))
        assert sorted(old) == ["gate", "hall"]


def test_a_restored_ledger_has_its_engine_and_no_old_wake_up(
    postgres_house: House, tmp_path: Path
) -> None:
    works = postgres_house.works()
    schema.install(works.database.engine)
    with works.database.sessions.begin() as session:
        session.execute(text(WAKE_UP))
    postgres_house.backup(tmp_path / "a.tar")

    works = put_back(postgres_house, tmp_path / "a.tar", works)

    schema.install(works.database.engine)
    with works.database.sessions.begin() as session:
        assert session.scalars(text("SELECT id FROM procrastinate_jobs")).all() == []
        session.execute(text(WAKE_UP))


def test_data_is_replaced_only_where_somebody_said_so(house: House, tmp_path: Path) -> None:
    works = house.works()
    number = make.delivery(works)
    house.backup(tmp_path / "a.tar")
    works.database.engine.dispose()

    with pytest.raises(BackupError, match="--replace"):
        house.restore(tmp_path / "a.tar", at=TEN, replaces=False)

    assert state(house.works(), number).state == S.PLANNED


def test_refuses_while_somebody_has_the_ledger_open(house: House, tmp_path: Path) -> None:
    works = house.works()
    number = make.delivery(works)
    house.backup(tmp_path / "a.tar")

    with works.database.engine.connect(), pytest.raises(BackupError, match="先停止"):
        house.restore(tmp_path / "a.tar", at=TEN)

    assert state(works, number).state == S.PLANNED


def test_an_empty_folder_becomes_an_installation_that_lacks_only_its_secrets(
    sqlite_house: House, tmp_path: Path
) -> None:
    works = sqlite_house.works()
    number = make.delivery(works)
    sqlite_house.backup(tmp_path / "a.tar")
    elsewhere = House(tmp_path / "elsewhere")

    done = elsewhere.restore(tmp_path / "a.tar", at=TEN, replaces=False)

    assert (done.aside, done.secrets_missing) == ("", True)
    assert not (elsewhere.home / "config" / "secrets").exists()
    assert "[gate]" in (elsewhere.home / "config" / "targets.toml").read_text()
    restored = elsewhere.works()
    assert restored.media.read(state(restored, number).rendition.body_digest) == make.PLAIN.body


def test_settings_that_are_there_stay(sqlite_house: House, tmp_path: Path) -> None:
    works = sqlite_house.works()
    sqlite_house.backup(tmp_path / "a.tar")
    targets = sqlite_house.home / "config" / "targets.toml"
    targets.write_text("# newer\n")

    put_back(sqlite_house, tmp_path / "a.tar", works)

    assert targets.read_text() == "# newer\n"
    assert (sqlite_house.home / "config" / "secrets" / "wechat").exists()


def test_practice_outlets_are_the_world_and_stay_as_they_are(
    sqlite_house: House, tmp_path: Path
) -> None:
    works = sqlite_house.works()
    practice = sqlite_house.home / "data" / "rehearsal" / "posts"
    practice.parent.mkdir()
    practice.write_text("old")
    sqlite_house.backup(tmp_path / "a.tar")
    practice.write_text("new")

    put_back(sqlite_house, tmp_path / "a.tar", works)

    assert practice.read_text() == "new"


def test_a_backup_of_another_kind_of_database_is_refused(
    sqlite_house: House, postgres_url: str, tmp_path: Path
) -> None:
    sqlite_house.works()
    sqlite_house.backup(tmp_path / "a.tar")
    other = build(tmp_path / "other", postgres_url)

    with pytest.raises(BackupError, match="database_url"):
        other.restore(tmp_path / "a.tar", at=TEN)


def test_a_backup_of_a_newer_version_is_refused(sqlite_house: House, tmp_path: Path) -> None:
    works = sqlite_house.works()
    with works.database.sessions.begin() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    sqlite_house.backup(tmp_path / "a.tar")
    works.database.engine.dispose()

    with pytest.raises(BackupError, match="先升级"):
        sqlite_house.restore(tmp_path / "a.tar", at=TEN)


def test_a_kill_in_the_middle_leaves_the_old_data_usable(
    sqlite_house: House, tmp_path: Path
) -> None:
    works = sqlite_house.works()
    number = make.delivery(works)
    folder = sqlite_house.home / "data" / "targets" / "gate"
    for part in range(100):
        (folder / f"{part}.bin").write_bytes(os.urandom(1 << 20))
    sqlite_house.backup(tmp_path / "a.tar")
    works.database.engine.dispose()
    home = str(sqlite_house.home)
    command = [sys.executable, "-m", "publisher", "--home", home, "restore", "--replace"]

    with subprocess.Popen([*command, str(tmp_path / "a.tar")]) as process:
        while not list(sqlite_house.home.glob(".restore-*/targets/gate/5*.bin")):
            assert process.poll() is None
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)

    row = state(sqlite_house.works(), number)
    assert (row.state, row.is_restored) == (S.PLANNED, False)
    assert len(list(folder.glob("*.bin"))) == 100


def test_a_disk_that_is_full_leaves_the_old_data_in_place(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    works = house.works()
    number = make.delivery(works)
    house.backup(tmp_path / "a.tar")
    works.database.engine.dispose()

    def full(one: Path, other: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exchange, "swap", full)
    with pytest.raises(BackupError, match="没有动"):
        house.restore(tmp_path / "a.tar", at=TEN)

    row = state(house.works(), number)
    assert (row.state, row.is_restored) == (S.PLANNED, False)
    assert sorted(path.name for path in house.home.iterdir()) == ["config", "data"]


@pytest.mark.parametrize("swap", [exchange.swap, exchange._in_two_steps])
def test_two_folders_get_each_others_names(tmp_path: Path, swap: Any) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()

    swap(tmp_path / "one", tmp_path / "other")

    assert (tmp_path / "one" / "other").exists()
    assert (tmp_path / "other" / "one").exists()


def test_an_unclear_look_is_no_absence(sqlite_house: House, tmp_path: Path) -> None:
    class Fog(Wall):
        def find(self, rendition: Rendition, *, key: str) -> Receipt | None:
            raise UnknownOutcomeError("fog")

    fog = Fog()
    works = sqlite_house.works({"gate": fog})
    number = make.delivery(works)
    sqlite_house.backup(tmp_path / "a.tar")

    works = put_back(sqlite_house, tmp_path / "a.tar", works)
    resume(works)
    an_hour(works, begins=TEN)

    assert fog.sent == []
    assert state(works, number).state == S.UNCONFIRMED
