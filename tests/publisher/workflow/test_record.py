"""The printable record of a review: what is on it, who may have it, and that it stays the same."""

from __future__ import annotations

import io

import pytest
from pypdf import PdfReader

from publisher.errors import NotAllowedError
from publisher.model.people import Person
from publisher.storage import notes, queries
from publisher.workflow import people, record, review
from tests.make import NINE
from tests.publisher.workflow.conftest import Office


def made(office: Office, item_id: int, by: str = "林晓") -> bytes:
    with office.desk.database.reads() as session:
        edition_id = queries.item(session, item_id).edition.id
    return record.make(office.desk, edition_id, by=office.staff[by], at=NINE).file


def words(file: bytes) -> str:
    return "".join(
        "".join(page.extract_text() for page in PdfReader(io.BytesIO(file)).pages).split()
    )


def test_says_what_was_approved_by_whom(office: Office) -> None:
    item_id = office.write(title="停水通知", department="后勤管理处")
    digest = office.submit(item_id).digest or ""
    office.review(item_id, "department", "王建国", opinion="属实")

    said = words(made(office, item_id))

    for fact in ("停水通知", "后勤管理处", "林晓", "王建国", "属实", "通过", digest, "含个人信息"):
        assert fact in said


def test_the_same_state_gives_the_same_bytes(office: Office) -> None:
    item_id = office.write()
    office.submit(item_id)

    assert made(office, item_id) == made(office, item_id)


def test_each_making_is_noted(office: Office) -> None:
    item_id = office.write()
    office.submit(item_id)

    made(office, item_id)

    with office.desk.database.reads() as session:
        last = notes.last(session)
    assert last is not None
    assert (last.who, last.verb, last.item_id) == ("林晓", "record", item_id)


def test_a_draft_has_none(office: Office) -> None:
    item_id = office.write()

    with pytest.raises(NotAllowedError, match="还没有提交送审"):
        made(office, item_id)


def test_a_long_record_has_more_pages_and_numbers_them(office: Office) -> None:
    item_id = office.write()
    office.submit(item_id)
    office.review(item_id, "department", "王建国", opinion="请注意核对。" * 330)

    file = made(office, item_id)

    assert len(PdfReader(io.BytesIO(file)).pages) > 1
    assert "第2页，共" in words(file)


def test_the_stages_that_are_to_come_are_those_of_its_chain(office: Office) -> None:
    item_id = office.write()
    office.submit(item_id)
    office.review(item_id, "department", "王建国")

    said = words(made(office, item_id))

    assert said.index("部门审核") < said.index("办公室审核") < said.index("保密审查")


def test_an_emergency_that_is_out_says_who_let_it_out_and_what_is_missing(office: Office) -> None:
    item_id = office.write(title="台风停课通知", urgency="emergency")
    digest = office.submit(item_id).digest or ""
    with office.desk.database.sessions.begin() as session:
        person = session.get_one(Person, office.staff["陈敏"])
        edition = queries.item(session, item_id).edition
        review.expedite(
            session, office.desk, edition, digest=digest, reason="红色预警", by=person, at=NINE
        )

    said = words(made(office, item_id))

    assert "特急先发后审，陈敏" in said
    assert "红色预警" in said
    assert "部门审核" in said


def test_who_neither_wrote_nor_reviews_nor_audits_has_none(office: Office) -> None:
    item_id = office.write()
    office.submit(item_id)
    with office.desk.database.sessions.begin() as session:
        other = people.add(session, "何静", roles=("author",), password=None, at=NINE)
        office.staff["何静"] = other.id

    with pytest.raises(NotAllowedError, match="审核记录只给"):
        made(office, item_id, by="何静")
    assert made(office, item_id, by="赵琳").startswith(b"%PDF")
