from __future__ import annotations

from tests.publisher.console.office import NOTICE, Office, words


def changed(office: Office, **changes: str) -> int:
    number = office.submitted()
    office.of("林晓").post(f"/items/{number}/editions", **(NOTICE | changes))
    return number


def test_two_editions_are_shown_as_one_with_marks(office: Office) -> None:
    number = changed(office, title="停水停电通知", body="周日停水。\n请提前储水。")

    page = office.of("王建国").get(f"/items/{number}/comparison")

    assert "第 1 版 → 第 2 版：标题、正文 1 处" in words(page)
    assert page.xpath("//*[@class='headline']/ins/text()") == ["停电"]
    assert page.xpath("//section//p/del/text()") == ["六"]


def test_what_somebody_typed_is_never_markup(office: Office) -> None:
    number = changed(office, title="停水<b>通知", body="周六停水。<script>alert(1)</script>")

    page = office.of("王建国").get(f"/items/{number}/comparison")

    assert not page.xpath("//section//script | //section//b")
    assert "停水<b>通知" in words(page.xpath("//*[@class='headline']")[0])


def test_the_first_edition_has_nothing_to_be_compared_with(office: Office) -> None:
    number = office.submitted()

    page = office.of("王建国").get(f"/items/{number}/comparison")

    assert "没有更早的版次可以比较" in words(page)


def test_an_edition_that_is_not_there_is_not_found(office: Office) -> None:
    number = changed(office)

    office.of("王建国").get(f"/items/{number}/comparison?from=7", status=404)
    office.of("王建国").get(f"/items/{number}/comparison?to=7", status=404)
    office.of("王建国").get(f"/items/{number}/comparison?to=0", status=422)


def test_the_review_of_a_later_edition_leads_to_the_comparison(office: Office) -> None:
    number = changed(office, title="停水停电通知")
    office.of("林晓").post(f"/items/{number}/submission")
    edition = office.item(number).edition

    page = office.of("王建国").get(f"/editions/{edition.id}/review")

    assert page.xpath("//a[contains(., '与上一版比较')]/@href") == [
        f"/items/{number}/comparison?to=2"
    ]


def test_choices_are_told_by_what_people_call_them(office: Office) -> None:
    number = changed(office, urgency="urgent", targets="site")

    page = office.of("王建国").get(f"/items/{number}/comparison")

    rows = [words(row) for row in page.xpath("//tbody/tr")]
    assert any("紧急程度" in row and "一般" in row and "加急" in row for row in rows)
    assert any("发布目标" in row and "官网" in row for row in rows)
