"""Late policy: until when a delivery may still go out, and what then. Pure.

"miss": it is not sent any more. "ask": a person decides. "send": it goes out all the same, within a
limit, so that an outage of a month does not end in a flood; beyond that a person decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from publisher.errors import InvalidError
from publisher.settings import Delivery as Limits

POLICIES = {"miss": "不再发", "ask": "由人决定", "send": "照常发"}


@dataclass(frozen=True, kw_only=True)
class Latest:
    """Until when a delivery may still go out, and what happens after that."""

    not_after: datetime
    late: str  # "miss", or "ask"


def latest(
    due_at: datetime,
    *,
    wish: str = "",
    not_after: datetime | None = None,
    expires_at: datetime | None = None,
    limits: Limits,
) -> Latest:
    """Return the latest moment of a delivery; `wish` is a policy, "" the configured one.

    A moment that the author gave always holds, and so does the planned end: what has ended cannot
    be sent, so nobody is asked about it.
    """
    policy = wish or limits.late
    if not_after is not None:
        given = Latest(not_after=not_after, late="ask" if policy == "ask" else "miss")
    elif policy == "send":
        after = timedelta(hours=limits.send_late_h)
        given = Latest(not_after=due_at + after, late="ask")
    else:
        after = timedelta(hours=limits.latest_after_h)
        given = Latest(not_after=due_at + after, late=policy)
    if expires_at is not None and expires_at <= given.not_after:
        return Latest(not_after=expires_at, late="miss")
    return given


def check(wish: str, *, not_after: datetime | None) -> None:
    """Refuse a policy that there is not, or that contradicts the latest moment."""
    if wish and wish not in POLICIES:
        message = "过时处理只能是 send（照常发）、ask（由人决定）或 miss（不再发）"
        raise InvalidError(message, field="late")
    if wish == "send" and not_after is not None:
        message = "写了最晚发布时间，就不能又选过时照常发；请删去一个"
        raise InvalidError(message, field="late", code="contradiction")
