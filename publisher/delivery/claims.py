"""Taking what is due: by one conditional update, with owner, end of lease and a rising fence.

What is claimed is armed by the same transaction: the Attempt that says "this may be out" is
durable before the channel is called.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, Row, insert, or_, select, update
from sqlalchemy.orm import Session, aliased

from publisher.channel import Bundles, Channel, Paces, Prepares
from publisher.delivery import gates
from publisher.delivery.gates import Gates
from publisher.delivery.record import give_up
from publisher.delivery.works import Works
from publisher.model.delivery import Attempt, Bundle, Delivery, bundle_key, stands
from publisher.model.states import DeliveryState as S

GONE = "发布目标已不在配置中，请恢复配置后重新发送"


@dataclass(frozen=True, kw_only=True)
class Member:
    """One delivery of a claim; `fence` is the row's as long as the claim is ours."""

    id: int
    item_id: int
    rendition_id: int
    fence: int


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What one call is to deliver: a single delivery, or a bundle in its order."""

    lane: str
    target: str
    part: str
    key: str
    members: tuple[Member, ...]
    channel: Channel
    lease_until: datetime
    bundle_id: int | None = None

    @property
    def ids(self) -> tuple[int, ...]:
        """The deliveries of the claim."""
        return tuple(member.id for member in self.members)


@dataclass(frozen=True, kw_only=True)
class Room:
    """How much a worker can take on."""

    lane: str
    calls: int


def claim_all(
    session: Session, works: Works, rooms: Sequence[Room], *, now: datetime
) -> list[list[Claim]]:
    """Take the next due deliveries of some lanes, for each as many calls as there is room for."""
    open_gates = gates.read(session, works, [room.lane for room in rooms], now=now)
    return [
        _claim(session, works, open_gates, room, now=now) if room.calls > 0 else []
        for room in rooms
    ]


def _claim(
    session: Session, works: Works, open_gates: Gates, room: Room, *, now: datetime
) -> list[Claim]:
    channel = next((works.channels[name] for name in works.targets_of(room.lane)), None)
    calls = room.calls
    if channel is not None:
        allowed = open_gates.room(room.lane, channel, now=now)
        calls = calls if allowed is None else min(calls, allowed)
    if calls <= 0:
        return []
    closed = open_gates.paused_targets(works)
    if isinstance(channel, Bundles):
        claims = _bundle(session, works, room.lane, channel, closed=closed, now=now)
    else:
        claims = _singles(session, works, room.lane, calls, closed=closed, now=now)
    if claims and channel is not None:
        _hold_back(session, open_gates, room.lane, channel, len(claims), works=works, now=now)
    return claims


def _hold_back(
    session: Session,
    open_gates: Gates,
    lane: str,
    channel: Channel,
    calls: int,
    *,
    works: Works,
    now: datetime,
) -> None:
    """Leave the gap that the account needs, and count what it has spent."""
    gates.spend(session, lane, channel, calls, now=now)
    is_trial = gates.is_half_open(open_gates.lanes.get(lane))
    gap_s = channel.gap_s() if isinstance(channel, Paces) else 0.0
    if is_trial:  # nobody else tries before this one has an answer
        gap_s = max(gap_s, works.limits.lease_s)
    if gap_s:
        record = gates.lane_record(session, lane)
        record.next_send_at = now + timedelta(seconds=gap_s)


def _due(lane: str, *, closed: Sequence[str], now: datetime) -> list[ColumnElement[bool]]:
    first = aliased(Delivery)
    is_its_turn = or_(
        Delivery.after_id.is_(None),
        select(first.id).where(first.id == Delivery.after_id, first.state == S.CONFIRMED).exists(),
    )
    conditions = [
        Delivery.lane == lane,
        stands(S.PLANNED),
        Delivery.rank_at <= now,
        Delivery.due_at <= now,
        Delivery.not_after >= now,
        is_its_turn,
    ]
    return conditions + ([Delivery.target.not_in(closed)] if closed else [])


def _singles(
    session: Session, works: Works, lane: str, calls: int, *, closed: Sequence[str], now: datetime
) -> list[Claim]:
    ids = session.scalars(
        select(Delivery.id)
        .where(*_due(lane, closed=closed, now=now))
        .order_by(Delivery.rank_at, Delivery.id)
        .limit(calls)
        .with_for_update(skip_locked=True, key_share=True)
    ).all()
    claims = []
    for row in _take(session, works, ids, now=now):
        channel = works.channel(row.target, row.part)
        if channel is None:
            give_up(session, session.get_one(Delivery, row.id), GONE, at=now)
        else:
            claims.append(_claim_of([row], channel))
    _arm(session, claims, now=now)
    return claims


def _bundle(
    session: Session, works: Works, lane: str, channel: Bundles, *, closed: Sequence[str],
    now: datetime,
) -> list[Claim]:  # fmt: skip
    """Take one bundle: one that is to go out again as it was, or a new one of what is due."""
    due = session.execute(
        select(Delivery.id, Delivery.target, Delivery.part, Delivery.bundle_id)
        .where(*_due(lane, closed=closed, now=now))
        .order_by(Delivery.rank_at, Delivery.id)
        .limit(channel.max_bundle)
        .with_for_update(skip_locked=True, key_share=True)
    ).all()
    if not due:
        return []
    head = due[0]
    ids = _as_it_was(session, head.bundle_id) if head.bundle_id is not None else []
    if not ids:
        place = (head.target, head.part)
        ids = [row.id for row in due if (row.target, row.part) == place and row.bundle_id in (
            None, head.bundle_id)]  # fmt: skip
        _freeze(session, head.target, ids, now=now)
    rows = _take(session, works, ids, now=now)
    place_channel = works.channel(head.target, head.part)
    if place_channel is None:
        for row in rows:
            give_up(session, session.get_one(Delivery, row.id), GONE, at=now)
        return []
    claims = [_claim_of(rows, place_channel)] if rows else []
    _arm(session, claims, now=now)
    return claims


def _as_it_was(session: Session, bundle_id: int) -> list[int]:
    """Return the members of a bundle in order, if all of them wait to go out again.

    Otherwise it is dissolved: the same key must never carry anything else.
    """
    members = session.execute(
        select(Delivery.id, Delivery.state)
        .where(Delivery.bundle_id == bundle_id)
        .order_by(Delivery.bundle_position)
        .with_for_update(key_share=True)
    ).all()
    if all(member.state == S.PLANNED for member in members):
        return [member.id for member in members]
    return []


def _freeze(session: Session, target: str, ids: Sequence[int], *, now: datetime) -> None:
    """Make a bundle of these deliveries; from here on membership and order stand."""
    bundle = Bundle(target=target, created_at=now, frozen_at=now)
    session.add(bundle)
    session.flush()
    for position, delivery_id in enumerate(ids, start=1):
        session.execute(
            update(Delivery)
            .where(Delivery.id == delivery_id)
            .values(bundle_id=bundle.id, bundle_position=position)
            .execution_options(synchronize_session=False)
        )


def _take(session: Session, works: Works, ids: Sequence[int], *, now: datetime) -> list[Row[Any]]:
    """Claim these deliveries if they still wait; in the order given."""
    if not ids:
        return []
    lease = timedelta(seconds=works.limits.lease_s)
    taken = session.execute(
        update(Delivery)
        .where(Delivery.id.in_(ids), Delivery.state == S.PLANNED)
        .values(
            state=S.SENDING,
            fence=Delivery.fence + 1,
            lease_owner=works.owner,
            lease_until=now + lease,
            deadline_at=now + 2 * lease,
        )
        .returning(
            Delivery.id,
            Delivery.item_id,
            Delivery.rendition_id,
            Delivery.lane,
            Delivery.target,
            Delivery.part,
            Delivery.fence,
            Delivery.bundle_id,
            Delivery.lease_until,
        )
        .execution_options(synchronize_session=False)
    ).all()
    order = {delivery_id: place for place, delivery_id in enumerate(ids)}
    return sorted(cast(Sequence[Row[Any]], taken), key=lambda row: order[row.id])


def _claim_of(rows: Sequence[Row[Any]], channel: Channel) -> Claim:
    first = rows[0]
    in_bundle = isinstance(channel, Bundles)
    return Claim(
        lane=first.lane,
        target=first.target,
        part=first.part,
        key=bundle_key(first.bundle_id) if in_bundle else f"delivery-{first.id}",
        members=tuple(
            Member(id=row.id, item_id=row.item_id, rendition_id=row.rendition_id, fence=row.fence)
            for row in rows
        ),
        channel=channel,
        lease_until=first.lease_until,
        bundle_id=first.bundle_id if in_bundle else None,
    )


def _arm(session: Session, claims: Iterable[Claim], *, now: datetime) -> None:
    """Append the Attempt of the step that begins now: what prepares is not visible yet."""
    attempts = [
        {
            "delivery_id": member.id,
            "step": first_step(claim.channel),
            "fence": member.fence,
            "started_at": now,
        }
        for claim in claims
        for member in claim.members
    ]
    if attempts:
        session.execute(insert(Attempt), attempts)


def first_step(channel: Channel) -> str:
    """Return the step that a claim begins with."""
    return "prepare" if isinstance(channel, (Prepares, Bundles)) else "deliver"
