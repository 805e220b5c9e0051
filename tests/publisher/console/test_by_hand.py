from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from publisher.channel import Assists, Channel, Receipt, Rendition
from publisher.storage import queries
from tests.publisher.console import office as offices
from tests.publisher.console.office import Office, picture, words

STEPS = ("打开“2026级新生群”", "粘贴文字并发送")


@dataclass(frozen=True, kw_only=True)
class ByHand(Channel, Assists):
    """An outlet at which a person does it all."""

    label = "人工代发"

    def render(self, content: object) -> Rendition:
        return Rendition(
            body="停水通知\n周六停水".encode(), media_type="text/plain", title="停水通知"
        )

    def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
        return Receipt(remote_id=key, awaits="请赵琳按清单人工发布")

    def steps(self, rendition: Rendition) -> tuple[str, ...]:
        return STEPS

    def assignee(self) -> str:
        return "赵琳"


@pytest.fixture
def handed(tmp_path: Path) -> Iterator[tuple[Office, int]]:
    """An office in which one delivery was handed to 赵琳, who has no part in settling otherwise."""
    opened = offices.found(tmp_path)
    opened.app.channels["hand"] = ByHand()
    [delivery] = opened.deliveries(opened.approved(targets=["hand"]))
    assert delivery.state == "accepted"
    yield opened, delivery.id
    opened.rest()
    opened.app.lanes.close()
    opened.app.database.engine.dispose()


def settlement(delivery: int) -> str:
    return f"/deliveries/{delivery}/settlement"


def test_it_waits_on_the_first_page_of_the_person_it_was_handed_to(
    handed: tuple[Office, int],
) -> None:
    office, delivery = handed

    tasks = office.of("赵琳").get("/agenda").xpath("//section[contains(@class, 'tasks')]//li")

    assert any("人工发布" in words(task) for task in tasks)
    assert settlement(delivery) in [link for task in tasks for link in task.xpath(".//a/@href")]


def test_words_and_steps_are_at_hand(handed: tuple[Office, int]) -> None:
    office, delivery = handed

    page = office.of("赵琳").get(settlement(delivery))

    assert page.xpath("//textarea[@id='words']")[0].text.strip() == "停水通知\n周六停水"
    assert [words(step) for step in page.xpath("//fieldset[@id='step']/label")] == [
        f"{number}. {step}" for number, step in enumerate(STEPS, 1)
    ]


def test_it_is_done_when_every_step_is_and_a_picture_shows_it(handed: tuple[Office, int]) -> None:
    office, delivery = handed
    visit = office.of("赵琳")
    visit.get(settlement(delivery))

    page = visit.post(
        settlement(delivery),
        outcome="delivered",
        step=["1", "2"],
        files={"picture": ("群里.png", picture(), "image/png")},
    )

    assert "核实结果已记录" in words(page)
    with office.app.database.reads() as session:
        found = queries.delivery(session, delivery)
        [seen] = found.observations
        assert (found.state, seen.source) == ("confirmed", "赵琳")
        shown = seen.picture
    assert shown
    assert visit.client.get(f"/media/{shown}").content[:4] == b"\x89PNG"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"step": ["1"], "url": "http://127.0.0.1/x"}, "step"),
        ({"step": ["1", "2"]}, "picture"),
    ],
)
def test_a_step_left_out_or_nothing_to_see_is_named(
    handed: tuple[Office, int], fields: dict[str, object], field: str
) -> None:
    office, delivery = handed
    visit = office.of("赵琳")
    visit.get(settlement(delivery))

    page = visit.post(settlement(delivery), status=422, outcome="delivered", **fields)

    assert page.xpath(f"//*[@id='{field}-fault']")
    assert page.xpath("//fieldset[@id='step']//input[@checked]")  # nothing typed is lost
    with office.app.database.reads() as session:
        assert queries.delivery(session, delivery).state == "accepted"


def test_a_picture_that_is_none_is_refused(handed: tuple[Office, int]) -> None:
    office, delivery = handed
    visit = office.of("赵琳")
    visit.get(settlement(delivery))

    page = visit.post(
        settlement(delivery),
        status=422,
        outcome="delivered",
        step=["1", "2"],
        files={"picture": ("群里.png", b"no picture", "image/png")},
    )

    assert page.xpath("//*[@id='picture-fault']")


def test_somebody_else_without_the_role_may_not_settle_it(handed: tuple[Office, int]) -> None:
    office, delivery = handed
    visit = office.of("林晓")

    page = visit.get(settlement(delivery))
    answer = visit.post(
        settlement(delivery),
        status=409,
        outcome="delivered",
        step=["1", "2"],
        url="http://127.0.0.1/x",
    )

    assert not page.xpath("//fieldset[@id='step']")
    assert "没有核实投递的权限" in words(answer)
