"""Pausing and resuming: one target, all targets of a channel, or everything."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from publisher import registry
from publisher.errors import InvalidError, NotFoundError
from publisher.model import words
from publisher.model.note import Note
from publisher.model.people import Person
from publisher.model.target import EVERYTHING, Pause
from publisher.schedule.places import places
from publisher.storage import notes, queries
from publisher.workflow import rules
from publisher.workflow.desk import Desk


def of_target(name: str) -> str:
    """Return the scope that is one target."""
    return f"target:{name}"


def of_channel(kind: str) -> str:
    """Return the scope that is every target of one channel."""
    return f"channel:{kind}"


def pause(
    session: Session, desk: Desk, scope: str, *, reason: str, by: Person, at: datetime
) -> Pause:
    """Send nothing more within this scope until it is resumed; take-downs go on.

    What is paused already stays as it is, with its reason.
    """
    rules.require(rules.may(by, "run_targets"))
    check(desk, scope)
    if not reason.strip():
        raise InvalidError("请写明暂停的原因", field="reason", code="empty")
    there = session.get(Pause, scope)
    if there is not None:
        return there
    made = Pause(scope=scope, at=at, by=by.name, because=reason.strip())
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError:  # somebody was as quick
        return session.get_one(Pause, scope)
    _note(session, "pause", scope, text=made.because, by=by, at=at)
    return made


def resume(session: Session, desk: Desk, scope: str, *, by: Person, at: datetime) -> None:
    """Let deliveries go out again, as far as no other pause holds them.

    Resuming a target also closes the breaker of its account: a person has seen to it.
    """
    rules.require(rules.may(by, "run_targets"))
    held = session.get(Pause, scope, with_for_update=True)
    if held is None:
        check(desk, scope)  # a pause of what is configured no more may be lifted all the same
    else:
        session.delete(held)
    has_closed = _close_breaker(session, desk, scope)
    if held is not None or has_closed:
        _note(session, "resume", scope, text="", by=by, at=at)


def _close_breaker(session: Session, desk: Desk, scope: str) -> bool:
    kind, _, name = scope.partition(":")
    place = places(desk.channels).get(name) if kind == "target" else None
    lane = queries.lanes_of(session, {place.lane}).get(place.lane) if place else None
    if lane is None or lane.breaker == "closed":
        return False
    lane.close()
    return True


def check(desk: Desk, scope: str) -> None:
    """Refuse a scope that there is not: what it would hold is not configured."""
    kind, _, name = scope.partition(":")
    if scope == EVERYTHING:
        return
    if kind == "target":
        check_target(desk, name)
    elif kind != "channel" or name not in kinds(desk):
        there_are = "、".join([EVERYTHING, *(of_channel(one) for one in kinds(desk))])
        raise InvalidError(
            f"没有范围“{scope}”，可用的有：{there_are}，或 target: 加目标的名称",
            field="scope",
            code="unknown_scope",
        )


def check_target(desk: Desk, name: str) -> None:
    """Refuse a target that is not configured."""
    if name not in desk.channels:
        there_are = "、".join(desk.channels) or "（还没有配置）"
        raise NotFoundError(f"没有发布目标 {name}，可用的有：{there_are}", code="unknown_target")


def kinds(desk: Desk) -> list[str]:
    """Return the channels that some target is of."""
    return sorted({registry.kind_of(channel) for channel in desk.channels.values()})


def scope_label(desk: Desk, scope: str) -> str:
    """Return what people call a scope."""
    kind, _, name = scope.partition(":")
    if kind == "channel":
        labels = (c.label for c in desk.channels.values() if registry.kind_of(c) == name)
        return f"{next(labels, '') or name}（整个渠道）"
    if kind == "target":
        channel = desk.channels.get(name)
        return f"{channel.label} {name}" if channel and channel.label else name
    return words.EVERYTHING


def _note(session: Session, verb: str, scope: str, *, text: str, by: Person, at: datetime) -> None:
    kind, _, name = scope.partition(":")
    told = Note(at=at, who=by.name, verb=verb, text=text)
    if kind == "target":
        told.target = name
    else:
        told.text = f"{scope}：{text}" if text else scope
    notes.append(session, told)
