from __future__ import annotations

from tests.publisher.console.office import Office


def test_the_record_is_linked_below_the_stages_and_comes_as_a_file(office: Office) -> None:
    number = office.submitted()
    edition = office.item(number).edition
    page = office.of("王建国").get(f"/editions/{edition.id}/review")

    links = page.xpath("//a[contains(@href, 'record.pdf')]/@href")
    answer = office.of("王建国").client.get(links[0])

    assert links == [f"/editions/{edition.id}/record.pdf"]
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.content.startswith(b"%PDF")


def test_a_draft_has_no_record(office: Office) -> None:
    edition = office.item(office.draft()).edition

    page = office.of("林晓").get(f"/editions/{edition.id}/record.pdf", status=409)

    assert "还没有提交送审" in page.text_content()
