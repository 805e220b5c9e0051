"""Door 4, time: APScheduler ticks, and wakes lanes. No delivery is a job; all times are rows.

A job fires at the next due moment; the others go round each second and cover clock jumps, other
processes and lost wake-ups.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from publisher import clock
from publisher.app import App
from publisher.channel import CAMPUS_TIME
from publisher.delivery import recover, takedown
from publisher.model.target import Beat
from publisher.storage import database, queries

log = structlog.get_logger()

EVERY_S = 1.0  # a tick is two indexed reads
HOUSEKEEPING_S = 15.0
TEND_S = 3600.0
UNWELL_S = 30.0  # between two checks of a target that was not well
HEART = "ticker"


class Ticker:
    """Wakes the lanes of one installation; one ticker is at work at a time."""

    def __init__(self, app: App) -> None:
        self.app = app
        self._next_wake_at: datetime | None = None
        self._every_s: dict[str, float] = {}
        self._stopped = threading.Event()
        self._scheduler = BackgroundScheduler(
            timezone=CAMPUS_TIME,
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    def start(self) -> None:
        """Settle what an earlier process left, then tick."""
        recover.recover(self.app.works, now=clock.now())
        jobs = {
            "send": (self.send, EVERY_S),
            "confirm": (self.confirm, EVERY_S),
            "take down": (self.take_down, EVERY_S),
            "housekeeping": (self.housekeeping, HOUSEKEEPING_S),
            "tend": (self.tend, TEND_S),
        }
        for name, (job, every_s) in jobs.items():
            self._every_s[name] = every_s
            self._scheduler.add_job(
                job, "interval", seconds=every_s, id=name, next_run_time=clock.now()
            )
        self._scheduler.start()
        threading.Thread(target=self._watch_clock, daemon=True).start()

    def stop(self) -> None:
        """Tick no more; what the lanes have begun may finish."""
        self._stopped.set()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def _watch_clock(self) -> None:
        """Tick on when the clock is set back: the scheduler would wait until it has caught up."""
        while not self._stopped.wait(EVERY_S):
            now = clock.now()
            for job in self._scheduler.get_jobs():
                every = timedelta(seconds=self._every_s.get(job.id, 0))
                if every and job.next_run_time - now > 2 * every:
                    job.modify(next_run_time=now)

    def send(self) -> None:
        """Wake the lanes on which something is due, and set the wake for the next moment."""
        now = clock.now()
        with self.app.database.reads() as session:
            lanes = queries.due_lanes(session, now=now)
            next_due_at = queries.next_due_at(session, after=now)
        for lane in lanes:
            self.app.wake_send(lane)
        if next_due_at is not None and next_due_at != self._next_wake_at:
            self._next_wake_at = next_due_at
            self._scheduler.add_job(
                self.send, "date", run_date=next_due_at, id="wake", replace_existing=True
            )

    def confirm(self) -> None:
        """Wake the targets at which a look is due."""
        self._wake_checks(takedowns=False)

    def take_down(self) -> None:
        """Begin the take-downs whose time has come, and wake those under way."""
        takedown.expire(self.app.works, now=clock.now())
        self._wake_checks(takedowns=True)

    def _wake_checks(self, *, takedowns: bool) -> None:
        with self.app.database.reads() as session:
            due = queries.due_checks(session, now=clock.now())
        for target, is_takedown in due:
            if is_takedown == takedowns:
                wake = self.app.wake_take_down if is_takedown else self.app.wake_look
                wake(target)

    def housekeeping(self) -> None:
        """Settle the claims of the dead, mark what was missed, check targets, show we live."""
        now = clock.now()
        recover.recover(self.app.works, now=now)
        recover.miss(self.app.works, now=now)
        recover.mend_clock(self.app.works, now=now)
        for name in self._unchecked(now):
            self.app.wake_check(name)
        with self.app.database.sessions.begin() as session:
            session.merge(Beat(name=HEART, at=now))

    def tend(self) -> None:
        """Keep the database quick."""
        database.tend(self.app.database.engine)

    def _unchecked(self, now: datetime) -> list[str]:
        """Return the targets that are to be asked how they are; unwell ones sooner."""
        with self.app.database.reads() as session:
            known = queries.last_checks(session)
        every = timedelta(seconds=self.app.settings.delivery.check_every_s)
        due = []
        for name in self.app.channels:
            checked_at, is_well = known.get(name, (None, False))
            wait = every if is_well else min(every, timedelta(seconds=UNWELL_S))
            if checked_at is None or checked_at + wait <= now:
                due.append(name)
        return due
