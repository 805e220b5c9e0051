"""Our side: an installation in a temporary folder, and its engine run to the end.

Started by the other benches as a process of its own:
`python -m tests.bench.ours URL '{"count": 1000, "lanes": 32, "at_once": 1}'`. `count` deliveries
are due, spread over `lanes` targets that post to the sink at URL; `at_once` above 1 takes accounts
that bear many posts at once; `database` is the address of an empty database, SQLite without it.
`due_in_s` puts the moment so far ahead, and then the ticker starts the work. It prints
`{"accepted": …, "at": when the last outcome was in the ledger, "due_at": …}`.
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import func, insert, select

from publisher import app as composition
from publisher import clock, settings
from publisher.app import App
from publisher.model.delivery import Delivery, stands
from publisher.model.states import DeliveryState as S
from publisher.schedule import plan as schedule
from publisher.storage import database as storage
from publisher.storage import renditions
from publisher.ticker import Ticker
from tests import make
from tests.bench.channel import PLACES, RENDITION, Places, Post
from tests.bench.measure import show

CHUNK = 5_000  # rows in one statement
PATIENCE_S = 60.0
DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be measured."""

    count: int
    lanes: int = 32
    at_once: int = 1
    database: str = ""
    due_in_s: float = 0.0


@contextmanager
def installation(url: str, *, lanes: int, at_once: int = 1, database: str = "") -> Iterator[App]:
    """Give an installation whose targets are lane-0, lane-1 …, all of which post to the sink."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with tempfile.TemporaryDirectory(prefix="yigao-bench-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        (home / "config").mkdir()
        told = f"[server]\ndatabase_url = {json.dumps(database)}\n" if database else ""
        (home / "config" / "publisher.toml").write_text(told, encoding="utf-8")
        app = composition.wire(settings.load(home))
        kind = Post if at_once == 1 else type("FanOut", (Post,), {"at_once": at_once})
        app.channels |= {f"lane-{number}": kind(url=url) for number in range(lanes)}
        try:
            yield app
        finally:
            app.close()
            app.database.engine.dispose()


def fill(app: App, count: int, *, due_at: datetime, lanes: int, apart_s: float = 0) -> None:
    """Plan so many deliveries of one notice, from that moment on, spread over the lanes.

    The rows are those that schedule.plan makes, without its checks and locks.
    """
    with app.database.sessions.begin() as session:
        approved = make.edition(session, targets=[f"lane-{number}" for number in range(lanes)])
        frozen = [renditions.freeze(name, RENDITION, app.media) for name in approved.targets]
        for one in frozen:
            one.edition = approved
            session.add(one)
        session.flush()
        for first in range(0, count, CHUNK):
            numbers = range(first, min(first + CHUNK, count))
            moments = {number: due_at + timedelta(seconds=number * apart_s) for number in numbers}
            rows = [
                {
                    "rendition_id": frozen[number % lanes].id,
                    "item_id": approved.item_id,
                    "target": f"lane-{number % lanes}",
                    "lane": f"lane-{number % lanes}",
                    "occurrence": number // lanes,
                    "due_at": moment,
                    "not_after": moment + DAY,
                }
                for number, moment in moments.items()
            ]
            session.execute(insert(Delivery), rows)
    storage.tend(app.database.engine)


def plan(app: App, count: int, *, due_at: datetime) -> float:
    """Plan so many deliveries as the product does, a notice to all places of a target at once.

    Return the seconds that it took, without the writing of the notices.
    """
    app.channels["screens"] = Places(url="http://127.0.0.1:1")
    taken_s = 0.0
    for _ in range(count // PLACES):
        with app.database.sessions.begin() as session:
            approved = make.edition(session, targets=["screens"], publish_at=due_at)
            frozen = renditions.freeze("screens", RENDITION, app.media)
            frozen.edition = approved
            session.add(frozen)
            session.flush()
            begun = time.perf_counter()
            limits = app.settings.delivery
            schedule.plan(session, approved, channels=app.channels, limits=limits, at=due_at)
            session.commit()
            taken_s += time.perf_counter() - begun
    return taken_s


def drive(app: App) -> None:
    """Have the engine do all that is due, to the end."""
    until = time.monotonic() + PATIENCE_S
    left = waiting(app)
    while left and time.monotonic() < until:
        app.wake_due()
        app.engine.rest(PATIENCE_S)
        before, left = left, waiting(app)
        if left < before:
            until = time.monotonic() + PATIENCE_S


def let_the_ticker_drive(app: App) -> None:
    """Have the ticker start the work at its moment, and wait for the end."""
    ticker = Ticker(app)
    ticker.start()
    until = time.monotonic() + PATIENCE_S
    while waiting(app) and time.monotonic() < until:
        time.sleep(0.5)
    ticker.stop()


def waiting(app: App) -> int:
    """Return how many deliveries have neither been sent nor given up."""
    with app.database.reads() as session:
        return sum(
            session.scalar(select(func.count()).select_from(Delivery).where(stands(state))) or 0
            for state in (S.PLANNED, S.SENDING)
        )


def accepted(app: App) -> int:
    """Return how many the sink has taken, as the ledger has it."""
    with app.database.reads() as session:
        found = select(func.count()).select_from(Delivery).where(Delivery.state == S.ACCEPTED)
        return session.scalar(found) or 0


def measure(url: str, order: Order) -> dict[str, Any]:
    """Do what was ordered."""
    with installation(
        url, lanes=order.lanes, at_once=order.at_once, database=order.database
    ) as app:
        due_at = clock.now() + timedelta(seconds=order.due_in_s)
        fill(app, order.count, due_at=due_at, lanes=order.lanes)
        if order.due_in_s:
            let_the_ticker_drive(app)
        else:
            drive(app)
        at = time.time()
        return {"accepted": accepted(app), "at": at, "due_at": due_at.timestamp()}


def main() -> None:
    """Print what was measured as one line of JSON."""
    url, order = sys.argv[1:]
    show(json.dumps(measure(url, Order(**json.loads(order)))))


if __name__ == "__main__":
    main()
