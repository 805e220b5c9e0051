"""What only a person can say about a delivery."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher import settings
from publisher.channel import Content, Links
from publisher.delivery import takedown
from publisher.delivery.works import Works
from publisher.errors import InvalidError, NotAllowedError
from publisher.model.advice import LEFT
from publisher.model.delivery import Delivery
from publisher.model.item import Medium
from publisher.model.people import Person
from publisher.model.states import DeliveryState as S
from publisher.storage import queries
from publisher.workflow import settle
from publisher.workflow.desk import Desk
from tests import make
from tests.make import NINE, FakeChannel

SEEN = {"outcome": "delivered", "note": "打开网页看到了"}


@pytest.fixture
def works(tmp_path: Path) -> Works:
    return make.works(tmp_path, {"gate": FakeChannel()})


def operator(session: Session) -> Person:
    known = session.scalar(select(Person).where(Person.name == "吴凡"))
    return known or make.person(session, "吴凡", "operator")


def said(works: Works, number: int, **words: Any) -> Delivery:
    """Let an operator say something about a delivery; return it as it is then."""
    with works.database.sessions.begin() as session:
        by = operator(session)
        row = session.get_one(Delivery, number)
        settle.settle(session, desk(works), row, settle.Sighting(**words), by=by, at=NINE)
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
        by = operator(session)
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


def test_what_seemed_to_be_taken_away_is_there_if_a_person_has_seen_it(works: Works) -> None:
    gone: dict[str, Any] = {"state": S.FAILED, "confirmed_at": NINE, "ended_at": NINE}
    number = make.delivery(works, deadline_at=NINE, **gone)

    settled = said(works, number, **SEEN)

    assert settled.state == S.CONFIRMED
    assert (settled.ended_at, settled.deadline_at) == (None, None)


@pytest.mark.parametrize("outcome", ["delivered", "not_delivered"])
def test_what_failed_and_was_never_seen_is_not_settled(works: Works, outcome: str) -> None:
    number = make.delivery(works, state=S.FAILED)

    with pytest.raises(NotAllowedError, match="不需要人工核实"):
        said(works, number, outcome=outcome, note="看过")


@pytest.mark.parametrize("media_type", ["image/png", "application/pdf", None])
def test_a_screenshot_is_kept_with_what_was_seen(works: Works, media_type: str | None) -> None:
    number = make.delivery(works, state=S.ACCEPTED, deadline_at=NINE)
    if media_type is not None:
        with works.database.sessions.begin() as session:
            shot = Medium(digest="d1", media_type=media_type, name="截图", size_bytes=1)
            shot.created_at, shot.created_by_id = NINE, operator(session).id
            session.add(shot)

    if media_type == "image/png":
        assert said(works, number, **SEEN, picture="d1").observations[0].picture == "d1"
    else:
        with pytest.raises(InvalidError, match="截图"):
            said(works, number, **SEEN, picture="d1")


@pytest.mark.parametrize("state", [S.UNCONFIRMED, S.WITHDRAWING])
def test_nobody_says_that_nothing_is_there_while_the_call_may_still_arrive(
    works: Works, state: S
) -> None:
    number = make.delivery(works, state=state, lease_owner="alive", deadline_at=NINE)

    with pytest.raises(NotAllowedError, match="还没有结束"):
        said(works, number, outcome="not_delivered", note="没看到")

    assert said(works, number, **SEEN).state == S.CONFIRMED


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


@dataclass(frozen=True, kw_only=True)
class Site(FakeChannel, Links):
    label = "官网"

    def link(self, content: Content) -> str:
        return "http://127.0.0.1/7"


@pytest.fixture
def pair(tmp_path: Path) -> Works:
    return make.works(tmp_path, {"site": Site(), "gate": FakeChannel()})


def following(works: Works, *, leader: dict[str, Any], **follower: Any) -> tuple[int, int]:
    """A leader as it stands, and a delivery that waits for it."""
    with works.database.sessions.begin() as session:
        edition = make.edition(session, targets=["site", "gate"], display_days=5)
        first = make.delivery_of(session, works, edition, target="site", **leader)
        values = {"after_id": first.id, "follow_until": NINE} | follower
        return first.id, make.delivery_of(session, works, edition, target="gate", **values).id


def decided(works: Works, do: Any, number: int, *, reason: str = "学院催得急") -> Delivery:
    """Let an operator decide about a delivery; return it as it is then."""
    with works.database.sessions.begin() as session:
        by = operator(session)
        do(session, session.get_one(Delivery, number), reason=reason, by=by, at=NINE)
    return make.stored(works, number)


def notes(works: Works, number: int) -> list[tuple[str, str]]:
    with works.database.reads() as session:
        found = queries.notes_of(session, session.get_one(Delivery, number).item_id)
        return [(note.verb, note.text) for note in found if note.delivery_id == number]


@pytest.mark.parametrize("state", [S.UNCONFIRMED, S.ACCEPTED])
def test_followers_hear_what_a_person_saw_of_their_leader(pair: Works, state: S) -> None:
    there, glad = following(pair, leader={"state": state}, advice="还在等", deadline_at=NINE)
    gone, stuck = following(pair, leader={"state": state})

    said(pair, there, outcome="delivered", note="看到了")
    said(pair, gone, outcome="not_delivered", note="没看到")

    heard = make.stored(pair, glad)
    assert (heard.advice, heard.deadline_at) == ("", None)
    assert make.stored(pair, stuck).deadline_at == NINE
    assert "没有发成" in make.stored(pair, stuck).advice


def test_a_person_who_saw_the_leader_begins_the_display(pair: Works) -> None:
    leader, follower = following(pair, leader={"state": S.UNCONFIRMED})

    said(pair, leader, outcome="delivered", note="看到了")

    end = datetime.fromisoformat("2026-12-01T00:00:00+08:00")
    assert {make.stored(pair, number).expires_at for number in (leader, follower)} == {end}


def test_what_must_stay_begins_no_display(pair: Works) -> None:
    leader, follower = following(pair, leader={"state": S.WITHDRAWING})

    said(pair, leader, outcome="delivered", note="按规定要保留")

    assert make.stored(pair, leader).expires_at is None
    assert make.stored(pair, follower).expires_at is None


def test_waits_begin_anew_when_the_leader_is_sent_again(pair: Works) -> None:
    leader, follower = following(
        pair, leader={"state": S.FAILED}, advice="没有发成", deadline_at=NINE
    )

    sent_again(pair, leader)

    row = make.stored(pair, follower)
    assert (row.advice, row.deadline_at) == ("", None)
    assert row.follow_until == NINE + timedelta(hours=2 + 2)


def test_a_follower_that_is_sent_again_waits_anew(pair: Works) -> None:
    _, follower = following(pair, leader={}, state=S.MISSED, follow_until=None)

    assert sent_again(pair, follower).follow_until == NINE + timedelta(hours=2 + 2)


def test_sent_again_has_the_late_policy_of_its_edition(works: Works) -> None:
    number = make.delivery(works, state=S.MISSED, late="miss")
    with works.database.sessions.begin() as session:
        session.get_one(Delivery, number).rendition.edition.late = "send"

    again = sent_again(works, number)

    assert (again.not_after, again.late) == (NINE + timedelta(hours=2 + 72), "ask")


def test_a_person_lets_it_go_without_its_leader(pair: Works) -> None:
    _, follower = following(pair, leader={"state": S.FAILED}, advice="在等", deadline_at=NINE)

    row = decided(pair, settle.go_ahead, follower)

    assert (row.state, row.after_id, row.follow_until) == (S.PLANNED, None, None)
    assert (row.advice, row.deadline_at) == ("", None)
    assert notes(pair, follower) == [("go_ahead", "学院催得急")]


@pytest.mark.parametrize(
    ("leader", "follower"),
    [
        ({"state": S.CONFIRMED}, {}),
        ({}, {"after_id": None}),
        ({}, {"state": S.SENDING}),
        ({}, {"state": S.CANCELLED}),
    ],
)
def test_what_waits_for_nothing_cannot_be_let_go(
    pair: Works, leader: dict[str, Any], follower: dict[str, Any]
) -> None:
    _, number = following(pair, leader=leader, **follower)

    with pytest.raises(NotAllowedError, match="没有在等"):
        decided(pair, settle.go_ahead, number)


@pytest.mark.parametrize("state", [S.FAILED, S.MISSED])
def test_a_person_leaves_unsent_what_was_not_sent(works: Works, state: S) -> None:
    number = make.delivery(works, state=state, deadline_at=NINE, advice="请决定")

    row = decided(works, settle.leave, number, reason="讲座已经结束")

    assert (row.state, row.deadline_at, row.advice) == (state, None, LEFT)
    assert row.decided_at is not None
    assert notes(works, number) == [("leave", "讲座已经结束")]
    with pytest.raises(NotAllowedError, match="已经决定"):
        decided(works, settle.leave, number)


def test_what_was_left_can_still_be_sent(works: Works) -> None:
    number = make.delivery(works, state=S.MISSED, advice=LEFT, decided_at=NINE)

    again = sent_again(works, number)

    assert (again.advice, again.decided_at, again.state) == ("", None, S.PLANNED)


@pytest.mark.parametrize("state", sorted(set(S) - {S.FAILED, S.MISSED}))
def test_nothing_else_is_left(works: Works, state: S) -> None:
    number = make.delivery(works, state=state)

    with pytest.raises(NotAllowedError, match="失败或错过"):
        decided(works, settle.leave, number)


@pytest.mark.parametrize("do", [settle.go_ahead, settle.leave])
def test_a_decision_needs_a_reason(works: Works, do: Any) -> None:
    number = make.delivery(works, state=S.MISSED)

    with pytest.raises(InvalidError) as caught:
        decided(works, do, number, reason=" ")

    assert (caught.value.field, caught.value.code) == ("reason", "empty")


@pytest.mark.parametrize("do", [settle.go_ahead, settle.leave])
def test_an_author_decides_nothing_about_deliveries(works: Works, do: Any) -> None:
    number = make.delivery(works, state=S.MISSED)

    with works.database.sessions.begin() as session:
        by = make.person(session, "林晓", "author")
        row = session.get_one(Delivery, number)
        with pytest.raises(NotAllowedError):
            do(session, row, reason="急", by=by, at=NINE)


@pytest.mark.parametrize("state", [S.FAILED, S.MISSED])
def test_what_a_backup_brought_back_is_looked_up_before_it_is_sent_again(
    works: Works, state: S
) -> None:
    number = make.delivery(works, state=state, is_restored=True)

    again = sent_again(works, number)

    later = NINE + timedelta(hours=2)
    assert (again.state, again.check_at, again.due_at) == (S.UNCONFIRMED, later, later)
    assert again.deadline_at == later + timedelta(hours=24)
    assert again.not_after == later + timedelta(hours=24)


def test_what_a_person_has_seen_is_not_looked_up_again(works: Works) -> None:
    number = make.delivery(works, state=S.UNCONFIRMED, is_restored=True)
    said(works, number, outcome="not_delivered", note="群里没有")

    assert sent_again(works, number).state == S.PLANNED


def test_what_was_settled_before_its_time_is_sent_at_its_time(works: Works) -> None:
    tomorrow = NINE + timedelta(days=1)
    number = make.delivery(works, state=S.UNCONFIRMED, is_restored=True, due_at=tomorrow)
    said(works, number, outcome="not_delivered", note="群里没有")

    assert sent_again(works, number).due_at == tomorrow
