"""What may become of a delivery, as several parts of time write it: looked for, failed, told."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from publisher.channel import Channel, Confirms, Receipt
from publisher.delivery import retry
from publisher.delivery.works import Works
from publisher.errors import ChannelError
from publisher.model.delivery import Attempt, Delivery, Observation
from publisher.model.item import Item
from publisher.model.note import Note
from publisher.model.states import DeliveryState as S
from publisher.schedule.following import LEADER_FAILED
from publisher.storage import notes

MAX_SAID = 2000  # characters of an outlet's answer that are kept
MIN_APART_S = 5.0  # between two looks that are to prove that nothing is there

Outcome = Receipt | ChannelError  # of a visible act


def end_attempts(
    session: Session, delivery_id: int, *, outcome: str, said: str, at: datetime
) -> None:
    """End the open attempt of a delivery with what came of it."""
    session.execute(
        update(Attempt)
        .where(Attempt.delivery_id == delivery_id, Attempt.ended_at.is_(None))
        .values(ended_at=at, outcome=outcome, said=said[:MAX_SAID])
    )


def next_look(
    works: Works, channel: Channel | None, *, at: datetime, first: bool
) -> tuple[datetime | None, datetime]:
    """Return when the outlet is to be asked, None where it cannot be, and when people are told."""
    if not isinstance(channel, Confirms):
        return None, at
    check_at = at if first else at + timedelta(seconds=channel.typical_delay_s)
    return check_at, at + timedelta(hours=works.limits.look_up_h)


def look_later(works: Works, row: Delivery, *, at: datetime, first: bool) -> None:
    """Set when the outlet is to be asked; an outlet that cannot be asked leaves it to a person."""
    row.checks, row.absent_at = 0, None
    row.check_at, row.deadline_at = next_look(works, works.channel_of(row), at=at, first=first)


def accept(works: Works, row: Delivery, receipt: Receipt, *, at: datetime) -> None:
    """The outlet has it, as is learnt after all."""
    row.move(S.ACCEPTED)
    row.remote_id, row.evidence = receipt.remote_id, receipt.evidence
    row.url = receipt.url or row.url
    row.accepted_at, row.ended_at, row.advice = at, None, receipt.awaits
    look_later(works, row, at=at, first=True)
    if receipt.awaits:
        row.deadline_at = at


def is_awaiting(row: Delivery) -> bool:
    """Say whether a person has had something to do since the outlet took it."""
    return row.state == S.ACCEPTED and row.deadline_at == row.accepted_at


def apart(works: Works, row: Delivery) -> timedelta:
    """Return how far two looks must be apart to prove that nothing is there."""
    channel = works.channel_of(row)
    delay_s = channel.typical_delay_s if channel else 0.0
    return timedelta(seconds=max(MIN_APART_S, 2 * delay_s))


def again(row: Delivery, *, at: datetime) -> None:
    """Set the next look; the more looks, the rarer."""
    is_late = row.deadline_at is not None and row.deadline_at <= at
    row.check_at = at + timedelta(seconds=retry.look_s(row.checks, is_late=is_late))


def observe(session: Session, row: Delivery, found: str, evidence: str, *, at: datetime) -> None:
    """Append what was read back; the same unclear answer twice running is kept once."""
    last = session.scalar(
        select(Observation)
        .where(Observation.delivery_id == row.id)
        .order_by(Observation.id.desc())
        .limit(1)
    )
    if last and found == "unclear" and (last.found, last.evidence) == (found, evidence):
        return
    session.add(
        Observation(delivery_id=row.id, at=at, source=row.target, found=found, evidence=evidence)
    )


def give_up(session: Session, row: Delivery, advice: str, *, at: datetime) -> None:
    """Fail a delivery that certainly is not there."""
    fail(session, row, advice, verb="failed", at=at)


def fail(session: Session, row: Delivery, advice: str, *, verb: str, at: datetime) -> None:
    """Fail a delivery; `verb` is what the record of acts calls it."""
    row.move(S.FAILED)
    row.advice, row.ended_at, row.check_at, row.deadline_at = advice, at, None, None
    row.lease_owner, row.lease_until = None, None
    tell_followers(session, row, advice=LEADER_FAILED, deadline_at=at)
    note(session, row, verb, text=advice, at=at)


def tell_followers(
    session: Session, row: Delivery, *, advice: str, deadline_at: datetime | None
) -> None:
    """Say to those that wait for this delivery what has become of it."""
    session.execute(
        update(Delivery)
        .where(Delivery.after_id == row.id, Delivery.state == S.PLANNED)
        .values(advice=advice, deadline_at=deadline_at)
        .execution_options(synchronize_session=False)
    )


def take_down_if_withdrawn(session: Session, works: Works, row: Delivery, *, at: datetime) -> None:
    """A withdrawal that came while it was being sent takes it down now."""
    item = session.get_one(Item, row.item_id)
    if item.withdrawn_at is None:
        return
    if row.state == S.PLANNED:
        row.cancel(at=at)
    elif row.state in (S.ACCEPTED, S.UNCONFIRMED):
        row.begin_takedown(
            "withdrawn",
            reason=item.withdrawal_reason,
            at=at,
            deadline_at=at + timedelta(hours=works.limits.take_down_h),
        )


def note(session: Session, row: Delivery, verb: str, *, text: str, at: datetime) -> None:
    """Append a note about a delivery, in our own name."""
    notes.append(
        session,
        Note(
            at=at,
            who=notes.SYSTEM,
            verb=verb,
            item_id=row.item_id,
            delivery_id=row.id,
            target=row.target,
            text=text,
        ),
    )
