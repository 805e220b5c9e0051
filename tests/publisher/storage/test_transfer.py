"""Moving the ledger: all of it, proved equal, or nothing."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from sqlalchemy import func, inspect, select, text

from publisher.model.base import Base
from publisher.model.delivery import Attempt, Delivery
from publisher.model.lane import Spent
from publisher.model.note import Note
from publisher.model.target import Target
from publisher.storage import notes, transfer
from publisher.storage.backup.archive import BackupError
from publisher.storage.database import Database, open_database
from publisher.storage.transfer import TransferError
from tests import make
from tests.make import NINE
from tests.postgres import Server


def silent(table: str, rows: int) -> None:
    """Show no progress."""


@pytest.fixture
def source(tmp_path: Path) -> str:
    """A ledger on SQLite with something in every kind of column, and nobody at work."""
    works = make.works(tmp_path, {})
    first = make.delivery(works)
    follower = make.delivery(works, target="wechat")
    with works.database.sessions.begin() as session:
        session.get_one(Delivery, first).after_id = follower  # refers to a later row
        session.add(Attempt(delivery_id=first, step="deliver", started_at=NINE, said="好 ✓ 😀"))
        session.add(Target(name="Gate", checked_at=None, health={"b": 1, "a": {"字": None}}))
        session.add_all(Target(name=name, health={}) for name in ("gate", "wechat", "_x", "中"))
        session.add(Spent(lane="wechat", period="2026-11", sends=3))
        notes.append(session, Note(at=NINE, who="林晓", verb="edit", text="第一次"))
        notes.append(session, Note(at=NINE, who="林晓", verb="edit", text="第二次"))
    works.database.engine.dispose()
    return works.database.engine.url.render_as_string()


def move(source: str, target: str) -> tuple[transfer.Moved, ...]:
    return transfer.transfer(source, target, by="吴凡", at=NINE, progress=silent)


def rows(database: Database) -> int:
    with database.reads() as session:
        return sum(
            session.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
        )


def test_every_table_is_the_same_on_both_sides(source: str, postgres_url: str) -> None:
    before = hashlib.sha256(Path(source.removeprefix("sqlite:///")).read_bytes()).digest()

    moved = move(source, postgres_url)

    assert {one.table for one in moved} == set(Base.metadata.tables)
    assert {one.table: one.rows for one in moved}["delivery"] == 2
    with open_database(postgres_url).reads() as session:
        assert notes.first_broken(session) is None
        assert session.scalars(select(Note.verb).order_by(Note.id)).all()[-1] == "migrate_store"
        assert session.scalars(select(Attempt.said)).one() == "好 ✓ 😀"
    assert hashlib.sha256(Path(source.removeprefix("sqlite:///")).read_bytes()).digest() == before


def test_a_target_without_any_table_is_made_ready(source: str, postgres_server: Server) -> None:
    url = postgres_server.create()
    try:
        moved = move(source, url)

        assert sum(one.rows for one in moved) > 10
    finally:
        postgres_server.drop(url)


def test_ids_go_on_where_they_were(source: str, postgres_url: str, tmp_path: Path) -> None:
    move(source, postgres_url)

    with open_database(postgres_url).sessions.begin() as session:
        assert make.person(session, "周宁").id == 3
        session.add(Attempt(delivery_id=1, step="deliver", started_at=NINE))
        session.flush()
        assert session.scalars(select(Attempt.id)).all() == [1, 2]


def test_a_row_still_cannot_refer_to_none(source: str, postgres_url: str) -> None:
    move(source, postgres_url)

    keys = inspect(open_database(postgres_url).engine).get_foreign_keys("delivery")

    [own] = [key for key in keys if key["referred_table"] == "delivery"]
    assert not own["options"].get("deferrable")


def test_a_target_with_data_is_refused(source: str, postgres_url: str) -> None:
    target = open_database(postgres_url)
    with target.sessions.begin() as session:
        make.person(session, "林晓")
    target.engine.dispose()

    with pytest.raises(TransferError, match="已经有数据"):
        move(source, postgres_url)

    assert rows(target) == 1


def test_a_difference_leaves_the_target_empty(
    source: str, postgres_url: str, tmp_path: Path
) -> None:
    target = open_database(postgres_url)
    with target.sessions.begin() as session:
        session.execute(
            text(
                "CREATE FUNCTION meddle() RETURNS trigger AS $$ BEGIN"
                " NEW.said := 'else'; RETURN NEW; END $$ LANGUAGE plpgsql"
            )
        )
        session.execute(
            text(
                "CREATE TRIGGER meddle BEFORE INSERT ON attempt"
                " FOR EACH ROW EXECUTE FUNCTION meddle()"
            )
        )
    target.engine.dispose()

    with pytest.raises(TransferError, match="attempt 两边不一样（id=1）"):
        move(source, postgres_url)

    assert rows(target) == 0


def test_notes_that_were_tampered_with_are_not_moved(source: str, postgres_url: str) -> None:
    ledger = open_database(source)
    with ledger.sessions.begin() as session:
        session.execute(text("UPDATE note SET text = 'else' WHERE id = 1"))
    ledger.engine.dispose()

    with pytest.raises(TransferError, match="操作记录从第 1 条"):
        move(source, postgres_url)

    assert rows(open_database(postgres_url)) == 0


def test_refuses_while_somebody_has_the_ledger_open(source: str, postgres_url: str) -> None:
    with open_database(source).engine.connect(), pytest.raises(BackupError, match="先停止"):
        move(source, postgres_url)

    assert rows(open_database(postgres_url)) == 0


def test_an_older_schema_is_refused(source: str, postgres_url: str) -> None:
    ledger = open_database(source)
    with ledger.sessions.begin() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    ledger.engine.dispose()

    with pytest.raises(TransferError, match="旧版本"):
        move(source, postgres_url)


@pytest.mark.parametrize("target", ["sqlite:///other.db", "mysql://db/x"])
def test_only_postgresql_is_a_target(source: str, target: str) -> None:
    with pytest.raises(TransferError, match="--to"):
        move(source, target)
