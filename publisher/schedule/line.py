"""What waits on a lane in the ledger, as the forecast takes it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Row

from publisher.model.delivery import Delivery
from publisher.schedule.forecast import Waiting


def waiting(found: Iterable[Row[Delivery, str, datetime | None]]) -> list[Waiting]:
    """Return these deliveries, each with the latest moment that its author gave. Pure."""
    return [
        Waiting(
            id=row.id,
            due_at=row.due_at,
            rank_at=row.rank_at,
            urgency=row.urgency,
            place=(row.target, row.part),
            latest_at=latest_at(row, given),
        )
        for row, _, given in found
    ]


def latest_at(row: Delivery, given: datetime | None) -> datetime | None:
    """Return past which moment a delivery does not go, however it is re-planned; None: it may wait.

    `given` is the author's; a person who has it sent again later goes before that.
    """
    latest = max(given, row.not_after) if given is not None else None
    ends = [moment for moment in (latest, row.expires_at) if moment is not None]
    return min(ends, default=None)
