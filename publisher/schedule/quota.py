"""Rations: how many sends are allowed in which periods of campus time. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from publisher.channel import CAMPUS_TIME, Ration

FORMS = {"day": "%Y-%m-%d", "month": "%Y-%m"}


def limits(rations: Iterable[Ration], *, now: datetime) -> dict[str, int]:
    """Return the most sends of each period that a moment is in: {"2026-11-25": 1}."""
    local = now.astimezone(CAMPUS_TIME)
    found: dict[str, int] = {}
    for ration in rations:
        period = local.strftime(FORMS[ration.period])
        found[period] = min(ration.sends, found.get(period, ration.sends))
    return found
