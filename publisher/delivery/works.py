"""What the work of time needs: database, files, channels, limits."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any

from publisher.channel import Channel, Receipt, Splits
from publisher.delivery.calls import Calls
from publisher.model.delivery import Delivery
from publisher.schedule.plan import lane_of
from publisher.settings import Delivery as Limits
from publisher.settings import WorkingDays
from publisher.storage.database import Database
from publisher.storage.group import GroupCommit
from publisher.storage.media import MediaStore
from publisher.storage.renditions import Thawed


@dataclass(frozen=True, kw_only=True)
class Room:
    """How much a lane can take on; `channel` is that of its targets, None where there is none."""

    lane: str
    channel: Channel | None
    calls: int


@dataclass(frozen=True, kw_only=True)
class Works:
    """One process at work; `owner` names it in the leases it takes."""

    database: Database
    media: MediaStore
    channels: Mapping[str, Channel]
    limits: Limits
    working_days: WorkingDays = field(default_factory=dict)
    owner: str = field(default_factory=lambda: token_hex(8))
    stopping: threading.Event = field(default_factory=threading.Event)  # set: begin nothing more
    calls: Calls = field(default_factory=Calls)  # to outlets, under way here
    turns: GroupCommit[Any, Any] = field(default_factory=GroupCommit)  # of sends; see worker
    looks: GroupCommit[Any, Any] = field(default_factory=GroupCommit)  # see confirm
    thawed: Thawed = field(default_factory=Thawed)  # renditions that were sent lately

    def channel(self, target: str, part: str) -> Channel | None:
        """Return the channel of a place, None where it is configured no more."""
        channel = self.channels.get(target)
        if part == "" or channel is None:
            return channel
        if not isinstance(channel, Splits) or part not in channel.parts():
            return None
        return channel.part(part)

    def channel_of(self, delivery: Delivery) -> Channel | None:
        """Return the channel of the place of a delivery, None where it is configured no more."""
        return self.channel(delivery.target, delivery.part)

    def room(self, lane: str, calls: int = 1) -> Room:
        """Return room for so many calls on a lane."""
        targets = self.targets_of(lane)
        return Room(lane=lane, channel=self.channels[targets[0]] if targets else None, calls=calls)

    def targets_of(self, lane: str) -> list[str]:
        """Return the targets that share a lane."""
        return [name for name, channel in self.channels.items() if lane_of(name, channel) == lane]

    def lanes(self) -> set[str]:
        """Return the lanes of all targets."""
        return {lane_of(name, channel) for name, channel in self.channels.items()}


def receipt_of(delivery: Delivery) -> Receipt | None:
    """Return what the outlet said when it took this delivery, None where that is not known."""
    if delivery.remote_id is None:
        return None
    return Receipt(remote_id=delivery.remote_id, url=delivery.url, evidence=delivery.evidence)
