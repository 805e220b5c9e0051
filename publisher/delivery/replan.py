"""What is due and has no send: it gets another moment, and says so.

Rations are counted by the account. Once those of a day or month are used up, or only what is kept
for the urgent is left, what waits on its lane is spread over the coming sends, in its order. What
is late from another day does not take the send of this one before its time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from publisher.channel import Channel, Ration, Rations
from publisher.delivery import gates
from publisher.delivery.outcomes import note
from publisher.delivery.works import Room, Works
from publisher.model.delivery import Bundle, Delivery
from publisher.model.states import DeliveryState as S
from publisher.model.urgency import EVERY, Urgency
from publisher.schedule import late, line, quota, times
from publisher.schedule.forecast import Rules, Waiting, forecast
from publisher.schedule.late import Latest
from publisher.schedule.plan import lane_of
from publisher.storage import queries

PERIODS = {"day": "今天", "month": "本月"}
EARLY = "还没到发送时间"
LEEWAY = timedelta(hours=2)


def replan(works: Works, *, now: datetime) -> int:
    """Plan anew what is due on lanes without a send for it; return how many have been moved."""
    rationed = {
        lane_of(name, channel): channel
        for name, channel in works.channels.items()
        if isinstance(channel, Rations)
    }
    rooms = [Room(lane=lane, channel=channel, calls=1) for lane, channel in rationed.items()]
    with works.database.reads() as session:
        known = gates.read(session, works, rooms, now=now)
        held = [one.lane for one in rooms if known.admits(one.lane, one.channel, now=now) != EVERY]
        lanes = queries.due_lanes(session, held, now=now)
    moved = 0
    for lane in lanes:
        with works.database.sessions.begin() as session:
            moved += _replan_lane(session, works, lane, now=now)
    return moved


def _replan_lane(session: Session, works: Works, lane: str, *, now: datetime) -> int:
    """Move what is due on one lane; while a call is under way, its send may come back."""
    channel = works.room(lane).channel
    if not isinstance(channel, Rations) or _is_sending(session, lane):
        return 0
    assert isinstance(channel, Channel)
    rations, rules = channel.rations(), Rules.of(channel)
    spent = queries.spent(session, lane, quota.limits(rations, now=now))
    waiting = line.waiting(queries.line_of(session, lane, now=now))
    at = {
        one: push.at for push in forecast(waiting, rules, spent=spent, now=now) for one in push.ids
    }
    due = [one for one in waiting if one.due_at <= now and at.get(one.id) != now]
    moved = 0
    for row in _locked(session, due):
        because = _spent_up(rations, spent, row.urgency, now=now)
        moment = at.get(row.id)
        if because and moment is None:
            _ask(session, row, because, now=now)
        elif moment is not None and (because or moment <= row.not_after):
            latest = _latest(works, row, moment) if because else _a_little_later(row, moment)
            _move(session, row, moment, latest, because or EARLY, now=now)
            moved += 1
    return moved


def _is_sending(session: Session, lane: str) -> bool:
    held = select(Delivery.id).where(Delivery.lease_until.is_not(None), Delivery.lane == lane)
    return session.scalar(held.limit(1)) is not None


def _locked(session: Session, due: Sequence[Waiting]) -> Sequence[Delivery]:
    """Return those that still wait, as they are now, in the order of the lane."""
    found = session.scalars(
        select(Delivery)
        .where(Delivery.id.in_([one.id for one in due]), Delivery.state == S.PLANNED)
        .order_by(Delivery.id)
        .with_for_update(key_share=True, skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return sorted(found, key=lambda row: (row.rank_at, row.id))


def _spent_up(
    rations: Sequence[Ration], spent: Counter[str], urgency: str, *, now: datetime
) -> str:
    """Say which ration has nothing left for this; "" where all have."""
    is_urgent = urgency != Urgency.NORMAL
    reason = quota.spent_up(rations, spent, is_urgent=is_urgent, now=now)
    if reason is None:
        return ""
    if quota.left([reason], spent, is_urgent=True, now=now):
        return f"{PERIODS[reason.period]}剩下的发送次数留给加急稿件"
    return f"{PERIODS[reason.period]}的发送次数已用完"


def _latest(works: Works, row: Delivery, at: datetime) -> Latest:
    """Return the latest moment of what waits for a send through no fault of its own."""
    edition = row.rendition.edition
    return late.latest(
        at,
        wish=edition.late,
        not_after=line.latest_at(row, edition.not_after) if edition.not_after else None,
        expires_at=row.expires_at,
        limits=works.limits,
    )


def _a_little_later(row: Delivery, at: datetime) -> Latest:
    """Return the latest moment of what was late already: it stands, but for a try or two."""
    ends = [end for end in (row.rendition.edition.not_after, row.expires_at) if end is not None]
    return Latest(not_after=max(row.not_after, min([at + LEEWAY, *ends])), late=row.late)


def _move(
    session: Session, row: Delivery, at: datetime, latest: Latest, because: str, *, now: datetime
) -> None:
    """Give it another moment; its place in the lane stays."""
    row.due_at, row.not_after, row.late = at, latest.not_after, latest.late
    row.advice, row.deadline_at = f"{because}，改到 {times.say_day(at)}", None
    if row.bundle_id is not None:
        _dissolve(session, row)
    note(session, row, "replan", text=row.advice, at=now)


def _dissolve(session: Session, row: Delivery) -> None:
    """Take it out of a bundle that was refused: others may go with it when its time comes."""
    dissolved = update(Bundle).where(Bundle.id == row.bundle_id).values(frozen_at=None)
    session.execute(dissolved.execution_options(synchronize_session=False))
    row.bundle_id, row.bundle_position, row.handle = None, None, None


def _ask(session: Session, row: Delivery, because: str, *, now: datetime) -> None:
    """Leave it to a person, at once and once: it will not go out in time."""
    if row.deadline_at is not None:
        return
    row.deadline_at = now
    row.advice = (
        f"{because}，在最晚发布时间 {times.say_day(row.not_after)} 之前排不上。"
        "请撤回后改时间重新送审，或由人工到平台上发布"
    )
    note(session, row, "replan", text=row.advice, at=now)
