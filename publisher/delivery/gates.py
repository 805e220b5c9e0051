"""Whether an account may be used now: pauses, breaker, pacing, rations."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from publisher import registry
from publisher.channel import Channel, Paces, Rations
from publisher.delivery import breaker
from publisher.delivery.works import Works
from publisher.model.lane import Lane, Spent
from publisher.model.target import EVERYTHING, Pause, scopes_of
from publisher.schedule import quota

LONGEST_GAP = timedelta(hours=1)  # no account needs a longer one between two deliveries


@dataclass(frozen=True)
class Gates:
    """What the ledger knows of some lanes, read once."""

    lanes: Mapping[str, Lane]
    pauses: Collection[str]  # scopes
    spent: Mapping[tuple[str, str], int]  # (lane, period) -> sends

    def room(self, lane: str, channel: Channel, *, now: datetime) -> int | None:
        """Return how many calls may begin now; None: as many as the channel bears."""
        record = self.lanes.get(lane)
        if EVERYTHING in self.pauses or not _is_open(record, now=now):
            return 0
        left = self._left(lane, channel, now=now)
        is_single = isinstance(channel, Paces) or is_half_open(record)
        if is_single:
            return 1 if left is None else min(1, left)
        return left

    def _left(self, lane: str, channel: Channel, *, now: datetime) -> int | None:
        if not isinstance(channel, Rations):
            return None
        limits = quota.limits(channel.rations(), now=now)
        return min(
            (max(0, most - self.spent.get((lane, period), 0)) for period, most in limits.items()),
            default=None,
        )

    def paused_targets(self, works: Works) -> list[str]:
        """Return the targets that a pause holds."""
        if not self.pauses:
            return []
        return [
            name
            for name, channel in works.channels.items()
            if not set(self.pauses).isdisjoint(scopes_of(name, registry.kind_of(channel)))
        ]


def _is_open(record: Lane | None, *, now: datetime) -> bool:
    if record is None:
        return True
    if record.breaker == breaker.State.OPEN:
        return False
    wait = (record.next_send_at or now) - now
    return wait <= timedelta() or wait > LONGEST_GAP  # the latter: the clock was set back


def is_half_open(record: Lane | None) -> bool:
    """Say whether only one delivery may go out, to see."""
    return record is not None and record.breaker == breaker.State.HALF_OPEN


def read(session: Session, works: Works, lanes: Collection[str], *, now: datetime) -> Gates:
    """Read what holds for these lanes: two or three small queries, however many there are."""
    records = session.scalars(select(Lane).where(Lane.name.in_(sorted(lanes))))
    return Gates(
        lanes={record.name: record for record in records},
        pauses=set(session.scalars(select(Pause.scope))),
        spent=_spent(session, works, lanes, now=now),
    )


def _spent(
    session: Session, works: Works, lanes: Collection[str], *, now: datetime
) -> dict[tuple[str, str], int]:
    wanted = {
        (lane, period)
        for lane in lanes
        for target in works.targets_of(lane)
        for period in _periods(works.channels[target], now=now)
    }
    if not wanted:
        return {}
    found = session.execute(
        select(Spent.lane, Spent.period, Spent.sends).where(
            tuple_(Spent.lane, Spent.period).in_(sorted(wanted))
        )
    )
    return {(lane, period): sends for lane, period, sends in found}


def _periods(channel: Channel, *, now: datetime) -> Collection[str]:
    return quota.limits(channel.rations(), now=now) if isinstance(channel, Rations) else ()


def ready(session: Session, works: Works, lanes: Collection[str], *, now: datetime) -> list[str]:
    """Return those of the lanes that may be used now; one without a target is looked at, too."""
    gates = read(session, works, lanes, now=now)
    closed = set(gates.paused_targets(works))
    found = []
    for lane in lanes:
        targets = works.targets_of(lane)
        room = gates.room(lane, works.channels[targets[0]], now=now) if targets else None
        if room != 0 and not (targets and closed.issuperset(targets)):
            found.append(lane)
    return found


def lane_record(session: Session, name: str) -> Lane:
    """Return the row of a lane, locked; made where there is none."""
    found = session.get(Lane, name, with_for_update=True, populate_existing=True)
    if found is None:
        found = Lane(name=name, advice="")
        session.add(found)
        session.flush()
    return found


def spend(session: Session, lane: str, channel: Channel, sends: int, *, now: datetime) -> None:
    """Count sends against the rations of an account; a negative number gives some back."""
    for period in _periods(channel, now=now):
        row = session.get(Spent, (lane, period), with_for_update=True)
        if row is None:
            row = Spent(lane=lane, period=period, sends=0)
            session.add(row)
        row.sends = max(0, row.sends + sends)
        session.flush()
