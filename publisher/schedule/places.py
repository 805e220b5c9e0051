"""What each target shares with others: the kind of its channel, and the lane of its account."""

from __future__ import annotations

from collections.abc import Mapping

from publisher import registry
from publisher.channel import Channel
from publisher.model.target import Place
from publisher.schedule.plan import lane_of


def places(channels: Mapping[str, Channel]) -> dict[str, Place]:
    """Return the place of every target, by its name."""
    return {
        name: Place(kind=registry.kind_of(channel), lane=lane_of(name, channel))
        for name, channel in channels.items()
    }
