"""Many places of one target, shown as one line: "186/200 已确认"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from publisher.channel import Splits
from publisher.console.visitor import Look
from publisher.model.states import DeliveryState as S
from publisher.schedule import expected
from publisher.schedule.plan import lane_of
from publisher.storage import queries

MOST_PLACES = 6  # of one target that are shown one by one


@dataclass(frozen=True, kw_only=True)
class Fold:
    """All places of one target; `part` is the name of the place where it is shown by itself."""

    target: str
    counts: Mapping[S, int]
    part: str = ""
    ends_at: datetime | None = None  # when the last will have gone out, where that takes a while

    @property
    def total(self) -> int:
        """How many places."""
        return sum(self.counts.values())

    @property
    def aim(self) -> S:
        """The state that all of them are to reach."""
        states = set(self.counts)
        if states & {S.WITHDRAWING, S.WITHDRAWN}:
            return S.WITHDRAWN
        return S.EXPIRED if S.EXPIRED in states else S.CONFIRMED

    @property
    def reached(self) -> int:
        """How many have reached it."""
        return self.counts.get(self.aim, 0)

    @property
    def others(self) -> list[tuple[S, int]]:
        """The other states, with how many places stand there; in the order of a delivery's life."""
        return [
            (state, self.counts[state]) for state in S if state in self.counts.keys() - {self.aim}
        ]


def of_row(places: Iterable[tuple[str, str, S]]) -> list[Fold]:
    """Return what a list shows of one item, in the order planned."""
    found: dict[str, list[tuple[str, S]]] = {}
    for target, part, state in places:
        found.setdefault(target, []).append((part, state))
    folds: list[Fold] = []
    for target, ours in found.items():
        if len(ours) > MOST_PLACES:
            folds.append(Fold(target=target, counts=Counter(state for _, state in ours)))
        else:
            folds += [Fold(target=target, part=part, counts={state: 1}) for part, state in ours]
    return folds


def folded(look: Look, counts: Mapping[str, Mapping[S, int]]) -> list[Fold]:
    """Return the targets of an item that have too many places to show one by one."""
    return [
        Fold(target=target, counts=states, ends_at=_end(look, target, states))
        for target, states in counts.items()
        if sum(states.values()) > MOST_PLACES
    ]


def _end(look: Look, target: str, states: Mapping[S, int]) -> datetime | None:
    """Return when the last of a target will have gone out, with all that waits on its account."""
    channel = look.app.channels.get(target)
    if channel is None or not states.get(S.PLANNED):
        return None
    lane = lane_of(target, channel)
    record = queries.lanes_of(look.session, [lane]).get(lane)
    if record is not None and record.breaker != "closed":
        return None  # nobody knows
    start = max(look.now, (record.next_send_at if record else None) or look.now)
    waiting = queries.waiting(look.session, lane, now=look.now)
    one = channel.part(channel.parts()[0]) if isinstance(channel, Splits) else channel
    return expected.end(one, waiting, start=start)
