"""How urgent an item is, and what that is worth in the order of a lane."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum


class Urgency(StrEnum):
    """紧急程度, in the terms of GB/T 9704-2012, 7.2.3 (加急, 特急)."""

    NORMAL = "normal"
    URGENT = "urgent"  # 加急
    EMERGENCY = "emergency"  # 特急


EVERY = frozenset(Urgency)
PRESSING = frozenset({Urgency.URGENT, Urgency.EMERGENCY})
TOP = frozenset({Urgency.EMERGENCY})

# An emergency goes before what has waited less than an hour, and never before what has waited
# longer: so nothing starves.
HEAD_START: Mapping[Urgency, timedelta] = {
    Urgency.NORMAL: timedelta(),
    Urgency.URGENT: timedelta(minutes=10),
    Urgency.EMERGENCY: timedelta(hours=1),
}

# Where an account has so few sends that what goes first is what goes today, hours are nothing.
HEAD_START_WHERE_RATIONED: Mapping[Urgency, timedelta] = {
    Urgency.NORMAL: timedelta(),
    Urgency.URGENT: timedelta(days=7),
    Urgency.EMERGENCY: timedelta(days=30),
}
