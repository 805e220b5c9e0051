"""Followers: deliveries that wait until the one whose address they carry is confirmed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher.channel import Channel, Links
from publisher.errors import InvalidError
from publisher.model.delivery import Delivery, stands
from publisher.model.states import DeliveryState as S
from publisher.settings import Delivery as Limits

LEADER_FAILED = "要等带全文地址的那一处先发出；它没有发成，请先处理它，再发这一处"


def leader_of(targets: Sequence[str], channels: Mapping[str, Channel]) -> str | None:
    """Return the target that goes first and whose address the others carry; None: there is none."""
    return next((name for name in targets if isinstance(channels.get(name), Links)), None)


def check_leader(targets: Sequence[str], channels: Mapping[str, Channel]) -> None:
    """Refuse a 公示期 without the target whose confirmation begins it."""
    if targets and leader_of(targets, channels) is None:
        labels = {c.label for c in channels.values() if isinstance(c, Links)}
        there_are = "、".join(sorted(labels)) or "（还没有配置）"
        message = f"公示期从官网发出并确认之日起算，请加选带全文地址的发布目标：{there_are}"
        raise InvalidError(message, field="targets", code="no_leader")


def until(due_at: datetime, leader_due_at: datetime, limits: Limits) -> datetime:
    """Return how long a follower waits. Pure."""
    return max(due_at, leader_due_at) + timedelta(hours=limits.follow_wait_h)


def led_by(due_at: datetime, leader_due_at: datetime, limits: Limits) -> dict[str, object]:
    """Return the columns that say how long a delivery waits for another, and what then. Pure."""
    return {
        "follow_until": until(due_at, leader_due_at, limits),
        "follow_else": limits.follow_else,
    }


def let_follow(follower: Delivery, leader: Delivery, limits: Limits) -> None:
    """Make a delivery wait for another, from now on."""
    follower.after_id = leader.id
    for name, value in led_by(follower.due_at, leader.due_at, limits).items():
        setattr(follower, name, value)


def wait_again(session: Session, row: Delivery, limits: Limits) -> None:
    """Begin the waits anew that a delivery which is planned again has part in."""
    leader = session.get(Delivery, row.after_id) if row.after_id is not None else None
    if leader is not None and leader.state != S.CONFIRMED:
        let_follow(row, leader, limits)
    for follower in _followers(session, row):
        let_follow(follower, row, limits)
        follower.advice, follower.deadline_at = "", None


def tell(session: Session, leader: Delivery, *, at: datetime) -> None:
    """Say to those that wait for this delivery what has become of it: confirmed, or over."""
    is_there = leader.state == S.CONFIRMED
    for follower in _followers(session, leader):
        follower.advice = "" if is_there else LEADER_FAILED
        follower.deadline_at = None if is_there else at


def _followers(session: Session, leader: Delivery) -> Sequence[Delivery]:
    found = session.scalars(
        select(Delivery)
        .where(Delivery.after_id == leader.id, stands(S.PLANNED))
        .order_by(Delivery.id)
        .with_for_update(key_share=True)
    )
    return found.all()
