"""What came of a send: one transaction of its own, and only while the claim is still ours."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import CursorResult, update
from sqlalchemy.orm import Session

from publisher.channel import Confirms, Receipt
from publisher.delivery import retry
from publisher.delivery.works import Works
from publisher.errors import (
    ChannelError,
    CredentialsError,
    PermanentError,
    RetryableError,
    UnfitError,
)
from publisher.model.delivery import Attempt, Delivery
from publisher.model.item import Item
from publisher.model.note import Note
from publisher.model.states import DeliveryState as S
from publisher.model.target import Target
from publisher.storage import notes

log = structlog.get_logger()

LEADER_FAILED = "要等带全文地址的那一处先发出；它没有发成，请先处理它，再发这一处"
MAX_SAID = 2000  # characters of an outlet's answer that are kept


def record(
    works: Works, delivery: Delivery, outcome: Receipt | ChannelError | None, *, at: datetime
) -> None:
    """Write what came of it; a worker that has lost its claim writes nothing."""
    if outcome is None:
        return
    with works.database.sessions.begin() as session:
        if not still_ours(session, delivery, lease_owner=None, lease_until=None):
            _keep_late(session, delivery, outcome)
            return
        row = session.get_one(Delivery, delivery.id, populate_existing=True)
        if isinstance(outcome, Receipt):
            end_attempts(session, row, outcome="accepted", said=outcome.remote_id, at=at)
            _accepted(works, row, outcome, at=at)
        else:
            name = type(outcome).__name__
            end_attempts(session, row, outcome=name, said=str(outcome), at=at)
            _not_accepted(session, works, row, outcome, at=at)
        take_down_if_withdrawn(session, works, row, at=at)


def _keep_late(session: Session, delivery: Delivery, outcome: Receipt | ChannelError) -> None:
    """Keep what the outlet called it, though we came too late: a look or a take-down needs it."""
    log.warning("lost the claim", delivery=delivery.id, outcome=type(outcome).__name__)
    if isinstance(outcome, Receipt):
        session.execute(
            update(Delivery)
            .where(Delivery.id == delivery.id, Delivery.remote_id.is_(None))
            .where(Delivery.state.in_((S.UNCONFIRMED, S.WITHDRAWING)))
            .values(remote_id=outcome.remote_id, url=outcome.url)
        )


def still_ours(session: Session, delivery: Delivery, **values: Any) -> bool:
    """Write these values if the claim is still ours, and say whether it was."""
    result = session.execute(
        update(Delivery)
        .where(
            Delivery.id == delivery.id,
            Delivery.fence == delivery.fence,
            Delivery.state == S.SENDING,
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return isinstance(result, CursorResult) and result.rowcount == 1


def end_attempts(
    session: Session, delivery: Delivery, *, outcome: str, said: str, at: datetime
) -> None:
    """End the open attempt of a delivery with what came of it."""
    session.execute(
        update(Attempt)
        .where(Attempt.delivery_id == delivery.id, Attempt.ended_at.is_(None))
        .values(ended_at=at, outcome=outcome, said=said[:MAX_SAID])
    )


def _accepted(works: Works, row: Delivery, receipt: Receipt, *, at: datetime) -> None:
    row.move(S.ACCEPTED)
    row.remote_id, row.evidence = receipt.remote_id, receipt.evidence
    row.url = receipt.url or row.url
    row.accepted_at, row.advice = at, ""
    look_later(works, row, at=at, first=True)


def _not_accepted(
    session: Session, works: Works, row: Delivery, error: ChannelError, *, at: datetime
) -> None:
    row.advice = error.advice
    if isinstance(error, CredentialsError):
        row.plan_again(row.due_at)  # certainly not there; it waits with the target
        _pause(session, row, error, at=at)
    elif isinstance(error, RetryableError):
        _try_again(session, row, error, at=at)
    elif isinstance(error, (PermanentError, UnfitError)):
        give_up(session, row, error.advice, at=at)
    else:
        row.move(S.UNCONFIRMED)
        look_later(works, row, at=at, first=False)


def _try_again(session: Session, row: Delivery, error: RetryableError, *, at: datetime) -> None:
    row.tries += 1
    # not a secret: spreads retries of many lanes
    wait_s = retry.wait_s(row.tries, after_s=error.after_s, chance=random.random())
    due_at = None if wait_s is None else at + timedelta(seconds=wait_s)
    if due_at is None or due_at > row.not_after:
        give_up(session, row, error.advice, at=at)
        return
    row.plan_again(due_at)


def look_later(works: Works, row: Delivery, *, at: datetime, first: bool) -> None:
    """Set when the outlet is to be asked; an outlet that cannot be asked leaves it to a person."""
    row.checks, row.absent_at = 0, None
    row.deadline_at = at + timedelta(hours=works.limits.look_up_h)
    channel = works.channel(row)
    if not isinstance(channel, Confirms):
        row.check_at, row.deadline_at = None, at
    else:
        row.check_at = at if first else at + timedelta(seconds=channel.typical_delay_s)


def give_up(session: Session, row: Delivery, advice: str, *, at: datetime) -> None:
    """Fail a delivery that certainly is not there."""
    row.move(S.FAILED)
    row.advice, row.ended_at, row.check_at, row.deadline_at = advice, at, None, None
    row.lease_owner, row.lease_until = None, None
    tell_followers(session, row, advice=LEADER_FAILED, deadline_at=at)
    note(session, row, "failed", text=advice, at=at)


def tell_followers(
    session: Session, row: Delivery, *, advice: str, deadline_at: datetime | None
) -> None:
    """Say to those that wait for this delivery what has become of it."""
    session.execute(
        update(Delivery)
        .where(Delivery.after_id == row.id, Delivery.state == S.PLANNED)
        .values(advice=advice, deadline_at=deadline_at)
        .execution_options(synchronize_session=False)
    )


def _pause(session: Session, row: Delivery, error: CredentialsError, *, at: datetime) -> None:
    target = session.get(Target, row.target)
    if target is None:
        target = Target(name=row.target, health={})
        session.add(target)
    if target.paused_at is None:
        target.paused_at, target.paused_by = at, ""
        target.paused_because = error.advice or "平台拒绝了我们的账号，请检查账号和密钥后恢复"
        note(session, row, "pause", text=target.paused_because, at=at)


def take_down_if_withdrawn(session: Session, works: Works, row: Delivery, *, at: datetime) -> None:
    """A withdrawal that came while it was being sent takes it down now."""
    item = session.get_one(Item, row.item_id)
    if item.withdrawn_at is None:
        return
    if row.state == S.PLANNED:
        row.cancel(at=at)
    elif row.state in (S.ACCEPTED, S.UNCONFIRMED):
        row.begin_takedown(
            "withdrawn",
            reason=item.withdrawal_reason,
            at=at,
            deadline_at=at + timedelta(hours=works.limits.take_down_h),
        )


def note(session: Session, row: Delivery, verb: str, *, text: str, at: datetime) -> None:
    """Append a note about a delivery, in our own name."""
    notes.append(
        session,
        Note(
            at=at,
            who=notes.SYSTEM,
            verb=verb,
            item_id=row.item_id,
            delivery_id=row.id,
            target=row.target,
            text=text,
        ),
    )
