"""The calendar: what went out and what will, day by day, each send with what goes with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from publisher.channel import CAMPUS_TIME, Rations
from publisher.console.visitor import Look, Signed
from publisher.errors import InvalidError
from publisher.schedule.plan import lane_of
from publisher.storage import timetable
from publisher.storage.timetable import Entry
from publisher.workflow import digest

router = APIRouter()

A_DAY = timedelta(days=1)
FORM = r"\d{4}-(0[1-9]|1[0-2])"  # of a month: "2026-11"
FIRST_YEAR, LAST_YEAR = 2000, 2099


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a day: an item at its targets, or a send with all that goes with it."""

    at: datetime
    heading: str  # of a send: the target and how many articles; of an item: its targets
    titles: tuple[tuple[int, str], ...]  # item and title; none for a send made by hand
    is_planned: bool
    is_by_hand: bool = False
    url: str = ""  # of the order of a send to come


@dataclass(frozen=True, kw_only=True)
class Day:
    """One day of the month, or of the weeks at its ends."""

    date: date
    is_of_month: bool
    is_today: bool
    lines: tuple[Line, ...]


@router.get("/calendar")
def month(
    visitor: Signed, month: Annotated[str | None, Query(pattern=f"^{FORM}$")] = None
) -> Response:
    """Show a month."""
    with visitor.looking() as look:
        today = look.now.astimezone(CAMPUS_TIME).date()
        first = _first(month) if month else today.replace(day=1)
        following = (first + 31 * A_DAY).replace(day=1)
        return look.page(
            "calendar/month.html",
            first=first,
            before=(first - A_DAY).replace(day=1),
            after=following,
            this=today.replace(day=1),
            days=_days(look, first, following, today),
        )


def _first(month: str) -> date:
    first = date.fromisoformat(f"{month}-01")
    if not FIRST_YEAR <= first.year <= LAST_YEAR:
        raise InvalidError("没有这个月份，请从日历里选", field="month")
    return first


def _days(look: Look, first: date, following: date, today: date) -> list[Day]:
    """Return whole weeks, Monday first."""
    start = first - first.weekday() * A_DAY
    end = following + (-following.weekday() % 7) * A_DAY
    by_day: dict[date, list[Line]] = {}
    for line in sorted(_lines(look, _midnight(start), _midnight(end)), key=lambda one: one.at):
        by_day.setdefault(line.at.astimezone(CAMPUS_TIME).date(), []).append(line)
    days = [start + number * A_DAY for number in range((end - start).days)]
    return [
        Day(
            date=day,
            is_of_month=first <= day < following,
            is_today=day == today,
            lines=tuple(by_day.get(day, ())),
        )
        for day in days
    ]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=CAMPUS_TIME)


def _lines(look: Look, since: datetime, until: datetime) -> Iterable[Line]:
    rationed = [name for name, one in look.app.channels.items() if isinstance(one, Rations)]
    gone = timetable.went(look.session, list(look.app.channels), since=since, until=until)
    yield from _sends(look, [one for one in gone if one.bundle_id is not None])
    yield from _items(look, [one for one in gone if one.bundle_id is None])
    if until > look.now:
        to_come = timetable.planned(look.session, since=since, until=until)
        yield from _items(look, [one for one in to_come if one.target not in rationed])
        for name in rationed:
            yield from _forecast(look, name, since, until)
    yield from _by_hand(look, rationed, since, until)


def _sends(look: Look, entries: Iterable[Entry]) -> Iterable[Line]:
    """Yield one line for each send that carried several items."""
    sends: dict[int | None, list[Entry]] = {}
    for entry in entries:
        sends.setdefault(entry.bundle_id, []).append(entry)
    for carried in sends.values():
        in_order = sorted(carried, key=lambda one: one.position)
        first = in_order[0]
        titles = tuple((one.item_id, one.title) for one in in_order)
        heading = _of_send(look, first.target, len(titles))
        yield Line(at=first.at, heading=heading, titles=titles, is_planned=False)


def _of_send(look: Look, target: str, count: int) -> str:
    return f"{look.label(target)} {count} 篇"


def _items(look: Look, entries: Iterable[Entry]) -> Iterable[Line]:
    """Yield one line for each item and day, with all its targets."""
    found: dict[tuple[int, str, date], list[Entry]] = {}
    for entry in entries:
        day = entry.at.astimezone(CAMPUS_TIME).date()
        found.setdefault((entry.item_id, entry.title, day), []).append(entry)
    for (item_id, title, _), ours in found.items():
        yield Line(
            at=min(one.at for one in ours),
            heading="、".join(_place(look, one) for one in ours),
            titles=((item_id, title),),
            is_planned=all(one.is_planned for one in ours),
        )


def _place(look: Look, entry: Entry) -> str:
    label = look.label(entry.target)
    return f"{label} {entry.places} 处" if entry.places > 1 else label


def _forecast(look: Look, name: str, since: datetime, until: datetime) -> Iterable[Line]:
    pushes = digest.forecast(look.session, look.app.desk, name, now=look.now)
    shown = [push for push in pushes if since <= push.at < until]
    titles = timetable.titles(look.session, [id for push in shown for id in push.ids])
    for push in shown:
        yield Line(
            at=push.at,
            heading=_of_send(look, name, len(push.ids)),
            titles=tuple(titles[id] for id in push.ids if id in titles),
            is_planned=True,
            url=f"/targets/{name}/plan",
        )


def _by_hand(
    look: Look, rationed: Iterable[str], since: datetime, until: datetime
) -> Iterable[Line]:
    lanes = {lane_of(name, look.app.channels[name]): name for name in rationed}
    for lane, at in timetable.by_hand(look.session, lanes, since=since, until=until):
        heading = f"{look.label(lanes[lane])} 有人手工群发"
        yield Line(at=at, heading=heading, titles=(), is_planned=False, is_by_hand=True)
