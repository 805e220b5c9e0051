"""The reads, by name. Each list is one query, or one more for each kind of thing it carries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, literal, or_, select
from sqlalchemy.orm import Session, aliased, defer, joinedload, selectinload

from publisher.errors import InvalidError, NotFoundError
from publisher.model import words
from publisher.model.delivery import Delivery, stands
from publisher.model.item import Edition, FrozenRendition, Item, Medium
from publisher.model.lane import Lane, OutsideSend, Spent
from publisher.model.note import Note
from publisher.model.people import Person
from publisher.model.states import OPEN, DeliveryState, EditionState
from publisher.model.status import ItemStatus, status_of
from publisher.model.target import Beat, Pause, Place, Target, scopes_of
from publisher.model.urgency import Urgency
from publisher.storage import many

PAGE = 50
WITHOUT_WORDS = (defer(Edition.body), defer(Edition.manifest))  # a list shows neither
IN_TROUBLE = (DeliveryState.UNCONFIRMED, DeliveryState.FAILED, DeliveryState.MISSED)


def item(session: Session, item_id: int) -> Item:
    """Return an item with its editions, or raise NotFoundError."""
    found = session.get(Item, item_id, options=[selectinload(Item.editions)])
    if found is None:
        raise NotFoundError(f"没有编号为 {item_id} 的稿件")
    return found


def edition(session: Session, edition_id: int) -> Edition:
    """Return an edition, or raise NotFoundError."""
    found = session.get(Edition, edition_id)
    if found is None:
        raise NotFoundError(f"没有编号为 {edition_id} 的版次")
    return found


def medium(session: Session, digest: str) -> Medium:
    """Return what is known of an uploaded file, or raise NotFoundError."""
    found = session.get(Medium, digest)
    if found is None:
        raise NotFoundError("没有这个文件")
    return found


def delivery(session: Session, delivery_id: int) -> Delivery:
    """Return a delivery with its attempts, or raise NotFoundError."""
    options = [selectinload(Delivery.attempts), joinedload(Delivery.rendition)]
    found = session.get(Delivery, delivery_id, options=options)
    if found is None:
        raise NotFoundError(f"没有编号为 {delivery_id} 的投递")
    return found


def rendition(session: Session, rendition_id: int) -> FrozenRendition:
    """Return a frozen rendition, or raise NotFoundError."""
    found = session.get(FrozenRendition, rendition_id)
    if found is None:
        raise NotFoundError(f"没有编号为 {rendition_id} 的渠道稿")
    return found


def deliveries_of(
    session: Session, item_id: int, *, folded: Collection[str] = (), most: int = 20
) -> list[Delivery]:
    """Return all deliveries of an item with attempts and observations, in the order planned.

    Of the targets that are `folded` only those in trouble come along, `most` at the most.
    """
    query = select(Delivery).where(Delivery.item_id == item_id).order_by(Delivery.id)
    if folded:
        troubled = select(Delivery.id).where(
            Delivery.item_id == item_id,
            Delivery.target.in_(folded),
            Delivery.state.in_(IN_TROUBLE),
        )
        troubled = troubled.order_by(Delivery.id).limit(most)
        query = query.where(or_(Delivery.target.not_in(folded), Delivery.id.in_(troubled)))
    found = session.scalars(
        query.options(
            selectinload(Delivery.attempts),
            selectinload(Delivery.observations),
            joinedload(Delivery.rendition).joinedload(FrozenRendition.edition),
        )
    )
    return list(found)


def standing(session: Session, item_id: int) -> dict[int, dict[str, dict[DeliveryState, int]]]:
    """Return how many deliveries of an item stand where: by edition, target and state."""
    found = session.execute(
        select(FrozenRendition.edition_id, Delivery.target, Delivery.state, func.count())
        .join(Delivery.rendition)
        .where(Delivery.item_id == item_id)
        .group_by(FrozenRendition.edition_id, Delivery.target, Delivery.state)
        .order_by(func.min(Delivery.id))
    )
    counts: dict[int, dict[str, dict[DeliveryState, int]]] = {}
    for edition_id, target, state, count in found:
        counts.setdefault(edition_id, {}).setdefault(target, {})[DeliveryState(state)] = count
    return counts


def waiting(session: Session, lane: str, *, now: datetime) -> int:
    """Return how many deliveries of an account are due and wait for their turn."""
    query = select(func.count()).where(stands(DeliveryState.PLANNED), Delivery.lane == lane)
    return session.scalar(query.where(Delivery.due_at <= now)) or 0


@dataclass(frozen=True, kw_only=True)
class ItemRow:
    """One line of a list of items."""

    edition: Edition
    deliveries: list[tuple[str, str, DeliveryState]]  # target, part, state; newest edition only
    status: ItemStatus

    @property
    def item(self) -> Item:
        """The item of the line."""
        return self.edition.item


def items(session: Session, *, before: int | None = None, limit: int = PAGE) -> list[ItemRow]:
    """Return the newest items, `before` an id; with their status."""
    query = (
        select(Edition)
        .where(Edition.is_newest)
        .order_by(Edition.item_id.desc())
        .limit(limit)
        .options(joinedload(Edition.item).joinedload(Item.created_by))
    )
    if before is not None:
        query = query.where(Edition.item_id < before)
    return _rows(session, session.scalars(query).all())


def in_review(session: Session, *, limit: int = 10 * PAGE) -> list[Edition]:
    """Return what waits for reviewers, longest first, with the reviews so far.

    What is out already and is to be reviewed afterwards comes first.
    """
    waits = select(Edition.id).where(Edition.state == EditionState.IN_REVIEW)
    later = select(Edition.id).where(  # a query of its own: an OR would read all that is approved
        Edition.expedited_at.is_not(None),
        Edition.reviewed_at.is_(None),
        Edition.state == EditionState.APPROVED,
    )
    found = session.scalars(
        select(Edition)
        .join(Edition.item)
        .where(Edition.id.in_(waits.union_all(later)), Item.withdrawn_at.is_(None))
        .order_by(Edition.expedited_at.is_(None), Edition.submitted_at)
        .limit(limit)
        .options(
            joinedload(Edition.item).joinedload(Item.created_by),
            joinedload(Edition.item).selectinload(Item.editions).options(*WITHOUT_WORDS),
            selectinload(Edition.reviews),
            *WITHOUT_WORDS,
        )
    )
    return list(found)


def row_of(session: Session, found: Item) -> ItemRow:
    """Return one item as a line of a list."""
    return _rows(session, [found.edition])[0]


def _rows(session: Session, editions: Collection[Edition]) -> list[ItemRow]:
    states: dict[int, list[tuple[str, str, DeliveryState]]] = {e.id: [] for e in editions}
    found = session.execute(
        select(FrozenRendition.edition_id, Delivery.target, Delivery.part, Delivery.state)
        .join(Delivery.rendition)
        .where(FrozenRendition.edition_id.in_(states))
        .order_by(Delivery.id)
    )
    for edition_id, target, part, state in found:
        states[edition_id].append((target, part, DeliveryState(state)))
    return [
        ItemRow(
            edition=edition,
            deliveries=states[edition.id],
            status=status_of(
                EditionState(edition.state),
                [state for _, _, state in states[edition.id]],
                is_withdrawn=edition.item.withdrawn_at is not None,
            ),
        )
        for edition in editions
    ]


def deliveries(
    session: Session,
    *,
    state: str | None = None,
    target: str | None = None,
    item_id: int | None = None,
    before: int | None = None,
    limit: int = PAGE,
) -> list[Delivery]:
    """Return deliveries, newest first, `before` an id."""
    query = select(Delivery).order_by(Delivery.id.desc()).limit(limit)
    if state is not None:
        query = query.where(Delivery.state == _state(state))
    if target is not None:
        query = query.where(Delivery.target == target)
    if item_id is not None:
        query = query.where(Delivery.item_id == item_id)
    if before is not None:
        query = query.where(Delivery.id < before)
    return list(session.scalars(_with_context(query)))


def needs_a_person(session: Session, *, now: datetime, limit: int = PAGE) -> list[Delivery]:
    """Return what no machine will settle any more, or not in time; oldest first."""
    query = (
        select(Delivery)
        .where(Delivery.deadline_at <= now)
        .order_by(Delivery.deadline_at)
        .limit(limit)
    )
    return list(session.scalars(_with_context(query)))


def _state(name: str) -> DeliveryState:
    try:
        return DeliveryState(name)
    except ValueError as error:
        there_are = "、".join(DeliveryState)
        raise InvalidError(f"没有状态 {name}，可用的有：{there_are}", field="state") from error


def _with_context(query: Select[Delivery]) -> Select[Delivery]:
    return query.options(
        joinedload(Delivery.rendition).joinedload(FrozenRendition.edition),
        selectinload(Delivery.attempts),
    )


def notes_of(session: Session, item_id: int) -> list[Note]:
    """Return what was done to an item, oldest first."""
    return list(session.scalars(select(Note).where(Note.item_id == item_id).order_by(Note.id)))


@dataclass(frozen=True, kw_only=True)
class TargetRow:
    """What the ledger knows of one target."""

    target: Target | None  # None: never used nor checked
    pause: Pause | None  # the widest that holds it
    lane: Lane | None  # of its account; None: never used
    waiting: int  # planned deliveries
    open: int  # sent, and not final yet
    last_success_at: datetime | None

    @property
    def health(self) -> dict[str, Any]:
        """The last answer of the target; empty: it was never asked."""
        return (self.target.health if self.target else None) or {}

    @property
    def breaker(self) -> str:
        """The breaker of its account: closed, open or half_open."""
        return self.lane.breaker if self.lane else "closed"

    @property
    def is_well(self) -> bool:
        """Nobody has to do anything about it, as far as is known."""
        health = self.health
        is_up = health.get("is_reachable") is not False and health.get("is_signed_in") is not False
        is_held = self.pause is not None or self.breaker != "closed"
        return is_up and not is_held and not health.get("advice")

    @property
    def advice(self) -> str:
        """One sentence: why nothing goes out, or what to do; empty: all is well."""
        if self.pause is not None:
            return words.paused(self.pause.scope, self.pause.because)
        if self.lane is not None and self.breaker != "closed":
            told = self.lane.advice or "连续出错，请看平台是否正常；平台好了会自动恢复"
            return f"{words.BREAKER[self.breaker]}：{told}"
        return str(self.health.get("advice") or "")


def targets(session: Session, places: Mapping[str, Place]) -> dict[str, TargetRow]:
    """Return what the ledger knows of these targets; `places` has all that are asked about."""
    rows = {t.name: t for t in session.scalars(select(Target).where(Target.name.in_(places)))}
    counts = _counts(session, places)
    lanes = lanes_of(session, {place.lane for place in places.values()})
    paused = {pause.scope: pause for pause in pauses(session)}
    return {
        name: TargetRow(
            target=rows.get(name),
            pause=holding(paused, name, place),
            lane=lanes.get(place.lane),
            waiting=counts.get((name, DeliveryState.PLANNED), 0),
            open=sum(counts.get((name, state), 0) for state in OPEN - {DeliveryState.PLANNED}),
            last_success_at=_last_success(session, name),
        )
        for name, place in places.items()
    }


def pauses(session: Session) -> list[Pause]:
    """Return every pause, the longest first."""
    return list(session.scalars(select(Pause).order_by(Pause.at, Pause.scope)))


def holding(paused: Mapping[str, Pause], target: str, place: Place) -> Pause | None:
    """Return the widest of these pauses, by scope, that holds a target; None: it may be sent to."""
    return next((paused[s] for s in scopes_of(target, place.kind) if s in paused), None)


def lanes_of(session: Session, names: Collection[str]) -> dict[str, Lane]:
    """Return what is known of these accounts, by the names of their lanes."""
    return {lane.name: lane for lane in session.scalars(select(Lane).where(Lane.name.in_(names)))}


def _counts(session: Session, names: Collection[str]) -> dict[tuple[str, str], int]:
    found = session.execute(
        select(Delivery.target, Delivery.state, func.count())
        .where(stands(*OPEN), Delivery.target.in_(names))
        .group_by(Delivery.target, Delivery.state)
    )
    return {(target, state): count for target, state, count in found}


def _last_success(session: Session, name: str) -> datetime | None:
    return session.scalar(
        select(Delivery.accepted_at)
        .where(Delivery.target == name, Delivery.accepted_at.is_not(None))
        .order_by(Delivery.accepted_at.desc())
        .limit(1)
    )


def last_checks(session: Session) -> dict[str, tuple[datetime | None, bool]]:
    """Return when each target was last asked how it is, and whether it was well."""
    rows = session.execute(select(Target.name, Target.checked_at, Target.health))
    return {row.name: (row.checked_at, _is_well(row.health)) for row in rows}


def _is_well(health: dict[str, Any]) -> bool:
    return bool(health.get("is_reachable")) and not health.get("advice")


def people(session: Session) -> list[Person]:
    """Return everybody, by name."""
    return list(session.scalars(select(Person).order_by(Person.name)))


def next_due_at(session: Session, *, after: datetime) -> datetime | None:
    """Return when the next planned delivery is due, later than `after`."""
    return session.scalar(
        select(func.min(Delivery.due_at)).where(
            stands(DeliveryState.PLANNED), Delivery.due_at > after
        )
    )


def due_lanes(session: Session, lanes: Collection[str], *, now: datetime) -> list[str]:
    """Return those of the lanes on which something is due, however much lies on one of them."""
    if not lanes or not _is_any_due(session, now=now):
        return []
    each = many.texts(session, sorted(lanes))
    is_due = (
        select(literal(1))
        .where(Delivery.lane == each.c.value, stands(DeliveryState.PLANNED))
        .where(Delivery.rank_at <= now, Delivery.due_at <= now, is_its_turn())
        .exists()
    )
    return list(session.scalars(select(each.c.value).where(is_due)))


def line_of(
    session: Session, lane: str, *, now: datetime, limit: int = 500
) -> Sequence[Row[Delivery, str, datetime | None]]:
    """Return what waits on a lane and may still go out, in its order.

    With the title, and the latest moment that the author gave. What is due and waits for another
    one is not among it.
    """
    found = session.execute(
        select(Delivery, Edition.title, Edition.not_after)
        .join(Delivery.rendition)
        .join(FrozenRendition.edition)
        .where(stands(DeliveryState.PLANNED), Delivery.lane == lane, Delivery.not_after >= now)
        .where(or_(Delivery.due_at > now, is_its_turn()))
        .order_by(Delivery.rank_at, Delivery.id)
        .limit(limit)
    )
    return found.all()


def spent(session: Session, lane: str, periods: Collection[str]) -> Counter[str]:
    """Return the sends that an account has made in these periods."""
    rows = session.scalars(select(Spent).where(Spent.lane == lane, Spent.period.in_(periods)))
    return Counter({row.period: row.sends for row in rows})


def sent_by_hand(session: Session, lane: str, *, since: datetime, until: datetime) -> int:
    """Return how many sends of an account people have made at the outlet in this time."""
    query = select(func.count()).where(OutsideSend.lane == lane)
    return session.scalar(query.where(OutsideSend.at >= since, OutsideSend.at < until)) or 0


def pressing_lanes(
    session: Session, lanes: Collection[str], urgencies: Collection[Urgency], *, now: datetime
) -> set[str]:
    """Return those of these lanes, mostly none, on which something of these urgencies is due."""
    if not lanes:
        return set()
    found = session.scalars(
        select(Delivery.lane)
        .where(stands(DeliveryState.PLANNED), Delivery.lane.in_(lanes))
        .where(Delivery.rank_at <= now, Delivery.due_at <= now, is_its_turn())
        .where(Delivery.urgency.in_(sorted(urgencies)))
        .distinct()
    )
    return set(found)


def is_its_turn() -> ColumnElement[bool]:
    """Return the condition that a delivery waits for no other one, or not any more."""
    first = aliased(Delivery)
    is_there = select(first.id).where(
        first.id == Delivery.after_id, first.state == DeliveryState.CONFIRMED
    )
    return or_(Delivery.after_id.is_(None), is_there.exists())


def _is_any_due(session: Session, *, now: datetime) -> bool:
    first = select(Delivery.id).where(stands(DeliveryState.PLANNED), Delivery.due_at <= now)
    return session.scalar(first.order_by(Delivery.due_at).limit(1)) is not None


def orphaned_lanes(
    session: Session, lanes: Collection[str], *, now: datetime, limit: int = 500
) -> set[str]:
    """Return lanes beside these on which something is due: those of targets that are gone."""
    query = select(Delivery.lane).where(stands(DeliveryState.PLANNED), Delivery.due_at <= now)
    query = query.where(Delivery.lane.not_in(sorted(lanes))).order_by(Delivery.due_at).limit(limit)
    return set(session.scalars(query))


def lanes_to_probe(session: Session, *, now: datetime) -> set[str]:
    """Return the accounts that are not sent to and are to be asked how they are."""
    return set(session.scalars(select(Lane.name).where(Lane.probe_at <= now)))


def due_checks(session: Session, *, now: datetime) -> list[tuple[str, bool]]:
    """Return the targets at which a look is due, and whether it is a take-down."""
    is_takedown = Delivery.state == DeliveryState.WITHDRAWING
    found = session.execute(
        select(Delivery.target, is_takedown)
        .where(Delivery.check_at.is_not(None), Delivery.check_at <= now)
        .distinct()
    )
    return [(target, bool(takedown)) for target, takedown in found]


def last_beat(session: Session, name: str) -> datetime | None:
    """Return the last sign of life of a part of this program."""
    return session.scalar(select(Beat.at).where(Beat.name == name))
