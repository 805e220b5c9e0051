"""What a wake-up carries, and how many workers there are: durable deliveries a second.

The engine with real `worker` processes on PostgreSQL, whose jobs send 1 or 100 at most, beside the
embedded engine on the same server.
Run: `.venv/bin/python -m tests.bench.chunks [ROUNDS] [DELAY_MS]`
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import structlog

from publisher import app as composition
from publisher import clock, settings, wakeups
from publisher.app import App
from publisher.ticker import Ticker
from publisher.wakeups import worker
from tests.bench import ours, servers, sink
from tests.bench.channel import Post
from tests.bench.measure import machine, ratio, rounds, show, table

LANES = 32
READY = "ready"
ROUNDS = 5
CONTENDERS = {  # name: deliveries, most sends a job, workers
    "1 a job, 1 worker": (640, 1, 1),
    "100 a job, 1 worker": (3_200, 100, 1),
    "100 a job, 2 workers": (6_400, 100, 2),
    "embedded, 1 process": (3_200, 0, 0),
}


def measure(at: sink.Sink, fresh: servers.Fresh, manners: sink.Manners, name: str) -> float:
    """Return how many deliveries came in a second, from the first to the last."""
    count, chunk, workers = CONTENDERS[name]
    at.begin(manners)
    with ours.installation(at.url, lanes=LANES, database=fresh()) as app:
        if workers:
            wakeups.use(app)
        with contextlib.ExitStack() as running:
            for _ in range(workers):
                running.enter_context(_worker(app, at.url, chunk=chunk))
            ours.fill(app, count, due_at=clock.now(), lanes=LANES)
            _tick(app)
    tally = at.tally()
    if (tally.there, tally.doubled) != (count, 0):
        raise AssertionError(f"{name}: {tally}")
    return tally.per_s


def _tick(app: App) -> None:
    """Let time go on until everything is in the ledger."""
    ticker = Ticker(app)
    ticker.start()
    while ours.waiting(app):
        time.sleep(0.2)
    ticker.stop()


@contextlib.contextmanager
def _worker(app: App, url: str, *, chunk: int) -> Iterator[None]:
    """Run a worker of an installation; stop it in the end."""
    home = app.settings.home
    command = [sys.executable, "-m", "tests.bench.chunks", "worker", str(home), url, str(chunk)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            while READY not in process.stdout.readline():
                pass
            yield
        finally:
            process.terminate()


def work(home: str, url: str, chunk: str) -> None:
    """Be a worker whose jobs send so many at most."""
    worker.CHUNK = int(chunk)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    app = composition.wire(settings.load(Path(home)))
    app.channels |= {f"lane-{number}": Post(url=url) for number in range(LANES)}
    wakeups.use(app)
    process = wakeups.Process(app=app, lanes_at_once=LANES, has_files=True)
    process.run(ready=lambda: show(READY))


def main() -> None:
    """Measure in interleaved rounds."""
    if sys.argv[1:2] == ["worker"]:
        work(*sys.argv[2:])
        return
    count = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    delay_s = (int(sys.argv[2]) if len(sys.argv) > 2 else 0) / 1000
    manners = sink.Manners(delay_s=delay_s)
    show(f"{machine()}, outlet answers after {delay_s * 1000:.0f} ms")
    os.environ["PYTHONUNBUFFERED"] = "1"
    with sink.running() as at, servers.postgres() as fresh:
        contenders = {
            name: functools.partial(measure, at, fresh, manners, name) for name in CONTENDERS
        }
        found = rounds(contenders, count)
    base = "100 a job, 1 worker"
    rows = [
        (name, f"{sorted(each)[len(each) // 2]:,.0f}", ratio(found, name, base))
        for name, each in found.items()
    ]
    show(table(("", "deliveries/s, median", f"÷ {base}"), rows))
    show(f"chunks of 100 ÷ one a job: {ratio(found, base, '1 a job, 1 worker')}")


if __name__ == "__main__":
    main()
