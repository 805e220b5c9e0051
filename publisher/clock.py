"""The time. Only doors ask for it; everything below takes it as `now` or `at`."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """Return this moment, aware, in UTC."""
    return datetime.now(UTC)
