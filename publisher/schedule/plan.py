"""The fan-out: an approved edition and its targets become deliveries."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher import registry
from publisher.channel import Channel, Links, Shares, Slots, Splits
from publisher.errors import InvalidError
from publisher.model.delivery import Delivery
from publisher.model.item import Edition, FrozenRendition
from publisher.schedule import following, late, times
from publisher.settings import Delivery as Limits
from publisher.storage import locks

MAX_LANE = 64  # characters


def plan(
    session: Session,
    edition: Edition,
    *,
    channels: Mapping[str, Channel],
    limits: Limits,
    at: datetime,
) -> list[Delivery]:
    """Make one delivery for each target, part and occurrence; planning twice plans once.

    The target whose address others carry goes first: the others wait until it is confirmed.
    """
    locks.edition(session, edition.id)
    there = _existing(session, edition)
    planned: list[Delivery] = []
    moments = dues(edition, channels=channels, at=at)
    for rendition in sorted(edition.renditions, key=lambda r: not _leads(channels[r.target])):
        channel = channels[rendition.target]
        due_at = moments[rendition.target]
        planned += [
            _delivery(rendition, channel, part, due_at=due_at, limits=limits)
            for part in parts(channel)
            if (rendition.id, part) not in there
        ]
    session.add_all(planned)
    session.flush()
    _let_the_first_lead(planned, channels, limits)
    session.flush()
    return planned


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


def _delivery(
    rendition: FrozenRendition,
    channel: Channel,
    part: str,
    *,
    due_at: datetime,
    limits: Limits,
) -> Delivery:
    edition = rendition.edition
    latest = late.latest(
        due_at,
        wish=edition.late,
        not_after=edition.not_after,
        expires_at=edition.expires_at,
        limits=limits,
    )
    return Delivery(
        rendition=rendition,
        item_id=edition.item_id,
        target=rendition.target,
        part=part,
        lane=lane_of(rendition.target, channel),
        urgency=edition.item.urgency,
        due_at=due_at,
        not_after=latest.not_after,
        late=latest.late,
        expires_at=edition.expires_at,
    )


def dues(edition: Edition, *, channels: Mapping[str, Channel], at: datetime) -> dict[str, datetime]:
    """Return when each target's turn is; nobody's before that of the one whose address they carry.

    A moment that lies after the edition's latest one is refused: it could never be kept.
    """
    moments = {name: due(edition, name, channels[name], at=at) for name in edition.targets}
    leader = following.leader_of(edition.targets, channels)
    for name, moment in moments.items():
        if leader is not None and moments[leader] > moment:
            moment = moments[name] = _slot(channels[name], moments[leader])
        _check_latest(edition, channels[name], moment)
    return moments


def check(edition: Edition, *, channels: Mapping[str, Channel], at: datetime) -> None:
    """Refuse times that no target could keep, and a 公示期 that nothing would begin."""
    if edition.display_days is not None:
        following.check_leader(edition.targets, channels)
    dues(edition, channels=channels, at=at)


def _check_latest(edition: Edition, channel: Channel, due_at: datetime) -> None:
    for field, latest in (("not_after", edition.not_after), ("expires_at", edition.expires_at)):
        if latest is not None and due_at > latest:
            message = (
                f"{channel.label}要到 {times.say(due_at)} 才能发，"
                f"晚于{times.NAMES[field]} {times.say(latest)}，请改时间"
            )
            raise InvalidError(message, field=field, code="too_late")


def due(edition: Edition, target: str, channel: Channel, *, at: datetime) -> datetime:
    """Return when this target's turn is: its own time or the edition's, never before `at`."""
    own = edition.overrides.get(target, {}).get("publish_at")
    wished = times.parse(own, field="publish_at") if own else edition.publish_at
    moment = max(wished or at, at)
    return _slot(channel, moment)


def _slot(channel: Channel, moment: datetime) -> datetime:
    return channel.slot(moment) if isinstance(channel, Slots) else moment


def _let_the_first_lead(
    planned: list[Delivery], channels: Mapping[str, Channel], limits: Limits
) -> None:
    leader = next((d for d in planned if _leads(channels[d.target])), None)
    for delivery in planned:
        if leader is not None and not _leads(channels[delivery.target]):
            following.let_follow(delivery, leader, limits)
