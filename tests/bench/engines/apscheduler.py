"""APScheduler alone: date jobs for one moment, memory store and defaults, each one POST.

Run: `python -m tests.bench.engines.apscheduler URL JOBS AHEAD_S LASTS_S`; prints the moment.
"""

from __future__ import annotations

import logging
import sys
import time
from datetime import timedelta

from apscheduler.schedulers.background import BackgroundScheduler

from publisher import clock
from publisher.channel import CAMPUS_TIME
from tests.bench import raw
from tests.bench.measure import show


def nothing() -> None:
    """Be a job that never comes to run."""


def fire(url: str, jobs: int, *, ahead_s: float, lasts_s: float) -> None:
    """Plan the jobs, and wait for whatever of them is run."""
    logging.disable(logging.CRITICAL)  # it warns of every job that it drops
    scheduler = BackgroundScheduler(timezone=CAMPUS_TIME)
    scheduler.start()
    due_at = clock.now() + timedelta(seconds=ahead_s)
    for number in range(jobs):
        scheduler.add_job(raw.post, "date", run_date=due_at, args=(url, f"job-{number}"))
    show(str(due_at.timestamp()))
    time.sleep(lasts_s)
    scheduler.shutdown(wait=False)


if __name__ == "__main__":
    url, jobs, ahead, lasts = sys.argv[1:]
    fire(url, int(jobs), ahead_s=float(ahead), lasts_s=float(lasts))
