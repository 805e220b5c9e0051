"""The one visible act: prepare, arm, call the channel; and what came of it.

Between any two lines the process may die. That the act may be out is committed before the channel
is called; what it said is for the caller to write before anything else happens.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from publisher import clock
from publisher.channel import Bundles, Prepares, Receipt, Rendition, Repeats
from publisher.delivery import gates
from publisher.delivery.claims import Claim, Lost, Member
from publisher.delivery.outcomes import Outcome, end_attempts
from publisher.delivery.record import Sent, still_ours
from publisher.delivery.works import Works
from publisher.errors import (
    ChannelError,
    NotFoundError,
    PermanentError,
    RetryableError,
    UnknownOutcomeError,
)
from publisher.model.delivery import Attempt, Delivery
from publisher.model.item import Item
from publisher.storage.media import DamagedError

log = structlog.get_logger()

HELD_UP_S = 30.0  # what our own database or disk held up is tried again so much later

Now = Callable[[], datetime]


def send(works: Works, claim: Claim, *, now: Now = clock.now) -> tuple[Sent, ...]:
    """Make the one visible act and say what came of it; nothing is to stand before it is written.

    Nothing comes of a claim that was lost to another worker before the act.
    """
    outcomes = _act(works, claim, now=now)
    at = now()
    is_whole = isinstance(outcomes, ChannelError)
    each = [outcomes] * len(claim.members) if isinstance(outcomes, ChannelError) else outcomes
    for member, outcome in zip(claim.members, each, strict=False):
        _tell(claim, member, outcome)
    return tuple(
        Sent(
            id=member.id,
            item_id=member.item_id,
            fence=member.fence,
            lane=claim.lane,
            channel=claim.channel,
            outcome=outcome,
            at=at,
            is_whole=is_whole,
            first_at=claim.lost.begun_at if claim.lost else None,
        )
        for member, outcome in zip(claim.members, each, strict=False)
    )


def _tell(claim: Claim, member: Member, outcome: Outcome) -> None:
    known = {"delivery": member.id, "item": member.item_id, "target": claim.target}
    if isinstance(outcome, Receipt):
        log.debug("accepted", **known)
        return
    log.warning("not accepted", **known, outcome=type(outcome).__name__, said=str(outcome))
    if outcome.__cause__ is not None:
        cause = "".join(traceback.format_exception(outcome.__cause__))
        log.error("unforeseen", delivery=member.id, traceback=cause)


def _act(works: Works, claim: Claim, *, now: Now) -> Sequence[Outcome] | ChannelError:
    """Return an outcome for each member, or the error of all; nothing where the claim was lost."""
    if claim.lease_until <= now() or claim.age_s >= works.limits.lease_s:
        return ()  # we slept too long: it may be another's by now
    try:
        if claim.lost is not None:
            return _repeat(works, claim, claim.lost)
        renditions = [_thaw(works, member) for member in claim.members]
        return _deliver(works, claim, renditions, now=now)
    except ChannelError as error:
        return error
    except Exception as error:  # noqa: BLE001  # a bug must not lose what may have gone out
        unknown = UnknownOutcomeError(f"unforeseen {type(error).__name__}")
        unknown.__cause__ = error
        return unknown


def _thaw(works: Works, member: Member) -> Rendition:
    try:
        return works.thawed.read(works.database.reads, works.media, member.rendition_id)
    except (NotFoundError, DamagedError) as error:
        raise PermanentError(f"the frozen bytes: {error}", advice=str(error)) from error
    except (OSError, SQLAlchemyError) as error:
        raise _held_up(error) from error


def _held_up(error: Exception) -> RetryableError:
    """Return what comes of a fault of our own before the call: the outlet was not troubled."""
    return RetryableError(f"{type(error).__name__} before the call", after_s=HELD_UP_S)


def _deliver(
    works: Works, claim: Claim, renditions: list[Rendition], *, now: Now
) -> Sequence[Outcome]:
    channel, key = claim.channel, claim.key
    if isinstance(channel, Bundles):
        handle = _prepared(lambda: channel.prepare_bundle(renditions, key=key))
        if not _arm(works, claim, handle=handle, at=now()):
            return ()
        return _of_each(claim, channel.deliver_bundle(renditions, key=key, handle=handle))
    if isinstance(channel, Prepares):
        handle = _prepared(lambda: channel.prepare(renditions[0], key=key))
        if not _arm(works, claim, handle=handle, at=now()):
            return ()
        return [channel.deliver_prepared(renditions[0], key=key, handle=handle)]
    return [channel.deliver(renditions[0], key=key)]


def _repeat(works: Works, claim: Claim, lost: Lost) -> Sequence[Outcome]:
    """Make a lost call once more; what keeps us from it proves nothing of the first one."""
    assert isinstance(claim.channel, Repeats)
    try:
        renditions = [_thaw(works, member) for member in claim.members]
    except ChannelError as error:
        raise UnknownOutcomeError(f"not repeated: {error}", advice=error.advice) from error
    return _of_each(claim, claim.channel.repeat(renditions, key=claim.key, handle=lost.handle))


def _of_each(claim: Claim, outcomes: Sequence[Outcome]) -> Sequence[Outcome]:
    """Return what came of each member; an answer of another length says nothing of any."""
    if len(outcomes) != len(claim.members):
        told = f"{len(outcomes)} outcomes for {len(claim.members)} deliveries"
        raise UnknownOutcomeError(told)
    return outcomes


def _prepared(prepare: Callable[[], str]) -> str:
    """Prepare; nobody can have seen anything yet, so that whatever is unknown may be repeated."""
    try:
        return prepare()
    except UnknownOutcomeError as error:
        raise RetryableError(f"while preparing: {error}", advice=error.advice) from error


def _arm(works: Works, claim: Claim, *, handle: str, at: datetime) -> bool:
    try:
        return arm(works, claim, handle=handle, at=at)
    except SQLAlchemyError as error:
        raise _held_up(error) from error


def arm(works: Works, claim: Claim, *, handle: str, at: datetime) -> bool:
    """Commit that the visible act is about to begin, with a whole lease before it.

    False where the claim is ours no more, or an item was withdrawn while we prepared: then what
    else was to go with it is planned anew, for what was prepared holds all of it.
    """
    lease_until = at + timedelta(seconds=works.limits.lease_s)
    with works.database.sessions.begin() as session:
        withdrawn = _withdrawn(session, claim)
        for member in claim.members:
            if not still_ours(
                session, member.id, member.fence, handle=handle, lease_until=lease_until
            ):
                session.rollback()
                return False
            end_attempts(session, member.id, outcome="done", said="", at=at)
        if withdrawn:
            _step_back(session, claim, withdrawn, at=at)
            return False
        session.add_all(
            Attempt(delivery_id=member.id, step="deliver", fence=member.fence, started_at=at)
            for member in claim.members
        )
    return True


def _withdrawn(session: Session, claim: Claim) -> set[int]:
    """Return which items of a claim were withdrawn; none can be until this is committed."""
    items = select(Item).where(Item.id.in_(sorted({member.item_id for member in claim.members})))
    found = session.scalars(items.order_by(Item.id).with_for_update(read=True))
    return {item.id for item in found if item.withdrawn_at is not None}


def _step_back(session: Session, claim: Claim, withdrawn: set[int], *, at: datetime) -> None:
    gates.spend(session, claim.lane, claim.channel, -1, now=at)
    for member in claim.members:
        row = session.get_one(Delivery, member.id, populate_existing=True)
        row.lease_owner, row.lease_until = None, None
        row.plan_again(row.due_at)
        row.bundle_id, row.bundle_position = None, None
        if member.item_id in withdrawn:
            row.cancel(at=at)
