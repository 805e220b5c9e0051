from __future__ import annotations

import pytest

from publisher.channel import Receipt
from publisher.errors import PermanentError, UnknownOutcomeError
from publisher.model.states import DeliveryState as S
from publisher.storage import queries
from tests.publisher.console.office import Office, words

LOST = UnknownOutcomeError("no answer")


def lost(office: Office) -> int:
    """Return the delivery whose answer was lost."""
    office.site.answers[:] = [LOST]
    office.site.shows[:] = [LOST]
    [delivery] = office.deliveries(office.approved(targets=["site"]))
    assert delivery.state == "unconfirmed"
    return delivery.id


def failed(office: Office) -> int:
    """Return a delivery that the outlet refused."""
    office.site.answers[:] = [PermanentError("closed"), Receipt(remote_id="r1")]
    [delivery] = office.deliveries(office.approved(targets=["site"]))
    assert delivery.state == "failed"
    return delivery.id


def state(office: Office, delivery_id: int) -> str:
    with office.app.database.reads() as session:
        return queries.delivery(session, delivery_id).state


def test_the_ledger_can_be_narrowed(office: Office) -> None:
    office.approved(targets=["site", "walls"])
    visit = office.of("吴凡")

    assert len(visit.get("/deliveries").xpath("//tbody/tr")) == 3
    assert len(visit.get("/deliveries?target=walls").xpath("//tbody/tr")) == 2
    assert "没有符合条件的投递" in words(visit.get("/deliveries?state=failed"))


def test_an_empty_ledger_says_when_it_will_fill(office: Office) -> None:
    assert "还没有投递" in words(office.of("吴凡").get("/deliveries"))


def test_older_deliveries_are_a_page_away(office: Office) -> None:
    for number in range(queries.PAGE // 3 + 1):
        office.approved(title=f"通知{number}", targets=["site", "walls"])

    first = office.of("吴凡").get("/deliveries")
    [older] = first.xpath("//nav[@class='pager']//a/@href")
    second = office.of("吴凡").get(older)

    assert len(first.xpath("//tbody/tr")) == queries.PAGE
    assert len(second.xpath("//tbody/tr")) == (queries.PAGE // 3 + 1) * 3 - queries.PAGE


@pytest.mark.parametrize(
    ("outcome", "becomes"), [("delivered", "confirmed"), ("not_delivered", "failed")]
)
def test_a_person_settles_what_no_machine_can(office: Office, outcome: str, becomes: str) -> None:
    delivery = lost(office)
    visit = office.of("吴凡")
    visit.get(f"/deliveries/{delivery}/settlement")

    page = visit.post(
        f"/deliveries/{delivery}/settlement", outcome=outcome, url="", note="在手机上看过"
    )

    assert state(office, delivery) == becomes
    assert "核实结果已记录" in words(page)
    assert "在手机上看过" in words(page)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"note": " "}, "note"),
        ({"note": "字" * 2001}, "note"),
        ({"url": "www.example.edu"}, "url"),
        ({"outcome": ""}, "outcome"),
    ],
)
def test_a_settlement_in_fault_goes_back_beside_its_field(
    office: Office, changes: dict[str, str], field: str
) -> None:
    delivery = lost(office)
    asked = {"outcome": "delivered", "url": "", "note": "看过"} | changes

    page = office.of("吴凡").post(f"/deliveries/{delivery}/settlement", status=422, **asked)

    assert page.xpath(f"//*[@id='{field}-fault']")
    assert state(office, delivery) == "unconfirmed"


def test_whoever_may_not_settle_is_told_so(office: Office) -> None:
    delivery = lost(office)

    shown = office.of("林晓").get(f"/deliveries/{delivery}/settlement")
    after = office.of("林晓").post(
        f"/deliveries/{delivery}/settlement", status=409, outcome="delivered", note="看过"
    )

    assert "没有核实投递的权限" in words(shown)
    assert "没有核实投递的权限" in words(after)
    assert state(office, delivery) == "unconfirmed"


def test_what_is_settled_already_needs_nobody(office: Office) -> None:
    [delivery] = office.deliveries(office.approved(targets=["site"]))

    shown = office.of("吴凡").get(f"/deliveries/{delivery.id}/settlement")

    assert "现在不需要人工核实" in words(shown)


def test_a_failed_delivery_is_sent_again_when_asked(office: Office) -> None:
    delivery = failed(office)

    page = office.of("吴凡").post(f"/deliveries/{delivery}/retry")
    office.rest()

    assert "已重新排入发送" in words(page)
    assert state(office, delivery) == "confirmed"
    assert len(office.site.sent) == 2


def test_an_unconfirmed_delivery_is_never_sent_again_by_the_button(office: Office) -> None:
    delivery = lost(office)

    page = office.of("吴凡").post(f"/deliveries/{delivery}/retry", status=409)

    assert "现在不能这样做" in words(page)
    assert len(office.site.sent) == 1


def test_the_author_cannot_send_again_and_reads_why(office: Office) -> None:
    delivery = failed(office)

    page = office.of("林晓").get("/items/1")
    office.of("林晓").post(f"/deliveries/{delivery}/retry", status=409)

    assert page.xpath(f"//*[@id='retry-{delivery}']/@disabled")
    assert "没有重新发送的权限" in words(page)
    assert state(office, delivery) == "failed"


def waiting(office: Office) -> int:
    """Return a delivery that has waited long enough for one whose answer was lost."""
    office.site.answers[:] = [LOST]
    office.site.shows[:] = [LOST]
    _, board = office.deliveries(office.approved(targets=["site", "board"]))
    with office.app.database.sessions.begin() as session:
        queries.delivery(session, board.id).deadline_at = board.due_at
    return board.id


def test_a_person_lets_go_what_waits_and_says_why(office: Office) -> None:
    delivery = waiting(office)
    visit = office.of("吴凡")

    shown = visit.get("/deliveries")
    [asked] = shown.xpath(f"//*[@id='go-ahead-{delivery}']/@href")
    assert "里面的网址可能还打不开" in words(visit.get(asked))
    after = visit.post(asked, reason="学院催得急")
    office.rest()

    assert "已不再等待" in words(after)
    assert "学院催得急" in words(after)
    assert len(office.board.sent) == 1


def test_a_person_leaves_what_failed_and_it_is_no_task_any_more(office: Office) -> None:
    delivery = failed(office)
    visit = office.of("吴凡")
    assert "失败官网" in words(visit.get("/agenda"))

    [asked] = visit.get("/deliveries").xpath(f"//*[@id='leave-{delivery}']/@href")
    visit.get(asked)
    after = visit.post(asked, reason="已经过时")

    assert "已记下：不再发" in words(after)
    assert not after.xpath(f"//*[@id='leave-{delivery}']")
    assert "失败官网" not in words(visit.get("/agenda").xpath("//*[@id='tasks']")[0])


@pytest.mark.parametrize("noun", ["go-ahead", "abandonment"])
def test_a_decision_without_a_reason_goes_back_beside_its_field(office: Office, noun: str) -> None:
    delivery = failed(office)

    page = office.of("吴凡").post(f"/deliveries/{delivery}/{noun}", status=422, reason=" ")

    assert "请写明原因" in words(page.xpath("//*[@id='reason-fault']")[0])


@pytest.mark.parametrize("noun", ["go-ahead", "abandonment"])
def test_whoever_may_not_decide_is_told_so(office: Office, noun: str) -> None:
    delivery = failed(office)
    visit = office.of("林晓")

    assert "没有核实投递的权限" in words(visit.get(f"/deliveries/{delivery}/{noun}"))
    after = visit.post(f"/deliveries/{delivery}/{noun}", status=409, reason="急")

    assert "没有核实投递的权限" in words(after)


def test_the_author_reads_why_the_buttons_are_not_theirs(office: Office) -> None:
    delivery = waiting(office)

    page = office.of("林晓").get("/deliveries")

    why = page.xpath(f"//*[@id='go-ahead-{delivery}-why']")[0]
    assert "没有核实投递的权限" in words(why)


def test_what_was_seen_and_is_said_to_be_gone_may_be_there_after_all(office: Office) -> None:
    [delivery] = office.deliveries(office.approved(targets=["site"]))
    with office.app.database.sessions.begin() as session:
        row = queries.delivery(session, delivery.id)
        row.move(S.FAILED)
    visit = office.of("吴凡")
    page = visit.get(f"/deliveries/{delivery.id}/settlement")

    assert page.xpath("//input[@name='outcome']/@value") == ["delivered"]
    visit.post(f"/deliveries/{delivery.id}/settlement", outcome="delivered", note="在手机上看过")

    assert state(office, delivery.id) == "confirmed"


def test_what_never_was_there_cannot_be_said_to_be_there(office: Office) -> None:
    delivery = failed(office)

    page = office.of("吴凡").get(f"/deliveries/{delivery}/settlement")

    assert not page.xpath("//input[@name='outcome']")
