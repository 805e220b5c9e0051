from __future__ import annotations

import json
from datetime import timedelta

from publisher.model.item import Edition
from publisher.model.words import FIELDS
from publisher.storage import queries
from publisher.workflow import changes, freeze
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


def test_what_single_targets_get_instead_is_told_for_each_of_them(office: Office) -> None:
    item_id = office.write(overrides={"gate": {"title": "停水"}})
    office.submit(item_id)
    office.edit(item_id, overrides={"gate": {"title": "停水停电", "summary": "周日"}})

    [found] = between(office, item_id).fields

    assert found.label == "gate 单独设置"
    assert found.before == "标题：停水"
    assert found.after == "标题：停水停电；摘要：周日"


def worded(office: Office) -> dict[str, object]:
    """What people write or choose in a notice."""
    item_id = office.write()
    with office.desk.database.reads() as session:
        return freeze.wording(queries.item(session, item_id).edition)


def frozen(wording: dict[str, object], *files: dict[str, str]) -> Edition:
    """An edition that was submitted with these files."""
    manifest = json.dumps({"wording": wording | {"files": files}})
    return Edition(title="停水通知", body="<p>周六停水</p>", manifest=manifest)


def test_files_are_told_by_what_people_know_them_by(office: Office) -> None:
    wording = worded(office)
    table = {"role": "attachment", "name": "名单.xlsx", "alt": "", "digest": "1"}
    gone = {"role": "attachment", "name": "旧表.docx", "alt": "", "digest": "2"}
    gate = {"role": "image", "name": "3.png", "alt": "东门", "digest": "3"}

    found = changes.between(
        frozen(wording, table, gone, gate),
        frozen(wording, table | {"digest": "4"}, gate | {"alt": "南门"}),
    )

    assert found.summary == "附件、图片"
    assert found.files == (
        Change(label="附件", before="名单.xlsx", after="换了内容"),
        Change(label="附件", before="旧表.docx", after=""),
        Change(label="图片", before="东门", after="南门"),
    )


def test_every_field_of_a_wording_has_a_name(office: Office) -> None:
    wording = worded(office)

    assert set(wording) - set(changes.APART) <= set(FIELDS)
