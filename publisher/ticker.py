"""Door 4, time: APScheduler ticks, and wakes lanes. No delivery is a job; all times are rows.

A job fires at the next due moment; the others go round each second and cover clock jumps, other
processes and lost wake-ups. Of several processes one ticks; the others stand by.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from publisher import clock
from publisher.alarms import mail, watch
from publisher.app import App
from publisher.channel import CAMPUS_TIME
from publisher.delivery import events, follow, gates, recover, repeat, replan, takedown
from publisher.delivery.engine import Kind, Work
from publisher.model.target import EVERYTHING, Beat, Pause
from publisher.schedule.plan import lane_of
from publisher.storage import database, notes, queries, shelf
from publisher.storage.leader import Leadership
from publisher.workflow import pressing

log = structlog.get_logger()

EVERY_S = 1.0  # a tick is a few indexed reads
HOUSEKEEPING_S = 15.0
TELL_S = 30.0
TEND_S = 3600.0
UNWELL_S = 30.0  # between two checks of a target that was not well
STAND_BY_S = 5.0  # between two tries to take over
JUMP_S = 600.0  # a clock set forward by more is not believed: things would go out before their time
HEART = "ticker"


class Ticker:
    """Wakes the lanes of one installation; one ticker is at work at a time."""

    def __init__(self, app: App, *, drift: Callable[[], float] | None = None) -> None:
        self.app = app
        self._leadership = Leadership(app.database)
        self._drift_s = drift or clock.Drift().since_asked_s
        self._leads = False
        self._next_wake_at: datetime | None = None
        self._every_s: dict[str, float] = {}
        self._stopped = threading.Event()
        self._scheduler = BackgroundScheduler(
            timezone=CAMPUS_TIME,
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    @property
    def leads(self) -> bool:
        """Whether this is the one that ticks."""
        return self._leads

    def start(self) -> None:
        """Settle what an earlier process left, then tick; or stand by while another does."""
        self._lead()
        jobs: dict[str, tuple[Callable[[], None], float]] = {
            "lead": (self._lead, STAND_BY_S),
            "send": (self._if_leading(self.send), EVERY_S),
            "look": (self._if_leading(self.look), EVERY_S),
            "housekeeping": (self._if_leading(self.housekeeping), HOUSEKEEPING_S),
            "watch calls": (self.app.watch_calls, HOUSEKEEPING_S),
            "tell": (self._if_leading(self.tell), TELL_S),
            "tend": (self._if_leading(self.tend), TEND_S),
        }
        for name, (job, every_s) in jobs.items():
            self._every_s[name] = every_s
            self._scheduler.add_job(
                job, "interval", seconds=every_s, id=name, next_run_time=clock.now()
            )
        self._scheduler.start()
        threading.Thread(target=self._watch_clock, daemon=True).start()

    def stop(self) -> None:
        """Tick no more; what the lanes have begun may finish.

        Whoever takes over an SQLite ledger takes every other process for dead. So nobody may
        before this one is, as long as a call is under way.
        """
        self._stopped.set()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        self._leads = False
        if not (self._leadership.is_exclusive and self.app.works.calls.deliveries()):
            self._leadership.let_go()

    def _lead(self) -> None:
        led, self._leads = self._leads, not self._stopped.is_set() and self._leadership.hold()
        if self._leads and not led:
            log.info("this process has the ticker")
            is_alone = self._leadership.is_exclusive
            recover.recover(self.app.works, now=clock.now(), is_alone=is_alone)
            recover.mend_lanes(self.app.works)

    def _if_leading(self, job: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            if self._leads:
                job()

        return run

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
        if (ahead_s := self._drift_s()) > JUMP_S:
            self._disbelieve(ahead_s)
        now = clock.now()
        with self.app.database.reads() as session:
            due = queries.due_lanes(session, self.app.works.lanes(), now=now)
            lanes = gates.ready(session, self.app.works, due, now=now)
            lanes += repeat.lanes(session, self.app.works, now=now)
            next_due_at = queries.next_due_at(session, after=now)
        for lane in lanes:
            self.app.engine.wake(Work(Kind.SEND, lane))
        if next_due_at is not None and next_due_at != self._next_wake_at:
            self._next_wake_at = next_due_at
            self._scheduler.add_job(
                self._if_leading(self.send),
                "date",
                run_date=next_due_at,
                id="wake",
                replace_existing=True,
            )

    def _disbelieve(self, ahead_s: float) -> None:
        """Send nothing until a person has looked: the clock says that much has become due."""
        text = (
            f"服务器时钟突然向前跳了 {ahead_s / 60:.0f} 分钟，为免提前发布，已全部暂停。"
            "请核对服务器时间，确认无误后恢复"
        )
        log.error("the clock was set forward", ahead_s=ahead_s)
        with self.app.database.sessions.begin() as session:
            if session.get(Pause, EVERYTHING) is None:
                at, by = clock.now(), notes.SYSTEM
                session.add(Pause(scope=EVERYTHING, at=at, by=by, because=text))
            watch.raise_now(session, "clock", text, at=clock.now())

    def look(self) -> None:
        """Begin the take-downs whose time has come; wake targets with looks or take-downs due."""
        now = clock.now()
        takedown.expire(self.app.works, now=now)
        with self.app.database.reads() as session:
            due = queries.due_checks(session, now=now)
        for target, is_takedown in due:
            kind = Kind.TAKE_DOWN if is_takedown else Kind.LOOK
            self.app.engine.wake(Work(kind, target))

    def housekeeping(self) -> None:
        """Settle the claims of the dead, re-plan, miss and lapse, check targets, show we live."""
        now = clock.now()
        recover.recover(self.app.works, now=now)
        events.sort_out(self.app.works, now=now)
        replan.replan(self.app.works, now=now)
        recover.miss(self.app.works, now=now)
        follow.stop_waiting(self.app.works, now=now)
        recover.mend_clock(self.app.works, now=now)
        self._wake_orphans(now)
        for name in self._unchecked(now):
            self.app.engine.wake(Work(Kind.CHECK, name))
        watch.watch(self.app.works, self.app.settings, now=now)
        with self.app.database.sessions.begin() as session:
            pressing.lapse(session, at=now)
            session.merge(Beat(name=HEART, at=now, owner=self.app.works.owner))

    def _wake_orphans(self, now: datetime) -> None:
        """Wake the lanes whose targets are configured no more: their deliveries are to fail."""
        with self.app.database.reads() as session:
            lanes = queries.orphaned_lanes(session, self.app.works.lanes(), now=now)
        for lane in sorted(lanes):
            self.app.engine.wake(Work(Kind.SEND, lane))

    def tell(self) -> None:
        """Send people word of alarms; a mail server that hangs holds up nothing else."""
        mail.tell(self.app.works, self.app.settings, now=clock.now())

    def tend(self) -> None:
        """Keep the database quick, and free of values whose time is long over."""
        shelf.sweep(self.app.database.sessions, now=clock.now())
        database.tend(self.app.database.engine)

    def _unchecked(self, now: datetime) -> list[str]:
        """Return the targets that are to be asked how they are.

        Unwell ones sooner, and those of an open breaker when it says so.
        """
        with self.app.database.reads() as session:
            known = queries.last_checks(session)
            probed = queries.lanes_to_probe(session, now=now)
        every = timedelta(seconds=self.app.settings.delivery.check_every_s)
        due = []
        for name, channel in self.app.channels.items():
            checked_at, is_well = known.get(name, (None, False))
            wait = every if is_well else min(every, timedelta(seconds=UNWELL_S))
            is_due = checked_at is None or checked_at + wait <= now
            if is_due or lane_of(name, channel) in probed:
                due.append(name)
        return due
