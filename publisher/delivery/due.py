"""What is due on a lane and may be taken, in its order."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    Table,
    bindparam,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import Session

from publisher.model.delivery import Delivery, stands
from publisher.model.states import DeliveryState as S
from publisher.model.urgency import EVERY, Urgency
from publisher.storage import many


@dataclass(frozen=True, kw_only=True)
class Line:
    """What waits on a lane and may be taken now."""

    lane: str
    closed: tuple[str, ...]  # targets that are not
    admits: Set[Urgency]  # what is of another urgency may not
    is_last: bool  # the rations allow one send more
    now: datetime


_TABLE = cast(Table, Delivery.__table__)  # its rows as they are: many, and quickly
D = _TABLE.c
_OTHER = _TABLE.alias("other")
# built once: SQLAlchemy takes longer to build such a statement than SQLite to run it


def _waiting(lane: ColumnElement[str], *, has_closed: bool, is_narrow: bool = False) -> Select[Any]:
    """Build the question for what is due on a lane, the first of it first."""
    query = select(D.id, D.target, D.part, D.bundle_id, D.rank_at).where(
        D.lane == lane,
        stands(S.PLANNED),
        D.rank_at <= bindparam("now"),
        D.due_at <= bindparam("now"),
        D.not_after >= bindparam("now"),
        or_(
            D.after_id.is_(None),
            select(literal(1))
            .where(_OTHER.c.id == D.after_id, _OTHER.c.state == S.CONFIRMED)
            .exists(),
        ),
    )
    if has_closed:
        query = query.where(D.target.not_in(bindparam("closed", expanding=True)))
    if is_narrow:
        query = query.where(D.urgency.in_(bindparam("admits", expanding=True)))
    return query.order_by(D.rank_at, D.id)


@cache
def _first_query(*, has_closed: bool, is_narrow: bool) -> Select[Any]:
    query = _waiting(bindparam("lane"), has_closed=has_closed, is_narrow=is_narrow)
    query = query.limit(bindparam("most"))
    return query.with_for_update(skip_locked=True, key_share=True)


@cache
def _heads_query(dialect: str, *, has_closed: bool) -> Select[Any]:
    each = many.table(dialect, bindparam("lanes", type_=String))
    first = _waiting(each.c.value, has_closed=has_closed).with_only_columns(D.id).limit(1)
    return select(first.correlate(each).scalar_subquery()).select_from(each)


_FREE = (
    select(D.id)
    .where(D.id.in_(bindparam("ids", expanding=True)), D.state == S.PLANNED)
    .with_for_update(skip_locked=True, key_share=True)
)


def first(session: Session, line: Line, most: int) -> Sequence[Any]:
    """Return what is due on a lane, the first of it first; `most` at the most."""
    asked: dict[str, object] = {"lane": line.lane, "now": line.now, "most": most}
    is_narrow = line.admits != EVERY
    query = _first_query(has_closed=bool(line.closed), is_narrow=is_narrow)
    asked |= {"closed": line.closed} if line.closed else {}
    asked |= {"admits": sorted(line.admits)} if is_narrow else {}
    return session.connection().execute(query, asked).all()


def heads(
    session: Session, lanes: Sequence[str], *, closed: Sequence[str], now: datetime
) -> list[int]:
    """Return the first due delivery of each lane; one that another worker holds is left to it."""
    if not lanes:
        return []
    connection = session.connection()
    dialect = connection.dialect.name
    asked = {"lanes": many.written(lanes), "now": now} | ({"closed": closed} if closed else {})
    query = _heads_query(dialect, has_closed=bool(closed))
    ids = [found for found in connection.execute(query, asked).scalars() if found]
    if dialect == "sqlite" or not ids:  # the only writer
        return ids
    return list(connection.execute(_FREE, {"ids": ids}).scalars())
