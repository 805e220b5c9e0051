"""What the players said, and the few conclusions that are drawn from it.

Where no machine has to be accepted, anyone who reaches the address of a screen can speak for it;
so nothing that is said here can do more than mark what we put there as held, shown or removed.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from channels.screens.reports import Heartbeat, Report
from channels.screens.store import Store, moment_of, text_of
from publisher.channel import CAMPUS_TIME, Played

MOST_REPORTS = 5_000  # kept of one slide on one screen: a month of one every ten minutes
KEPT = timedelta(days=30)  # ids of reports, by which one that comes twice is known
CLOCK_ERROR = timedelta(seconds=60)  # a player corrects its clock by ours; this is left of it


@dataclass(frozen=True)
class Sign:
    """A sign of life."""

    seen_at: datetime
    key: str  # of what it showed; empty: nothing
    trouble: str  # its last error


@dataclass(frozen=True, kw_only=True)
class Playback:
    """The players' side of the records."""

    store: Store

    def unknown(self, screen: str, keys: Iterable[str]) -> list[str]:
        """Return the keys that never stood on this screen."""
        with self.store.reading() as base:
            known = "SELECT 1 FROM entry WHERE screen = ? AND key = ?"
            return [key for key in keys if not base.execute(known, (screen, key)).fetchone()]

    def report(self, screen: str, reports: Sequence[Report], *, at: datetime) -> None:
        """Take what a player says; an id that was there before changes nothing."""
        with self.store.writing() as base:
            for report in reports:
                if _is_new(base, screen, report, at=at):
                    _mark(base, screen, report, at=at)
            base.execute(
                "DELETE FROM report WHERE (screen, id) IN"
                " (SELECT screen, id FROM report WHERE received_at < ? LIMIT 100)",
                (text_of(at - KEPT),),
            )

    def beat(self, screen: str, heartbeat: Heartbeat, *, at: datetime) -> None:
        """Take a sign of life, and what follows from it where a report was lost.

        A player that knows the list of a withdrawal and holds the slide no more has dropped it.
        """
        with self.store.writing() as base:
            base.execute(
                "INSERT INTO screen (name, seen_at, showing, trouble) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at,"
                " showing = excluded.showing, trouble = excluded.trouble",
                (screen, text_of(at), heartbeat.key, heartbeat.trouble),
            )
            base.execute(
                "UPDATE entry SET shown_at = ?1, held_at = coalesce(held_at, ?1) WHERE screen = ?2"
                " AND key = ?3 AND shown_at IS NULL AND withdrawn_at IS NULL"
                " AND made_version <= ?4",
                (text_of(at), screen, heartbeat.key, heartbeat.version),
            )
            base.execute(
                "UPDATE entry SET removed_at = ? WHERE screen = ? AND withdrawn_at IS NOT NULL"
                " AND removed_at IS NULL AND withdrawn_version <= ?"
                " AND key NOT IN (SELECT value FROM json_each(?))",
                (text_of(at), screen, heartbeat.version, json.dumps(heartbeat.keys)),
            )

    def plays(self, key: str) -> list[Played]:
        """Return how often a delivery was shown, by screen and day."""
        with self.store.reading() as base:
            rows = base.execute(
                "SELECT screen, day, first_at, last_at, times FROM play WHERE key = ?"
                " ORDER BY day, screen",
                (key,),
            ).fetchall()
        return [
            Played(
                device=screen,
                day=date.fromisoformat(day),
                first_at=datetime.fromisoformat(first_at),
                last_at=datetime.fromisoformat(last_at),
                times=times,
            )
            for screen, day, first_at, last_at, times in rows
        ]

    def signs(self) -> dict[str, Sign]:
        """Return the last sign of life of each screen that ever gave one."""
        with self.store.reading() as base:
            rows = base.execute(
                "SELECT name, seen_at, showing, trouble FROM screen WHERE seen_at IS NOT NULL"
            ).fetchall()
        return {row[0]: Sign(datetime.fromisoformat(row[1]), row[2], row[3]) for row in rows}

    def seen_at(self, screen: str) -> datetime | None:
        """Return when a player last gave a sign of life; None: never."""
        with self.store.reading() as base:
            row = base.execute("SELECT seen_at FROM screen WHERE name = ?", (screen,)).fetchone()
        return moment_of(row[0]) if row else None


def _is_new(base: sqlite3.Connection, screen: str, report: Report, *, at: datetime) -> bool:
    """Write a report down; False where it was there before, or the slide has far too many."""
    kept = base.execute(
        "SELECT count(*) FROM report WHERE screen = ? AND key = ?", (screen, report.key)
    ).fetchone()[0]
    if kept >= MOST_REPORTS:
        return False
    moments = (text_of(report.from_at), text_of(report.to_at), text_of(at))
    return bool(
        base.execute(
            "INSERT OR IGNORE INTO report VALUES (?, ?, ?, ?, ?, ?, ?)",
            (screen, report.id, report.key, report.event, *moments),
        ).rowcount
    )


def _count(base: sqlite3.Connection, screen: str, report: Report) -> None:
    """Add to the proof of play, which is kept by day and for good."""
    day = report.from_at.astimezone(CAMPUS_TIME).date().isoformat()
    moments = (text_of(report.from_at), text_of(report.to_at))
    base.execute(
        "INSERT INTO play VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
        " first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at),"
        " times = times + excluded.times",
        (screen, report.key, day, *moments, report.times),
    )


def _mark(base: sqlite3.Connection, screen: str, report: Report, *, at: datetime) -> None:
    """Draw the one conclusion that a report allows.

    What is older than the entry is of an earlier one under the same key; a removal says
    something only of what is withdrawn or over.
    """
    place = {"now": text_of(at), "screen": screen, "key": report.key}
    if report.event != "removed":
        base.execute(
            "UPDATE entry SET held_at = coalesce(held_at, :now)"
            " WHERE screen = :screen AND key = :key",
            place,
        )
    if report.event == "shown":
        _count(base, screen, report)
        base.execute(
            "UPDATE entry SET shown_at = coalesce(shown_at, :since)"
            " WHERE screen = :screen AND key = :key AND made_at <= :latest",
            place
            | {"since": text_of(min(report.from_at, at))}
            | {"latest": text_of(report.from_at + CLOCK_ERROR)},
        )
    elif report.event == "removed":
        base.execute(
            "UPDATE entry SET removed_at = coalesce(removed_at, :now) WHERE screen = :screen"
            " AND key = :key AND (withdrawn_at IS NOT NULL OR ends_at <= :soon)",
            place | {"soon": text_of(at + CLOCK_ERROR)},
        )
