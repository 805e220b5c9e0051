"""What will go out together, and when: the sends of one lane, worked out beforehand. Pure.

It goes by the same rules as the claims: what is due goes in the order of its rank, so many at a
time, as long as the rations last; what is kept is for the urgent. What does not fit waits for the
next allowed moment at which there is a send again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time

from publisher.channel import CAMPUS_TIME, Bundles, Channel, Ration, Rations, Rests, Slots
from publisher.model.urgency import EVERY, PRESSING, TOP, Urgency
from publisher.schedule import quota


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """One delivery that has not begun."""

    id: int
    due_at: datetime
    rank_at: datetime
    urgency: str = Urgency.NORMAL
    place: tuple[str, str] = ("", "")  # target and part; what goes together has the same
    latest_at: datetime | None = None  # past this it does not go; None: it may wait

    @property
    def is_urgent(self) -> bool:
        """Whether it may use what is kept."""
        return self.urgency != Urgency.NORMAL


@dataclass(frozen=True, kw_only=True)
class Push:
    """One send, and what goes with it, in order."""

    at: datetime
    ids: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What an account allows."""

    max_bundle: int = 1
    rations: tuple[Ration, ...] = ()
    slot: Callable[[datetime], datetime] = field(default=lambda moment: moment)
    rest_until: Callable[[datetime], datetime] = field(default=lambda moment: moment)

    def admits(self, spent: Counter[str], moment: datetime) -> Set[Urgency]:
        """Return what may be sent at a moment: everything, what is urgent only, or nothing.

        What is late may go for the rest of the day, whose send would be lost. On another day it
        waits for the time at which things leave; only an emergency does not.
        """
        if not quota.left(self.rations, spent, is_urgent=True, now=moment) and self.rations:
            return frozenset()
        if self.rations and self.slot(_midnight(moment)) > moment:
            return TOP
        left = quota.left(self.rations, spent, is_urgent=False, now=moment)
        return PRESSING if left == 0 else EVERY

    @classmethod
    def of(cls, channel: Channel) -> Rules:
        """Return the rules of a channel."""
        free = cls()
        return cls(
            max_bundle=channel.max_bundle if isinstance(channel, Bundles) else 1,
            rations=channel.rations() if isinstance(channel, Rations) else (),
            slot=channel.slot if isinstance(channel, Slots) else free.slot,
            rest_until=channel.rest_until if isinstance(channel, Rests) else free.rest_until,
        )


def forecast(
    waiting: Iterable[Waiting], rules: Rules, *, spent: Counter[str], now: datetime
) -> list[Push]:
    """Return the coming sends in order; `spent` has the sends made, by period.

    What cannot be sent any more, because no send is left before its latest moment, is in none.
    """
    left = sorted(waiting, key=_rank)
    spent, pushes = spent.copy(), list[Push]()
    while left:
        moment = max(now, min(one.due_at for one in left))
        due = [one for one in left if one.due_at <= moment]
        taken = _taken(due, rules, spent, moment)
        if taken:
            pushes.append(Push(at=moment, ids=tuple(one.id for one in taken)))
            spent.update({quota.period_of(ration, moment) for ration in rules.rations})
            gone = {one.id for one in taken}
            left = [one for one in left if one.id not in gone]
        else:
            left = [
                later
                for one in left
                if (later := _later(one, rules, spent, moment) if one in due else one)
            ]
    return pushes


def _taken(
    due: Sequence[Waiting], rules: Rules, spent: Counter[str], moment: datetime
) -> list[Waiting]:
    """Return what goes out together at a moment; nothing where nothing may."""
    if rules.rest_until(moment) > moment:
        return []
    admitted = rules.admits(spent, moment)
    head = next((one for one in due if one.urgency in admitted), None)
    if head is None:
        return []
    together = [one for one in due[: rules.max_bundle] if one.place == head.place]
    return together if head in together else [*together[: rules.max_bundle - 1], head]


def _midnight(moment: datetime) -> datetime:
    return datetime.combine(moment.astimezone(CAMPUS_TIME).date(), time(), CAMPUS_TIME)


def _rank(one: Waiting) -> tuple[datetime, int]:
    return one.rank_at, one.id


def _later(one: Waiting, rules: Rules, spent: Counter[str], moment: datetime) -> Waiting | None:
    """Return it with the next moment at which it may go; None: there is none in time."""
    opens = quota.opens_at(rules.rations, spent, is_urgent=one.is_urgent, now=moment)
    if opens is None:
        return None
    if opens > moment or one.urgency not in rules.admits(spent, moment):
        opens = max(opens, rules.slot(opens))
    due_at = max(opens, rules.rest_until(opens)).astimezone(UTC)
    is_too_late = one.latest_at is not None and due_at > one.latest_at
    return None if is_too_late else replace(one, due_at=due_at)
