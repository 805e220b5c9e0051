"""Rations: how many sends are allowed in which periods of campus time, and when more are. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time, timedelta

from publisher.channel import CAMPUS_TIME, Ration

FORMS = {"day": "%Y-%m-%d", "month": "%Y-%m"}
RENEWED = time(0, 5)  # campus time; a period turns at midnight, five minutes for clocks


def limits(rations: Iterable[Ration], *, now: datetime) -> dict[str, int]:
    """Return the most sends of each period that a moment is in: {"2026-11-25": 1}."""
    found: dict[str, int] = {}
    for ration in rations:
        period = period_of(ration, now)
        found[period] = min(ration.sends, found.get(period, ration.sends))
    return found


def period_of(ration: Ration, moment: datetime) -> str:
    """Return the period of a ration that a moment is in, as the ledger names it."""
    return moment.astimezone(CAMPUS_TIME).strftime(FORMS[ration.period])


def left(
    rations: Iterable[Ration], spent: Mapping[str, int], *, is_urgent: bool, now: datetime
) -> int | None:
    """Return how many sends may still be made now, None where they are not counted.

    `spent` has what was made, by period. What is kept for the urgent is left for them only.
    """
    rooms = [_left(ration, spent, is_urgent=is_urgent, now=now) for ration in rations]
    return min(rooms) if rooms else None


def _left(ration: Ration, spent: Mapping[str, int], *, is_urgent: bool, now: datetime) -> int:
    kept = 0 if is_urgent else ration.reserve
    return max(0, ration.sends - kept - spent.get(period_of(ration, now), 0))


def spent_up(
    rations: Sequence[Ration], spent: Mapping[str, int], *, is_urgent: bool, now: datetime
) -> Ration | None:
    """Return the ration that is used up for now, the one that lasts longest; None: none is."""
    empty = [r for r in rations if not _left(r, spent, is_urgent=is_urgent, now=now)]
    return max(empty, key=lambda ration: renewed_at(ration, now), default=None)


def opens_at(
    rations: Sequence[Ration], spent: Mapping[str, int], *, is_urgent: bool, now: datetime
) -> datetime | None:
    """Return the first moment from now on at which a send may be made; None: there is none ever."""
    if any(ration.sends <= (0 if is_urgent else ration.reserve) for ration in rations):
        return None
    moment = now
    while empty := spent_up(rations, spent, is_urgent=is_urgent, now=moment):
        moment = renewed_at(empty, moment)
    return moment


def begun_at(ration: Ration, moment: datetime) -> datetime:
    """Return when the period of a ration that a moment is in has begun."""
    today = moment.astimezone(CAMPUS_TIME).date()
    first = today if ration.period == "day" else today.replace(day=1)
    return datetime.combine(first, time(), CAMPUS_TIME)


def renewed_at(ration: Ration, moment: datetime) -> datetime:
    """Return when the period of a ration that a moment is in gives way to the next."""
    today = moment.astimezone(CAMPUS_TIME).date()
    if ration.period == "day":
        first = today + timedelta(days=1)
    else:
        first = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    return datetime.combine(first, RENEWED, CAMPUS_TIME)
