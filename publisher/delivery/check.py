"""Asking a target how it is, and keeping the answer; an account that is well is tried again."""

from __future__ import annotations

import dataclasses
import traceback
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher.channel import Checks, Health
from publisher.delivery import breaker, gates
from publisher.delivery.calls import Call
from publisher.delivery.engine import Kind, Work
from publisher.delivery.gates import breaker_of, keep_breaker
from publisher.delivery.works import Works
from publisher.errors import ChannelError
from publisher.model.delivery import Delivery, stands
from publisher.model.lane import Lane
from publisher.model.states import DeliveryState as S
from publisher.model.target import Target
from publisher.schedule.plan import lane_of
from publisher.storage import locks

log = structlog.get_logger()


def check(works: Works, name: str, *, now: datetime) -> Health | None:
    """Ask a target how it is and keep the answer; None where it cannot be asked."""
    health = _ask(works, name)
    with works.database.sessions.begin() as session:
        if health is not None:
            _keep(session, name, health, now=now)
        _try_again(session, works, name, health, now=now)
    return health


def _keep(session: Session, name: str, health: Health, *, now: datetime) -> None:
    target = locks.row(session, Target(name=name))
    target.checked_at, target.health = now, dataclasses.asdict(health)


def _try_again(
    session: Session, works: Works, name: str, health: Health | None, *, now: datetime
) -> None:
    """Half-open the breaker of an account that can take; ask one that cannot again later.

    However it is, it is spared until its time: an outlet may answer a check and refuse a
    notice. One that cannot be asked is tried when it would have been asked.
    """
    lane = lane_of(name, works.channels[name])
    is_spared = select(Lane.name).where(Lane.name == lane, Lane.breaker != breaker.State.CLOSED)
    if session.scalar(is_spared) is None:
        return
    record = gates.lane_record(session, lane)
    before = breaker_of(record)
    if before.state == breaker.State.HALF_OPEN:
        _close_if_idle(session, record, health, now=now)
        return
    if breaker.is_early(before, now=now):
        return
    is_well = health is None or health.can_take
    keep_breaker(record, breaker.after_check(before, is_well=is_well, at=now))


def _close_if_idle(session: Session, record: Lane, health: Health | None, *, now: datetime) -> None:
    """Let an account that can take be as others are, where nothing waits to be tried."""
    waits = select(Delivery.id).where(
        stands(S.PLANNED),
        Delivery.lane == record.name,
        Delivery.rank_at <= now,
        Delivery.due_at <= now,
    )
    sends = select(Delivery.id).where(
        Delivery.lane == record.name, Delivery.lease_until.is_not(None)
    )
    is_idle = session.scalar(waits.limit(1)) is None and session.scalar(sends.limit(1)) is None
    if is_idle and health is not None and health.can_take:
        keep_breaker(record, breaker.after_success(breaker_of(record)))
        record.next_send_at = None


def _ask(works: Works, name: str) -> Health | None:
    channel = works.channels[name]
    if not isinstance(channel, Checks):
        return None
    try:
        with works.calls.noted(Call(Work(Kind.CHECK, name).name)):
            return channel.check()
    except ChannelError as error:
        advice = error.advice or "请检查网络、地址和账号"
        return Health(is_reachable=False, note=str(error), advice=advice)
    except Exception as error:  # noqa: BLE001  # a bug in a check is no reason to stop the others
        log.error("unforeseen", target=name, traceback=traceback.format_exc())
        note = f"unforeseen {type(error).__name__}"
        return Health(is_reachable=False, note=note, advice="状态检查出错，请把日志交给维护人员")
