"""The coming sends of a target: what goes together, what an item would put off, and the order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from publisher.channel import Bundles, Channel, Ration, Rations
from publisher.errors import InvalidError, NotAllowedError
from publisher.model.delivery import Bundle, Delivery
from publisher.model.item import Edition
from publisher.model.note import Note
from publisher.model.people import Person
from publisher.model.states import DeliveryState as S
from publisher.schedule import line, quota, times
from publisher.schedule import plan as planning
from publisher.schedule.forecast import Push, Rules, Waiting
from publisher.schedule.forecast import forecast as foreseen
from publisher.storage import notes, queries
from publisher.workflow import rules, targets
from publisher.workflow.desk import Desk

NAMED = 3  # titles in one sentence; the others are counted
NEW = 2**63  # stands for the delivery that is not planned yet, behind all that are
A_STEP = timedelta(milliseconds=1)  # between two places in a lane
Found = Sequence[Row[Delivery, str, datetime | None]]


@dataclass(frozen=True, kw_only=True)
class Left:
    """What is left of one ration in the period of today."""

    ration: Ration
    period: str  # "2026-11-26", "2026-11"
    spent: int  # in it, made by hand among them
    by_hand: int
    renewed_at: datetime

    @property
    def sends(self) -> int:
        """The sends that are left, what is kept for the urgent among them."""
        return max(0, self.ration.sends - self.spent)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The coming sends of a target, and what goes with none of them."""

    pushes: tuple[Push, ...]
    unplaced: tuple[int, ...]  # no send is left before their latest moment
    waiting: Mapping[int, Delivery]  # by id
    titles: Mapping[int, str]  # by the id of the delivery
    rations: tuple[Left, ...]


def plan(session: Session, desk: Desk, target: str, *, now: datetime) -> Plan:
    """Return what waits on a target and when it goes, the first 500 of its account."""
    targets.check_target(desk, target)
    channel = desk.channels[target]
    found = _line(session, target, channel, now=now)
    pushes = _ours(_foreseen(session, target, channel, line.waiting(found), now=now), found, target)
    mine = {row.id: row for row, _, _ in found if row.target == target}
    placed = {one for push in pushes for one in push.ids}
    return Plan(
        pushes=tuple(pushes),
        unplaced=tuple(one for one in mine if one not in placed),
        waiting=mine,
        titles={row.id: title for row, title, _ in found if row.id in mine},
        rations=tuple(rations_left(session, target, channel, now=now)),
    )


def forecast(session: Session, desk: Desk, target: str, *, now: datetime) -> list[Push]:
    """Return the coming sends of a target with the ids of their deliveries, in order."""
    targets.check_target(desk, target)
    channel = desk.channels[target]
    found = _line(session, target, channel, now=now)
    return _ours(_foreseen(session, target, channel, line.waiting(found), now=now), found, target)


def _line(session: Session, target: str, channel: Channel, *, now: datetime) -> Found:
    return queries.line_of(session, planning.lane_of(target, channel), now=now)


def _foreseen(
    session: Session, target: str, channel: Channel, waiting: Sequence[Waiting], *, now: datetime
) -> list[Push]:
    allowed = Rules.of(channel)
    periods = quota.limits(allowed.rations, now=now)
    spent = queries.spent(session, planning.lane_of(target, channel), periods)
    return foreseen(waiting, allowed, spent=spent, now=now)


def _ours(pushes: Sequence[Push], found: Found, target: str) -> list[Push]:
    """Return the sends of one of the targets that share the lane."""
    mine = {row.id for row, _, _ in found if row.target == target}
    return [push for push in pushes if mine.intersection(push.ids)]


def rations_left(session: Session, target: str, channel: Channel, *, now: datetime) -> list[Left]:
    """Return what is left of every ration of a target; [] where its sends are not counted."""
    if not isinstance(channel, Rations):
        return []
    assert isinstance(channel, Channel)
    lane, rations = planning.lane_of(target, channel), channel.rations()
    spent = queries.spent(session, lane, quota.limits(rations, now=now))
    return [
        Left(
            ration=ration,
            period=quota.period_of(ration, now),
            spent=spent[quota.period_of(ration, now)],
            by_hand=queries.sent_by_hand(
                session,
                lane,
                since=quota.begun_at(ration, now),
                until=quota.renewed_at(ration, now),
            ),
            renewed_at=quota.renewed_at(ration, now),
        )
        for ration in rations
    ]


def displaced(session: Session, desk: Desk, edition: Edition, *, at: datetime) -> str:
    """Say in one sentence what would have to wait longer for an edition; "" where nothing would."""
    said = [
        sentence
        for target, due_at in dues(desk, edition, at=at).items()
        if isinstance(desk.channels[target], Rations)
        and (sentence := _displaced(session, desk, edition, target, due_at, now=at))
    ]
    return "；".join(said)


def dues(desk: Desk, edition: Edition, *, at: datetime) -> dict[str, datetime]:
    """Return when each target's turn is; nothing where the targets or times cannot be kept."""
    if any(target not in desk.channels for target in edition.targets):
        return {}
    try:
        return planning.dues(edition, channels=desk.channels, at=at)
    except InvalidError:  # its submission is refused, with the reason
        return {}


def _displaced(
    session: Session, desk: Desk, edition: Edition, target: str, due_at: datetime, *, now: datetime
) -> str:
    channel, urgency = desk.channels[target], edition.item.urgency
    found = _line(session, target, channel, now=now)
    others = [one for one in line.waiting(found) if one.id not in _of(found, edition)]
    new = Waiting(
        id=NEW,
        due_at=due_at,
        rank_at=planning.rank(due_at, urgency, channel),
        urgency=urgency,
        place=(target, ""),
    )
    before = _moments(_foreseen(session, target, channel, others, now=now))
    after = _moments(_foreseen(session, target, channel, [*others, new], now=now))
    later = {
        one: moment
        for one, was in before.items()
        if (moment := after.get(one)) is None or moment > was
    }
    if not later or NEW not in after:
        return ""
    titles = {row.id: title for row, title, _ in found}
    named = "、".join(_put_off(titles[one], moment) for one, moment in list(later.items())[:NAMED])
    more = f" 等 {len(later)} 篇" if len(later) > NAMED else ""
    return (
        f"{channel.label or target}：这一稿件排在 {times.say_day(after[NEW])} 发出，"
        f"往后推迟的有 {named}{more}"
    )


def _of(found: Found, edition: Edition) -> set[int]:
    return {row.id for row, _, _ in found if row.item_id == edition.item_id}


def _moments(pushes: Sequence[Push]) -> dict[int, datetime]:
    return {one: push.at for push in pushes for one in push.ids}


def _put_off(title: str, moment: datetime | None) -> str:
    if moment is None:
        return f"《{title}》（在最晚发布时间之前排不上）"
    return f"《{title}》（改到 {times.say_day(moment)}）"


def reorder(
    session: Session, desk: Desk, target: str, ids: Sequence[int], *, by: Person, at: datetime
) -> None:
    """Put these deliveries first on their target, in this order; all others follow as they stood.

    What is taken into the coming send must not be wished for later; the last ones of it wait. What
    has begun, or is to go again as it was, has its order already.
    """
    rules.require(rules.may(by, "arrange"))
    targets.check_target(desk, target)
    channel = desk.channels[target]
    if not isinstance(channel, (Bundles, Rations)):
        raise NotAllowedError("这个目标到时间就发，没有顺序可调", code="no_order")
    assert isinstance(channel, Channel)
    if not ids or len(set(ids)) != len(ids):
        raise InvalidError("请写出投递的编号，每个一次，先发的在前", field="ids")
    rows = _locked(session, target, ids)
    found = _line(session, target, channel, now=at)
    pushes = _ours(_foreseen(session, target, channel, line.waiting(found), now=at), found, target)
    _pull_ahead(session, rows, pushes, channel, by=by, at=at)
    _rank(rows, [row.rank_at for row, _, _ in found])
    said = "、".join(str(row.item_id) for row in rows)
    text = f"发送顺序改为稿件 {said}"
    notes.append(session, Note(at=at, who=by.name, verb="reorder", target=target, text=text))


def _locked(session: Session, target: str, ids: Sequence[int]) -> list[Delivery]:
    """Return these deliveries in this order, locked, if all of them wait and none is frozen."""
    found = session.scalars(
        select(Delivery)
        .where(Delivery.id.in_(ids), Delivery.target == target, Delivery.state == S.PLANNED)
        .order_by(Delivery.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    rows = {row.id: row for row in found}
    if gone := [str(one) for one in ids if one not in rows]:
        raise NotAllowedError(
            f"投递 {'、'.join(gone)} 已不在等待发送，请刷新后再排", code="wrong_state"
        )
    bundles = {row.bundle_id for row in rows.values() if row.bundle_id is not None}
    frozen = select(Bundle.id).where(Bundle.id.in_(bundles), Bundle.frozen_at.is_not(None))
    if bundles and session.scalar(frozen.limit(1)) is not None:
        raise NotAllowedError("这一批已经定下，正等着原样重发，不能再调整", code="frozen")
    return [rows[one] for one in ids]


def _pull_ahead(
    session: Session,
    rows: Sequence[Delivery],
    pushes: Sequence[Push],
    channel: Channel,
    *,
    by: Person,
    at: datetime,
) -> None:
    """Let those that are to go with the coming send be due by then."""
    if not pushes:
        return
    coming = pushes[0].at
    for row in rows[: Rules.of(channel).max_bundle]:
        if row.due_at <= coming:
            continue
        edition = row.rendition.edition
        earliest = planning.wished(edition, row.target)
        if earliest is not None and earliest > coming:
            raise NotAllowedError(
                f"《{edition.title}》的发布时间是 {times.say(earliest)}，"
                f"不能提前到 {times.say_day(coming)}",
                code="too_early",
            )
        row.due_at, row.advice, row.deadline_at = coming, "", None
        text = f"提前到 {times.say_day(coming)}"
        notes.append(
            session,
            Note(
                at=at,
                who=by.name,
                verb="replan",
                item_id=row.item_id,
                delivery_id=row.id,
                target=row.target,
                text=text,
            ),
        )


def _rank(rows: Sequence[Delivery], others: Sequence[datetime]) -> None:
    """Give these the first places of their lane; a place is never later than the due moment."""
    first = min([*others, *(row.rank_at for row in rows)])
    for place, row in enumerate(rows):
        row.rank_at = first - (len(rows) - place) * A_STEP
