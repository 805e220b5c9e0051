from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from publisher.errors import NotAllowedError
from publisher.model.item import Edition
from publisher.model.review import Review
from publisher.model.states import EditionState
from publisher.settings import Reviewing
from publisher.storage import queries
from publisher.workflow import pressing
from tests.make import NINE
from tests.publisher.workflow.conftest import Office

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def waiting(*, publish_at: datetime | None = None, reviewed_at: datetime | None = None) -> Edition:
    given = [Review(at=reviewed_at)] if reviewed_at else []
    return Edition(
        state=EditionState.IN_REVIEW,
        submitted_at=NINE,
        created_at=NINE,
        publish_at=publish_at,
        reviews=given,
    )


@pytest.mark.parametrize(
    ("edition", "now", "is_late"),
    [
        (waiting(), NINE + 24 * HOUR - MINUTE, False),
        (waiting(), NINE + 24 * HOUR, True),
        (waiting(reviewed_at=NINE + 20 * HOUR), NINE + 24 * HOUR, False),
        (waiting(publish_at=NINE + 4 * HOUR), NINE + 2 * HOUR - MINUTE, False),
        (waiting(publish_at=NINE + 4 * HOUR), NINE + 2 * HOUR, True),
        (waiting(publish_at=NINE + MINUTE), NINE + 29 * MINUTE, False),
        (waiting(publish_at=NINE + MINUTE), NINE + 30 * MINUTE, True),
    ],
)
def test_people_are_reminded_of_what_waits_too_long(
    edition: Edition, now: datetime, is_late: bool
) -> None:
    assert pressing.is_late(edition, Reviewing(), now=now) is is_late


def test_people_are_reminded_of_a_later_review_that_is_overdue() -> None:
    edition = Edition(state=EditionState.APPROVED, expedited_at=NINE, reviews=[])

    assert not pressing.is_late(edition, Reviewing(), now=NINE + 24 * HOUR - MINUTE)
    assert pressing.is_late(edition, Reviewing(), now=NINE + 24 * HOUR)


def test_what_was_left_until_its_time_was_over_goes_back_to_the_author(office: Office) -> None:
    item_id = office.write(not_after=NINE + HOUR)
    other_id = office.write(not_after=NINE + 2 * HOUR)
    for one in (item_id, other_id):
        office.submit(one)
        office.review(one, "department", "王建国")

    with office.desk.database.sessions.begin() as session:
        lapsed = pressing.lapse(session, at=NINE + HOUR)

    assert lapsed == 1
    assert office.item(item_id).edition.state == EditionState.SENT_BACK
    assert office.item(other_id).edition.state == EditionState.IN_REVIEW
    with office.desk.database.reads() as session:
        note = queries.notes_of(session, item_id)[-1]
    assert (note.who, note.verb) == ("系统", "lapse")
    assert "已给的通过作废" in note.text
    with pytest.raises(NotAllowedError, match="不在审核中"):
        office.review(item_id, "office", "陈敏", at=NINE + HOUR)


def test_what_has_no_latest_moment_waits_on(office: Office) -> None:
    item_id = office.write()
    office.submit(item_id)

    with office.desk.database.sessions.begin() as session:
        assert pressing.lapse(session, at=NINE + 1000 * HOUR) == 0

    assert office.item(item_id).edition.state == EditionState.IN_REVIEW
