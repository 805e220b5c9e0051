"""The same call once more: after a lost answer, where the outlet knows a call by its key.

It is a visible act: it holds the lane, obeys pauses, breaker, pacing and rest, and is written into
the ledger before it is made. It costs no send, for the first one was counted. One that is cut off
is lost as the first was, and made again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from publisher.channel import Bundles, Channel, Repeats
from publisher.delivery import gates, retry
from publisher.delivery.claims import Claim, Lost, Member, hold_back
from publisher.delivery.works import Room, Works
from publisher.model.delivery import ACTS, Attempt, Bundle, Delivery, bundle_key
from publisher.model.item import Item
from publisher.model.states import DeliveryState as S
from publisher.schedule.plan import lane_of


@dataclass(frozen=True, kw_only=True)
class _Call:
    """A call whose answer was lost, and that is to be made again now."""

    target: str
    part: str
    bundle_id: int | None
    id: int  # of one of its deliveries
    begun_at: datetime


def lanes(session: Session, works: Works, *, now: datetime) -> list[str]:
    """Return the lanes that are free and have a call to make again now."""
    calls = _due(session, works, list(works.channels), now=now)
    rooms = [works.room(lane) for lane in {_lane_of(works, call) for call in calls}]
    if not rooms:
        return []
    known = gates.read(session, works, rooms, now=now)
    closed = set(known.paused_targets(works))
    return sorted(
        {
            _lane_of(works, call)
            for call in calls
            if call.target not in closed
            and known.is_free(lane := _lane_of(works, call), works.room(lane).channel, now=now)
        }
    )


def _lane_of(works: Works, call: _Call) -> str:
    return lane_of(call.target, works.channels[call.target])


def claim_all(
    session: Session, works: Works, rooms: Iterable[Room], *, now: datetime
) -> list[Claim]:
    """Take one lost call of each lane that has one to make again, and room for it."""
    rooms = [room for room in rooms if room.calls > 0 and _can(room.channel)]
    if not rooms:
        return []
    known = gates.read(session, works, rooms, now=now)
    closed = set(known.paused_targets(works))
    claims = []
    for room in rooms:
        if not known.is_free(room.lane, room.channel, now=now):
            continue
        targets = [name for name in works.targets_of(room.lane) if name not in closed]
        for call in _due(session, works, targets, now=now):
            if claim := _claim(session, works, room.lane, call, now=now):
                claims.append(claim)
                break
    hold_back(session, works, known, claims, now=now)
    return claims


def _can(channel: Channel | None) -> bool:
    return isinstance(channel, Repeats)


def _due(session: Session, works: Works, targets: Collection[str], *, now: datetime) -> list[_Call]:
    """Return the lost calls of these targets whose time has come, the oldest first."""
    able = [name for name in targets if _can(works.channels[name])]
    if not able:
        return []
    found = session.scalars(
        select(Delivery)
        .where(Delivery.state == S.UNCONFIRMED, Delivery.target.in_(able))
        .where(Delivery.lease_owner.is_(None), Delivery.not_after >= now)
        .order_by(Delivery.id)
    )
    first = {row.bundle_id or -row.id: row for row in reversed(found.all())}
    calls = []
    for row in first.values():
        begun_at = _begun(session, works.channel_of(row), row, now=now)
        if begun_at is not None:
            call = _Call(
                target=row.target,
                part=row.part,
                bundle_id=row.bundle_id,
                id=row.id,
                begun_at=begun_at,
            )
            calls.append(call)
    return sorted(calls, key=lambda call: call.begun_at)


def _begun(
    session: Session, channel: Channel | None, row: Delivery, *, now: datetime
) -> datetime | None:
    """Return when the act of a lost call began, None where it is not to be made again now."""
    acts = acts_of(session, row.id)
    if not isinstance(channel, Repeats) or not acts or acts[-1].ended_at is None:
        return None
    begun_at, last_at = acts[0].started_at, acts[-1].started_at
    wait_s = retry.repeat_s(len(acts) - 1, first_s=channel.repeat_after_s)
    until = begun_at + timedelta(seconds=channel.repeat_within_s)
    return begun_at if last_at + timedelta(seconds=wait_s) <= now < until else None


def acts_of(session: Session, delivery_id: int) -> list[Attempt]:
    """Return the last visible act of a delivery and its repeats, in their order."""
    found = session.scalars(
        select(Attempt)
        .where(Attempt.delivery_id == delivery_id, Attempt.step.in_(ACTS))
        .order_by(Attempt.id)
        .execution_options(populate_existing=True)
    ).all()
    begins = [place for place, act in enumerate(found) if act.step == "deliver"]
    return list(found[begins[-1] :]) if begins else []


def _claim(
    session: Session, works: Works, lane: str, call: _Call, *, now: datetime
) -> Claim | None:
    """Take all deliveries of a call for this worker alone, and write that it is made again.

    None where any of them is not to go out as it was.
    """
    channel = works.channel(call.target, call.part)
    rows = _members(session, call)
    if channel is None or not rows or not _still_wanted(session, rows, now=now):
        return None
    if isinstance(channel, Bundles) != (call.bundle_id is not None):
        return None  # its key was of another kind
    lease_until = now + timedelta(seconds=works.limits.lease_s)
    for row in rows:
        row.move(S.SENDING)
        row.fence += 1
        row.lease_owner, row.lease_until = works.owner, lease_until
        row.check_at, row.absent_at = None, None  # what was not there may be there after this
        attempt = Attempt(delivery_id=row.id, step="repeat", fence=row.fence, started_at=now)
        session.add(attempt)
    session.flush()
    return Claim(
        lane=lane,
        target=call.target,
        part=call.part,
        key=rows[0].key if call.bundle_id is None else bundle_key(call.bundle_id),
        members=tuple(
            Member(id=row.id, item_id=row.item_id, rendition_id=row.rendition_id, fence=row.fence)
            for row in rows
        ),
        channel=channel,
        lease_until=lease_until,
        bundle_id=call.bundle_id,
        lost=Lost(handle=rows[0].handle or "", begun_at=call.begun_at),
    )


def _members(session: Session, call: _Call) -> Sequence[Delivery]:
    """Return all that went in a call, locked, in its order; nothing where any is held by others.

    Of a bundle that was dissolved nobody knows any more what it held.
    """
    of_call: ColumnElement[bool] = Delivery.id == call.id
    if call.bundle_id is not None:
        of_call = or_(of_call, Delivery.bundle_id == call.bundle_id)
        if session.get_one(Bundle, call.bundle_id, populate_existing=True).frozen_at is None:
            return ()
    ids = set(session.scalars(select(Delivery.id).where(of_call)))
    rows = session.scalars(
        select(Delivery)
        .where(Delivery.id.in_(ids))
        .order_by(Delivery.id)
        .with_for_update(skip_locked=True, key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    if len(rows) != len(ids):
        return ()
    return sorted(rows, key=lambda row: row.bundle_position or 0)


def _still_wanted(session: Session, rows: Sequence[Delivery], *, now: datetime) -> bool:
    """Say whether all of them are to go out, and are not known to be there or not to be.

    An item on which somebody acts just now is left alone: who writes holds other rows.
    """
    items = {row.item_id for row in rows}
    stay = session.scalars(
        select(Item)
        .where(Item.id.in_(items), Item.withdrawn_at.is_(None))
        .order_by(Item.id)
        .with_for_update(read=True, skip_locked=True)
    )
    is_one_call = len({row.handle for row in rows}) == 1
    return (
        len(stay.all()) == len(items)
        and is_one_call
        and all(_may_go(session, row, now=now) for row in rows)
    )


def _may_go(session: Session, row: Delivery, *, now: datetime) -> bool:
    leader = session.get(Delivery, row.after_id) if row.after_id is not None else None
    return (
        row.state == S.UNCONFIRMED
        and row.lease_owner is None
        and row.remote_id is None
        and not row.is_restored
        and row.not_after >= now
        and (row.expires_at is None or row.expires_at > now)
        and row.rendition.edition.state == "approved"
        and (leader is None or leader.state == S.CONFIRMED)
    )
