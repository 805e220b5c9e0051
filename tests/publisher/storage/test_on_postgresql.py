"""Acts that overlap: each begins while another is under way, on a connection of its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from publisher.channel import Channel
from publisher.errors import InvalidError, NotAllowedError
from publisher.model.delivery import Delivery
from publisher.model.item import Edition, Item, Serial
from publisher.model.note import Note
from publisher.model.people import Person
from publisher.model.review import Verdict
from publisher.model.states import DeliveryState as S
from publisher.model.states import EditionState
from publisher.schedule import plan
from publisher.storage import locks, notes, queries
from publisher.storage.database import Database, open_database
from publisher.storage.shelf import DatabaseShelf
from publisher.workflow import compose, people, review, settle, withdraw
from publisher.workflow.review import Judgement
from tests.make import NINE, FakeChannel
from tests.publisher.workflow.conftest import Office, draft, opened
from tests.threads import at_once, failures

BLOCKED = text(
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
)
Act = Callable[[Session], object]


@pytest.fixture
def database(postgres_url: str) -> Database:
    return open_database(postgres_url)


@pytest.fixture
def office(database: Database, tmp_path: Path) -> Office:
    channels: dict[str, Channel] = {"site": FakeChannel(), "gate": FakeChannel()}
    return opened(database, tmp_path, channels)


def overlapping(database: Database, first: Act, second: Act) -> Exception | None:
    """Let the second act begin when the first is done but not committed; return its failure."""

    def act() -> None:
        with database.sessions.begin() as session:
            second(session)

    with ThreadPoolExecutor(1) as pool:
        with database.sessions.begin() as session:
            first(session)
            session.flush()
            later = pool.submit(act)
            while not later.done() and not _is_blocked(database):
                time.sleep(0.01)
        failure = later.exception()
    assert failure is None or isinstance(failure, Exception)
    return failure


def _is_blocked(database: Database) -> bool:
    with database.reads() as session:
        return bool(session.scalar(BLOCKED))


def person(session: Session, office: Office, name: str) -> Person:
    return session.get_one(Person, office.staff[name])


def judging(office: Office, item_id: int, stage: str, by: str) -> Act:
    def act(session: Session) -> None:
        item = queries.item(session, item_id)  # as the page shows it
        edition = item.edition
        assert edition.reviews is not None
        seen = Judgement(stage=stage, verdict=Verdict.APPROVE, digest=edition.digest or "")
        review.review(session, office.desk, edition, seen, by=person(session, office, by), at=NINE)

    return act


def withdrawing(office: Office, item_id: int) -> Act:
    def act(session: Session) -> None:
        item = queries.item(session, item_id)
        shown = queries.deliveries_of(session, item_id)
        assert shown is not None
        withdraw.withdraw(
            session, office.desk, item, reason="有误", by=person(session, office, "吴凡"), at=NINE
        )

    return act


def settling(office: Office, delivery_id: int) -> Act:
    def act(session: Session) -> None:
        row = queries.delivery(session, delivery_id)
        by = person(session, office, "吴凡")
        seen = settle.Sighting(outcome="delivered", note="看过")
        settle.settle(session, office.desk, row, seen, by=by, at=NINE)

    return act


def noting(item_id: int | None = None) -> Act:
    return lambda session: notes.append(
        session, Note(at=NINE, who="林晓", verb="edit", item_id=item_id)
    )


def sent(office: Office, state: S) -> tuple[int, int]:
    """An approved item; its id, and that of a delivery that stands there."""
    item_id = office.approved(targets=("gate",))
    [row] = office.deliveries(item_id)
    with office.desk.database.sessions.begin() as session:
        session.get_one(Delivery, row.id).state = state
    return item_id, row.id


def states(office: Office, item_id: int) -> set[str]:
    return {row.state for row in office.deliveries(item_id)}


def nearly_approved(office: Office) -> int:
    """An item that waits for its last review."""
    item_id = office.write()
    office.submit(item_id)
    office.review(item_id, "department", "王建国")
    office.review(item_id, "office", "陈敏")
    return item_id


def test_two_notes_share_no_predecessor(database: Database) -> None:
    failure = overlapping(database, noting(), noting())

    assert failure is None
    with database.reads() as session:
        assert session.query(Note).count() == 2
        assert notes.first_broken(session) is None


def test_two_last_approvals_plan_once(office: Office) -> None:
    item_id = nearly_approved(office)

    failure = overlapping(
        office.desk.database,
        judging(office, item_id, "secrecy", "郑涛"),
        judging(office, item_id, "secrecy", "全能"),
    )

    assert isinstance(failure, NotAllowedError)
    assert len(office.deliveries(item_id)) == 2


def test_a_withdrawal_stops_what_is_being_approved(office: Office) -> None:
    item_id = nearly_approved(office)

    failure = overlapping(
        office.desk.database,
        judging(office, item_id, "secrecy", "郑涛"),
        withdrawing(office, item_id),
    )

    assert failure is None
    assert states(office, item_id) == {S.CANCELLED}


def test_nothing_is_approved_that_is_being_withdrawn(office: Office) -> None:
    item_id = nearly_approved(office)

    failure = overlapping(
        office.desk.database,
        withdrawing(office, item_id),
        judging(office, item_id, "secrecy", "郑涛"),
    )

    assert isinstance(failure, NotAllowedError)
    assert office.deliveries(item_id) == []


def test_an_edit_stops_what_is_being_approved(office: Office) -> None:
    item_id = nearly_approved(office)

    def edit(session: Session) -> None:
        item, by = queries.item(session, item_id), person(session, office, "林晓")
        compose.edit(session, office.desk, item, draft(title="改过"), by=by, at=NINE)

    failure = overlapping(office.desk.database, judging(office, item_id, "secrecy", "郑涛"), edit)

    assert failure is None
    assert states(office, item_id) == {S.CANCELLED}
    assert office.item(item_id).edition.state == EditionState.DRAFT


def test_a_withdrawal_takes_down_what_is_being_recorded(office: Office) -> None:
    item_id, delivery_id = sent(office, S.SENDING)

    def record(session: Session) -> None:
        assert [item.withdrawn_at for item in locks.items_stay(session, [item_id])] == [None]
        session.get_one(Delivery, delivery_id).move(S.ACCEPTED)

    failure = overlapping(office.desk.database, record, withdrawing(office, item_id))

    assert failure is None
    assert states(office, item_id) == {S.WITHDRAWING}


def test_a_record_sees_the_withdrawal_that_is_under_way(office: Office) -> None:
    item_id, _ = sent(office, S.SENDING)
    seen: list[bool] = []

    def record(session: Session) -> None:
        read_before = session.get_one(Item, item_id)
        assert read_before.withdrawn_at is None
        seen.extend(i.withdrawn_at is not None for i in locks.items_stay(session, [item_id]))

    failure = overlapping(office.desk.database, withdrawing(office, item_id), record)

    assert failure is None
    assert seen == [True]


def test_a_withdrawal_takes_down_what_is_being_settled(office: Office) -> None:
    item_id, delivery_id = sent(office, S.UNCONFIRMED)

    failure = overlapping(
        office.desk.database, settling(office, delivery_id), withdrawing(office, item_id)
    )

    assert failure is None
    assert states(office, item_id) == {S.WITHDRAWING}


def test_two_settle_once(office: Office) -> None:
    item_id, delivery_id = sent(office, S.UNCONFIRMED)

    failure = overlapping(
        office.desk.database, settling(office, delivery_id), settling(office, delivery_id)
    )

    assert isinstance(failure, NotAllowedError)
    assert states(office, item_id) == {S.CONFIRMED}


def test_nobody_settles_what_a_look_has_settled_meanwhile(office: Office) -> None:
    _, delivery_id = sent(office, S.UNCONFIRMED)

    def look(session: Session) -> None:
        session.get_one(Delivery, delivery_id).settle(S.CONFIRMED, at=NINE)

    failure = overlapping(office.desk.database, look, settling(office, delivery_id))

    assert isinstance(failure, NotAllowedError)


def test_two_retries_plan_once(office: Office) -> None:
    _, delivery_id = sent(office, S.FAILED)

    def retry(session: Session) -> None:
        row, by = queries.delivery(session, delivery_id), person(session, office, "吴凡")
        settle.retry(session, office.desk, row, by=by, at=NINE)

    failure = overlapping(office.desk.database, retry, retry)

    assert isinstance(failure, NotAllowedError)


def test_a_note_about_an_item_waits_for_nobody_who_acts_on_it(office: Office) -> None:
    item_id = office.write()

    with office.desk.database.sessions.begin() as session:
        locks.item(session, item_id)
        session.get_one(Item, item_id).withdrawal_reason = "有误"
        session.flush()
        with office.desk.database.sessions.begin() as other:
            other.execute(text("SET LOCAL lock_timeout = '2s'"))
            noting(item_id)(other)
        noting(item_id)(session)

    with office.desk.database.reads() as session:
        assert notes.first_broken(session) is None


def test_two_submissions_of_one_item_submit_once(office: Office) -> None:
    item_id = office.write()

    results = at_once(*[lambda: office.submit(item_id)] * 2)

    assert [type(failure) for failure in failures(results)] == [NotAllowedError]
    assert office.item(item_id).edition.state == EditionState.IN_REVIEW


def test_submissions_at_once_get_numbers_of_their_own(office: Office) -> None:
    items = [office.write() for _ in range(6)]

    results = at_once(*[lambda item_id=item_id: office.submit(item_id) for item_id in items])

    assert failures(results) == []
    assert len({office.item(item_id).index_number for item_id in items}) == 6


def test_two_who_begin_a_series_count_on(database: Database) -> None:
    def count(session: Session) -> None:
        locks.row(session, Serial(series="2026", last=0)).last += 1

    failure = overlapping(database, count, count)

    assert failure is None
    with database.reads() as session:
        assert session.scalars(select(Serial.last)).all() == [2]


def test_two_who_plan_make_one_delivery_each(office: Office) -> None:
    item_id = office.approved()

    def plan_again(session: Session) -> None:
        edition: Edition = queries.item(session, item_id).edition
        limits = office.desk.settings.delivery
        plan.plan(session, edition, channels=office.desk.channels, limits=limits, at=NINE)

    with office.desk.database.sessions.begin() as session:
        for row in queries.deliveries_of(session, item_id):
            session.delete(row)
    failure = overlapping(office.desk.database, plan_again, plan_again)

    assert failure is None
    assert len(office.deliveries(item_id)) == 2


def test_the_same_file_from_two_is_kept_once(office: Office) -> None:
    def upload(session: Session) -> None:
        by = person(session, office, "林晓")
        compose.store(
            session, office.desk, name="a.png", file=b"png", media_type="image/png", by=by, at=NINE
        )

    failure = overlapping(office.desk.database, upload, upload)

    assert failure is None


def test_two_people_cannot_take_one_name(office: Office) -> None:
    def add(session: Session) -> None:
        people.add(session, "孙杰", roles=("author",), password=None, at=NINE)

    failure = overlapping(office.desk.database, add, add)

    assert isinstance(failure, InvalidError)


def test_a_lock_of_the_shelf_keeps_another_process_out(postgres_url: str) -> None:
    shelves = [
        DatabaseShelf(sessions=open_database(postgres_url).sessions, name="wechat")
        for _ in range(3)
    ]
    inside, most = [0], [0]

    def work(shelf: DatabaseShelf) -> None:
        with shelf.lock("token"):
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            time.sleep(0.02)
            inside[0] -= 1

    results = at_once(*[lambda shelf=shelf: work(shelf) for shelf in shelves])

    assert failures(results) == []
    assert most == [1]
