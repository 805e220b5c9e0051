from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from publisher.channel import Channel, Slots
from publisher.errors import InvalidError, NotAllowedError
from publisher.model.people import Person
from publisher.model.review import Verdict
from publisher.model.states import EditionState
from publisher.storage import queries, renditions
from publisher.workflow import people, rules
from tests.make import NINE, FakeChannel
from tests.publisher.workflow.conftest import Office

CHAIN = (("department", "王建国"), ("office", "陈敏"), ("secrecy", "郑涛"))


def test_submission_freezes_the_bytes_and_names_them(office: Office) -> None:
    item_id = office.write()

    edition = office.submit(item_id)

    assert edition.state == EditionState.IN_REVIEW
    assert edition.digest is not None
    assert len(edition.digest) == 64
    assert office.item(item_id).index_number == "13771-0000-2026-0001"
    frozen = {r.target: renditions.thaw(r, office.desk.media) for r in edition.renditions}
    assert frozen["gate"].body.decode().endswith("http://127.0.0.1/13771-0000-2026-0001.html")


def test_the_same_wording_has_the_same_digest_and_another_one_another(office: Office) -> None:
    first, second = office.write(), office.write(summary="别的")

    one, other = office.submit(first), office.submit(second)

    assert one.digest != other.digest


def test_three_different_people_approve_and_then_it_is_planned(office: Office) -> None:
    item_id = office.write()
    office.submit(item_id)

    for stage, name in CHAIN:
        before = office.deliveries(item_id)
        office.review(item_id, stage, name)

    assert before == []
    assert office.item(item_id).edition.state == EditionState.APPROVED
    assert [d.target for d in office.deliveries(item_id)] == ["site", "gate"]


def test_an_approval_of_an_old_digest_is_refused(office: Office) -> None:
    item_id = office.write()
    office.submit(item_id)

    with pytest.raises(NotAllowedError, match="不是最新的版本") as caught:
        office.review(item_id, "department", "王建国", digest="0" * 64)

    assert caught.value.code == "old_digest"
    assert office.item(item_id).edition.reviews == []


def test_the_author_may_not_review(office: Office) -> None:
    item_id = office.write(by="周宁")
    office.submit(item_id, by="周宁")

    with pytest.raises(NotAllowedError, match="作者不能审核自己的稿件"):
        office.review(item_id, "department", "周宁")


def test_who_edited_a_draft_may_not_review_it(office: Office) -> None:
    with office.desk.database.sessions.begin() as session:
        roles = ("author", "office_reviewer")
        editor = people.add(session, "何静", roles=roles, password=None, at=NINE)
        office.staff["何静"] = editor.id
    item_id = office.write()
    office.edit(item_id, by="何静", title="停水通知（何静改）")
    office.submit(item_id)
    office.review(item_id, "department", "王建国")

    with pytest.raises(NotAllowedError, match="作者不能审核自己的稿件"):
        office.review(item_id, "office", "何静")


def test_a_stage_taken_away_during_review_is_explained_to_the_reviewer(office: Office) -> None:
    item_id = office.write()
    office.submit(item_id)
    office.review(item_id, "department", "王建国")
    office.review(item_id, "office", "陈敏")
    two_stages = office.desk.settings.stages[:2]

    with office.desk.database.reads() as session:
        reviewer = session.get_one(Person, office.staff["郑涛"])
        reason = rules.may_review(reviewer, queries.item(session, item_id).edition, two_stages)

    assert reason == "审核环节的设置变了，请作者修改后重新提交"


def test_nobody_reviews_twice(office: Office) -> None:
    item_id = office.write()
    office.submit(item_id)
    office.review(item_id, "department", "全能")

    with pytest.raises(NotAllowedError, match="三个不同的人"):
        office.review(item_id, "office", "全能")


def test_stages_come_in_their_order(office: Office) -> None:
    item_id = office.write()
    office.submit(item_id)

    with pytest.raises(NotAllowedError, match="部门审核"):
        office.review(item_id, "secrecy", "郑涛")


def test_a_reviewer_of_another_stage_may_not_review(office: Office) -> None:
    item_id = office.write()
    office.submit(item_id)

    with pytest.raises(NotAllowedError, match="不是这一级的审核人"):
        office.review(item_id, "department", "陈敏")


def test_sending_back_needs_an_opinion_and_ends_the_review(office: Office) -> None:
    item_id = office.write()
    office.submit(item_id)

    with pytest.raises(InvalidError, match="意见"):
        office.review(item_id, "department", "王建国", verdict=Verdict.SEND_BACK)
    office.review(
        item_id, "department", "王建国", verdict=Verdict.SEND_BACK, opinion="请补联系电话"
    )

    assert office.item(item_id).edition.state == EditionState.SENT_BACK


def test_an_edit_is_a_new_edition_and_voids_the_approvals(office: Office) -> None:
    item_id = office.write()
    office.submit(item_id)
    office.review(item_id, "department", "王建国")

    office.edit(item_id, title="停水通知（更正）")

    item = office.item(item_id)
    assert [e.state for e in item.editions] == [EditionState.REPLACED, EditionState.DRAFT]
    assert item.edition.reviews == []
    with pytest.raises(NotAllowedError, match="不在审核中"):
        office.review(item_id, "office", "陈敏", digest=item.editions[0].digest)


def test_an_edit_after_approval_cancels_what_was_planned(office: Office) -> None:
    item_id = office.approved(publish_at=NINE + timedelta(days=1))

    office.edit(item_id, title="停水通知（更正）")

    assert {d.state for d in office.deliveries(item_id)} == {"cancelled"}


def test_the_index_number_stays_over_all_editions(office: Office) -> None:
    item_id = office.write()
    first = office.submit(item_id)
    office.edit(item_id, title="停水通知（更正）")

    second = office.submit(item_id)

    assert first.digest != second.digest
    assert office.item(item_id).index_number == "13771-0000-2026-0001"


def test_a_title_that_an_outlet_cannot_carry_stops_the_submission(office: Office) -> None:
    item_id = office.write(title="关于东校区部分区域停水的通知", targets=("site", "narrow"))

    with pytest.raises(InvalidError, match="窄渠道（narrow）：标题有") as caught:
        office.submit(item_id)

    assert caught.value.field == "title"
    assert office.item(item_id).edition.state == EditionState.DRAFT


def test_a_private_number_stops_the_submission(office: Office) -> None:
    item_id = office.write(body="<p>请联系张老师 138 0013 8000</p>")

    with pytest.raises(NotAllowedError, match="筛查未通过") as caught:
        office.submit(item_id)

    assert caught.value.code == "blocked_by_screening"
    assert "8000" not in caught.value.message


def test_a_time_that_passed_in_review_sends_nothing_late(office: Office) -> None:
    item_id = office.write(not_after=NINE + timedelta(hours=1))
    office.submit(item_id)
    office.review(item_id, "department", "王建国")
    office.review(item_id, "office", "陈敏")

    with pytest.raises(NotAllowedError, match="已过"):
        office.review(item_id, "secrecy", "郑涛", at=NINE + timedelta(hours=2))

    assert office.deliveries(item_id) == []


def test_a_target_that_went_away_in_review_stops_the_last_approval(
    office: Office, channels: dict[str, Channel]
) -> None:
    item_id = office.write()
    office.submit(item_id)
    office.review(item_id, "department", "王建国")
    office.review(item_id, "office", "陈敏")
    del channels["gate"]

    with pytest.raises(NotAllowedError, match="gate 已不在配置中"):
        office.review(item_id, "secrecy", "郑涛")

    assert office.item(item_id).edition.state == EditionState.IN_REVIEW
    assert office.deliveries(item_id) == []


def test_a_time_that_an_outlet_cannot_keep_stops_the_submission(
    office: Office, channels: dict[str, Channel]
) -> None:
    @dataclass(frozen=True, kw_only=True)
    class Tomorrow(FakeChannel, Slots):
        def slot(self, moment: datetime) -> datetime:
            return moment + timedelta(days=1)

    channels["gate"] = Tomorrow()
    item_id = office.write(not_after=NINE + timedelta(hours=3))

    with pytest.raises(InvalidError, match="才能发") as caught:
        office.submit(item_id)

    assert (caught.value.field, caught.value.code) == ("not_after", "too_late")


@pytest.mark.parametrize(
    "times",
    [
        {"publish_at": NINE + timedelta(hours=1)},
        {"overrides": {"gate": {"publish_at": "2026-11-24 10:00"}}},
    ],
)
def test_a_time_that_passed_in_the_draft_stops_the_submission(
    office: Office, times: dict[str, Any]
) -> None:
    item_id = office.write(**times)

    with pytest.raises(InvalidError) as caught:
        office.submit(item_id, at=NINE + timedelta(hours=2))

    assert (caught.value.field, caught.value.code) == ("publish_at", "past")


def test_what_is_submitted_cannot_be_submitted_again(office: Office) -> None:
    item_id = office.write()
    office.submit(item_id)

    with pytest.raises(NotAllowedError, match="已经提交过"):
        office.submit(item_id)


def test_nothing_is_submitted_without_a_target(office: Office) -> None:
    item_id = office.write(targets=())

    with pytest.raises(InvalidError, match="至少选一个发布目标"):
        office.submit(item_id)


NAMED = "<p>公示期5个工作日。联系电话：0595-22001006</p>"


def test_a_display_shorter_than_its_kind_must_have_is_not_submitted(office: Office) -> None:
    short = office.write(
        kind="公示", title="奖学金公示", body=NAMED, display_days=4, display_unit="working"
    )
    days = office.write(kind="公示", title="奖学金公示", body=NAMED, display_days=9)
    enough = office.write(
        kind="公示", title="奖学金公示", body=NAMED, display_days=5, display_unit="working"
    )

    with pytest.raises(InvalidError, match=r"最短 5 个工作日.*现在写的是 4 个工作日"):
        office.submit(short)
    with pytest.raises(InvalidError, match="单位改为工作日"):
        office.submit(days)

    assert office.submit(enough).state == EditionState.IN_REVIEW


def test_a_display_without_a_contact_is_not_submitted(office: Office) -> None:
    item_id = office.write(kind="公示", title="结果公示", body="<p>公示期5个工作日。</p>")

    with pytest.raises(NotAllowedError, match="没有写联系方式"):
        office.submit(item_id)
