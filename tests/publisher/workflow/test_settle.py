"""What only a person can say about a delivery."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from publisher import settings
from publisher.delivery import takedown
from publisher.delivery.works import Works
from publisher.errors import InvalidError, NotAllowedError
from publisher.model.delivery import Delivery
from publisher.model.states import DeliveryState as S
from publisher.workflow import settle
from publisher.workflow.desk import Desk
from tests import make
from tests.make import NINE, FakeChannel

SEEN = {"outcome": "delivered", "note": "打开网页看到了"}


@pytest.fixture
def works(tmp_path: Path) -> Works:
    return make.works(tmp_path, {"gate": FakeChannel()})


def said(works: Works, number: int, **words: Any) -> Delivery:
    """Let an operator say something about a delivery; return it as it is then."""
    with works.database.sessions.begin() as session:
        by = make.person(session, "吴凡", "operator")
        row = session.get_one(Delivery, number)
        settle.settle(session, desk(works), row, by=by, at=NINE, **words)
    return make.stored(works, number)


def desk(works: Works) -> Desk:
    """A desk beside the works, with default settings."""
    return Desk(
        settings=settings.load(Path("no such folder")),
        database=works.database,
        channels=works.channels,
        media=works.media,
    )


def sent_again(works: Works, number: int) -> Delivery:
    """Let an operator send a delivery again; return it as it is then."""
    with works.database.sessions.begin() as session:
        by = make.person(session, "吴凡", "operator")
        row = session.get_one(Delivery, number)
        settle.retry(session, desk(works), row, by=by, at=NINE + timedelta(hours=2))
    return make.stored(works, number)


@pytest.mark.parametrize("state", [S.FAILED, S.MISSED])
def test_what_failed_or_was_missed_is_sent_again_at_once(works: Works, state: S) -> None:
    number = make.delivery(works, state=state, tries=3)

    again = sent_again(works, number)

    assert (again.state, again.tries) == (S.PLANNED, 0)
    assert again.due_at == NINE + timedelta(hours=2)
    assert again.not_after == NINE + timedelta(hours=26)


def test_what_is_sent_again_forgets_what_the_first_send_was_called(works: Works) -> None:
    number = make.delivery(
        works, state=S.FAILED, remote_id="old", url="http://127.0.0.1/7", accepted_at=NINE
    )

    again = sent_again(works, number)

    assert (again.remote_id, again.url, again.accepted_at) == (None, "", None)


@pytest.mark.parametrize("state", sorted(set(S) - {S.FAILED, S.MISSED}))
def test_nothing_else_is_ever_sent_again_by_hand(works: Works, state: S) -> None:
    number = make.delivery(works, state=state)

    with pytest.raises(NotAllowedError, match="失败或错过"):
        sent_again(works, number)

    assert make.stored(works, number).state == state


@pytest.mark.parametrize(
    ("state", "outcome", "after"),
    [
        (S.UNCONFIRMED, "delivered", S.CONFIRMED),
        (S.UNCONFIRMED, "not_delivered", S.FAILED),
        (S.ACCEPTED, "delivered", S.CONFIRMED),
        (S.WITHDRAWING, "not_delivered", S.WITHDRAWN),
    ],
)
def test_a_person_who_looked_settles_it_and_the_look_is_kept(
    works: Works, state: S, outcome: str, after: S
) -> None:
    number = make.delivery(works, state=state, check_at=NINE, deadline_at=NINE)

    settled = said(works, number, outcome=outcome, note="打电话问过")

    assert (settled.state, settled.check_at, settled.deadline_at) == (after, None, None)
    seen = settled.observations[0]
    assert (seen.source, seen.evidence) == ("吴凡", "打电话问过")


def test_what_the_machine_still_does_is_not_settled_by_hand(works: Works) -> None:
    number = make.delivery(works)

    with pytest.raises(NotAllowedError, match="不需要人工核实"):
        said(works, number, **SEEN)


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"outcome": "maybe"}, "outcome"),
        ({"note": " "}, "note"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"url": "http://127.0.0.1/" + "x" * 1000}, "url"),
    ],
)
def test_a_settlement_without_sense_is_refused(
    works: Works, words: dict[str, str], field: str
) -> None:
    number = make.delivery(works, state=S.UNCONFIRMED)

    with pytest.raises(InvalidError) as caught:
        said(works, number, **(SEEN | words))

    assert caught.value.field == field


def test_what_must_stay_after_its_planned_end_stays(works: Works) -> None:
    number = make.delivery(works, state=S.CONFIRMED, expires_at=NINE)
    takedown.expire(works, now=NINE)

    said(works, number, outcome="delivered", note="按规定要保留")
    again = takedown.expire(works, now=NINE + timedelta(days=1))

    assert again == 0
    assert make.stored(works, number).state == S.CONFIRMED
