"""What came of a send: written in one transaction, and only while the claim is still ours.

An acceptance is what mostly comes, and comes in numbers: all of a transaction are written
together. Everything else is written row by row.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, bindparam, case, literal, select, update
from sqlalchemy.orm import Session

from publisher.channel import Channel, Ration, Receipt
from publisher.delivery import breaker, faults, gates, late_answer, retry
from publisher.delivery.outcomes import (
    MAX_SAID,
    Outcome,
    end_attempts,
    give_up,
    look_later,
    next_look,
    take_down_if_withdrawn,
)
from publisher.delivery.retry import Why
from publisher.delivery.works import Works
from publisher.errors import (
    ChannelError,
    CredentialsError,
    PermanentError,
    RetryableError,
    SpentError,
    UnfitError,
    UnknownOutcomeError,
)
from publisher.model.delivery import Attempt, Bundle, Delivery
from publisher.model.item import Item
from publisher.model.states import DeliveryState as S
from publisher.schedule import quota, times

PERIODS = {"day": "今天", "month": "本月"}


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What came of one delivery: by which claim it was ours, and what the outlet said."""

    id: int
    item_id: int
    fence: int
    lane: str
    channel: Channel
    outcome: Outcome
    at: datetime
    is_whole: bool = True  # False: the outcome is this member's own, not that of its bundle
    first_at: datetime | None = None  # when the call began that was made again; None: this is it


def record(session: Session, works: Works, sent: Sequence[Sent]) -> None:
    """Write what came of these; a worker that has lost its claim changes no state."""
    if not sent:
        return
    withdrawn = _withdrawn(session, {one.item_id for one in sent})
    ordered = sorted(sent, key=lambda one: one.id)  # as everywhere: nobody waits in a circle
    accepted = [one for one in ordered if isinstance(one.outcome, Receipt)]
    _accept(session, works, accepted)
    told: set[int] = set()
    for one in ordered:
        if not isinstance(one.outcome, Receipt):
            _not_accepted(session, works, one, told=told)
    for one in ordered:
        if one.item_id in withdrawn:
            row = session.get_one(Delivery, one.id, populate_existing=True)
            take_down_if_withdrawn(session, works, row, at=one.at)


_ITEMS = (
    select(Item.__table__.c.id, Item.__table__.c.withdrawn_at)
    .where(Item.__table__.c.id.in_(bindparam("items", expanding=True)))
    .order_by(Item.__table__.c.id)
    .with_for_update(read=True)
)


def _withdrawn(session: Session, items: Collection[int]) -> set[int]:
    """Return which items were withdrawn, and let none be until this is written."""
    found = session.connection().execute(_ITEMS, {"items": sorted(items)})
    return {item_id for item_id, withdrawn_at in found if withdrawn_at is not None}


def _accept(session: Session, works: Works, accepted: Sequence[Sent]) -> None:
    if not accepted:
        return
    written = _write(session, _ACCEPT, [_accepted(works, one) for one in accepted])
    ours = accepted if written == len(accepted) else _still_ours(session, accepted)
    _end_accepted(session, ours)
    for one in accepted:
        if one not in ours:
            late_answer.keep(session, works, one.id, one.fence, one.outcome, at=one.at)
    faults.mend(session, {one.lane: (one.channel, one.at) for one in ours})


_OURS = (
    (Delivery.id == bindparam("b_id"))
    & (Delivery.fence == bindparam("b_fence"))
    & (Delivery.state == S.SENDING)
)
_ACCEPT = (
    update(Delivery)
    .where(_OURS)
    .values(
        state=S.ACCEPTED,
        remote_id=bindparam("b_remote_id"),
        evidence=bindparam("b_evidence"),
        url=case((literal("") == bindparam("b_url"), Delivery.url), else_=bindparam("b_url")),
        accepted_at=bindparam("b_at"),
        advice=bindparam("b_advice"),
        lease_owner=None,
        lease_until=None,
        checks=0,
        absent_at=None,
        check_at=bindparam("b_check_at"),
        deadline_at=bindparam("b_deadline_at"),
    )
)
_END = (
    update(Attempt)
    .where(Attempt.delivery_id == bindparam("b_id"), Attempt.ended_at.is_(None))
    .values(ended_at=bindparam("b_at"), outcome="accepted", said=bindparam("b_said"))
)


def _accepted(works: Works, one: Sent) -> dict[str, object]:
    receipt = one.outcome
    assert isinstance(receipt, Receipt)
    check_at, deadline_at = next_look(works, one.channel, at=one.at, first=True)
    if receipt.awaits:
        deadline_at = one.at
    return {
        "b_id": one.id,
        "b_fence": one.fence,
        "b_remote_id": receipt.remote_id,
        "b_evidence": receipt.evidence,
        "b_url": receipt.url,
        "b_advice": receipt.awaits,
        "b_at": one.at,
        "b_check_at": check_at,
        "b_deadline_at": deadline_at,
    }


def _write(session: Session, statement: Any, rows: list[dict[str, object]]) -> int:
    result = session.connection().execute(statement, rows)
    return result.rowcount


def _still_ours(session: Session, sent: Sequence[Sent]) -> list[Sent]:
    """Return those whose acceptance was written: they stand accepted under our fence."""
    found = session.execute(
        select(Delivery.id, Delivery.fence).where(
            Delivery.id.in_([one.id for one in sent]), Delivery.state == S.ACCEPTED
        )
    )
    ours = {(row.id, row.fence) for row in found}
    return [one for one in sent if (one.id, one.fence) in ours]


def _end_accepted(session: Session, ours: Sequence[Sent]) -> None:
    rows = [
        {"b_id": one.id, "b_at": one.at, "b_said": one.outcome.remote_id[:MAX_SAID]}
        for one in ours
        if isinstance(one.outcome, Receipt)
    ]
    if rows:
        _write(session, _END, rows)


def _not_accepted(session: Session, works: Works, one: Sent, *, told: set[int]) -> None:
    """Write an error; one of a whole bundle is one fault of the account, and gives back one send.

    `told` has the errors that have been counted.
    """
    error = one.outcome
    assert isinstance(error, ChannelError)
    if not still_ours(session, one.id, one.fence, lease_owner=None, lease_until=None):
        late_answer.keep(session, works, one.id, one.fence, one.outcome, at=one.at)
        return
    row = session.get_one(Delivery, one.id, populate_existing=True)
    end_attempts(session, row.id, outcome=type(error).__name__, said=str(error), at=one.at)
    row.advice = error.advice
    if id(error) not in told:
        told.add(id(error))
        _count(session, row, one, error)
    if _is_open(one, error):
        _leave_open(session, works, row, one)
    elif isinstance(error, (RetryableError, CredentialsError)):
        _try_again(session, row, one, error)
        if not one.is_whole:
            _leave_bundle(session, row)
    else:
        give_up(session, row, error.advice, at=one.at)


def _is_open(one: Sent, error: ChannelError) -> bool:
    """Say whether it may be there all the same.

    That the same call cannot be made now says nothing of the first one.
    """
    if isinstance(error, (RetryableError, CredentialsError)):
        return one.first_at is not None
    return not isinstance(error, (PermanentError, UnfitError))


def _leave_open(session: Session, works: Works, row: Delivery, one: Sent) -> None:
    """Look, before anything else is done; a repeat puts off no deadline."""
    if isinstance(one.outcome, SpentError):
        gates.exhaust(session, row.lane, one.channel, one.outcome.period, now=one.at)
    deadline_at = row.deadline_at
    row.move(S.UNCONFIRMED)
    look_later(works, row, at=one.at, first=False)
    if one.first_at is not None:
        row.deadline_at = deadline_at


def _leave_bundle(session: Session, row: Delivery) -> None:
    """Take it out of its bundle, which is dissolved: its key has carried this one, too."""
    dissolved = update(Bundle).where(Bundle.id == row.bundle_id).values(frozen_at=None)
    session.execute(dissolved.execution_options(synchronize_session=False))
    row.bundle_id, row.bundle_position = None, None


def _count(session: Session, row: Delivery, one: Sent, error: ChannelError) -> None:
    if breaker.counts(error) and not (one.first_at and isinstance(error, UnknownOutcomeError)):
        faults.count(session, row, error, at=one.at)
    if one.is_whole and not _is_open(one, error):  # certainly not spent
        gates.spend(session, row.lane, one.channel, -1, now=one.first_at or one.at)


def _try_again(session: Session, row: Delivery, one: Sent, error: ChannelError) -> None:
    """Plan it again: certainly not there. Past its latest moment it will be missed, and say so."""
    if isinstance(error, CredentialsError):
        row.plan_again(row.due_at)  # it waits with its account
        return
    if isinstance(error, SpentError):
        _wait_for_ration(session, row, one, error)
        return
    row.tries += 1
    after_s = error.after_s if isinstance(error, RetryableError) else None
    # not a secret: spreads retries of many lanes
    wait_s = retry.wait_s(Why.REFUSED, row.tries, after_s=after_s, chance=random.random())
    assert wait_s is not None
    row.plan_again(one.at + timedelta(seconds=wait_s))


def _wait_for_ration(session: Session, row: Delivery, one: Sent, error: SpentError) -> None:
    """Let it wait until the outlet counts anew; that is no fault, and no try.

    Where the ration is counted here, too, it is used up from now on, and its account finds the
    next moment for whatever waits.
    """
    after_at = one.at + timedelta(seconds=min(error.after_s or 0.0, retry.MAX_WAIT_S))
    if gates.exhaust(session, row.lane, one.channel, error.period, now=one.at):
        row.plan_again(max(row.due_at, after_at))
        return
    renewed_at = quota.renewed_at(Ration(sends=0, period=error.period), one.at)
    row.plan_again(max(renewed_at, after_at))
    told = f"平台说{PERIODS[error.period]}的发送次数已用完，改到 {times.say_day(row.due_at)}"
    row.advice = error.advice or told


def still_ours(session: Session, delivery_id: int, fence: int, **values: Any) -> bool:
    """Write these values if the claim is still ours, and say whether it was."""
    result = session.execute(
        update(Delivery)
        .where(Delivery.id == delivery_id, Delivery.fence == fence, Delivery.state == S.SENDING)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return isinstance(result, CursorResult) and result.rowcount == 1
