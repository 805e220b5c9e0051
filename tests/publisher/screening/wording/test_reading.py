"""The patrol counts places as the screening does."""

from __future__ import annotations

from publisher.screening.passage import passages
from publisher.screening.wording.reading import open_page
from tests.publisher.screening.wording import notice

BODY = (
    '<p>甲</p><p><img src="media:a.png" alt=""></p><p><img src="media:b.png" alt="图"></p>'
    "<ul><li>乙<p>丙</p></li></ul><table><caption>表</caption>"
    "<tr><td rowspan='2'>1</td><td>2</td></tr>"
    "<tr><td>3</td></tr></table><p>丁<br>戊</p><table><tr><th>4</th></tr></table>"
)


def test_places_are_those_of_the_screening() -> None:
    page = open_page(notice(BODY))

    assert [(line.place, line.spoken) for line in page.body] == [
        (passage.place, passage.spoken) for passage in passages({"body": BODY})
    ]


def test_an_empty_body_has_no_lines() -> None:
    assert open_page(notice(" ")).body == ()


def test_a_line_keeps_its_form_and_its_breaks() -> None:
    page = open_page(notice("<p>１<br>2</p>"))

    assert [line.text for line in page.body] == ["１\n2"]
