"""Asking a target how it is, and keeping the answer."""

from __future__ import annotations

import dataclasses
import traceback
from datetime import datetime

import structlog

from publisher.channel import Checks, Health
from publisher.delivery.works import Works
from publisher.errors import ChannelError
from publisher.model.target import Target

log = structlog.get_logger()


def check(works: Works, name: str, *, now: datetime) -> Health | None:
    """Ask a target how it is and keep the answer; None where it cannot be asked."""
    health = _ask(works, name)
    if health is None:
        return None
    with works.database.sessions.begin() as session:
        target = session.get(Target, name)
        if target is None:
            target = Target(name=name)
            session.add(target)
        target.checked_at, target.health = now, dataclasses.asdict(health)
    return health


def _ask(works: Works, name: str) -> Health | None:
    channel = works.channels[name]
    if not isinstance(channel, Checks):
        return None
    try:
        return channel.check()
    except ChannelError as error:
        advice = error.advice or "请检查网络、地址和账号"
        return Health(is_reachable=False, note=str(error), advice=advice)
    except Exception as error:  # noqa: BLE001  # a bug in a check is no reason to stop the others
        log.error("unforeseen", target=name, traceback=traceback.format_exc())
        note = f"unforeseen {type(error).__name__}"
        return Health(is_reachable=False, note=note, advice="状态检查出错，请把日志交给维护人员")
