from __future__ import annotations

from publisher.errors import PermanentError
from publisher.model.delivery import Delivery
from tests.publisher.console.office import Office, words


def tasks(office: Office, name: str) -> str:
    return words(office.of(name).get("/agenda").xpath("//*[@id='tasks']")[0])


def test_a_reviewer_finds_what_waits_for_them(office: Office) -> None:
    office.submitted()

    assert "审核停水通知" in tasks(office, "王建国")
    assert tasks(office, "陈敏") == ""


def test_a_failure_is_a_task_of_its_author_and_of_the_office(office: Office) -> None:
    office.board.answers[:] = [PermanentError("closed")]
    office.approved(targets=["board"])

    for name in ("林晓", "陈敏", "吴凡"):
        assert "失败公告屏：停水通知" in tasks(office, name)
    assert tasks(office, "周宁") == ""


def test_a_failure_of_what_was_withdrawn_troubles_nobody(office: Office) -> None:
    office.board.answers[:] = [PermanentError("closed")]
    number = office.approved(targets=["board"])

    office.of("林晓").post(f"/items/{number}/withdrawal", reason="不发了")

    assert tasks(office, "林晓") == ""


def test_what_is_past_its_deadline_is_a_task_with_a_link(office: Office) -> None:
    number = office.approved(targets=["site"])
    [delivery] = office.deliveries(number)
    with office.app.database.sessions.begin() as session:
        row = session.get_one(Delivery, delivery.id)
        row.state, row.deadline_at = "unconfirmed", row.due_at

    page = office.of("吴凡").get("/agenda")

    assert "待核实官网：停水通知" in tasks(office, "吴凡")
    assert page.xpath("//*[@id='tasks']//a/@href") == [f"/deliveries/{delivery.id}/settlement"]


def test_all_of_a_long_group_is_behind_its_link(office: Office) -> None:
    office.board.answers[:] = [PermanentError("closed")]
    for number in range(9):
        office.approved(targets=["board"], title=f"通知{number}")
    visit = office.of("吴凡")

    first = visit.get("/agenda").xpath("//section[@aria-labelledby='failed-title']")[0]
    whole = visit.get(first.xpath(".//a[@id='all-failed']/@href")[0])

    assert len(first.xpath(".//li")) == 8
    assert len(whole.xpath("//main//li")) == 9


def test_who_has_nothing_to_do_reads_that_all_is_well(office: Office) -> None:
    page = office.of("周宁").get("/agenda")

    assert "没有待办，一切正常" in words(page)
    assert page.xpath("//main//a[@href='/items/new']")


def test_a_group_that_there_is_not_is_no_page(office: Office) -> None:
    office.of("吴凡").get("/agenda/nothing", status=404)


def test_an_emergency_that_waits_for_others_is_shown_to_those_who_may_let_it_out(
    office: Office,
) -> None:
    number = office.submitted(urgency="emergency")
    edition = office.item(number).edition
    before = tasks(office, "陈敏")

    office.of("陈敏").post(
        f"/editions/{edition.id}/expedition", digest=edition.digest, reason="台风红色预警"
    )

    assert "特急停水通知" in before
    assert tasks(office, "陈敏") == ""
    assert "审核停水通知" in tasks(office, "王建国")
