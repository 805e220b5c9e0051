"""What is found in a notice, and when its words are read."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import pytest

from publisher.workflow import compose
from publisher.workflow.findings import Screened
from tests.make import NINE
from tests.publisher.workflow.conftest import Office, draft

TOLD = {"rule": "told", "action": "inform", "place": "body", "message": "事先看过"}
CALL = "<p>请拨打 13800138000</p>"


def ahead(office: Office, **changes: Any) -> Screened:
    """What was found beforehand; the finding shows whether it was used."""
    found = compose.screened(office.desk, draft(**changes), at=NINE).screened
    assert found is not None
    return Screened(key=found.key, findings=[TOLD])


def rules(office: Office, item_id: int) -> list[str]:
    return [one["rule"] for one in office.item(item_id).edition.findings]


def test_finds_the_same_before_a_transaction_as_within_it(office: Office) -> None:
    found = compose.screened(office.desk, draft(body=CALL), at=NINE).screened

    item_id = office.write(body=CALL)

    assert found is not None
    assert found.findings == office.item(item_id).edition.findings
    assert "mobile" in rules(office, item_id)


def test_words_that_were_screened_ahead_are_not_read_again(office: Office) -> None:
    item_id = office.write(screened=ahead(office))
    office.edit(item_id, title="停电通知", screened=ahead(office, title="停电通知"))

    assert rules(office, item_id) == ["told"]


@pytest.mark.parametrize(
    "changes",
    [
        {"body": CALL},
        {"title": "停水 13800138000"},
        {"summary": "停水 13800138000"},
        {"department": "后勤 13800138000"},
        {"overrides": {"site": {"title": "停水 13800138000"}}},
    ],
)
def test_other_words_than_those_screened_are_read_anew(
    office: Office, changes: dict[str, Any]
) -> None:
    item_id = office.write(screened=ahead(office), **changes)

    assert "told" not in rules(office, item_id)
    assert "mobile" in rules(office, item_id)


def test_what_was_screened_on_another_day_is_read_anew(office: Office) -> None:
    item_id = office.write(screened=ahead(office), at=NINE + timedelta(days=1))

    assert "told" not in rules(office, item_id)


def test_what_was_screened_by_other_rules_is_read_anew(office: Office) -> None:
    known = ahead(office, body=CALL)
    allowed = office.desk.settings.screening.model_copy(update={"office_numbers": ["13800138000"]})
    changed = dataclasses.replace(office.desk.settings, screening=allowed)
    office.desk = dataclasses.replace(office.desk, settings=changed)

    item_id = office.write(body=CALL, screened=known)

    assert "told" not in rules(office, item_id)
    assert "mobile" not in rules(office, item_id)
