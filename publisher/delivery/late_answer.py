"""The answer of a call that had been given up: the claim is lost, the fact is not."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from publisher.channel import Receipt
from publisher.delivery.outcomes import Outcome, accept
from publisher.delivery.repeat import acts_of
from publisher.delivery.works import Works
from publisher.model.delivery import Delivery
from publisher.model.states import DeliveryState as S

log = structlog.get_logger()


def keep(
    session: Session, works: Works, delivery_id: int, fence: int, outcome: Outcome, *, at: datetime
) -> None:
    """Keep what came of a call after its claim was lost.

    A receipt proves that it is there, whatever was believed meanwhile: it is accepted, or taken
    down where it is not to be there. In every case that call is known to be over.
    """
    log.warning("lost the claim", delivery=delivery_id, outcome=type(outcome).__name__)
    row = session.get(Delivery, delivery_id, populate_existing=True, with_for_update=True)
    fences = [act.fence for act in acts_of(session, delivery_id)]
    if row is None or row.lease_until is not None or fence not in fences:
        return  # it was claimed anew
    if fence == fences[-1]:
        row.lease_owner = None
    if not isinstance(outcome, Receipt) or row.remote_id is not None:
        return
    if row.state in (S.PLANNED, S.FAILED, S.MISSED):
        row.move(S.UNCONFIRMED)
    elif row.state in (S.CANCELLED, S.WITHDRAWN, S.EXPIRED):
        _take_down(works, row, at=at)
    if row.state == S.UNCONFIRMED:
        accept(works, row, outcome, at=at)
    elif row.state == S.WITHDRAWING:
        row.remote_id, row.url, row.taken_down_at = outcome.remote_id, outcome.url, None
        row.check_at = at


def _take_down(works: Works, row: Delivery, *, at: datetime) -> None:
    """Begin a take-down anew: what was believed never to have come, or to be gone, is there."""
    how, reason = row.takedown_as or "withdrawn", row.takedown_reason or row.item.withdrawal_reason
    deadline_at = at + timedelta(hours=works.limits.take_down_h)
    row.begin_takedown(how, reason=reason, at=at, deadline_at=deadline_at)
    row.ended_at = None
