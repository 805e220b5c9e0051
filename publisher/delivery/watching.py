"""Looking again at what was confirmed: whether it is still there, and under which address."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from publisher.channel import Receipt, Watches
from publisher.delivery.outcomes import apart, fail, observe
from publisher.delivery.retry import BETWEEN_LATE_LOOKS_S
from publisher.delivery.works import Works
from publisher.errors import ChannelError
from publisher.model.delivery import Delivery

TAKEN_AWAY = (
    "发布后在平台上已被删除或屏蔽，请到平台后台查看原因，再决定是否重新发送；程序不会自动重发"
)
WATCH_APART_S = 60.0  # between two looks that are both overdue


def begin(works: Works, row: Delivery, *, at: datetime) -> None:
    """Set the first look at what has just been confirmed, if its channel wants one."""
    row.checks, row.absent_at = 0, None
    row.check_at = _next(works, row, at=at)


def _next(works: Works, row: Delivery, *, at: datetime) -> datetime | None:
    channel = works.channel_of(row)
    after_s = channel.watch_after_s(row.checks) if isinstance(channel, Watches) else None
    if after_s is None:
        return None
    due_at = (row.confirmed_at or at) + timedelta(seconds=after_s)
    return max(due_at, at + timedelta(seconds=WATCH_APART_S))


def record(
    session: Session,
    works: Works,
    row: Delivery,
    seen: Receipt | ChannelError | None,
    *,
    at: datetime,
) -> None:
    """Write what a look at a confirmed delivery showed."""
    if isinstance(seen, Receipt):
        _still_there(session, row, seen, at=at)
        row.check_at = _next(works, row, at=at)
    elif seen is None:
        _gone(session, works, row, at=at)
    else:
        observe(session, row, "unclear", str(seen), at=at)
        is_suspected = row.absent_at is not None
        later = at + timedelta(seconds=BETWEEN_LATE_LOOKS_S)
        row.check_at = later if is_suspected else _next(works, row, at=at)


def _still_there(session: Session, row: Delivery, seen: Receipt, *, at: datetime) -> None:
    """Keep what is new: an address that was not known before, or words that have changed."""
    known = (row.remote_id, row.url, row.evidence)
    row.remote_id, row.url = seen.remote_id, seen.url or row.url
    row.evidence = seen.evidence or row.evidence
    was_missed, row.absent_at = row.absent_at is not None, None
    if was_missed or known != (row.remote_id, row.url, row.evidence):
        observe(session, row, "present", seen.evidence, at=at)


def _gone(session: Session, works: Works, row: Delivery, *, at: datetime) -> None:
    """Nothing there. It is believed the second time, some while later, and left to a person."""
    observe(session, row, "absent", "", at=at)
    first_at = row.absent_at
    if first_at is None or first_at > at or at - first_at < apart(works, row):
        row.absent_at = min(first_at or at, at)
        row.check_at = row.absent_at + apart(works, row)
        return
    fail(session, row, TAKEN_AWAY, verb="flipped", at=at)
    row.deadline_at = at
