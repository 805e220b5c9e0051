"""Taking an item back: everywhere, at once, whatever is paused."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from publisher.errors import InvalidError, NotAllowedError
from publisher.model.delivery import Delivery
from publisher.model.item import Item
from publisher.model.note import Note
from publisher.model.people import Person
from publisher.model.states import DeliveryState as S
from publisher.model.states import EditionState
from publisher.storage import locks, notes
from publisher.workflow import rules
from publisher.workflow.desk import Desk

MAX_REASON = 500  # characters
TO_TAKE_BACK = (S.PLANNED, S.ACCEPTED, S.CONFIRMED, S.UNCONFIRMED)


def withdraw(
    session: Session,
    desk: Desk,
    item: Item,
    *,
    reason: str,
    note: str = "",
    by: Person,
    at: datetime,
) -> None:
    """Stop what has not gone out and take down what has; doing it twice is doing it once.

    What is being sent at this moment is taken down as soon as its outcome is known.
    """
    rules.require(rules.may(by, "withdraw"))
    reason = reason.strip()
    if not reason or len(reason) > MAX_REASON:
        message = f"撤回原因请写 1 到 {MAX_REASON} 个字，读者会看到"
        raise InvalidError(message, field="reason", code="empty" if not reason else "too_long")
    take_all_back(session, desk, item, reason=reason, note=note, by=by, at=at)


def take_all_back(
    session: Session,
    desk: Desk,
    item: Item,
    *,
    reason: str,
    note: str,
    by: Person,
    at: datetime,
) -> None:
    """Take an item back, whoever asks for it; the doors call `withdraw`."""
    locks.item(session, item.id)
    if item.edition.state == EditionState.DRAFT and item.edition.number == 1:
        raise NotAllowedError("草稿还没有提交，不需要撤回", code="wrong_state")
    deliveries = locks.deliveries(session, item.id)
    if item.withdrawn_at is None or any(d.state in TO_TAKE_BACK for d in deliveries):
        item.withdrawn_at, item.withdrawn_by = at, by
        item.withdrawal_reason, item.withdrawal_note = reason, note.strip()
        done = Note(at=at, who=by.name, verb="withdraw", item_id=item.id, text=reason)
        notes.append(session, done)
    deadline_at = at + timedelta(hours=desk.settings.delivery.take_down_h)
    for delivery in deliveries:
        take_back(delivery, reason=item.withdrawal_reason, at=at, deadline_at=deadline_at)


def take_back(delivery: Delivery, *, reason: str, at: datetime, deadline_at: datetime) -> None:
    """Cancel a delivery that has not begun, or begin to take it down."""
    if delivery.state == S.PLANNED:
        delivery.cancel(at=at)
    elif delivery.state in (S.ACCEPTED, S.CONFIRMED, S.UNCONFIRMED):
        delivery.begin_takedown("withdrawn", reason=reason, at=at, deadline_at=deadline_at)
    elif delivery.state in (S.FAILED, S.MISSED):
        delivery.let_be(at=at)
    elif delivery.state == S.WITHDRAWING:
        delivery.takedown_as, delivery.takedown_reason = "withdrawn", reason
