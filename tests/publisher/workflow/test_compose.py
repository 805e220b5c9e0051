from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from publisher.errors import InvalidError, NotAllowedError
from publisher.model.item import Item
from publisher.storage import queries
from publisher.workflow import withdraw
from publisher.workflow.compose import NamedFile
from tests.make import NINE
from tests.publisher.workflow.conftest import Office

ID_NUMBER = "11010519491231002X"  # the example of GB 11643


def take_back(office: Office, item_id: int) -> None:
    with office.desk.database.sessions.begin() as session:
        item = session.get_one(Item, item_id)
        withdraw.withdraw(session, office.desk, item, reason="有误", by=item.created_by, at=NINE)


def test_a_draft_is_cleaned_and_kept(office: Office) -> None:
    item_id = office.write(
        title="  停水 \n 通知 ", body="<p onclick='x()'>周六<script>1</script></p>"
    )

    edition = office.item(item_id).edition
    assert edition.title == "停水 通知"
    assert edition.body == "<p>周六</p>"
    assert edition.number == 1


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"title": " "}, "title", "empty"),
        ({"title": "长" * 201}, "title", "too_long"),
        ({"body": "<p> </p>"}, "body", "empty"),
        ({"kind": ""}, "kind", "invalid"),
        ({"audience": "everybody"}, "audience", "invalid"),
        ({"category": "9999"}, "category", "invalid"),
        ({"targets": ("nowhere",)}, "targets", "unknown_target"),
        ({"targets": ("gate", "gate")}, "targets", "twice"),
        ({"overrides": {"nowhere": {"title": "x"}}}, "overrides", "unknown_target"),
        ({"overrides": {"gate": {"colour": "x"}}}, "overrides.gate", "invalid"),
        ({"overrides": {"gate": {"publish_at": "soon"}}}, "publish_at", "bad_time"),
        ({"publish_at": NINE - timedelta(minutes=1)}, "publish_at", "past"),
        ({"overrides": {"gate": {"publish_at": "2026-11-24 08:59"}}}, "publish_at", "past"),
        (
            {
                "overrides": {"gate": {"publish_at": "2026-11-24 12:00"}},
                "expires_at": NINE + timedelta(hours=1),
            },
            "expires_at",
            "ends_before_it_begins",
        ),
        ({"expires_at": NINE}, "expires_at", "past"),
        ({"document_number": "号" * 65}, "document_number", "too_long"),
        ({"department": "处" * 201}, "department", "too_long"),
        (
            {"attachments": (NamedFile(digest="0" * 64, name="a.pdf"),)},
            "attachments",
            "unknown_file",
        ),
        ({"body": '<p><img src="media:no.png" alt="x"></p>'}, "images", "unknown_file"),
    ],
)
def test_what_cannot_be_right_is_refused_by_its_field(
    office: Office, changes: dict[str, Any], field: str, code: str
) -> None:
    with pytest.raises(InvalidError) as caught:
        office.write(**changes)

    assert (caught.value.field, caught.value.code) == (field, code)
    with office.desk.database.reads() as session:
        assert session.query(Item).count() == 0


def test_both_sides_of_the_longest_title(office: Office) -> None:
    item_id = office.write(title="长" * 200)

    assert len(office.item(item_id).edition.title) == 200


def test_only_authors_write(office: Office) -> None:
    with pytest.raises(NotAllowedError, match="没有撰写稿件的权限"):
        office.write(by="赵琳")


def test_nobody_edits_what_is_another_authors(office: Office) -> None:
    item_id = office.write()

    with pytest.raises(NotAllowedError, match="只有作者本人"):
        office.edit(item_id, by="周宁", title="别人的稿件")


def test_a_draft_is_edited_in_place(office: Office) -> None:
    item_id = office.write()

    office.edit(item_id, title="停水通知（改）")

    item = office.item(item_id)
    assert [e.number for e in item.editions] == [1]
    assert item.edition.title == "停水通知（改）"


def test_what_is_out_cannot_be_edited(office: Office) -> None:
    item_id = office.approved()
    with office.desk.database.sessions.begin() as session:
        delivery = session.get_one(type(office.deliveries(item_id)[0]), 1)
        delivery.state = "confirmed"

    with pytest.raises(NotAllowedError, match="请先撤回") as caught:
        office.edit(item_id, title="改")

    assert caught.value.code == "already_out"
    assert office.item(item_id).edition.number == 1


def test_what_was_withdrawn_may_be_edited_and_goes_through_review_again(office: Office) -> None:
    item_id = office.approved(publish_at=NINE + timedelta(days=1))
    take_back(office, item_id)

    office.edit(item_id, title="停水通知（更正）")
    edition = office.submit(item_id)

    assert edition.number == 2
    assert office.item(item_id).withdrawn_at is None


def test_a_withdrawn_second_draft_can_be_submitted_after_an_edit(office: Office) -> None:
    item_id = office.write()
    office.submit(item_id)
    office.edit(item_id, title="停水通知（改）")
    take_back(office, item_id)

    office.edit(item_id, title="停水通知（再改）")
    edition = office.submit(item_id)

    assert (edition.number, edition.state) == (2, "in_review")


@pytest.mark.parametrize("own", [{"document_number": ID_NUMBER}, {"kind": "13800138000"}])
def test_the_short_fields_are_screened_too(office: Office, own: dict[str, Any]) -> None:
    item_id = office.write(**own)

    assert [f["place"] for f in office.item(item_id).edition.findings] == list(own)


def test_a_private_number_in_a_title_does_not_stay_in_the_notes(office: Office) -> None:
    item_id = office.write(title=f"关于张三（身份证 {ID_NUMBER}）的公示")
    office.edit(item_id, title=f"关于张某（身份证 {ID_NUMBER}）的公示")

    with office.desk.database.reads() as session:
        texts = [note.text for note in queries.notes_of(session, item_id)]

    assert len(texts) == 2
    assert not any(ID_NUMBER in text for text in texts)
