"""How late a delivery starts: from its due moment to the call of the channel.

Beside it, in the same run, a bare APScheduler date job for the same moment, which records nothing.
Run: `.venv/bin/python -m tests.bench.punctuality [ROUNDS]`
"""

from __future__ import annotations

import logging
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from publisher import app as composition
from publisher import clock, settings
from publisher.channel import CAMPUS_TIME, Channel, Content, Receipt, Rendition
from publisher.ticker import Ticker
from tests import make

ROUNDS = 20
AHEAD = timedelta(seconds=1.5)


@dataclass(frozen=True, kw_only=True)
class Watch(Channel):
    """A channel that notes when it was called."""

    called: list[float] = field(default_factory=list)
    rang: threading.Event = field(default_factory=threading.Event)

    def render(self, content: Content) -> Rendition:
        return make.PLAIN

    def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
        self.called.append(time.time())
        self.rang.set()
        return Receipt(remote_id=key)


def ours(rounds: int) -> list[float]:
    """Return the lateness of deliveries, in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        app = composition.wire(settings.load(Path(folder)))
        watch = Watch()
        app.channels["gate"] = watch
        ticker = Ticker(app)
        ticker.start()
        late = []
        for _ in range(rounds):
            watch.rang.clear()
            due_at = clock.now() + AHEAD
            make.delivery(app.works, due_at=due_at, not_after=due_at + timedelta(hours=1))
            watch.rang.wait(10)
            late.append(watch.called[-1] - due_at.timestamp())
        ticker.stop()
        app.lanes.close()
    return late


def bare(rounds: int) -> list[float]:
    """Return the lateness of APScheduler date jobs, in seconds."""
    scheduler = BackgroundScheduler(timezone=CAMPUS_TIME)
    scheduler.start()
    late: list[float] = []
    for _ in range(rounds):
        rang = threading.Event()
        due_at = clock.now() + AHEAD

        def job(rang: threading.Event = rang, due: float = due_at.timestamp()) -> None:
            late.append(time.time() - due)
            rang.set()

        scheduler.add_job(job, "date", run_date=due_at)
        rang.wait(10)
    scheduler.shutdown()
    return late


def main() -> None:
    """Print both, and their ratio."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    found = {"delivery": ours(rounds), "bare date job": bare(rounds)}
    for name, late in found.items():
        ms = sorted(1000 * one for one in late)
        line = f"{name}: median {statistics.median(ms):.1f} ms, worst {ms[-1]:.1f} ms\n"
        sys.stdout.write(line)
    ratio = statistics.median(found["delivery"]) / statistics.median(found["bare date job"])
    sys.stdout.write(f"ratio of medians: {ratio:.1f}\n")


if __name__ == "__main__":
    main()
