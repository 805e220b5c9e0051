"""The printable record of a review: what is on it, who may have it, and that it stays the same."""

from __future__ import annotations

import io

import pytest
from pypdf import PdfReader

from publisher.errors import NotAllowedError
from publisher.storage import notes, queries
from publisher.workflow import record
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
