"""The time. Only doors ask for it; everything below takes it as `now` or `at`."""

from __future__ import annotations

import time
from datetime import UTC, datetime

STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # the former counts sleep, too


def now() -> datetime:
    """Return this moment, aware, in UTC."""
    return datetime.now(UTC)


class Drift:
    """Tells by how much the clock was set, beside a counter that nobody can set."""

    def __init__(self) -> None:
        self._ahead_s = _ahead_s()

    def since_asked_s(self) -> float:
        """Return by how many seconds it was set forward (or back) since the last question."""
        before, self._ahead_s = self._ahead_s, _ahead_s()
        return self._ahead_s - before


def _ahead_s() -> float:
    return time.time() - time.clock_gettime(STEADY)
