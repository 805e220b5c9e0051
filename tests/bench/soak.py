"""Long and rough: many deliveries, an outlet with faults, and processes killed every few seconds.

`python -m tests.bench.soak` runs 100,000 deliveries to 300 targets, once embedded on SQLite and
once with two workers on PostgreSQL; smaller with `--deliveries 5000`, one of the two with `--only
embedded` or `--only workers`. It ends by itself and says what was lost (nothing may be), doubled
(nothing may be), looked up, and left to people.

Killed is the whole process of the embedded set-up, ticker and lanes, and by turns each of the two
workers, as `publisher worker` runs them. The faults are those of `Manners` in tests/bench/sink.py,
in equal shares, but that few are slow: such a call outlives its lease.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from pathlib import Path

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from publisher import app as composition
from publisher import clock, settings, wakeups
from publisher.app import App
from publisher.model.delivery import Attempt, Delivery
from publisher.model.states import DeliveryState as S
from publisher.storage import notes
from publisher.ticker import Ticker
from tests import postgres
from tests.bench import ours, sink
from tests.bench.channel import Seen
from tests.bench.measure import machine, say, show, table
from tests.bench.sink import Manners, Sink

LEASE_S = 5.0  # the shortest that the settings allow
LANES_AT_ONCE = 32
WORKERS = 2
LOOK_S = 2.0  # between two looks at how far it is
PATIENCE_S = 240.0  # without any progress; a retry waits ten minutes at most, but not all of them
UNKNOWN = ("lost", "UnknownOutcomeError")  # outcomes of attempts that say neither yes nor no
WAITING = (S.PLANNED, S.SENDING)
SETTLED = (S.CONFIRMED, S.FAILED)


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be run."""

    deliveries: int = 100_000
    targets: int = 300
    faults: float = 0.05  # share of all posts
    kill_every_s: float = 4.0  # on average

    @property
    def manners(self) -> Manners:
        """The manners of the outlet."""
        slow = self.faults / 50
        each = (self.faults - slow) / 4
        return Manners(
            busy=each, error=each, lost=each, vanished=each, slow=slow, slow_s=2 * LEASE_S
        )


@dataclass(frozen=True, kw_only=True)
class Report:
    """What became of it."""

    lost: int  # neither there, nor known not to be, nor a person's
    doubled: int  # there more than once
    unconfirmed: int  # whose outcome was unknown at some time
    looked_up: int  # of these, settled by asking the outlet
    sent_again: int  # proved not to have arrived, or refused, and sent once more
    by_person: int  # left to a person in the end
    kills: int
    took_s: float
    per_s: float


@dataclass
class Children:
    """The processes that are killed, and begun anew."""

    home: Path
    order: Order
    url: str
    names: Sequence[str]  # "embedded", or names of workers
    kills: int = 0
    running: dict[str, subprocess.Popen[str]] = field(default_factory=dict)
    _over: threading.Event = field(default_factory=threading.Event)

    def begin(self, name: str) -> None:
        """Start one and wait until it is at work."""
        command = [sys.executable, "-m", "tests.bench.soak", "--child", name]
        told = [
            "--home",
            str(self.home),
            "--sink",
            self.url,
            "--order",
            json.dumps(asdict(self.order)),
        ]
        self.running[name] = subprocess.Popen([*command, *told], stdout=subprocess.PIPE, text=True)
        output = self.running[name].stdout
        assert output is not None
        output.readline()

    def kill_now_and_then(self, chance: random.Random) -> None:
        """Kill one of them every few seconds, and start it again, until it is enough."""
        while not self._over.wait(chance.uniform(0.5, 1.5) * self.order.kill_every_s):
            name = chance.choice(list(self.names))
            self.end(name)
            self.kills += 1
            self.begin(name)

    def enough(self) -> None:
        """Kill no more."""
        self._over.set()

    def end(self, name: str) -> None:
        """Kill one as a power cut would."""
        process = self.running.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def build(home: Path, url: str, order: Order) -> App:
    """Wire the installation of a soak."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    app = composition.wire(settings.load(home))
    app.channels |= {f"lane-{number}": Seen(url=url) for number in range(order.targets)}
    return app


def be_child(name: str, home: Path, url: str, order: Order) -> None:
    """Work until we are killed."""
    app = build(home, url, order)
    if name != "embedded":
        wakeups.use(app)
        process = wakeups.Process(app=app, lanes_at_once=LANES_AT_ONCE, has_files=True, name=name)
        process.run(ready=lambda: show("ready"))
        return
    Ticker(app).start()
    show("ready")
    threading.Event().wait()


@contextmanager
def installation(database: str, url: str, order: Order) -> Iterator[tuple[Path, App]]:
    """Give the folder of an installation with all its deliveries due, and a view of its ledger."""
    with tempfile.TemporaryDirectory(prefix="yigao-soak-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        (home / "config").mkdir()
        server = f"[server]\ndatabase_url = {json.dumps(database)}\n" if database else ""
        told = f"{server}[delivery]\nlease_s = {LEASE_S}\n"
        (home / "config" / "publisher.toml").write_text(told, encoding="utf-8")
        app = build(home, url, order)
        ours.fill(app, order.deliveries, due_at=clock.now(), lanes=order.targets)
        try:
            yield home, app
        finally:
            app.close()
            app.database.engine.dispose()


def soak(at: Sink, order: Order, *, database: str = "") -> Report:
    """Run one set-up to the end; workers where a database is named."""
    at.begin(order.manners)
    names = [f"worker {number}" for number in range(WORKERS)] if database else ["embedded"]
    with installation(database, at.url, order) as (home, app):
        children = Children(home, order, at.url, names)
        if database:
            wakeups.use(app)
        ticker = Ticker(app) if database else None
        began = time.monotonic()
        for name in names:
            children.begin(name)
        if ticker is not None:
            ticker.start()
        killer = threading.Thread(target=children.kill_now_and_then, args=(random.Random(1),))
        killer.start()
        try:
            _wait(app, children)
        finally:
            children.enough()
            killer.join()
            for name in list(children.running):
                children.end(name)
            if ticker is not None:
                ticker.stop()
        return _report(app, at, order, children.kills, time.monotonic() - began)


def _wait(app: App, children: Children) -> None:
    """Wait until all is settled, or a person's; the killing ends with the sending."""
    before, since = Counter[str](), time.monotonic()
    while time.monotonic() - since < PATIENCE_S:
        with app.database.reads() as session:
            now = _states(session)
            left_to_people = _by_person(session, at=clock.now())
        say(f"{dict(now)}, {children.kills} kills")
        if not any(now[state] for state in WAITING):
            children.enough()
        if sum(now.values()) == sum(now[state] for state in SETTLED) + left_to_people:
            return
        if now != before:
            before, since = now, time.monotonic()
        time.sleep(LOOK_S)


def _states(session: Session) -> Counter[str]:
    found = session.execute(select(Delivery.state, func.count()).group_by(Delivery.state))
    return Counter({row.state: row[1] for row in found})


def _by_person(session: Session, *, at: datetime) -> int:
    found = select(func.count()).where(Delivery.deadline_at <= at, Delivery.state.not_in(SETTLED))
    return session.scalar(found.where(Delivery.state.not_in(WAITING))) or 0


def _report(app: App, at: Sink, order: Order, kills: int, took_s: float) -> Report:
    tally = at.tally()
    with app.database.reads() as session:
        states = _states(session)
        unknown = select(Attempt.delivery_id).where(Attempt.outcome.in_(UNKNOWN)).distinct()
        was_unknown = session.scalar(select(func.count()).select_from(unknown.subquery())) or 0
        confirmed = select(func.count()).where(Delivery.state == S.CONFIRMED)
        looked_up = session.scalar(confirmed.where(Delivery.id.in_(unknown))) or 0
        again = _sent_again(session)
        by_person = _by_person(session, at=clock.now())
        assert notes.first_broken(session) is None
    known = sum(states[state] for state in SETTLED) + by_person
    missing = max(0, states[S.CONFIRMED] - tally.there)  # said to be there, and is not
    return Report(
        lost=order.deliveries - known + missing,
        doubled=tally.doubled,
        unconfirmed=was_unknown,
        looked_up=looked_up,
        sent_again=again,
        by_person=by_person + states[S.FAILED],
        kills=kills,
        took_s=took_s,
        per_s=order.deliveries / took_s,
    )


def _sent_again(session: Session) -> int:
    sends = (
        select(Attempt.delivery_id)
        .where(Attempt.step == "deliver")
        .group_by(Attempt.delivery_id)
        .having(func.count() > 1)
    )
    return session.scalar(select(func.count()).select_from(sends.subquery())) or 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deliveries", type=int, default=Order.deliveries)
    parser.add_argument("--targets", type=int, default=Order.targets)
    parser.add_argument("--faults", type=float, default=Order.faults)
    parser.add_argument("--kill-every-s", type=float, default=Order.kill_every_s)
    parser.add_argument("--only", choices=("embedded", "workers"))
    for own in ("--child", "--home", "--sink", "--order"):
        parser.add_argument(own, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Run the set-ups and print what became of all deliveries."""
    asked = _arguments()
    if asked.child:
        be_child(asked.child, Path(asked.home), asked.sink, Order(**json.loads(asked.order)))
        return
    order = Order(
        deliveries=asked.deliveries,
        targets=asked.targets,
        faults=asked.faults,
        kill_every_s=asked.kill_every_s,
    )
    show(machine())
    show(f"{order.deliveries:,} deliveries, {order.targets} targets, {order.faults:.0%} faults\n")
    heads = ["", *(one.name.replace("_", " ") for one in fields(Report))]
    show(table(heads, []))
    is_right = True
    with sink.running() as at:
        if asked.only != "workers":
            is_right &= _shown("SQLite, embedded", soak(at, order))
        if asked.only != "embedded":
            with postgres.server(fsync="on") as server:
                report = soak(at, order, database=server.create())
                is_right &= _shown(f"PostgreSQL, {WORKERS} workers", report)
    sys.exit(not is_right)


def _shown(name: str, report: Report) -> bool:
    """Print a row, and say whether it is as it must be."""
    show(f"| {name} | {' | '.join(f'{number:,.0f}' for number in asdict(report).values())} |")
    return not (report.lost or report.doubled)


if __name__ == "__main__":
    main()
