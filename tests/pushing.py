"""An outlet that pushes a few things together, at five o'clock, and rarely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from publisher.channel import Bundles, Ration, Rations, Receipt, Rendition, Slots
from publisher.errors import ChannelError
from tests.make import NINE, FakeChannel

A_DAY = timedelta(days=1)
FIVE = NINE + timedelta(hours=8)  # 17:00 in Beijing


def at_five(moment: datetime) -> datetime:
    """Return the next five o'clock."""
    today = moment.astimezone(UTC).replace(hour=9, minute=0, second=0, microsecond=0)
    return today if today >= moment else today + A_DAY


@dataclass(frozen=True, kw_only=True)
class Digest(FakeChannel, Bundles, Rations, Slots):
    """Three together, once a day unless told otherwise."""

    label = "推送"
    max_bundle = 3

    given: tuple[Ration, ...] = (Ration(sends=1, period="day"),)
    calls: list[tuple[str, ...]] = field(default_factory=list)  # the titles, call by call
    does: list[Exception] = field(default_factory=list)  # the next calls raise these

    def rations(self) -> tuple[Ration, ...]:
        return self.given

    def slot(self, moment: datetime) -> datetime:
        return at_five(moment)

    def deliver_bundle(
        self, renditions: Sequence[Rendition], *, key: str, handle: str
    ) -> Sequence[Receipt | ChannelError]:
        if self.does:
            raise self.does.pop(0)
        self.calls.append(tuple(rendition.title for rendition in renditions))
        return [Receipt(remote_id=f"{key}/{n}") for n, _ in enumerate(renditions, start=1)]
