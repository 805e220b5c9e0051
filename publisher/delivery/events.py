"""What outlets report by themselves: a reason to look now, and word of sends made by hand.

A report decides nothing about a delivery: the look that follows does. A send of the account that
is not known to be ours is counted against its rations at once, even where a call of ours is under
way or its answer was lost; if it turns out to be ours, `sort_out` takes that back. So more is never
sent than the outlet allows; for a while it may be less. One that a person was asked to make was
counted when it was handed over: each of those stands for one such report.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from publisher import registry
from publisher.channel import Channel, Confirms, Event, Shares
from publisher.delivery import gates
from publisher.delivery.outcomes import is_awaiting, observe
from publisher.delivery.works import Works
from publisher.model.delivery import Delivery, Observation
from publisher.model.lane import OutsideSend
from publisher.model.note import Note
from publisher.model.states import DeliveryState as S
from publisher.schedule.plan import lane_of
from publisher.storage import notes

log = structlog.get_logger()

REMEMBERED = timedelta(days=40)  # what was accepted before is not reported any more
LOOKED_AT = (S.ACCEPTED, S.UNCONFIRMED, S.CONFIRMED)
MAYBE = (S.SENDING, S.UNCONFIRMED)  # what is reported may be one of these
BY_A_PERSON = "平台报告了一次人工发送，多半就是这一份，请登记网址"
MAX_ID = 128  # characters of an outlet's name for a send


def take(works: Works, target: str, event: Event, *, now: datetime) -> list[str]:
    """Keep what the outlet of a target has reported; return the targets at which to look now.

    It may be about any target of the same account. To be told twice is to be told once.
    """
    places = _same_account(works, target)
    with works.database.sessions.begin() as session:
        ours = _ours(session, places, event.remote_id, now=now)
        is_foreign = event.is_send and not ours
        rows = _locked(session, places, event.remote_id, maybe=is_foreign, now=now)
        looked_at = [row for row in rows if _look_now(works, row, now=now)]
        if is_foreign and not _was_asked_for(session, works, target, rows, event, now=now):
            _count(session, works, target, event, now=now)
        return sorted({row.target for row in looked_at})


def _same_account(works: Works, target: str) -> list[str]:
    """Return the targets of one account, in whatever way they use it."""
    account = _account(works.channels[target])
    if account is None:
        return [target]
    return [name for name, channel in works.channels.items() if _account(channel) == account]


def _account(channel: Channel) -> tuple[str, str] | None:
    if not isinstance(channel, Shares):
        return None
    assert isinstance(channel, Channel)
    return registry.kind_of(channel), channel.account().partition("/")[0]


def _is_about(places: Sequence[str], remote_id: str, *, now: datetime) -> ColumnElement[bool]:
    is_named = or_(
        Delivery.remote_id == remote_id,
        Delivery.remote_id.startswith(f"{remote_id}:", autoescape=True),
    )
    return (
        Delivery.target.in_(places) & (Delivery.accepted_at >= now - REMEMBERED) & is_named
    )  # an index holds the first two


def _ours(session: Session, places: Sequence[str], remote_id: str, *, now: datetime) -> bool:
    found = select(Delivery.id).where(_is_about(places, remote_id, now=now))
    return session.scalar(found.limit(1)) is not None


def _locked(
    session: Session, places: Sequence[str], remote_id: str, *, maybe: bool, now: datetime
) -> Sequence[Delivery]:
    """Return what a report is about; with `maybe`, what it may be about."""
    about = _is_about(places, remote_id, now=now)
    if maybe:
        is_handed_over = (Delivery.state == S.ACCEPTED) & (
            Delivery.deadline_at == Delivery.accepted_at  # see outcomes.is_awaiting
        )
        about = Delivery.target.in_(places) & (Delivery.state.in_(MAYBE) | is_handed_over)
    rows = session.scalars(
        select(Delivery).where(about).order_by(Delivery.id).with_for_update(key_share=True)
    )
    return rows.all()


def _look_now(works: Works, row: Delivery, *, now: datetime) -> bool:
    if row.state not in LOOKED_AT or not isinstance(works.channel_of(row), Confirms):
        return False
    row.check_at = now
    return True


def _count(session: Session, works: Works, target: str, event: Event, *, now: datetime) -> None:
    """Count a send made by hand, once."""
    name = _counted(works, target)
    channel = works.channels[name]
    lane, at = lane_of(name, channel), min(event.at, now)
    if not _is_new(session, lane, event.remote_id[:MAX_ID], at=at):
        return
    gates.spend(session, lane, channel, 1, now=at)
    text = f"{channel.label or name}有一次不是本系统发出的发送，已计入次数。{event.text}"
    notes.append(
        session, Note(at=now, who=notes.SYSTEM, verb="outside_send", target=name, text=text)
    )
    log.warning("sent by hand", lane=lane, remote_id=event.remote_id)


def _was_asked_for(
    session: Session,
    works: Works,
    target: str,
    rows: Sequence[Delivery],
    event: Event,
    *,
    now: datetime,
) -> bool:
    """Say whether a person was asked to make this send; each that was stands for one report."""
    name = _counted(works, target)
    lane = lane_of(name, works.channels[name])
    told = f"{BY_A_PERSON}（{event.remote_id}）"
    if _was_told(session, works.targets_of(lane), told, now=now):
        return True
    calls: dict[int, list[Delivery]] = {}
    for row in rows:
        if row.lane == lane and is_awaiting(row):
            calls.setdefault(row.bundle_id or -row.id, []).append(row)
    for call in calls.values():
        seen = {one.evidence for row in call for one in row.observations}
        if any(evidence.startswith(BY_A_PERSON) for evidence in seen):
            continue  # that one has been made
        for row in call:
            observe(session, row, "unclear", told, at=now)
        return True
    return False


def _was_told(session: Session, places: Sequence[str], told: str, *, now: datetime) -> bool:
    found = (
        select(Observation.id)
        .join(Observation.delivery)
        .where(Delivery.target.in_(places), Delivery.accepted_at >= now - REMEMBERED)
        .where(Observation.evidence == told)
    )
    return session.scalar(found.limit(1)) is not None


def _counted(works: Works, target: str) -> str:
    """Return the target whose account counts such sends: the plain one, not a way of using it."""
    places = _same_account(works, target)
    return next((name for name in places if "/" not in _way(works.channels[name])), target)


def _way(channel: Channel) -> str:
    return channel.account() if isinstance(channel, Shares) else ""


def _is_new(session: Session, lane: str, remote_id: str, *, at: datetime) -> bool:
    if session.get(OutsideSend, (lane, remote_id)) is not None:
        return False
    try:
        with session.begin_nested():
            session.add(OutsideSend(lane=lane, remote_id=remote_id, at=at))
    except IntegrityError:  # told to another process at the same moment
        return False
    return True


def sort_out(works: Works, *, now: datetime) -> int:
    """Take back what was counted as made by hand and is known as ours by now; return how many."""
    with works.database.reads() as session:
        rows = session.scalars(select(OutsideSend).where(OutsideSend.at > now - REMEMBERED)).all()
        ours = [
            (row.lane, row.remote_id)
            for row in rows
            if (places := _places(works, row.lane))
            and _ours(session, places, row.remote_id, now=now)
        ]
    return sum(_take_back(works, lane, remote_id) for lane, remote_id in ours)


def _places(works: Works, lane: str) -> list[str]:
    targets = works.targets_of(lane)
    return _same_account(works, targets[0]) if targets else []


def _take_back(works: Works, lane: str, remote_id: str) -> bool:
    with works.database.sessions.begin() as session:
        row = session.get(OutsideSend, (lane, remote_id), with_for_update=True)
        if row is None:
            return False
        channel = works.channels[works.targets_of(lane)[0]]
        gates.spend(session, lane, channel, -1, now=row.at)
        session.delete(row)
    log.info("not by hand after all", lane=lane, remote_id=remote_id)
    return True
