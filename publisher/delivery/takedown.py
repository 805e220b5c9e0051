"""Taking down: what was withdrawn, and what has come to its planned end.

A take-down is repeated until the outlet has said yes and a look has proved that nothing is there.
It asks neither for pauses nor for quiet hours and has lanes of its own.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher import clock
from publisher.channel import Confirms, Receipt, Withdraws
from publisher.delivery import retry
from publisher.delivery.calls import Call
from publisher.delivery.confirm import ask, claim, still_there
from publisher.delivery.engine import Kind, Work
from publisher.delivery.outcomes import apart, end_attempts, note, observe
from publisher.delivery.works import Works, receipt_of
from publisher.errors import ChannelError, PermanentError, UnknownOutcomeError
from publisher.model.delivery import Attempt, Delivery
from publisher.model.states import UP
from publisher.model.states import DeliveryState as S

log = structlog.get_logger()

BY_HAND = "这个平台不能自动撤下，请到平台上手工撤下，再在这里核实"
AT_ITS_END = "公开期限已满"


def expire(works: Works, *, now: datetime) -> int:
    """Begin to take down what has come to its planned end; return how many."""
    deadline_at = now + timedelta(hours=works.limits.take_down_h)
    with works.database.sessions.begin() as session:
        rows = session.scalars(
            select(Delivery)
            .where(Delivery.ended_at.is_(None), Delivery.expires_at <= now)
            .where(Delivery.state.concat("").in_(UP))  # hides the state's own index from SQLite
            .limit(500)
            .with_for_update(key_share=True, skip_locked=True)
        ).all()
        for row in rows:
            row.begin_takedown("expired", reason=AT_ITS_END, at=now, deadline_at=deadline_at)
            note(session, row, "expire", text=AT_ITS_END, at=now)
    return len(rows)


def run_target(works: Works, target: str, *, now: Callable[[], datetime] = clock.now) -> int:
    """Take down what is due on a target, one after another; return how many steps were made."""
    steps = 0
    while not works.stopping.is_set():
        with works.database.sessions.begin() as session:
            row = claim(session, works, target, states=(S.WITHDRAWING,), now=now())
        if row is None:
            break
        take_down(works, row, now=now)
        steps += 1
    return steps


def take_down(works: Works, delivery: Delivery, *, now: Callable[[], datetime]) -> None:
    """Make the next step: find it, take it down, or prove that it is gone."""
    if delivery.taken_down_at is None and delivery.remote_id is not None:
        _call(works, delivery, now=now)
    else:
        _verify(works, delivery, now=now)


def _call(works: Works, delivery: Delivery, *, now: Callable[[], datetime]) -> None:
    with works.database.sessions.begin() as session:
        session.add(Attempt(delivery_id=delivery.id, step="withdraw", started_at=now()))
    error = _withdraw(works, delivery)
    with works.database.sessions.begin() as session:
        outcome = type(error).__name__ if error else "done"
        end_attempts(session, delivery.id, outcome=outcome, said=str(error or ""), at=now())
        row = still_there(session, delivery)
        if row is None:
            return
        if error is None:
            row.taken_down_at, row.checks, row.check_at = now(), 0, now()
            if not isinstance(works.channel_of(row), Confirms):
                _gone(session, row, at=now())
        else:
            row.advice = error.advice or BY_HAND
            _later(row, error, at=now())


def _work(delivery: Delivery) -> Work:
    return Work(Kind.TAKE_DOWN, delivery.target)


def _withdraw(works: Works, delivery: Delivery) -> ChannelError | None:
    channel, receipt = works.channel_of(delivery), receipt_of(delivery)
    if not isinstance(channel, Withdraws) or receipt is None:
        return PermanentError("the target cannot take down", advice=BY_HAND)
    try:
        with works.calls.noted(Call(_work(delivery).name, (delivery.id,))):
            channel.withdraw(receipt, reason=delivery.takedown_reason)
    except ChannelError as error:
        return error
    except Exception as error:  # noqa: BLE001  # a bug must not end the take-down
        log.error("unforeseen", delivery=delivery.id, traceback=traceback.format_exc())
        return UnknownOutcomeError(f"unforeseen {type(error).__name__}")
    return None


def _verify(works: Works, delivery: Delivery, *, now: Callable[[], datetime]) -> None:
    seen = ask(works, delivery, call=Call(_work(delivery).name, (delivery.id,)))
    with works.database.sessions.begin() as session:
        row = still_there(session, delivery)
        if row is None:
            return
        if isinstance(seen, Receipt):
            _still_there(session, row, seen, at=now())
        elif seen is None:
            _absent(session, works, row, at=now())
        else:
            observe(session, row, "unclear", str(seen), at=now())
            can_be_asked = isinstance(works.channel_of(row), Confirms)
            row.advice = seen.advice if can_be_asked else BY_HAND
            _later(row, seen if can_be_asked else PermanentError(BY_HAND), at=now())


def _still_there(session: Session, row: Delivery, seen: Receipt, *, at: datetime) -> None:
    """It is there (still, or found at last): take it down (again)."""
    observe(session, row, "present", seen.evidence, at=at)
    row.remote_id, row.url = seen.remote_id, seen.url or row.url
    row.absent_at = None
    if row.taken_down_at is None:
        row.check_at = at
    else:
        row.taken_down_at = None
        _later(row, None, at=at)


def _absent(session: Session, works: Works, row: Delivery, *, at: datetime) -> None:
    """Gone. Where we never knew that it was there, one look is not enough."""
    observe(session, row, "absent", "", at=at)
    if row.taken_down_at is None and (
        row.absent_at is None or row.absent_at > at or at - row.absent_at < apart(works, row)
    ):
        row.absent_at = min(row.absent_at or at, at)
        row.check_at = row.absent_at + apart(works, row)
        return
    _gone(session, row, at=at)


def _gone(session: Session, row: Delivery, *, at: datetime) -> None:
    row.settle(S.EXPIRED if row.takedown_as == "expired" else S.WITHDRAWN, at=at)
    note(session, row, "taken_down", text=row.takedown_reason, at=at)


def _later(row: Delivery, error: ChannelError | None, *, at: datetime) -> None:
    """Set the next step; what only a person can take down is tried again now and then."""
    is_for_a_person = isinstance(error, PermanentError)
    if is_for_a_person:
        row.deadline_at = at
    row.check_at = at + timedelta(seconds=retry.look_s(row.checks, is_late=is_for_a_person))
