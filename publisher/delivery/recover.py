"""What must not wait for ever: claims of the dead, and deliveries whose time is over."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from publisher.delivery.record import (
    LEADER_FAILED,
    end_attempts,
    look_later,
    note,
    take_down_if_withdrawn,
    tell_followers,
)
from publisher.delivery.retry import BETWEEN_LATE_LOOKS_S
from publisher.delivery.works import Works
from publisher.model.delivery import Attempt, Delivery, stands
from publisher.model.states import DeliveryState as S

FARTHEST_LOOK = timedelta(seconds=2 * BETWEEN_LATE_LOOKS_S)


def recover(works: Works, *, now: datetime) -> int:
    """Settle what a dead worker left in *sending*; return how many there were.

    Where the visible act had been armed, the outcome is unknown; where not, it certainly is not
    out.
    """
    lease = timedelta(seconds=works.limits.lease_s)
    is_over = or_(
        Delivery.lease_until <= now,
        Delivery.lease_until > now + 2 * lease,  # no lease is so long: the clock was set back
    )
    with works.database.sessions.begin() as session:
        _renew(session, works, until=now + lease)
        rows = session.scalars(
            select(Delivery).where(Delivery.lease_until.is_not(None), is_over)
        ).all()
        for row in rows:
            armed = session.scalar(
                select(Attempt.id).where(
                    Attempt.delivery_id == row.id,
                    Attempt.step == "deliver",
                    Attempt.ended_at.is_(None),
                )
            )
            end_attempts(session, row, outcome="lost", said="the worker died", at=now)
            row.fence += 1
            row.lease_owner, row.lease_until = None, None
            if armed is None:
                row.plan_again(row.due_at)
            else:
                row.move(S.UNCONFIRMED)
                look_later(works, row, at=now, first=False)
            note(session, row, "recover", text="发送中断", at=now)
            take_down_if_withdrawn(session, works, row, at=now)
    return len(rows)


def _renew(session: Session, works: Works, *, until: datetime) -> None:
    """Keep the leases of calls that are under way in this process, however slow the outlet is.

    While such a call may still arrive, a look that finds nothing would prove nothing.
    """
    session.execute(
        update(Delivery)
        .where(Delivery.id.in_(tuple(works.in_flight)), Delivery.lease_owner == works.owner)
        .where(Delivery.state == S.SENDING)
        .values(lease_until=until)
        .execution_options(synchronize_session=False)
    )


def mend_clock(works: Works, *, now: datetime) -> None:
    """Bring looks that were set by a clock far ahead back to now."""
    with works.database.sessions.begin() as session:
        session.execute(
            update(Delivery)
            .where(Delivery.check_at > now + FARTHEST_LOOK)
            .values(check_at=now)
            .execution_options(synchronize_session=False)
        )


def miss(works: Works, *, now: datetime) -> int:
    """Mark what was not sent before its latest moment; return how many there were."""
    with works.database.sessions.begin() as session:
        rows = session.scalars(
            select(Delivery).where(stands(S.PLANNED), Delivery.not_after < now).limit(500)
        ).all()
        for row in rows:
            row.move(S.MISSED)
            row.ended_at, row.deadline_at = now, None
            tell_followers(session, row, advice=LEADER_FAILED, deadline_at=now)
            note(session, row, "miss", text="过了最晚发布时间，没有发出", at=now)
    return len(rows)
