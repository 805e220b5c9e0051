"""Putting a backup back: all of it or nothing, and nothing of what was there is deleted."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from sqlalchemy import Connection, Engine, inspect, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from publisher import settings
from publisher.model.item import Item
from publisher.model.people import Person
from publisher.settings import Settings
from publisher.storage.backup import exchange, postgres, reconcile, sqlite
from publisher.storage.backup.archive import BackupError, Manifest, Progress, unpack
from publisher.storage.backup.check import DATABASE, check
from publisher.storage.backup.reconcile import Reconciled
from publisher.storage.database import knows, migrate, open_database, upgrade

ASIDE = "before-{:%Y%m%dT%H%M%SZ}"
NUMBERED = ("item", "delivery", "bundle")  # outlets and programs know their ids
IDS_AHEAD = 100_000  # an outlet would take a new delivery with an old id for the old one
OURS = ("media", "targets")  # of data/, beside the database; the rest is carried over


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What became of it."""

    manifest: Manifest
    reconciled: Reconciled
    aside: str  # where the data is that was there before; "": there was none
    secrets_missing: bool  # config/ came from the backup, which has no secrets


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be put back, and in whose name."""

    archive: Path
    home: Path
    replaces: bool  # data that is there is moved aside
    by: str
    at: datetime


def restore(order: Order, *, progress: Progress) -> Restored:
    """Verify, prepare everything beside the present data, and exchange the two in one step.

    BackupError where it cannot be; then nothing has changed.
    """
    home = order.home
    home.mkdir(parents=True, exist_ok=True)
    if (home / "config").is_dir():  # say no before unpacking gigabytes
        _require_free(settings.load(home, with_targets=False), order)
    scratch = Path(tempfile.mkdtemp(dir=home, prefix=".restore-"))
    try:
        return _restore(order, scratch, progress=progress)
    except (OSError, SQLAlchemyError, psycopg.Error) as error:
        raise BackupError(f"没有恢复，原来的数据没有动：{error}") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _restore(order: Order, scratch: Path, *, progress: Progress) -> Restored:
    manifest = unpack(order.archive, scratch, wants=lambda name: True, progress=progress)
    progress("核对数据库", 0)
    check(manifest, scratch)
    if not knows(manifest.revision):
        raise BackupError(f"备份来自更新的版本（{manifest.revision}），请先升级本程序")
    had_config = (order.home / "config").is_dir()
    planned = settings.load(order.home if had_config else scratch, with_targets=False)
    backend = make_url(planned.database_url).get_backend_name()
    if backend != manifest.backend:
        raise BackupError(
            f"备份的数据库是 {manifest.backend}，config/publisher.toml 里的 database_url "
            f"是 {backend}，请先改成一样的"
        )
    fresh = scratch / "data"
    fresh.mkdir()
    for name in OURS:
        if (scratch / name).is_dir():
            (scratch / name).rename(fresh / name)
    put = _sqlite if backend == "sqlite" else _postgresql
    reconciled, aside = put(order, manifest, scratch, look_up=_look_up(planned))
    return Restored(
        manifest=manifest,
        reconciled=reconciled,
        aside=aside,
        secrets_missing=not had_config,
    )


def _look_up(planned: Settings) -> timedelta:
    return timedelta(hours=planned.delivery.look_up_h)


def _require_free(present: Settings, order: Order) -> None:
    """Refuse where somebody is at work, and where there is data that nobody said to replace."""
    url = make_url(present.database_url)
    if url.get_backend_name() == "sqlite":
        path = Path(url.database or "")
        if not path.is_relative_to(present.data.absolute()):
            raise BackupError(f"数据库 {path} 不在 {present.data} 里，不能自动恢复")
        if not path.exists():
            return
        with sqlite.alone(path):
            pass
    engine = open_database(present.database_url).engine
    try:
        if engine.dialect.name == "postgresql":
            with engine.connect() as connection:
                postgres.alone(connection)
        if _has_data(engine) and not order.replaces:
            raise BackupError(
                f"{order.home} 里已经有数据；确实要换成备份里的，请加 --replace，"
                "原来的会移到旁边，不会删除"
            )
    finally:
        engine.dispose()


def _has_data(engine: Engine) -> bool:
    with engine.connect() as connection:
        there = inspect(connection).get_table_names()
        return any(
            kind.__tablename__ in there and connection.scalar(select(kind.id).limit(1)) is not None
            for kind in (Item, Person)
        )


def _sqlite(
    order: Order, manifest: Manifest, scratch: Path, *, look_up: timedelta
) -> tuple[Reconciled, str]:
    """Make the new data folder whole, database and all, and exchange it for the old one."""
    home = order.home
    copied = scratch / DATABASE["sqlite"]
    database = open_database(f"sqlite:///{copied}")
    migrate(database.engine)
    database.engine.dispose()
    sqlite.skip_ids(copied, NUMBERED, ahead=IDS_AHEAD)
    with database.sessions.begin() as session:
        found = _reconcile(session, order, manifest, look_up=look_up)
    database.engine.dispose()
    with closing(sqlite3.connect(copied)) as whole:
        whole.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        whole.execute("PRAGMA journal_mode = DELETE")
    sqlite.check(copied)
    _complete_config(scratch, home)
    present = settings.load(home, with_targets=False)
    place = Path(make_url(present.database_url).database or "")
    inside = place.relative_to(present.data.absolute())
    (scratch / "data" / inside).parent.mkdir(parents=True, exist_ok=True)
    copied.rename(scratch / "data" / inside)
    _carry_over(home / "data", scratch / "data", but={inside.parts[0]})
    os.sync()
    _require_free(present, order)
    return found, str(_exchange(order, scratch) or "")


def _reconcile(
    session: Session, order: Order, manifest: Manifest, *, look_up: timedelta
) -> Reconciled:
    return reconcile.reconcile(
        session, taken_at=manifest.taken_at, by=order.by, at=order.at, look_up=look_up
    )


def _postgresql(
    order: Order, manifest: Manifest, scratch: Path, *, look_up: timedelta
) -> tuple[Reconciled, str]:
    """Load, mark and exchange inside one transaction, whose end is the moment of the restore.

    A process that dies between the exchange of the folders and that end leaves the old database
    with all its files: those of the old folder are linked into the new one.
    """
    home = order.home
    _complete_config(scratch, home)
    present = settings.load(home, with_targets=False)
    schema = ASIDE.format(order.at.astimezone(UTC)).replace("-", "_").lower()
    engine = open_database(present.database_url).engine
    with engine.connect() as connection:
        transaction = connection.begin()
        postgres.alone(connection)
        postgres.load(_raw(connection), scratch / DATABASE["postgresql"], aside=schema)
        upgrade(connection)
        postgres.skip_ids(connection, NUMBERED, ahead=IDS_AHEAD)
        found = _reconcile(Session(connection), order, manifest, look_up=look_up)
        _carry_over(home / "data", scratch / "data", but=set())
        _link_media(home / "data" / "media", scratch / "data" / "media")
        os.sync()
        aside = _exchange(order, scratch)
        try:
            transaction.commit()
        except SQLAlchemyError:
            _take_back(order, scratch, aside)
            raise
    engine.dispose()
    return found, f"{aside or ''} 和数据库里的 {schema}".lstrip()


def _raw(connection: Connection) -> psycopg.Connection:
    raw = connection.connection.dbapi_connection
    assert isinstance(raw, psycopg.Connection)
    return raw


def _link_media(old: Path, new: Path) -> None:
    for path in old.rglob("*"):
        to = new / path.relative_to(old)
        if path.is_file() and not to.exists():
            to.parent.mkdir(parents=True, exist_ok=True)
            os.link(path, to)


def _complete_config(scratch: Path, home: Path) -> None:
    """Put the settings of the backup where there are none; those that are there stay."""
    for path in sorted((scratch / "config").rglob("*")):
        to = home / "config" / path.relative_to(scratch / "config")
        if path.is_file() and not to.exists():
            to.parent.mkdir(parents=True, exist_ok=True)
            path.rename(to)


def _carry_over(old: Path, new: Path, *, but: set[str]) -> None:
    """Copy what is beside our own things in data/: practice outlets, the demo's passwords."""
    if not old.is_dir():
        return
    for path in old.iterdir():
        is_database = any(path.name.startswith(name) for name in but)  # -wal, -shm too
        if path.name in OURS or is_database:
            continue
        if path.is_dir():
            shutil.copytree(path, new / path.name, symlinks=True)
        else:
            shutil.copy2(path, new / path.name)


def _exchange(order: Order, scratch: Path) -> Path | None:
    """Put the new data folder in place; return where the old one is, None where there was none.

    The old folder is never where the scratch folder is, which is removed in the end.
    """
    place, fresh = order.home / "data", scratch / "data"
    aside = order.home / f"data.{ASIDE.format(order.at.astimezone(UTC))}"
    if not place.exists():
        fresh.rename(place)
        return None
    fresh.rename(aside)
    try:
        exchange.swap(aside, place)
    except OSError:
        aside.rename(fresh)
        raise
    return aside


def _take_back(order: Order, scratch: Path, aside: Path | None) -> None:
    """Undo the exchange."""
    place = order.home / "data"
    if aside is None:
        place.rename(scratch / "data")
        return
    exchange.swap(aside, place)
    aside.rename(scratch / "data")
