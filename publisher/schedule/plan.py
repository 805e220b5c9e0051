"""The fan-out: an approved edition and its targets become deliveries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, func, insert, literal, select
from sqlalchemy.orm import Session

from publisher import registry
from publisher.channel import Channel, Links, Rations, Shares, Slots, Splits
from publisher.errors import InvalidError
from publisher.model.delivery import Delivery, rank_of
from publisher.model.item import Edition, FrozenRendition
from publisher.model.urgency import Urgency
from publisher.schedule import following, late, times
from publisher.settings import Delivery as Limits
from publisher.storage import locks, many

MAX_LANE = 64  # characters


def plan(
    session: Session,
    edition: Edition,
    *,
    channels: Mapping[str, Channel],
    limits: Limits,
    at: datetime,
) -> int:
    """Make one delivery for each target, part and occurrence; return how many are new.

    Planning twice plans once. The target whose address others carry goes first: the others wait
    until it is confirmed.
    """
    locks.edition(session, edition.id)
    there = _existing(session, edition)
    moments = dues(edition, channels=channels, at=at)
    leader = following.leader_of(edition.targets, channels)
    led: dict[str, object] = {}
    planned = 0
    for rendition in sorted(edition.renditions, key=lambda one: one.target != leader):
        channel, due_at = channels[rendition.target], moments[rendition.target]
        values = _values(rendition, channel, due_at=due_at, limits=limits)
        if leader is not None and not _leads(channel):
            led |= following.led_by(due_at, moments[leader], limits)
            values |= led
        new = [part for part in parts(channel) if (rendition.id, part) not in there]
        _insert(session, values, new)
        planned += len(new)
        if rendition.target == leader:
            led["after_id"] = _first_of(session, rendition)
    return planned


def _insert(session: Session, values: Mapping[str, Any], places: Sequence[str]) -> None:
    """Insert one row for each place, all in one statement: a target may have hundreds."""
    if not places:
        return
    table = cast(Table, Delivery.__table__)
    each = many.texts(session, places)
    alike = [literal(value, table.c[name].type) for name, value in values.items()]
    rows = select(each.c.value, *alike)
    session.execute(insert(table).from_select(["part", *values], rows))


def _first_of(session: Session, rendition: FrozenRendition) -> int | None:
    return session.scalar(
        select(func.min(Delivery.id)).where(Delivery.rendition_id == rendition.id)
    )


def parts(channel: Channel) -> tuple[str, ...]:
    """Return the places of a target; one without a name where it is a single place."""
    return channel.parts() if isinstance(channel, Splits) else ("",)


def lane_of(target: str, channel: Channel) -> str:
    """Return the lane of a target: its account, or itself where it shares none."""
    if isinstance(channel, Shares):
        return f"{registry.kind_of(channel)}:{channel.account()}"[:MAX_LANE]
    return target


def _leads(channel: Channel) -> bool:
    return isinstance(channel, Links)


def _existing(session: Session, edition: Edition) -> set[tuple[int, str]]:
    ids = [rendition.id for rendition in edition.renditions]
    rows = session.execute(
        select(Delivery.rendition_id, Delivery.part).where(Delivery.rendition_id.in_(ids))
    )
    return {(rendition_id, part) for rendition_id, part in rows}


def _values(
    rendition: FrozenRendition, channel: Channel, *, due_at: datetime, limits: Limits
) -> dict[str, Any]:
    edition = rendition.edition
    latest = late.latest(
        due_at,
        wish=edition.late,
        not_after=edition.not_after,
        expires_at=edition.expires_at,
        limits=limits,
    )
    return {
        "rendition_id": rendition.id,
        "item_id": edition.item_id,
        "target": rendition.target,
        "lane": lane_of(rendition.target, channel),
        "urgency": edition.item.urgency,
        "due_at": due_at,
        "rank_at": rank(due_at, edition.item.urgency, channel),
        "not_after": latest.not_after,
        "late": latest.late,
        "expires_at": edition.expires_at,
    }


def rank(due_at: datetime, urgency: str, channel: Channel) -> datetime:
    """Return the place in its lane of what is due on a channel then. Pure."""
    return rank_of(due_at, urgency, is_rationed=isinstance(channel, Rations))


def dues(edition: Edition, *, channels: Mapping[str, Channel], at: datetime) -> dict[str, datetime]:
    """Return when each target's turn is; nobody's before that of the one whose address they carry.

    A moment that lies after the edition's latest one is refused: it could never be kept.
    """
    moments = {name: due(edition, name, channels[name], at=at) for name in edition.targets}
    leader = following.leader_of(edition.targets, channels)
    for name, moment in moments.items():
        if leader is not None and moments[leader] > moment:
            urgency = edition.item.urgency
            moment = moments[name] = _slot(channels[name], moments[leader], urgency=urgency)
        _check_latest(edition, channels[name], moment)
    return moments


def check(edition: Edition, *, channels: Mapping[str, Channel], at: datetime) -> None:
    """Refuse times that no target could keep, a 公示期 that nothing would begin, and two ways."""
    check_ways(edition.targets, channels)
    if edition.display_days is not None:
        following.check_leader(edition.targets, channels)
    dues(edition, channels=channels, at=at)


def check_ways(targets: Sequence[str], channels: Mapping[str, Channel]) -> None:
    """Refuse an item that would go out twice on one account, in two ways of using it."""
    chosen: dict[tuple[str, str], tuple[str, str]] = {}
    for name in targets:
        channel = channels[name]
        if not isinstance(channel, Shares):
            continue
        account = channel.account()
        one = (registry.kind_of(channel), account.partition("/")[0])
        other, its_account = chosen.setdefault(one, (name, account))
        if its_account != account:
            message = f"{other} 和 {name} 是同一个账号的两种发法，一个稿件只选一种，请删去一个"
            raise InvalidError(message, field="targets", code="two_ways")


def _check_latest(edition: Edition, channel: Channel, due_at: datetime) -> None:
    for field, latest in (("not_after", edition.not_after), ("expires_at", edition.expires_at)):
        if latest is not None and due_at > latest:
            message = (
                f"{channel.label}要到 {times.say(due_at)} 才能发，"
                f"晚于{times.NAMES[field]} {times.say(latest)}，请改时间"
            )
            raise InvalidError(message, field=field, code="too_late")


def due(edition: Edition, target: str, channel: Channel, *, at: datetime) -> datetime:
    """Return when this target's turn is: its own time or the edition's, never before `at`.

    A target with times of its own takes the next of them; an emergency does not wait for it.
    """
    return _slot(channel, max(wished(edition, target) or at, at), urgency=edition.item.urgency)


def wished(edition: Edition, target: str) -> datetime | None:
    """Return when this is to go out at the earliest; None: as soon as it is approved."""
    own = edition.overrides.get(target, {}).get("publish_at")
    return times.parse(own, field="publish_at") if own else edition.publish_at


def _slot(channel: Channel, moment: datetime, *, urgency: str) -> datetime:
    is_free = urgency == Urgency.EMERGENCY or not isinstance(channel, Slots)
    return moment if is_free else slot(channel, moment)


def slot(channel: Channel, moment: datetime) -> datetime:
    """Return the first moment from this one on at which a target lets deliveries leave."""
    return channel.slot(moment) if isinstance(channel, Slots) else moment
