"""The 公示期 of an edition in the ledger: it begins when the leading target is confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher.channel import CAMPUS_TIME
from publisher.model.delivery import Delivery
from publisher.model.item import Edition, FrozenRendition
from publisher.model.note import Note
from publisher.model.states import DeliveryState as S
from publisher.schedule import display, times
from publisher.schedule.display import End
from publisher.settings import WorkingDays
from publisher.storage import notes

OVER = (S.CANCELLED, S.WITHDRAWING, S.WITHDRAWN, S.EXPIRED)  # no end is set for these any more


def begin(session: Session, leader: Delivery, *, years: WorkingDays, at: datetime) -> End | None:
    """Set the end of every delivery of the leader's edition; None where it has no 公示期.

    An end that stands already is never brought forward.
    """
    edition = leader.rendition.edition
    if edition.display_days is None:
        return None
    found = display.end(at, days=edition.display_days, unit=edition.display_unit, years=years)
    for row in _rows(session, edition):
        row.expires_at = max(row.expires_at, found.at) if row.expires_at else found.at
        row.not_after = min(row.not_after, row.expires_at)
    notes.append(
        session,
        Note(
            at=at,
            who=notes.SYSTEM,
            verb="display",
            item_id=leader.item_id,
            delivery_id=leader.id,
            target=leader.target,
            text=_say(edition, found, at),
        ),
    )
    return found


def _rows(session: Session, edition: Edition) -> Sequence[Delivery]:
    found = session.scalars(
        select(Delivery)
        .join(Delivery.rendition)
        .where(FrozenRendition.edition_id == edition.id, Delivery.state.not_in(OVER))
        .order_by(Delivery.id)
        .with_for_update(key_share=True, of=Delivery)
    )
    return found.all()


def _say(edition: Edition, found: End, at: datetime) -> str:
    length = display.say(edition.display_days, edition.display_unit)
    said = f"公示期 {length}，从 {times.say(at)} 确认之日起算，到 {display.say_end(found)} 为止"
    if edition.expires_at is not None and edition.expires_at.astimezone(CAMPUS_TIME) > found.at:
        said += f"；填写的结束时间 {times.say(edition.expires_at)} 更晚，到那时才撤下"
    elif edition.expires_at is not None:
        said += f"；晚于填写的结束时间 {times.say(edition.expires_at)}，改为公示期满才撤下"
    if found.unknown_years:
        years = "、".join(str(year) for year in found.unknown_years)
        said += f"。{years} 年的放假安排还没有录入，这是暂定的日期，请核对"
    return said
