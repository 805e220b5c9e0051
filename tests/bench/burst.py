"""1,000 deliveries due in the same second on 50 accounts; and how long planning 100,000 takes.

Run: `python -m tests.bench.burst [--quick] [--rounds N] [--delay-ms N]`. Beside it APScheduler
alone: 1,000 date jobs with its defaults, each posting with `requests`, and its own job store.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler

from publisher import clock
from publisher.channel import CAMPUS_TIME
from tests.bench import contenders, measure, ours
from tests.bench.contenders import Ring
from tests.bench.engines.apscheduler import nothing
from tests.bench.measure import percentile, say, show
from tests.bench.raw import THREADS
from tests.bench.sink import Manners, Sink, running

LANES = 50
AHEAD_S = 4.0  # time to plan all of them before the first is due
SILENCE_S = 5.0  # so long after the last arrival it is over
PLANNED = 100_000
JOBS = 1_000  # into the job store, which takes minutes for all

Figures = dict[str, float]


def of_ours(sink: Sink, manners: Manners, count: int, *, at_once: int, lanes: int) -> Figures:
    """Return how late our posts came, in milliseconds."""
    sink.begin(manners)
    order: dict[str, Any] = {
        "count": count,
        "lanes": lanes,
        "at_once": at_once,
        "due_in_s": AHEAD_S,
    }
    done = json.loads(contenders.run("tests.bench.ours", sink.url, json.dumps(order)))
    return _figures(sink.arrivals(), due_at=float(done["due_at"]), count=count)


def of_apscheduler(sink: Sink, manners: Manners, count: int) -> Figures:
    """Return how late the date jobs came, in milliseconds."""
    sink.begin(manners)
    done = contenders.run(
        "tests.bench.engines.apscheduler", sink.url, count, AHEAD_S, SILENCE_S + AHEAD_S
    )
    return _figures(sink.arrivals(), due_at=float(done), count=count)


def of_raw(sink: Sink, manners: Manners, count: int) -> Figures:
    """Return how long the bare loop takes for as many, as if it had begun at the moment."""
    with Ring(sink=sink, posts=count, manners=manners) as ring:
        ring.raw()
    arrivals = sink.arrivals()
    return _figures(arrivals, due_at=arrivals[0], count=count)


def _figures(arrivals: Sequence[float], *, due_at: float, count: int) -> Figures:
    late = [1000 * (at - due_at) for at in arrivals]
    return {
        "dropped": count - len(late),
        "first": min(late),
        "p50": percentile(late, 50),
        "p99": percentile(late, 99),
    }


def bursts(sink: Sink, manners: Manners, *, rounds: int, count: int) -> str:
    """Return the table of all contenders."""
    field: dict[str, Callable[[Sink, Manners, int], Figures]] = {
        f"ours, {LANES} accounts": partial(of_ours, at_once=1, lanes=LANES),
        f"ours, one account, {THREADS} at once": partial(of_ours, at_once=THREADS, lanes=1),
        "APScheduler alone, defaults": of_apscheduler,
        "bare loop of requests, 32 threads": of_raw,
    }
    found: dict[str, list[Figures]] = {name: [] for name in field}
    for number in range(rounds):
        for name, run in field.items():
            found[name].append(run(sink, manners, count))
            say(f"round {number + 1}: {name}: {found[name][-1]}")
    base = [one["p99"] for one in found["bare loop of requests, 32 threads"]]
    rows = []
    for name, each in found.items():
        p99 = [one["p99"] for one in each]
        over = measure.ratio({name: p99, "base": base}, name, "base")
        middle = {figure: statistics.median(one[figure] for one in each) for figure in each[0]}
        rows.append(
            [
                name,
                f"{middle['dropped']:.0f}",
                *(f"{middle[figure]:,.0f} ms" for figure in ("first", "p50", "p99")),
                over,
            ]
        )
    heads = [f"{count:,} due at once", "dropped", "first byte", "p50", "p99", "p99 ÷ bare loop"]
    return measure.table(heads, rows)


def planning(count: int) -> str:
    """Return what planning costs: rows in our ledger, jobs in the job store of APScheduler."""
    due_at = clock.now() + timedelta(days=1)
    with ours.installation("http://127.0.0.1:1", lanes=LANES) as app:
        each_us = {"ours, schedule.plan": 1e6 * ours.plan(app, count, due_at=due_at) / count}
        begun = time.perf_counter()
        ours.fill(app, count, due_at=due_at, lanes=LANES)
        each_us["ours, bare rows"] = 1e6 * (time.perf_counter() - begun) / count
    theirs = f"SQLAlchemyJobStore, SQLite, reckoned from {JOBS:,}"
    each_us[theirs] = _job_store_us(due_at)
    rows = [
        [name, f"{us:,.0f} µs", f"{us * count / 1e6:,.1f} s", f"{each_us[theirs] / us:,.0f}"]
        for name, us in each_us.items()
    ]
    return measure.table(["planning", "each", f"all {count:,}", "job store ÷ it"], rows)


def _job_store_us(due_at: datetime) -> float:
    with tempfile.TemporaryDirectory() as folder:
        store = SQLAlchemyJobStore(url=f"sqlite:///{Path(folder) / 'jobs.db'}")
        scheduler = BackgroundScheduler(timezone=CAMPUS_TIME, jobstores={"default": store})
        scheduler.start()
        begun = time.perf_counter()
        for _ in range(JOBS):
            scheduler.add_job(nothing, "date", run_date=due_at)
        each_us = 1e6 * (time.perf_counter() - begun) / JOBS
        scheduler.shutdown()
        store.engine.dispose()
    return each_us


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round, fewer rows")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--delay-ms", type=float, default=0.0)
    asked = parser.parse_args()
    manners = Manners(delay_s=asked.delay_ms / 1000)
    show(f"{measure.machine()}; the sink answers after {asked.delay_ms:.0f} ms\n")
    with running() as sink:
        show(bursts(sink, manners, rounds=1 if asked.quick else asked.rounds, count=1000))
    show("")
    show(planning(10_000 if asked.quick else PLANNED))


if __name__ == "__main__":
    main()
