"""Plays lives in which a process is killed, and judges what the public and the ledger have seen.

`python -m tests.crash.matrix [DATABASE_URL]` plays all of them: every channel, every fault, a death
before and after every commit and in every call. It prints how many deaths there were.
"""

from __future__ import annotations

import multiprocessing
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import c_int
from dataclasses import dataclass, field, replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from sqlalchemy import delete

from channels import _http
from publisher.delivery.works import Works
from publisher.model.advice import advice
from publisher.model.base import Base
from publisher.model.delivery import Delivery
from publisher.model.states import OPEN
from publisher.model.states import DeliveryState as S
from publisher.storage import notes
from publisher.storage.database import Database, migrate, open_database
from tests.bench.measure import show
from tests.crash import clock as clocks
from tests.crash import life, outlet
from tests.crash.channels import KINDS
from tests.crash.clock import Clock
from tests.crash.life import Case
from tests.crash.outlet import Fault, Post

PATIENCE_S = 60.0
KILLED = -signal.SIGKILL
PRELOADED = ["tests.crash.life", "tests.crash.outlet"]
FINAL = frozenset(S) - OPEN - {S.CONFIRMED}  # what is confirmed is withdrawn in the end
PAIRS = [(channel, fault) for channel in KINDS for fault in Fault]

_context = multiprocessing.get_context("forkserver")  # forks processes that are warm, and real
_context.set_forkserver_preload(PRELOADED)


@dataclass
class Store:
    """A database that is emptied between two cases; the process of the stage keeps it open."""

    url: str
    database: Database = field(init=False)

    def __post_init__(self) -> None:
        self.database = open_database(self.url)
        migrate(self.database.engine)

    def empty(self) -> None:
        """Forget all rows."""
        tables = Base.metadata.sorted_tables
        with self.database.engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                names = ", ".join(table.name for table in tables)
                connection.exec_driver_sql(f"TRUNCATE {names} RESTART IDENTITY")
                return
            for table in reversed(tables):
                connection.execute(delete(table))


@dataclass
class Stage:
    """An outlet, a clock and a database, with which one case after another is played."""

    folder: Path
    store: Store
    clock: Clock
    outlet: str
    commits: c_int
    deaths: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)

    def play(self, case: Case) -> bool:
        """Live one life, cut short; say whether it was. Whatever is wrong is an AssertionError."""
        case = self._set(case)
        is_cut = self._end(self._start(life.live_and_die, case), case)
        if is_cut:
            life.live(case, self._works(case), self.clock, is_alone=True)
        self._judge(case, is_cut=is_cut)
        return is_cut

    def play_with_two(self, case: Case) -> bool:
        """Live one life with two workers at a time, one of which dies; say whether it did."""
        case = self._set(case)
        victim = self._start(life.help_and_die, case)
        life.live(case, self._works(case), self.clock, is_alone=False)
        is_cut = self._end(victim, case)
        self._judge(case, is_cut=is_cut)
        return is_cut

    def deaths_of(self, channel: str, fault: Fault) -> list[Case]:
        """Return every step at which a life can be cut short, having lived it whole."""
        whole = Case(folder="", database="", outlet="", channel=channel, fault=fault)
        assert not self.play(whole)
        commits = range(1, self.commits.value + 1)
        calls = range(1, int(self._public()["calls"]) + 1)
        return [
            *(replace(whole, commit=number) for number in commits),
            *(replace(whole, commit=number, is_after=True) for number in commits),
            *(replace(whole, call=number) for number in calls),
        ]

    def _set(self, case: Case) -> Case:
        home = self.folder / "home"
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir()
        self.store.empty()
        self.clock.past_nine.value, self.commits.value = 0.0, 0
        case = replace(
            case,
            folder=str(home),
            database=self.store.url,
            outlet=self.outlet,
            commits=self.commits,
        )
        _http.post_json(f"{self.outlet}/_begin", {"fault": case.fault, "kill_at": case.call})
        life.begin(case, self._works(case))
        return case

    def _works(self, case: Case) -> Works:
        return life.works_of(case, self.clock, database=self.store.database)

    def _start(self, do: Callable[[Case, Clock], None], case: Case) -> BaseProcess:
        process = _context.Process(target=do, args=(case, self.clock))
        process.start()
        return process

    def _end(self, process: BaseProcess, case: Case) -> bool:
        process.join(PATIENCE_S)
        if process.exitcode is None:
            process.kill()
        assert process.exitcode in (0, KILLED), (case, process.exitcode)
        return process.exitcode == KILLED

    def _judge(self, case: Case, *, is_cut: bool) -> None:
        posts = [Post(**post) for post in self._public()["posts"]]
        for same in outlet.by_text(posts):
            assert outlet.most_at_once(same) <= 1, (case, same)
        with self.store.database.reads() as session:
            rows = life.deliveries(session)
            for row in rows:
                assert row.state in FINAL, (case, row.state)
                up = [post for post in outlet.still_up(posts) if post.text == _text(row)]
                assert not up, (case, up)
                assert row.state != S.FAILED or advice(row), case
            assert notes.first_broken(session) is None, case
            self.ends.update(str(row.state) for row in rows)
        self.deaths[f"{case.channel}, {case.fault}"] += is_cut

    def _public(self) -> dict[str, Any]:
        return _http.json_object(_http.send("GET", f"{self.outlet}/_public"))


def _text(row: Delivery) -> str:
    return row.rendition.title


@contextmanager
def stage(folder: Path, url: str) -> Iterator[Stage]:
    """Give a stage on a database of its own, with an outlet in a process of its own."""
    clock, commits = clocks.shared(_context), _context.RawValue(c_int, 0)
    here, there = _context.Pipe(duplex=False)
    process = _context.Process(target=outlet.serve, args=(clock, there), daemon=True)
    process.start()
    store = Store(url)
    try:
        yield Stage(folder, store, clock, here.recv(), commits)
    finally:
        store.database.engine.dispose()
        process.kill()
        process.join()


def main() -> None:
    """Play everything."""
    life.quiet()
    with tempfile.TemporaryDirectory(prefix="yigao-crash-") as name:
        url = sys.argv[1] if len(sys.argv) > 1 else f"sqlite:///{name}/publisher.db"
        with stage(Path(name), url) as at:
            for channel, fault in PAIRS:
                began = time.monotonic()
                for case in at.deaths_of(channel, fault):
                    at.play(case)
                took_s = time.monotonic() - began
                deaths = at.deaths[f"{channel}, {fault}"]
                show(f"{channel}, {fault}: {deaths} deaths, {took_s:.0f} s, {dict(at.ends)}")
                at.ends.clear()
            show(f"{at.deaths.total()} deaths: never twice, nothing lost")


if __name__ == "__main__":
    main()
