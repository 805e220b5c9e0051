"""An outlet that sends once a day, at five in the afternoon, several items together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from publisher.channel import (
    CAMPUS_TIME,
    Bundles,
    Channel,
    Content,
    Ration,
    Rations,
    Receipt,
    Rendition,
    Slots,
)
from publisher.errors import ChannelError

AT = time(17)


@dataclass(frozen=True, kw_only=True)
class Daily(Channel, Bundles, Rations, Slots):
    """Takes three at the most in one call, and one call a day."""

    label = "公众号"
    max_bundle = 3

    calls: list[list[str]] = field(default_factory=list)  # titles

    def render(self, content: Content) -> Rendition:
        return Rendition(body=b"words", media_type="text/plain", title=content.title)

    def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
        raise AssertionError("a bundle is delivered as such")

    def deliver_bundle(
        self, renditions: Sequence[Rendition], *, key: str, handle: str
    ) -> Sequence[Receipt | ChannelError]:
        self.calls.append([one.title for one in renditions])
        return [Receipt(remote_id=f"{key}.{n}") for n in range(1, len(renditions) + 1)]

    def rations(self) -> tuple[Ration, ...]:
        return (Ration(sends=1, period="day"),)

    def slot(self, moment: datetime) -> datetime:
        local = moment.astimezone(CAMPUS_TIME)
        at = datetime.combine(local.date(), AT, tzinfo=CAMPUS_TIME)
        return at if local <= at else at + timedelta(days=1)
