"""Pausing and resuming targets."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from publisher.errors import InvalidError, NotFoundError
from publisher.model.note import Note
from publisher.model.people import Person
from publisher.model.target import Target
from publisher.storage import notes
from publisher.workflow import rules
from publisher.workflow.desk import Desk


def pause(
    session: Session, desk: Desk, name: str, *, reason: str, by: Person, at: datetime
) -> Target:
    """Send nothing more to this target until it is resumed; withdrawals go on."""
    rules.require(rules.may(by, "run_targets"))
    if not reason.strip():
        raise InvalidError("请写明暂停的原因", field="reason", code="empty")
    target = record(session, desk, name)
    if target.paused_at is None:
        target.paused_at, target.paused_by, target.paused_because = at, by.name, reason.strip()
        notes.append(session, Note(at=at, who=by.name, verb="pause", target=name, text=reason))
    return target


def resume(session: Session, desk: Desk, name: str, *, by: Person, at: datetime) -> Target:
    """Let deliveries to this target go out again."""
    rules.require(rules.may(by, "run_targets"))
    target = record(session, desk, name)
    if target.paused_at is not None:
        target.paused_at, target.paused_by, target.paused_because = None, "", ""
        notes.append(session, Note(at=at, who=by.name, verb="resume", target=name))
    return target


def record(session: Session, desk: Desk, name: str) -> Target:
    """Return the row of a target that is configured."""
    if name not in desk.channels:
        there_are = "、".join(desk.channels) or "（还没有配置）"
        raise NotFoundError(f"没有发布目标 {name}，可用的有：{there_are}", code="unknown_target")
    target = session.get(Target, name)
    if target is None:
        target = Target(name=name, health={})
        session.add(target)
        session.flush()
    return target
