from __future__ import annotations

from publisher.errors import PermanentError
from publisher.model.delivery import Delivery
from tests.publisher.console.office import Office, words


def tasks(office: Office, name: str) -> str:
    return words(office.of(name).get("/items").xpath("//*[@id='tasks']")[0])


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

    page = office.of("吴凡").get("/items")

    assert "待核实官网：停水通知" in tasks(office, "吴凡")
    assert page.xpath("//*[@id='tasks']//a/@href") == [f"/items/{number}#delivery-{delivery.id}"]
