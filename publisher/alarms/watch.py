"""Alarms: a row from the moment that something goes wrong until it is over.

What is wrong is worked out anew each time; the rows remember since when, and who was told.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher.alarms import troubles
from publisher.alarms.troubles import EVENTS
from publisher.delivery.works import Works
from publisher.model.alarm import Alarm
from publisher.settings import Settings
from publisher.storage import queries, vitals

log = structlog.get_logger()

EVENT_LASTS = timedelta(hours=1)  # so long people see it, and can be told
GAP = timedelta(seconds=120)  # the ticker beats every 15 seconds
HEART = "ticker"  # the name of its beat


def watch(works: Works, settings: Settings, *, now: datetime) -> None:
    """Open an alarm for what is wrong anew, and close those that are over.

    To be called before the ticker shows that it lives: the gap since it last did is looked at.
    """
    wrong = troubles.of(troubles.read(works, settings, now=now))
    with works.database.reads() as session:
        beat_at = queries.last_beat(session, HEART)
        standing = {alarm.key: alarm for alarm in vitals.open_alarms(session)}
    if beat_at is not None and now - beat_at > GAP:
        with works.database.sessions.begin() as session:
            raise_now(session, "outage", troubles.outage(beat_at, now), at=now)
    if _has_changed(standing, wrong, now=now):
        with works.database.sessions.begin() as session:
            _update(session, wrong, now=now)


def _has_changed(standing: Mapping[str, Alarm], wrong: Mapping[str, str], *, now: datetime) -> bool:
    lasting = {key: alarm for key, alarm in standing.items() if not _is_event(alarm)}
    if {key: alarm.text for key, alarm in lasting.items()} != dict(wrong):
        return True
    return any(_is_past(alarm, now=now) for alarm in standing.values())


def _update(session: Session, wrong: Mapping[str, str], *, now: datetime) -> None:
    standing = {alarm.key: alarm for alarm in vitals.open_alarms(session)}
    for key, text in wrong.items():
        if key in standing:
            standing[key].text = text
        else:
            session.add(Alarm(key=key, since=now, text=text))
            log.warning("alarm", key=key)
    for key, alarm in standing.items():
        if _is_past(alarm, now=now) or (key not in wrong and not _is_event(alarm)):
            alarm.until = now
            log.info("alarm over", key=key)


def _is_event(alarm: Alarm) -> bool:
    return kind_of(alarm.key) in EVENTS


def _is_past(alarm: Alarm, *, now: datetime) -> bool:
    """Say whether an event has been shown long enough; a clock that jumped hides none for long."""
    return _is_event(alarm) and abs(now - alarm.since) >= EVENT_LASTS


def raise_now(session: Session, key: str, text: str, *, at: datetime) -> None:
    """Tell people of something that has happened; it stays open for an hour.

    The first word of the key is one of EVENTS. Where that alarm is open already, its text changes.
    """
    if kind_of(key) not in EVENTS:
        raise ValueError(f"not an event: {key}")
    there = session.scalar(select(Alarm).where(Alarm.key == key, Alarm.until.is_(None)))
    if there is not None:
        there.text = text
        return
    session.add(Alarm(key=key, since=at, text=text))
    log.warning("alarm", key=key)


def kind_of(key: str) -> str:
    """Return the kind of an alarm: the first word of its key."""
    return key.partition(" ")[0]
