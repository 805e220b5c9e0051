"""Whether an account may be used now: pauses, breaker, pacing, rest, rations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import bindparam, select, tuple_
from sqlalchemy.orm import Session

from publisher import registry
from publisher.channel import Channel, Paces, Rations, Rests
from publisher.delivery import breaker
from publisher.delivery.works import Room, Works
from publisher.model.lane import Lane, Spent
from publisher.model.target import EVERYTHING, Pause, scopes_of
from publisher.model.urgency import EVERY, PRESSING, TOP, Urgency
from publisher.schedule import quota
from publisher.schedule.forecast import Rules
from publisher.storage import locks, queries

LONGEST_GAP = timedelta(hours=1)  # no account needs a longer one between two deliveries


@dataclass(frozen=True)
class Gates:
    """What the ledger knows of some lanes, read once."""

    lanes: Mapping[str, Lane]
    pauses: Collection[str]  # scopes
    spent: Mapping[tuple[str, str], int]  # (lane, period) -> sends

    def room(self, lane: str, channel: Channel | None, *, most: int, now: datetime) -> int:
        """Return how many calls may begin now, `most` at the most; see also `admits`."""
        if not self.is_free(lane, channel, now=now):
            return 0
        if isinstance(channel, Paces) or is_half_open(self.lanes.get(lane)):
            most = min(most, 1)
        is_urgent = self.admits(lane, channel, now=now) != EVERY
        left = self.left(lane, channel, is_urgent=is_urgent, now=now)
        return most if left is None else min(most, left)

    def is_free(self, lane: str, channel: Channel | None, *, now: datetime) -> bool:
        """Say whether a call may begin that costs no send."""
        is_open = _is_open(self.lanes.get(lane), now=now)
        return EVERYTHING not in self.pauses and is_open and not _rests(channel, now=now)

    def admits(self, lane: str, channel: Channel | None, *, now: datetime) -> Set[Urgency]:
        """Return how urgent a delivery has to be to be sent now, by rations and times to leave."""
        if not isinstance(channel, Rations):
            return EVERY
        assert isinstance(channel, Channel)
        return Rules.of(channel).admits(self.spent_of(lane, channel, now=now), now)

    def left(
        self, lane: str, channel: Channel | None, *, is_urgent: bool, now: datetime
    ) -> int | None:
        """Return how many sends the rations still allow now, None where there are none."""
        if not isinstance(channel, Rations):
            return None
        spent = self.spent_of(lane, channel, now=now)
        return quota.left(channel.rations(), spent, is_urgent=is_urgent, now=now)

    def spent_of(self, lane: str, channel: Channel | None, *, now: datetime) -> Counter[str]:
        """Return the sends of a lane in the periods that a moment is in."""
        periods = _limits(channel, now=now)
        return Counter({period: self.spent.get((lane, period), 0) for period in periods})

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


def _rests(channel: Channel | None, *, now: datetime) -> bool:
    return isinstance(channel, Rests) and channel.rest_until(now) > now


def is_half_open(record: Lane | None) -> bool:
    """Say whether only one delivery may go out, to see."""
    return record is not None and record.breaker == breaker.State.HALF_OPEN


def read(session: Session, works: Works, rooms: Iterable[Room], *, now: datetime) -> Gates:
    """Read what holds for some lanes: two or three small queries, however many there are."""
    channels = {room.lane: room.channel for room in rooms}
    records = session.scalars(_RECORDS, {"names": sorted(channels)})
    return Gates(
        lanes={record.name: record for record in records},
        pauses=set(session.connection().execute(_PAUSES).scalars()),
        spent=_spent(session, channels, now=now),
    )


_RECORDS = select(Lane).where(Lane.name.in_(bindparam("names", expanding=True)))
_PAUSES = select(Pause.__table__.c.scope)


def _spent(
    session: Session, channels: Mapping[str, Channel | None], *, now: datetime
) -> dict[tuple[str, str], int]:
    wanted = [
        (lane, period) for lane, channel in channels.items() for period in _limits(channel, now=now)
    ]
    if not wanted:
        return {}
    found = session.execute(
        select(Spent.lane, Spent.period, Spent.sends).where(
            tuple_(Spent.lane, Spent.period).in_(sorted(wanted))
        )
    )
    return {(lane, period): sends for lane, period, sends in found}


def _limits(channel: Channel | None, *, now: datetime) -> dict[str, int]:
    return quota.limits(channel.rations(), now=now) if isinstance(channel, Rations) else {}


def ready(session: Session, works: Works, lanes: Iterable[str], *, now: datetime) -> list[str]:
    """Return those of the lanes that may be used now."""
    rooms = [works.room(lane) for lane in lanes]
    gates = read(session, works, rooms, now=now)
    closed = set(gates.paused_targets(works))
    admitted = {one.lane: gates.admits(one.lane, one.channel, now=now) for one in rooms}
    waits = _waits(session, admitted, now=now)
    return [
        room.lane
        for room in rooms
        if room.lane not in waits
        and gates.room(room.lane, room.channel, most=1, now=now)
        and not (closed and closed.issuperset(works.targets_of(room.lane)))
    ]


def _waits(session: Session, admitted: Mapping[str, Set[Urgency]], *, now: datetime) -> set[str]:
    """Return the lanes on which nothing is urgent enough to be sent now."""
    waits: set[str] = set()
    for urgencies in (PRESSING, TOP):
        lanes = {lane for lane, these in admitted.items() if these == urgencies}
        waits |= lanes - queries.pressing_lanes(session, lanes, urgencies, now=now)
    return waits


def lane_record(session: Session, name: str) -> Lane:
    """Return the row of a lane, locked; made where there is none."""
    return locks.row(session, Lane(name=name, advice=""))


def breaker_of(record: Lane) -> breaker.Breaker:
    """Return the breaker that a lane's row keeps."""
    return breaker.Breaker(
        state=breaker.State(record.breaker),
        faults=record.faults,
        openings=record.openings,
        opened_at=record.opened_at,
        probe_at=record.probe_at,
    )


def keep_breaker(record: Lane, state: breaker.Breaker) -> None:
    """Keep a breaker in its lane's row."""
    record.breaker, record.faults, record.openings = state.state, state.faults, state.openings
    record.opened_at, record.probe_at = state.opened_at, state.probe_at
    if state.state == breaker.State.CLOSED:
        record.advice = ""


def spend(session: Session, lane: str, channel: Channel, sends: int, *, now: datetime) -> None:
    """Count sends against the rations of an account; a negative number gives some back."""
    for period in _limits(channel, now=now):
        row = locks.row(session, Spent(lane=lane, period=period, sends=0))
        row.sends = max(0, row.sends + sends)
        session.flush()


def exhaust(
    session: Session, lane: str, channel: Channel, period: Literal["day", "month"], *, now: datetime
) -> bool:
    """Believe the outlet that nothing is left in this day or month, whoever used it.

    False where that ration is not counted here.
    """
    rations = channel.rations() if isinstance(channel, Rations) else ()
    counted = [ration for ration in rations if ration.period == period]
    for ration in counted:
        name = quota.period_of(ration, now)
        row = locks.row(session, Spent(lane=lane, period=name, sends=0))
        row.sends = max(row.sends, ration.sends)
        session.flush()
    return bool(counted)
