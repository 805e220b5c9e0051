"""What stands in an attachment stops a notice, wherever it is hidden."""

from __future__ import annotations

import dataclasses
from io import BytesIO

import pytest
from openpyxl import Workbook
from PIL import Image

from publisher.errors import NotAllowedError
from publisher.model.item import Medium
from publisher.model.people import Person
from publisher.settings import Screening
from publisher.workflow import attachments, intake
from publisher.workflow.compose import NamedFile
from publisher.workflow.desk import Desk
from tests.make import NINE
from tests.publisher.documents.make import pdf
from tests.publisher.workflow.conftest import Office

MOBILE = "13850012345"


def book(text: str) -> bytes:
    """Return a workbook with the text in a hidden column."""
    made, file = Workbook(), BytesIO()
    sheet = made.active
    assert sheet is not None
    for row in (["部门", "联络员", "备注"], ["教务处", "甲", text]):
        sheet.append(row)
    sheet.column_dimensions["C"].hidden = True
    made.save(file)
    return file.getvalue()


def attach(office: Office, name: str, file: bytes, *, desk: Desk | None = None) -> NamedFile:
    desk = desk or office.desk
    examined = attachments.examine(desk, name=name, file=file)
    with desk.database.sessions.begin() as session:
        person = session.get_one(Person, office.staff["林晓"])
        return intake.attached(session, desk, examined, by=person, at=NINE)


def found(office: Office, item_id: int) -> list[tuple[str, str]]:
    return [(one["rule"], one["action"]) for one in office.item(item_id).edition.findings]


def test_a_number_in_a_hidden_column_of_an_attachment_blocks(office: Office) -> None:
    item_id = office.write(attachments=(attach(office, "名单.xlsx", book(MOBILE)),))

    [one] = [one for one in office.item(item_id).edition.findings if one["rule"] == "mobile"]

    assert one["place"] == "attachments[0] 工作表“Sheet”第 2 行 C 列（隐藏）"
    assert one["message"].startswith("附件“名单.xlsx”工作表“Sheet”第 2 行 C 列（隐藏）有手机号码")
    with pytest.raises(NotAllowedError, match="筛查未通过"):
        office.submit(item_id)


def test_what_was_found_is_kept_without_the_number(office: Office) -> None:
    kept = attach(office, "名单.xlsx", book(MOBILE))

    with office.desk.database.reads() as session:
        medium = session.get_one(Medium, kept.digest)

    assert medium.findings
    assert MOBILE not in str(medium.findings)


def test_a_clean_attachment_passes(office: Office) -> None:
    item_id = office.write(attachments=(attach(office, "表.pdf", pdf("Self-check")),))

    assert "block" not in {action for _, action in found(office, item_id)}
    assert office.submit(item_id).digest


def test_an_attachment_that_cannot_be_read_blocks(office: Office) -> None:
    broken = pdf("Self-check")[:-200]
    item_id = office.write(attachments=(attach(office, "表.pdf", broken),))

    assert ("unreadable", "block") in found(office, item_id)


def test_a_scanned_page_is_shown_to_a_person(office: Office) -> None:
    scan = BytesIO()
    Image.new("RGB", (200, 300), "white").save(scan, "PDF")
    item_id = office.write(attachments=(attach(office, "扫描.pdf", scan.getvalue()),))

    assert ("picture", "warn") in found(office, item_id)


def test_the_number_of_an_office_passes_once_it_is_known(office: Office) -> None:
    kept = attach(office, "名单.xlsx", book(MOBILE))
    known = dataclasses.replace(
        office.desk.settings, screening=Screening(office_numbers=["138 5001 2345"])
    )
    desk = dataclasses.replace(office.desk, settings=known)

    with desk.database.sessions.begin() as session:
        assert attachments.findings(session, desk, kept.digest) == []


def test_a_file_that_was_never_read_is_read_when_it_is_attached(office: Office) -> None:
    kept = attach(office, "名单.xlsx", book(MOBILE))
    with office.desk.database.sessions.begin() as session:
        medium = session.get_one(Medium, kept.digest)
        medium.findings, medium.policy = None, None

    item_id = office.write(attachments=(kept,))

    assert ("mobile", "block") in found(office, item_id)


def test_an_attachment_is_counted_among_the_attachments(office: Office) -> None:
    kept = attach(office, "名单 13850012345.xlsx", book("甲"))
    item_id = office.write(attachments=(kept,))

    places = [one["place"] for one in office.item(item_id).edition.findings]
    assert places[0] == "attachments[0].name"
