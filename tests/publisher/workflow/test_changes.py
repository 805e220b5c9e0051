from __future__ import annotations

from datetime import timedelta

from publisher.storage import queries
from publisher.workflow import changes
from publisher.workflow.changes import Change, Changes
from tests.make import NINE
from tests.publisher.workflow.conftest import Office

DAY = timedelta(days=1)


def between(office: Office, item_id: int) -> Changes:
    with office.desk.database.reads() as session:
        newest = queries.item(session, item_id).edition
        older = changes.before(newest)
        assert older is not None
        return changes.between(older, newest)


def test_what_a_new_edition_changed_is_told_in_words(office: Office) -> None:
    item_id = office.write(body="<p>周六停水两小时</p>", publish_at=NINE + DAY)
    office.submit(item_id)
    office.edit(
        item_id,
        title="停水停电通知",
        body="<p>周日停水两小时</p>",
        publish_at=NINE + 2 * DAY,
        targets=("site",),
    )

    found = between(office, item_id)

    assert found.summary == "标题、发布目标、发布时间、正文 1 处"
    assert "<ins>停电</ins>" in found.title
    assert "<del>六</del>" in found.body
    assert Change(label="发布目标", before="site、gate", after="site") in found.fields


def test_an_edition_that_changed_nothing_says_nothing(office: Office) -> None:
    item_id = office.write()
    office.submit(item_id)
    office.edit(item_id)

    found = between(office, item_id)

    assert found.summary == ""
    assert (found.fields, found.files, found.places) == ((), (), 0)


def test_the_first_edition_replaces_none(office: Office) -> None:
    item_id = office.write()

    with office.desk.database.reads() as session:
        assert changes.before(queries.item(session, item_id).edition) is None


def test_what_frozen_editions_said_is_compared_and_not_what_the_item_says_now(
    office: Office,
) -> None:
    item_id = office.write(kind="通知")
    office.submit(item_id)
    office.edit(item_id, kind="公告")

    assert Change(label="文种", before="通知", after="公告") in between(office, item_id).fields
