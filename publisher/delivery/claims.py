"""Taking what is due: by one conditional update, with owner, end of lease and a rising fence.

What is claimed is armed by the same transaction: the Attempt that says "this may be out" is
durable before the channel is called.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    String,
    Table,
    bindparam,
    insert,
    literal,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import Session

from publisher.channel import Bundles, Channel, Paces, Prepares
from publisher.delivery import gates
from publisher.delivery.gates import Gates
from publisher.delivery.outcomes import give_up
from publisher.delivery.works import Room, Works
from publisher.model.delivery import Attempt, Bundle, Delivery, bundle_key, stands
from publisher.model.states import DeliveryState as S
from publisher.model.urgency import EVERY, Urgency
from publisher.storage import many

SOON = timedelta(minutes=10)  # so long a last send is kept for a bundle that was refused
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
            claims += _bundle(session, works, line, room.channel)
        elif calls == 1 and admitted == EVERY:
            single.append(room.lane)
        elif calls:
            ids += [row.id for row in _next(session, line, calls)]
    ids += _heads(session, single, closed=closed, now=now)
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
_OTHER = _TABLE.alias("other")
# built once: SQLAlchemy takes longer to build such a statement than SQLite to run it


@dataclass(frozen=True, kw_only=True)
class Line:
    """What waits on a lane and may be taken now."""

    lane: str
    closed: tuple[str, ...]  # targets that are not
    admits: Set[Urgency]  # what is of another urgency may not
    is_last: bool  # the rations allow one send more
    now: datetime


def _waiting(lane: ColumnElement[str], *, has_closed: bool, is_narrow: bool = False) -> Select[Any]:
    """Build the question for what is due on a lane, the first of it first."""
    query = select(D.id, D.target, D.part, D.bundle_id, D.rank_at).where(
        D.lane == lane,
        stands(S.PLANNED),
        D.rank_at <= bindparam("now"),
        D.due_at <= bindparam("now"),
        D.not_after >= bindparam("now"),
        or_(
            D.after_id.is_(None),
            select(literal(1))
            .where(_OTHER.c.id == D.after_id, _OTHER.c.state == S.CONFIRMED)
            .exists(),
        ),
    )
    if has_closed:
        query = query.where(D.target.not_in(bindparam("closed", expanding=True)))
    if is_narrow:
        query = query.where(D.urgency.in_(bindparam("admits", expanding=True)))
    return query.order_by(D.rank_at, D.id)


@cache
def _next_query(*, has_closed: bool, is_narrow: bool) -> Select[Any]:
    query = _waiting(bindparam("lane"), has_closed=has_closed, is_narrow=is_narrow)
    query = query.limit(bindparam("most"))
    return query.with_for_update(skip_locked=True, key_share=True)


@cache
def _heads_query(dialect: str, *, has_closed: bool) -> Select[Any]:
    each = many.table(dialect, bindparam("lanes", type_=String))
    first = _waiting(each.c.value, has_closed=has_closed).with_only_columns(D.id).limit(1)
    return select(first.correlate(each).scalar_subquery()).select_from(each)


_FREE = (
    select(D.id)
    .where(D.id.in_(bindparam("ids", expanding=True)), D.state == S.PLANNED)
    .with_for_update(skip_locked=True, key_share=True)
)
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


def _next(session: Session, line: Line, most: int) -> Sequence[Any]:
    asked = {"lane": line.lane, "now": line.now, "most": most}
    is_narrow = line.admits != EVERY
    query = _next_query(has_closed=bool(line.closed), is_narrow=is_narrow)
    asked |= {"closed": line.closed} if line.closed else {}
    asked |= {"admits": sorted(line.admits)} if is_narrow else {}
    return session.connection().execute(query, asked).all()


def _heads(
    session: Session, lanes: Sequence[str], *, closed: Sequence[str], now: datetime
) -> list[int]:
    """Return the first due delivery of each lane; one that another worker holds is left to it."""
    if not lanes:
        return []
    connection = session.connection()
    dialect = connection.dialect.name
    asked = {"lanes": many.written(lanes), "now": now} | ({"closed": closed} if closed else {})
    query = _heads_query(dialect, has_closed=bool(closed))
    ids = [found for found in connection.execute(query, asked).scalars() if found]
    if dialect == "sqlite" or not ids:  # the only writer
        return ids
    return list(connection.execute(_FREE, {"ids": ids}).scalars())


def _singles(session: Session, works: Works, ids: Sequence[int], *, now: datetime) -> list[Claim]:
    claims = []
    for row in _take(session, works, ids, now=now):
        channel = works.channel(row.target, row.part)
        if channel is None:
            give_up(session, session.get_one(Delivery, row.id), GONE, at=now)
        else:
            claims.append(_claim_of([row], channel))
    return claims


def _bundle(session: Session, works: Works, line: Line, channel: Bundles) -> list[Claim]:
    """Take one bundle: one that is to go out again as it was, or a new one of what is due.

    What is urgent takes along what is not: that costs no other send.
    """
    now, is_narrow = line.now, line.admits != EVERY
    heads = _next(session, line, 1 if is_narrow else channel.max_bundle)
    if not heads:
        return []
    head = heads[0]
    ids = [] if head.bundle_id is None else _as_it_was(session, head.bundle_id, now=now)
    if not ids and line.is_last and _is_to_go_again(session, line, before=head):
        return []
    if not ids:
        all_of_it = replace(line, admits=EVERY)
        due = _next(session, all_of_it, channel.max_bundle) if is_narrow else heads
        ids = _together(head, due, most=channel.max_bundle)
        _freeze(session, head.target, ids, now=now)
    rows = _take(session, works, ids, now=now)
    place = works.channel(head.target, head.part)
    if place is None:
        for row in rows:
            give_up(session, session.get_one(Delivery, row.id), GONE, at=now)
        return []
    return [_claim_of(rows, place)] if rows else []


def _is_to_go_again(session: Session, line: Line, *, before: Row[Any]) -> bool:
    """Say whether a bundle that comes first is about to go again: the last send is for that."""
    first = select(D.id).where(
        D.lane == line.lane,
        stands(S.PLANNED),
        D.rank_at <= before.rank_at,
        tuple_(D.rank_at, D.id) < (before.rank_at, before.id),
        D.due_at > line.now,
        D.due_at <= line.now + SOON,
        D.not_after >= D.due_at,
        D.bundle_id.is_not(None),
    )
    return session.execute(first.limit(1)).first() is not None


def _together(head: Row[Any], due: Sequence[Row[Any]], *, most: int) -> list[int]:
    """Return what goes with a head, in the order of the lane."""
    there = [
        row
        for row in due
        if (row.target, row.part) == (head.target, head.part)
        and row.bundle_id in (None, head.bundle_id)
    ]
    ids = [row.id for row in there]
    return ids if head.id in ids else [*ids[: most - 1], head.id]


def _as_it_was(session: Session, bundle_id: int, *, now: datetime) -> list[int]:
    """Return the members of a bundle in order, if all of them wait to go out again.

    Otherwise it is dissolved for good: the same key must never carry anything else, and those
    that are left are looked up under the places that they had in it.
    """
    members = session.execute(
        select(Delivery.id, Delivery.state, Delivery.not_after, Delivery.bundle_position)
        .where(Delivery.bundle_id == bundle_id)
        .order_by(Delivery.id)
        .with_for_update(key_share=True)
    ).all()
    bundle = session.get_one(Bundle, bundle_id, populate_existing=True)
    wait = all(one.state == S.PLANNED and one.not_after >= now for one in members)
    if wait and bundle.frozen_at is not None:
        return [one.id for one in sorted(members, key=lambda one: one.bundle_position)]
    bundle.frozen_at = None
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
