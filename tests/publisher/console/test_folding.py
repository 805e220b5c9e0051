from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from publisher.channel import Channel, Paces
from publisher.console.folding import Fold, of_row
from publisher.model.delivery import Delivery
from publisher.model.states import DeliveryState as S
from tests.publisher.console import office as offices
from tests.publisher.console.office import REVIEWERS, Office, Walls, words

GROUPS = tuple(f"g{number}" for number in range(1, 13))


@dataclass(frozen=True, kw_only=True)
class Groups(Walls, Paces):
    """An outlet of many places that must not be hurried."""

    label = "QQ群"
    names: tuple[str, ...] = GROUPS

    def part(self, name: str) -> Channel:
        return self

    def part_label(self, name: str) -> str:
        return f"{name}班"

    def gap_s(self) -> float:
        return 600.0


@pytest.fixture
def crowd(tmp_path: Path) -> Iterator[Office]:
    """An office whose notices go to twelve groups, one every ten minutes."""
    opened = offices.found(tmp_path)
    opened.app.channels["groups"] = Groups()
    opened.app.desk.channels["groups"] = opened.app.channels["groups"]  # type: ignore[index]
    yield opened
    opened.rest()
    opened.app.lanes.close()
    opened.app.database.engine.dispose()


def stand(office: Office, *states: S) -> None:
    """Put the deliveries into these states, and all others into the last."""
    with office.app.database.sessions.begin() as session:
        rows = session.scalars(select(Delivery).order_by(Delivery.id)).all()
        for row, state in zip(rows, [*states, *[states[-1]] * len(rows)], strict=False):
            row.state = state


def test_a_few_places_are_shown_one_by_one() -> None:
    folds = of_row([("walls", "library", S.CONFIRMED), ("walls", "canteen", S.PLANNED)])

    assert [fold.part for fold in folds] == ["library", "canteen"]


def test_many_places_of_a_target_become_one_line() -> None:
    [fold] = of_row([("qq", name, S.CONFIRMED) for name in GROUPS[:11]] + [("qq", "g12", S.FAILED)])

    assert (fold.reached, fold.total, fold.aim) == (11, 12, S.CONFIRMED)
    assert fold.others == [(S.FAILED, 1)]


@pytest.mark.parametrize(
    ("states", "aim"),
    [
        ({S.PLANNED: 8}, S.CONFIRMED),
        ({S.WITHDRAWING: 3, S.WITHDRAWN: 5}, S.WITHDRAWN),
        ({S.EXPIRED: 8}, S.EXPIRED),
    ],
)
def test_what_all_are_to_reach_follows_from_what_is_under_way(states: dict[S, int], aim: S) -> None:
    assert Fold(target="qq", counts=states).aim == aim


def test_the_pages_show_how_many_of_many_places_are_reached(crowd: Office) -> None:
    number = crowd.approved(targets=["groups"])
    stand(crowd, S.FAILED, S.UNCONFIRMED, S.CONFIRMED)
    visit = crowd.of("吴凡")

    line = words(visit.get("/items"))
    page = visit.get(f"/items/{number}")

    assert "10/12 已确认" in line
    assert "10/12 已确认" in words(page)
    assert len(page.xpath("//tr[starts-with(@id, 'delivery-')]")) == 2  # those in trouble
    [every] = page.xpath("//a[@id='all-groups']/@href")
    assert len(visit.get(every).xpath("//tbody/tr")) == 12


def test_a_long_row_says_when_it_will_end(crowd: Office) -> None:
    number = crowd.submitted(targets=["groups"])
    for name in REVIEWERS:
        crowd.review(number, name)
    crowd.rest()

    page = words(crowd.of("吴凡").get(f"/items/{number}"))

    assert "预计" in page
    assert "发完" in page
    stand(crowd, S.CONFIRMED)
    assert "预计" not in words(crowd.of("吴凡").get(f"/items/{number}"))


def test_places_of_earlier_editions_stay_in_sight(crowd: Office) -> None:
    number = crowd.approved(targets=["groups"])
    stand(crowd, S.WITHDRAWN)
    visit = crowd.of("林晓")
    visit.get(f"/items/{number}/edit")
    visit.post(f"/items/{number}/editions", **(offices.NOTICE | {"targets": ["groups"]}))

    page = visit.get(f"/items/{number}")
    [earlier] = page.xpath("//details[@id='earlier']")
    assert "12/12 已撤回" in words(earlier)
