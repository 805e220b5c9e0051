"""What waits too long for a reviewer, and what has waited until its time was over."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from publisher.model.item import Edition, Item
from publisher.model.note import Note
from publisher.model.states import EditionState
from publisher.schedule import times
from publisher.settings import Reviewing
from publisher.storage import locks, notes

PATIENCE = timedelta(minutes=30)  # nobody is reminded of what has only just come
SYSTEM = "系统"


def is_late(edition: Edition, reviewing: Reviewing, *, now: datetime) -> bool:
    """Say whether people are to be reminded that this edition waits for a verdict. Pure."""
    if edition.expedited_at is not None:
        return now - edition.expedited_at >= timedelta(hours=reviewing.fast_path.later_h)
    waited = now - waits_since(edition)
    if waited >= timedelta(hours=reviewing.waiting.remind_after_h):
        return True
    soon = now + timedelta(hours=reviewing.waiting.urgent_before_h)
    is_soon = edition.publish_at is not None and edition.publish_at <= soon
    return is_soon and waited >= PATIENCE


def waits_since(edition: Edition) -> datetime:
    """Return when the stage whose turn it is began. Pure."""
    moments = [review.at for review in edition.reviews]
    return max([*moments, edition.submitted_at or edition.created_at])


def lapse(session: Session, *, at: datetime) -> int:
    """Send back what its reviewers have left until its time was over; return how many.

    An approval that came later would approve what can no longer go out.
    """
    late = func.coalesce(Edition.not_after, Edition.expires_at)
    found = session.scalars(
        select(Edition)
        .join(Edition.item)
        .where(Edition.state == EditionState.IN_REVIEW, late <= at, Item.withdrawn_at.is_(None))
    ).all()
    lapsed = [edition for edition in found if _still_waits(session, edition)]
    for edition in lapsed:
        edition.move(EditionState.SENT_BACK)
        moment = times.say(edition.not_after or edition.expires_at)
        text = f"审核期间已过 {moment}，已给的通过作废；请作者改时间后重新送审"
        note = Note(at=at, who=SYSTEM, verb="lapse", item_id=edition.item_id, text=text)
        notes.append(session, note)
    return len(lapsed)


def _still_waits(session: Session, edition: Edition) -> bool:
    """Say whether nobody has given the last verdict at this very moment."""
    locks.item(session, edition.item_id)
    session.refresh(edition)
    return edition.state == EditionState.IN_REVIEW
