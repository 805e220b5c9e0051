"""Which stages an edition passes, and emergencies that are reviewed afterwards."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from publisher.errors import InvalidError, NotAllowedError
from publisher.model.people import Person
from publisher.model.review import Verdict
from publisher.model.states import DeliveryState as S
from publisher.model.states import EditionState
from publisher.settings import Kind, Kinds
from publisher.storage import queries
from publisher.workflow import review, rules
from publisher.workflow.desk import Desk
from tests.make import NINE
from tests.publisher.workflow.conftest import Office

SHORT = {"personal": ("office", "secrecy")}
NAMED = "<p>公示期5个工作日。联系电话：0595-22001006</p>"
KINDS = Kinds(listed=(Kind(name="公示", risk="personal"),))


def with_chains(desk: Desk, **chains: tuple[str, ...]) -> Desk:
    """The same desk, whose settings have these chains."""
    reviewing = dataclasses.replace(desk.settings.reviewing, chains=chains)
    settings = dataclasses.replace(desk.settings, reviewing=reviewing, kinds=KINDS)
    return dataclasses.replace(desk, settings=settings)


def expedite(
    office: Office, item_id: int, by: str, *, reason: str = "台风", digest: str | None = None
) -> None:
    with office.desk.database.sessions.begin() as session:
        edition = queries.item(session, item_id).edition
        seen = digest or edition.digest or ""
        person = session.get_one(Person, office.staff[by])
        review.expedite(
            session, office.desk, edition, digest=seen, reason=reason, by=person, at=NINE
        )


def emergency(office: Office, **changes: Any) -> int:
    """An emergency that waits for its first review."""
    item_id = office.write(title="台风停课通知", urgency="emergency", **changes)
    office.submit(item_id)
    return item_id


def test_the_kind_decides_which_stages_an_edition_passes(office: Office) -> None:
    office.desk = with_chains(office.desk, **SHORT)
    item_id = office.write(kind="公示", title="拟资助名单公示", body=NAMED)

    edition = office.submit(item_id)
    office.review(item_id, "office", "陈敏")
    office.review(item_id, "secrecy", "郑涛")

    assert (edition.risk, edition.chain) == ("personal", ["office", "secrecy"])
    assert office.item(item_id).edition.state == EditionState.APPROVED
    assert office.item(item_id).edition.reviewed_at == NINE


def test_a_kind_without_a_chain_passes_every_stage(office: Office) -> None:
    office.desk = with_chains(office.desk, **SHORT)
    item_id = office.write()

    edition = office.submit(item_id)

    assert edition.chain == ["department", "office", "secrecy"]


def test_a_chain_that_changes_during_review_does_not_change_what_was_submitted(
    office: Office,
) -> None:
    item_id = office.write(kind="公示", title="拟资助名单公示", body=NAMED)
    office.submit(item_id)
    office.desk = with_chains(office.desk, **SHORT)

    with pytest.raises(NotAllowedError, match="现在轮到“部门审核”"):
        office.review(item_id, "office", "陈敏")


def test_the_digest_binds_the_chain(office: Office) -> None:
    first = office.submit(office.write(kind="公示", title="拟资助名单公示", body=NAMED))
    office.desk = with_chains(office.desk, **SHORT)
    second = office.submit(office.write(kind="公示", title="拟资助名单公示", body=NAMED))

    assert '"chain":["department","office","secrecy"]' in (first.manifest or "")
    assert '"chain":["office","secrecy"]' in (second.manifest or "")


def test_an_emergency_goes_out_on_one_senior_approval(office: Office) -> None:
    item_id = emergency(office)

    expedite(office, item_id, "陈敏")

    edition = office.item(item_id).edition
    assert edition.state == EditionState.APPROVED
    assert [given.stage for given in edition.reviews] == ["office"]
    assert edition.is_reviewed_later
    assert [d.state for d in office.deliveries(item_id)] == [S.PLANNED, S.PLANNED]


def test_the_other_stages_review_an_emergency_afterwards_and_then_it_is_done(
    office: Office,
) -> None:
    item_id = emergency(office)
    expedite(office, item_id, "陈敏")

    office.review(item_id, "department", "王建国")
    with office.desk.database.reads() as session:
        waiting = [e.item_id for e in queries.in_review(session)]
    office.review(item_id, "secrecy", "郑涛")

    assert waiting == [item_id]
    assert office.item(item_id).edition.reviewed_at == NINE
    with office.desk.database.reads() as session:
        assert queries.in_review(session) == []
    assert len(office.deliveries(item_id)) == 2


def test_who_let_it_out_does_not_review_it_again(office: Office) -> None:
    item_id = emergency(office)
    expedite(office, item_id, "全能")

    with pytest.raises(NotAllowedError, match="三个不同的人"):
        office.review(item_id, "department", "全能")


def test_a_rejection_afterwards_takes_it_back_everywhere(office: Office) -> None:
    item_id = emergency(office)
    expedite(office, item_id, "陈敏")

    office.review(
        item_id, "department", "王建国", verdict=Verdict.REJECT, opinion="消息不实，请更正"
    )

    item = office.item(item_id)
    assert item.withdrawn_at == NINE
    assert item.withdrawal_reason == review.NOT_PASSED
    assert item.withdrawal_note == "消息不实，请更正"
    assert {d.state for d in office.deliveries(item_id)} == {S.CANCELLED}


def test_what_is_out_cannot_be_sent_back(office: Office) -> None:
    item_id = emergency(office)
    expedite(office, item_id, "陈敏")

    with pytest.raises(NotAllowedError, match="不能退回") as caught:
        office.review(item_id, "department", "王建国", verdict=Verdict.SEND_BACK, opinion="错字")

    assert caught.value.code == "is_out"
    assert office.item(item_id).withdrawn_at is None


@pytest.mark.parametrize(
    ("urgency", "by", "says"),
    [
        ("urgent", "陈敏", "特急"),
        ("emergency", "王建国", "先发后审要由办公室审核人、分管领导决定"),
        ("emergency", "林晓", "作者不能审核"),
    ],
)
def test_the_fast_path_is_for_emergencies_and_for_seniors(
    office: Office, urgency: str, by: str, says: str
) -> None:
    item_id = office.write(urgency=urgency)
    office.submit(item_id)

    with pytest.raises(NotAllowedError, match=says):
        expedite(office, item_id, by)

    assert office.deliveries(item_id) == []


def test_the_fast_path_needs_a_reason_and_what_was_seen(office: Office) -> None:
    item_id = emergency(office)

    with pytest.raises(InvalidError) as without:
        expedite(office, item_id, "陈敏", reason=" ")
    with pytest.raises(NotAllowedError) as unseen:
        expedite(office, item_id, "陈敏", digest="0" * 64)

    assert without.value.field == "reason"
    assert unseen.value.code == "old_digest"
    assert office.item(item_id).edition.state == EditionState.IN_REVIEW


def test_an_emergency_goes_out_once_only(office: Office) -> None:
    item_id = emergency(office)
    expedite(office, item_id, "陈敏")

    with pytest.raises(NotAllowedError, match="不在审核中"):
        expedite(office, item_id, "全能")

    assert len(office.deliveries(item_id)) == 2


def test_without_roles_there_is_no_fast_path(office: Office) -> None:
    item_id = emergency(office)
    reviewing = office.desk.settings.reviewing
    shut = reviewing.fast_path.model_copy(update={"roles": []})

    with office.desk.database.reads() as session:
        person = session.get_one(Person, office.staff["陈敏"])
        edition = queries.item(session, item_id).edition
        reason = rules.may_expedite(person, edition, dataclasses.replace(reviewing, fast_path=shut))

    assert reason == "没有开通先发后审"
