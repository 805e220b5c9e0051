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

import structlog
from sqlalchemy import CursorResult, bindparam, case, literal, select, update
from sqlalchemy.orm import Session

from publisher.channel import Channel, Paces, Receipt
from publisher.delivery import breaker, gates, retry
from publisher.delivery.outcomes import (
    MAX_SAID,
    end_attempts,
    give_up,
    look_later,
    next_look,
    note,
    take_down_if_withdrawn,
)
from publisher.delivery.retry import Why
from publisher.delivery.works import Works
from publisher.errors import (
    ChannelError,
    CredentialsError,
    PermanentError,
    RetryableError,
    UnfitError,
    UnknownOutcomeError,
)
from publisher.model.delivery import Attempt, Bundle, Delivery
from publisher.model.item import Item
from publisher.model.lane import Lane
from publisher.model.states import DeliveryState as S

log = structlog.get_logger()

Outcome = Receipt | ChannelError


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
            _keep_late(session, works, one)
    _mend_breakers(session, ours)


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
        advice="",
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
    return {
        "b_id": one.id,
        "b_fence": one.fence,
        "b_remote_id": receipt.remote_id,
        "b_evidence": receipt.evidence,
        "b_url": receipt.url,
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


def _keep_late(session: Session, works: Works, one: Sent) -> None:
    """A worker that was given up has its answer after all: the claim is lost, the fact is not.

    A receipt proves that it is there, whatever was believed meanwhile: it is accepted, or taken
    down where it is not to be there. In every case the call is known to be over.
    """
    log.warning("lost the claim", delivery=one.id, outcome=type(one.outcome).__name__)
    row = session.get(Delivery, one.id, populate_existing=True, with_for_update=True)
    if row is None or row.lease_until is not None or _last_send(session, one.id) != one.fence:
        return  # it was claimed anew
    row.lease_owner = None
    if not isinstance(one.outcome, Receipt) or row.remote_id is not None:
        return
    if row.state in (S.PLANNED, S.FAILED, S.MISSED):
        row.move(S.UNCONFIRMED)
    elif row.state in (S.CANCELLED, S.WITHDRAWN, S.EXPIRED):
        _take_down(works, row, at=one.at)
    if row.state == S.UNCONFIRMED:
        _accept_row(works, row, one.outcome, at=one.at)
    elif row.state == S.WITHDRAWING:
        row.remote_id, row.url, row.taken_down_at = one.outcome.remote_id, one.outcome.url, None
        row.check_at = one.at


def _take_down(works: Works, row: Delivery, *, at: datetime) -> None:
    """Begin a take-down anew: what was believed never to have come, or to be gone, is there."""
    how, reason = row.takedown_as or "withdrawn", row.takedown_reason or row.item.withdrawal_reason
    deadline_at = at + timedelta(hours=works.limits.take_down_h)
    row.begin_takedown(how, reason=reason, at=at, deadline_at=deadline_at)
    row.ended_at = None


def _last_send(session: Session, delivery_id: int) -> int | None:
    return session.scalar(
        select(Attempt.fence)
        .where(Attempt.delivery_id == delivery_id, Attempt.step == "deliver")
        .order_by(Attempt.id.desc())
        .limit(1)
    )


def _accept_row(works: Works, row: Delivery, receipt: Receipt, *, at: datetime) -> None:
    row.move(S.ACCEPTED)
    row.remote_id, row.evidence = receipt.remote_id, receipt.evidence
    row.url = receipt.url or row.url
    row.accepted_at, row.ended_at, row.advice = at, None, ""
    look_later(works, row, at=at, first=True)


_TROUBLED = (
    select(Lane)
    .where(Lane.name.in_(bindparam("names", expanding=True)))
    .where((Lane.faults > 0) | (Lane.breaker != "closed"))
    .order_by(Lane.name)
    .with_for_update()
)


def _mend_breakers(session: Session, ours: Sequence[Sent]) -> None:
    """Close the breakers of accounts that have just taken a delivery."""
    took = {one.lane: one for one in ours}
    for record in session.scalars(_TROUBLED, {"names": sorted(took)}):
        before = gates.breaker_of(record)
        gates.keep_breaker(record, breaker.after_success(before))
        if before.state == breaker.State.HALF_OPEN:  # which had held all others back
            one = took[record.name]
            gap_s = one.channel.gap_s() if isinstance(one.channel, Paces) else 0.0
            record.next_send_at = one.at + timedelta(seconds=gap_s)


def _not_accepted(session: Session, works: Works, one: Sent, *, told: set[int]) -> None:
    """Write an error; one of a whole bundle is one fault of the account, and gives back one send.

    `told` has the errors that have been counted.
    """
    error = one.outcome
    assert isinstance(error, ChannelError)
    if not still_ours(session, one.id, one.fence, lease_owner=None, lease_until=None):
        _keep_late(session, works, one)
        return
    row = session.get_one(Delivery, one.id, populate_existing=True)
    end_attempts(session, row.id, outcome=type(error).__name__, said=str(error), at=one.at)
    row.advice = error.advice
    if id(error) not in told:
        told.add(id(error))
        _count(session, row, one, error)
    if isinstance(error, (RetryableError, CredentialsError)):
        _try_again(row, error, at=one.at)
        if not one.is_whole:
            _leave_bundle(session, row)
    elif isinstance(error, (PermanentError, UnfitError)):
        give_up(session, row, error.advice, at=one.at)
    else:
        row.move(S.UNCONFIRMED)
        look_later(works, row, at=one.at, first=False)


def _leave_bundle(session: Session, row: Delivery) -> None:
    """Take it out of its bundle, which is dissolved: its key has carried this one, too."""
    dissolved = update(Bundle).where(Bundle.id == row.bundle_id).values(frozen_at=None)
    session.execute(dissolved.execution_options(synchronize_session=False))
    row.bundle_id, row.bundle_position = None, None


def _count(session: Session, row: Delivery, one: Sent, error: ChannelError) -> None:
    if breaker.counts(error):
        _count_fault(session, row, error, at=one.at)
    if one.is_whole and not isinstance(error, UnknownOutcomeError):  # certainly not spent
        gates.spend(session, row.lane, one.channel, -1, now=one.at)


def _try_again(row: Delivery, error: ChannelError, *, at: datetime) -> None:
    """Plan it again: certainly not there. Past its latest moment it will be missed, and say so."""
    if isinstance(error, CredentialsError):
        row.plan_again(row.due_at)  # it waits with its account
        return
    row.tries += 1
    after_s = error.after_s if isinstance(error, RetryableError) else None
    # not a secret: spreads retries of many lanes
    wait_s = retry.wait_s(Why.REFUSED, row.tries, after_s=after_s, chance=random.random())
    assert wait_s is not None
    row.plan_again(at + timedelta(seconds=wait_s))


def _count_fault(session: Session, row: Delivery, error: ChannelError, *, at: datetime) -> None:
    """Count it against the account, and say so once where that opens the breaker."""
    record = gates.lane_record(session, row.lane)
    before = gates.breaker_of(record)
    after = breaker.after_fault(before, error, at=at)
    gates.keep_breaker(record, after)
    if after.state == before.state:
        return
    record.next_send_at = None
    record.advice = error.advice or (
        "平台拒绝了我们的账号，请检查账号和密钥，之后恢复"
        if isinstance(error, CredentialsError)
        else "平台接连没有正常回答，已停发；检查正常后会自动继续"
    )
    if before.openings == 0:
        note(session, row, "breaker", text=record.advice, at=at)


def still_ours(session: Session, delivery_id: int, fence: int, **values: Any) -> bool:
    """Write these values if the claim is still ours, and say whether it was."""
    result = session.execute(
        update(Delivery)
        .where(Delivery.id == delivery_id, Delivery.fence == fence, Delivery.state == S.SENDING)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return isinstance(result, CursorResult) and result.rowcount == 1
