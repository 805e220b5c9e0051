"""Which deliveries go out in one call: a bundle, whose members and order stand once it is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select, tuple_, update
from sqlalchemy.orm import Session

from publisher.channel import Bundles
from publisher.delivery import due
from publisher.delivery.due import Line
from publisher.model.delivery import Bundle, Delivery, stands
from publisher.model.states import DeliveryState as S
from publisher.model.urgency import EVERY

SOON = timedelta(minutes=10)  # so long a last send is kept for a bundle that was refused


def pick(session: Session, line: Line, channel: Bundles) -> list[int]:
    """Return the deliveries of the next call in order: a bundle as it was, or a new one.

    What is urgent takes along what is not: that costs no other send.
    """
    is_narrow = line.admits != EVERY
    heads = due.first(session, line, 1 if is_narrow else channel.max_bundle)
    if not heads:
        return []
    head = heads[0]
    ids = [] if head.bundle_id is None else _as_it_was(session, head.bundle_id, now=line.now)
    if ids or (line.is_last and _is_to_go_again(session, line, before=head)):
        return ids
    all_of_it = replace(line, admits=EVERY)
    others = due.first(session, all_of_it, channel.max_bundle) if is_narrow else heads
    ids = _together(head, others, most=channel.max_bundle)
    _freeze(session, head.target, ids, now=line.now)
    return ids


def _is_to_go_again(session: Session, line: Line, *, before: Row[Any]) -> bool:
    """Say whether a bundle that comes first is about to go again: the last send is for that."""
    first = select(Delivery.id).where(
        Delivery.lane == line.lane,
        stands(S.PLANNED),
        Delivery.rank_at <= before.rank_at,
        tuple_(Delivery.rank_at, Delivery.id) < (before.rank_at, before.id),
        Delivery.due_at > line.now,
        Delivery.due_at <= line.now + SOON,
        Delivery.not_after >= Delivery.due_at,
        Delivery.bundle_id.is_not(None),
    )
    return session.execute(first.limit(1)).first() is not None


def _together(head: Row[Any], due: Sequence[Row[Any]], *, most: int) -> list[int]:
    """Return what goes with a head, in the order of the lane."""
    there = [
        row
        for row in due
        if (row.target, row.part) == (head.target, head.part)
        and row.bundle_id in (None, head.bundle_id)
    ]
    ids = [row.id for row in there]
    return ids if head.id in ids else [*ids[: most - 1], head.id]


def _as_it_was(session: Session, bundle_id: int, *, now: datetime) -> list[int]:
    """Return the members of a bundle in order, if all of them wait to go out again.

    Otherwise it is dissolved for good: the same key must never carry anything else, and those
    that are left are looked up under the places that they had in it.
    """
    members = session.execute(
        select(Delivery.id, Delivery.state, Delivery.not_after, Delivery.bundle_position)
        .where(Delivery.bundle_id == bundle_id)
        .order_by(Delivery.id)
        .with_for_update(key_share=True)
    ).all()
    bundle = session.get_one(Bundle, bundle_id, populate_existing=True)
    wait = all(one.state == S.PLANNED and one.not_after >= now for one in members)
    if wait and bundle.frozen_at is not None:
        return [one.id for one in sorted(members, key=lambda one: one.bundle_position)]
    bundle.frozen_at = None
    return []


def _freeze(session: Session, target: str, ids: Sequence[int], *, now: datetime) -> None:
    """Make a bundle of these deliveries; from here on membership and order stand."""
    bundle = Bundle(target=target, created_at=now, frozen_at=now)
    session.add(bundle)
    session.flush()
    for position, delivery_id in enumerate(ids, start=1):
        session.execute(
            update(Delivery)
            .where(Delivery.id == delivery_id)
            .values(bundle_id=bundle.id, bundle_position=position)
            .execution_options(synchronize_session=False)
        )
