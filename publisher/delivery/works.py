"""What the work of time needs: database, files, channels, limits."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from secrets import token_hex

from publisher.channel import Channel, Receipt, Splits
from publisher.model.delivery import Delivery
from publisher.settings import Delivery as Limits
from publisher.settings import WorkingDays
from publisher.storage.database import Database
from publisher.storage.media import MediaStore


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
    in_flight: set[int] = field(default_factory=set)  # deliveries whose call is under way here

    def channel(self, delivery: Delivery) -> Channel | None:
        """Return the channel of this delivery's place, None where it is configured no more."""
        channel = self.channels.get(delivery.target)
        if delivery.part == "" or channel is None:
            return channel
        if not isinstance(channel, Splits) or delivery.part not in channel.parts():
            return None
        return channel.part(delivery.part)


def receipt_of(delivery: Delivery) -> Receipt | None:
    """Return what the outlet said when it took this delivery, None where that is not known."""
    if delivery.remote_id is None:
        return None
    return Receipt(remote_id=delivery.remote_id, url=delivery.url, evidence=delivery.evidence)
