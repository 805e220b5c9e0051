from __future__ import annotations

from tests.publisher.api.office import Office


def test_the_record_of_a_review_is_given_as_a_pdf(office: Office) -> None:
    number, _ = office.submitted()

    answer = office.ask("GET", f"/items/{number}/record.pdf", by="赵琳")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")


def test_an_edition_that_is_not_there_has_no_record(office: Office) -> None:
    number, _ = office.submitted()

    missing = office.ask("GET", f"/items/{number}/record.pdf?edition=9")
    draft = office.ask("GET", f"/items/{office.draft()}/record.pdf")

    assert (missing.status_code, draft.status_code) == (404, 404)
    assert "第 9 版" in missing.json()["detail"]
