"""Calls that WeChat counts by the day: what is left of our own share of them.

Source: the daily limits of a new account (freepublish/get and mass interface 100 calls,
freepublish/delete and deletion of articles 10), which rise only with the number of followers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from publisher.channel import CAMPUS_TIME, Shelf

LOOKS = 80  # of the 100 a day; the rest is for people and for other programs
DELETIONS = 10
A_DAY_S = 86400.0


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Budget:
    """So many calls a day of one kind, for all processes and targets of an account."""

    appid: str
    kind: str  # "look", "delete"
    most: int
    shelf: Shelf = field(repr=False)
    now: Callable[[], datetime] = _now

    def take(self) -> bool:
        """Count one call; False where none is left today."""
        place = self._place
        with self.shelf.lock(place):
            used = int(self.shelf.read(place) or 0)
            if used >= self.most:
                return False
            self.shelf.write(place, str(used + 1), ttl_s=A_DAY_S)
            return True

    @property
    def left(self) -> int:
        """How many are left today."""
        return max(0, self.most - int(self.shelf.read(self._place) or 0))

    @property
    def _place(self) -> str:
        day = self.now().astimezone(CAMPUS_TIME).date().isoformat()
        return f"wechat-{self.kind}-{self.appid}-{day}"
