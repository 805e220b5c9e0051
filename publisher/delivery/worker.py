"""What happens at the due minute: claim, arm, send, record.

Between any two lines the process may die. The claim, and an Attempt for the step that begins, are
committed before the channel is called; what came of it is committed in a transaction of its own.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import or_, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, aliased, joinedload

from publisher import clock
from publisher.channel import Channel, Paces, Prepares, Receipt, Rendition
from publisher.delivery.record import end_attempts, give_up, record, still_ours
from publisher.delivery.works import Works
from publisher.errors import (
    ChannelError,
    NotFoundError,
    PermanentError,
    RetryableError,
    UnknownOutcomeError,
)
from publisher.model.delivery import Attempt, Delivery, stands
from publisher.model.item import Item
from publisher.model.states import DeliveryState as S
from publisher.model.target import Target
from publisher.storage import renditions
from publisher.storage.media import DamagedError

log = structlog.get_logger()

RECORD_TRIES = 30
RECORD_AGAIN_S = 2.0
LONGEST_GAP = timedelta(hours=1)  # no account needs a longer one between two deliveries


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A delivery that this worker alone may send, as long as its fence is the row's."""

    delivery: Delivery
    channel: Channel


def run_lane(works: Works, lane: str, *, now: Callable[[], datetime] = clock.now) -> int:
    """Send what is due on one lane, one after another; return how many were taken."""
    taken = 0
    while not works.stopping.is_set() and (claimed := claim(works, lane, now=now())) is not None:
        send(works, claimed, now=now)
        taken += 1
    return taken


def claim(works: Works, lane: str, *, now: datetime) -> Claim | None:
    """Take the next due delivery of a lane; None: nothing due, paused, or not yet its turn."""
    with works.database.sessions.begin() as session:
        target = session.get(Target, lane)
        if target is not None and not _is_open(target, now=now):
            return None
        delivery = _take(session, works, lane, now=now)
        if delivery is None:
            return None
        channel = works.channel(delivery)
        if channel is None:
            give_up(session, delivery, "发布目标已不在配置中，请恢复配置后重新发送", at=now)
            return None
        step = "prepare" if isinstance(channel, Prepares) else "deliver"
        session.add(Attempt(delivery_id=delivery.id, step=step, started_at=now))
        _pace(session, target, lane, channel, now=now)
    return Claim(delivery=delivery, channel=channel)


def _is_open(target: Target, *, now: datetime) -> bool:
    if target.paused_at is not None:
        return False
    wait = (target.next_send_at or now) - now
    return wait <= timedelta() or wait > LONGEST_GAP  # the latter: the clock was set back


def _take(session: Session, works: Works, lane: str, *, now: datetime) -> Delivery | None:
    first = aliased(Delivery)
    is_its_turn = or_(
        Delivery.after_id.is_(None),
        select(first.id).where(first.id == Delivery.after_id, first.state == S.CONFIRMED).exists(),
    )
    next_due = (
        select(Delivery.id)
        .where(Delivery.lane == lane, stands(S.PLANNED), Delivery.due_at <= now)
        .where(Delivery.not_after >= now, is_its_turn)
        .order_by(Delivery.due_at, Delivery.id)
        .limit(1)
    )
    taken = session.scalar(
        update(Delivery)
        .where(Delivery.id == next_due.scalar_subquery(), Delivery.state == S.PLANNED)
        .values(
            state=S.SENDING,
            fence=Delivery.fence + 1,
            lease_owner=works.owner,
            lease_until=now + timedelta(seconds=works.limits.lease_s),
            deadline_at=now + timedelta(seconds=2 * works.limits.lease_s),
        )
        .returning(Delivery.id)
    )
    if taken is None:
        return None
    return session.get_one(
        Delivery, taken, options=[joinedload(Delivery.rendition)], populate_existing=True
    )


def _pace(
    session: Session, target: Target | None, lane: str, channel: Channel, *, now: datetime
) -> None:
    if not isinstance(channel, Paces):
        return
    if target is None:
        target = Target(name=lane, health={})
        session.add(target)
    target.next_send_at = now + timedelta(seconds=channel.gap_s())


def send(works: Works, claimed: Claim, *, now: Callable[[], datetime] = clock.now) -> None:
    """Make the one visible act and record what came of it; nothing stands between the two."""
    works.in_flight.add(claimed.delivery.id)
    try:
        outcome = _act(works, claimed, now=now)
        _record(works, claimed.delivery, outcome, now=now)
    finally:
        works.in_flight.discard(claimed.delivery.id)
    log.info(
        "sent",
        delivery=claimed.delivery.id,
        item=claimed.delivery.item_id,
        target=claimed.delivery.target,
        outcome=type(outcome).__name__,
        said=str(outcome) if isinstance(outcome, Exception) else "",
    )
    if isinstance(outcome, Exception) and outcome.__cause__ is not None:
        cause = "".join(traceback.format_exception(outcome.__cause__))
        log.error("unforeseen", delivery=claimed.delivery.id, traceback=cause)


def _record(
    works: Works,
    delivery: Delivery,
    outcome: Receipt | ChannelError | None,
    *,
    now: Callable[[], datetime],
) -> None:
    """Record, patiently: while the database is busy or full, what the outlet said must not go."""
    for _ in range(RECORD_TRIES - 1):
        try:
            return record(works, delivery, outcome, at=now())
        except OperationalError:
            time.sleep(RECORD_AGAIN_S)
    return record(works, delivery, outcome, at=now())


def _act(
    works: Works, claimed: Claim, *, now: Callable[[], datetime]
) -> Receipt | ChannelError | None:
    """Return the receipt or the error; None where the claim was lost to another worker."""
    delivery, channel = claimed.delivery, claimed.channel
    if delivery.lease_until is None or delivery.lease_until <= now():
        return None  # we slept too long: it may be another's by now
    try:
        rendition = _thaw(works, delivery)
        if not isinstance(channel, Prepares):
            return channel.deliver(rendition, key=delivery.key)
        handle = _prepare(channel, rendition, key=delivery.key)
        if not arm(works, delivery, handle=handle, at=now()):
            return None
        return channel.deliver_prepared(rendition, key=delivery.key, handle=handle)
    except ChannelError as error:
        return error
    except Exception as error:  # noqa: BLE001  # a bug must not lose what may have gone out
        unknown = UnknownOutcomeError(f"unforeseen {type(error).__name__}")
        unknown.__cause__ = error
        return unknown


def _thaw(works: Works, delivery: Delivery) -> Rendition:
    try:
        return renditions.thaw(delivery.rendition, works.media)
    except (NotFoundError, DamagedError) as error:
        raise PermanentError(f"the frozen bytes: {error}", advice=str(error)) from error


def _prepare(channel: Prepares, rendition: Rendition, *, key: str) -> str:
    """Prepare; nobody can have seen anything yet, so that whatever is unknown may be repeated."""
    try:
        return channel.prepare(rendition, key=key)
    except UnknownOutcomeError as error:
        raise RetryableError(f"while preparing: {error}", advice=error.advice) from error


def arm(works: Works, delivery: Delivery, *, handle: str, at: datetime) -> bool:
    """Commit that the visible act is about to begin, with a whole lease before it.

    False where the claim is ours no more, or the item was withdrawn while we prepared.
    """
    lease_until = at + timedelta(seconds=works.limits.lease_s)
    with works.database.sessions.begin() as session:
        if not still_ours(session, delivery, handle=handle, lease_until=lease_until):
            return False
        end_attempts(session, delivery, outcome="done", said="", at=at)
        if session.get_one(Item, delivery.item_id).withdrawn_at is not None:
            row = session.get_one(Delivery, delivery.id, populate_existing=True)
            row.lease_owner, row.lease_until = None, None
            row.plan_again(row.due_at)
            row.cancel(at=at)
            return False
        session.add(Attempt(delivery_id=delivery.id, step="deliver", started_at=at))
    return True
