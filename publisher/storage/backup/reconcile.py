"""After a restore: what could have gone out since the backup is looked up before anything is sent.

The ledger is older than the world. What was sent, approved, withdrawn or settled since the backup
is not in it, and no machine can know all of that: so everything is paused, too, until a person has
compared the ledger with the outlets.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.orm import Session

from publisher.channel import CAMPUS_TIME
from publisher.model.alarm import Alarm
from publisher.model.delivery import LOOKED_UP_FIRST, Delivery
from publisher.model.item import Edition, Serial
from publisher.model.note import Note
from publisher.model.people import SignIn
from publisher.model.states import DeliveryState as S
from publisher.model.states import EditionState
from publisher.model.target import EVERYTHING, Beat, Pause, ShelfRow
from publisher.storage import notes

RESTORED = "restored"  # the alarm; it stays until a person has resumed everything
MAY_BE_OUT = (S.PLANNED, S.SENDING)  # its answer, or the whole of it, may be missing here
LOOKED_UP = (S.ACCEPTED, S.UNCONFIRMED)
GIVEN_UP = (S.FAILED, S.MISSED)  # a person may have sent it again since
SERIALS_AHEAD = 100  # numbers that readers see: more than are given out since a backup


@dataclass(frozen=True, kw_only=True)
class Reconciled:
    """What a person has to be told."""

    to_look_up: int  # deliveries that are looked up before anything else
    given_up: int  # failed and missed ones that are looked up if somebody sends them again
    in_review: tuple[tuple[int, str], ...]  # id and title of items that may have been approved


def reconcile(
    session: Session, *, taken_at: datetime, by: str, at: datetime, look_up: timedelta
) -> Reconciled:
    """Mark everything that could have gone out since, and pause everything; one transaction."""
    marked = {**_asked(at, at + look_up), "is_restored": True}
    looked_up = _mark(session, LOOKED_UP, **marked)
    unknown = {"state": S.UNCONFIRMED, "advice": LOOKED_UP_FIRST}
    maybe_out = _mark(session, MAY_BE_OUT, **marked, **unknown)
    given_up = _mark(session, GIVEN_UP, is_restored=True, fence=Delivery.fence + 1)
    _mark(session, (S.WITHDRAWING,), **_asked(at, at + look_up))
    session.execute(update(SignIn).where(SignIn.ended_at.is_(None)).values(ended_at=at))
    session.execute(delete(ShelfRow))  # tokens of outlets, long over; locks of the dead
    session.execute(delete(Beat))
    session.execute(update(Serial).values(last=Serial.last + SERIALS_AHEAD))
    _tell(session, maybe_out + looked_up, taken_at=taken_at, by=by, at=at)
    return Reconciled(
        to_look_up=maybe_out + looked_up, given_up=given_up, in_review=_in_review(session)
    )


def _asked(at: datetime, deadline_at: datetime) -> dict[str, Any]:
    """Return the values of a row that nobody works at, and that is to be looked at now."""
    return {
        "check_at": at,
        "checks": 0,
        "absent_at": None,
        "deadline_at": deadline_at,
        "fence": Delivery.fence + 1,
        "lease_owner": None,
        "lease_until": None,
    }


def _mark(session: Session, states: tuple[S, ...], **values: Any) -> int:
    result = session.execute(
        update(Delivery)
        .where(Delivery.state.in_(states))
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return result.rowcount if isinstance(result, CursorResult) else 0


def _in_review(session: Session) -> tuple[tuple[int, str], ...]:
    found = session.execute(
        select(Edition.item_id, Edition.title)
        .where(Edition.is_newest, Edition.state == EditionState.IN_REVIEW)
        .order_by(Edition.item_id)
    )
    return tuple((item_id, title) for item_id, title in found)


def _tell(session: Session, count: int, *, taken_at: datetime, by: str, at: datetime) -> None:
    since = f"{taken_at.astimezone(CAMPUS_TIME):%Y-%m-%d %H:%M}"
    session.merge(
        Pause(scope=EVERYTHING, at=at, by=by, because=f"从 {since} 的备份恢复，等待人工核对各平台")
    )
    is_open = select(Alarm).where(Alarm.key == RESTORED, Alarm.until.is_(None))
    alarm = session.scalar(is_open) or Alarm(key=RESTORED, since=at)
    alarm.since, alarm.told_at = at, None
    alarm.text = (
        f"数据已恢复到 {since}，之后批准、撤回、核实的都不在记录里："
        "请逐个平台与 publisher deliveries 的清单核对，之后撤回过的要重新撤回（官网上会重新公开），"
        "停用过的人员和令牌要重新停用；核对完再恢复全部发送"
    )
    session.add(alarm)
    notes.append(
        session,
        Note(at=at, who=by, verb="restore", text=f"{since} 的备份；{count} 条投递先核对再发送"),
    )
