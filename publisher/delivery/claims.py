"""Taking what is due: by one conditional update, with owner, end of lease and a rising fence.

What is claimed is armed by the same transaction: the Attempt that says "this may be out" is
durable before the channel is called.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import (
    Row,
    Table,
    bindparam,
    insert,
    update,
)
from sqlalchemy.orm import Session

from publisher.channel import Bundles, Channel, Paces, Prepares
from publisher.delivery import bundles, due, gates
from publisher.delivery.due import Line
from publisher.delivery.gates import Gates
from publisher.delivery.outcomes import give_up
from publisher.delivery.works import Room, Works
from publisher.model.delivery import Attempt, Delivery, bundle_key
from publisher.model.states import DeliveryState as S
from publisher.model.urgency import EVERY

GONE = "发布目标已不在配置中，请恢复配置后重新发送"


@dataclass(frozen=True, kw_only=True)
class Member:
    """One delivery of a claim; `fence` is the row's as long as the claim is ours."""

    id: int
    item_id: int
    rendition_id: int
    fence: int


@dataclass(frozen=True, kw_only=True)
class Lost:
    """A call whose answer was lost, and that is made again as it was."""

    handle: str  # what its preparation returned
    begun_at: datetime


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
    lost: Lost | None = None  # this is to be repeated; None: it is the first of its kind
    taken_s: float = field(default_factory=time.monotonic)  # by a clock that nobody sets

    @property
    def age_s(self) -> float:
        """The seconds since it was taken, whatever has become of the clock."""
        return time.monotonic() - self.taken_s

    @property
    def ids(self) -> tuple[int, ...]:
        """The deliveries of the claim."""
        return tuple(member.id for member in self.members)


def claim_all(
    session: Session, works: Works, rooms: Sequence[Room], *, now: datetime
) -> list[Claim]:
    """Take the next due deliveries of some lanes, for each as many calls as there is room for."""
    rooms = [room for room in rooms if room.calls > 0]
    if not rooms:
        return []
    open_gates = gates.read(session, works, rooms, now=now)
    closed = open_gates.paused_targets(works)
    claims: list[Claim] = []
    ids: list[int] = []
    single: list[str] = []
    for room in rooms:
        calls = open_gates.room(room.lane, room.channel, most=room.calls, now=now)
        admitted = open_gates.admits(room.lane, room.channel, now=now)
        left = open_gates.left(room.lane, room.channel, is_urgent=True, now=now)
        line = Line(
            lane=room.lane, closed=tuple(closed), admits=admitted, is_last=left == 1, now=now
        )
        if calls and isinstance(room.channel, Bundles):
            claims += _together(session, works, bundles.pick(session, line, room.channel), now=now)
        elif calls == 1 and admitted == EVERY:
            single.append(room.lane)
        elif calls:
            ids += [row.id for row in due.first(session, line, calls)]
    ids += due.heads(session, single, closed=closed, now=now)
    claims += _singles(session, works, ids, now=now)
    _arm(session, claims, now=now)
    for claim in claims:
        gates.spend(session, claim.lane, claim.channel, 1, now=now)
    hold_back(session, works, open_gates, claims, now=now)
    return claims


def hold_back(
    session: Session, works: Works, open_gates: Gates, claims: Sequence[Claim], *, now: datetime
) -> None:
    """Leave the gap that each account needs."""
    for claim in claims:
        channel = claim.channel
        gap_s = channel.gap_s() if isinstance(channel, Paces) else 0.0
        if gates.is_half_open(open_gates.lanes.get(claim.lane)):
            gap_s = max(gap_s, works.limits.lease_s)  # nobody else until this one has an answer
        if gap_s:
            record = gates.lane_record(session, claim.lane)
            record.next_send_at = now + timedelta(seconds=gap_s)


_TABLE = cast(Table, Delivery.__table__)  # its rows as they are: many, and quickly
D = _TABLE.c
_TAKE = (
    update(_TABLE)
    .where(D.id.in_(bindparam("ids", expanding=True)), D.state == S.PLANNED)
    .values(
        state=S.SENDING,
        fence=D.fence + 1,
        lease_owner=bindparam("owner"),
        lease_until=bindparam("until"),
        deadline_at=bindparam("deadline"),
    )
    .returning(
        D.id, D.item_id, D.rendition_id, D.lane, D.target, D.part, D.fence, D.bundle_id,
        D.lease_until,
    )
)  # fmt: skip


_ARM = insert(cast(Table, Attempt.__table__)).values(outcome="", said="")


def _singles(session: Session, works: Works, ids: Sequence[int], *, now: datetime) -> list[Claim]:
    claims = []
    for row in _take(session, works, ids, now=now):
        channel = works.channel(row.target, row.part)
        if channel is None:
            give_up(session, session.get_one(Delivery, row.id), GONE, at=now)
        else:
            claims.append(_claim_of([row], channel))
    return claims


def _together(session: Session, works: Works, ids: Sequence[int], *, now: datetime) -> list[Claim]:
    """Claim a bundle: deliveries of one place."""
    rows = _take(session, works, ids, now=now)
    if not rows:
        return []
    channel = works.channel(rows[0].target, rows[0].part)
    if channel is None:
        for row in rows:
            give_up(session, session.get_one(Delivery, row.id), GONE, at=now)
        return []
    return [_claim_of(rows, channel)]


def _take(session: Session, works: Works, ids: Sequence[int], *, now: datetime) -> list[Row[Any]]:
    """Claim these deliveries if they still wait; in the order given."""
    if not ids:
        return []
    lease = timedelta(seconds=works.limits.lease_s)
    given = {
        "ids": ids,
        "owner": works.owner,
        "until": now + lease,
        "deadline": now + 2 * lease,
    }
    taken = session.connection().execute(_TAKE, given)
    order = {delivery_id: place for place, delivery_id in enumerate(ids)}
    return sorted(taken.all(), key=lambda row: order[row.id])


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
        session.connection().execute(_ARM, attempts)


def first_step(channel: Channel) -> str:
    """Return the step that a claim begins with."""
    return "prepare" if isinstance(channel, (Prepares, Bundles)) else "deliver"
