from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from publisher.errors import InvalidError, NotAllowedError
from publisher.model.delivery import Delivery
from publisher.model.item import Item
from publisher.model.states import DeliveryState
from publisher.storage import queries
from publisher.workflow import freeze, withdraw
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


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"urgency": "soon"}, "urgency"),
        ({"late": "never"}, "late"),
        ({"late": "send", "not_after": NINE + timedelta(days=1)}, "late"),
        ({"display_days": 0}, "display_days"),
        ({"display_days": 400}, "display_days"),
        ({"display_days": 5, "display_unit": "weeks"}, "display_unit"),
        ({"display_days": 5, "targets": ("gate",)}, "targets"),
        ({"display_days": 5, "expires_at": NINE + timedelta(days=3)}, "expires_at"),
    ],
)
def test_terms_that_cannot_be_kept_are_refused(
    office: Office, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidError) as caught:
        office.write(**changes)

    assert caught.value.field == field


def test_terms_are_kept_with_the_item_and_its_edition(office: Office) -> None:
    terms: dict[str, Any] = {"late": "ask", "display_days": 5, "display_unit": "working"}

    item = office.item(office.write(urgency="emergency", **terms))

    assert item.urgency == "emergency"
    assert {name: getattr(item.edition, name) for name in terms} == terms


@pytest.mark.parametrize("changes", [{"urgency": "urgent"}, {"late": "ask"}, {"display_days": 6}])
def test_an_approval_is_about_the_terms_too(office: Office, changes: dict[str, Any]) -> None:
    numbers = [office.write(), office.write(), office.write(**changes)]

    with office.desk.database.reads() as session:
        first, same, other = [
            freeze.wording(queries.item(session, number).edition) for number in numbers
        ]
    assert first == same != other


def test_a_display_goes_with_an_end_after_it(office: Office) -> None:
    office.write(display_days=5, expires_at=NINE + timedelta(days=10))
    office.write(display_days=5, targets=())


@pytest.mark.parametrize("state", [DeliveryState.FAILED, DeliveryState.MISSED])
def test_a_new_edition_asks_nobody_about_the_old_one(office: Office, state: DeliveryState) -> None:
    item_id = office.approved(targets=("gate",))
    with office.desk.database.sessions.begin() as session:
        row = session.get_one(Delivery, office.deliveries(item_id)[0].id)
        row.state, row.deadline_at = state, NINE

    office.edit(item_id)

    row = office.deliveries(item_id)[0]
    assert (row.deadline_at, row.decided_at) == (None, NINE)
