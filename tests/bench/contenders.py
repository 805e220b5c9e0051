"""Whoever posts to the sink, each in processes of its own, measured alike.

From the first arrival to the last; start-up does not count. Ours counts until the last outcome is
in the ledger, which the others do not have.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench import servers
from tests.bench.engines import ENGINES, SINK, STORE, Engine
from tests.bench.measure import FellShortError
from tests.bench.raw import THREADS
from tests.bench.sink import Manners, Sink

ROOT = Path(__file__).parents[2]
STOP_S = 10.0


@dataclass
class Ring:
    """The sink, and the servers that were asked for, until the end."""

    sink: Sink
    posts: int
    manners: Manners = field(default_factory=Manners)
    _stack: ExitStack = field(default_factory=ExitStack)
    _stores: dict[servers.Store, servers.Fresh] = field(default_factory=dict)

    def store(self, kind: servers.Store) -> str:
        """Return a fresh address; the server is started when it is first needed."""
        if kind not in self._stores:
            self._stores[kind] = self._stack.enter_context(kind())
        return self._stores[kind]()

    def __enter__(self) -> Ring:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def raw(self) -> float:
        """Measure the bare loop."""
        self.sink.begin(self.manners)
        run("tests.bench.raw", self.sink.url, self.posts, THREADS)
        return self._per_s()

    def apprise(self) -> float:
        """Measure one notice of Apprise to as many targets."""
        self.sink.begin(self.manners)
        run("tests.bench.engines.apprise", self.sink.url, self.posts)
        return self._per_s()

    def ours(self, *, database: servers.Store | None = None, lanes: int, at_once: int) -> float:
        """Measure our own engine: deliveries that are recorded before and after, in a second."""
        options: dict[str, Any] = {"count": self.posts, "lanes": lanes, "at_once": at_once}
        if database is not None:
            options["database"] = self.store(database)
        self.sink.begin(self.manners)
        done = json.loads(run("tests.bench.ours", self.sink.url, json.dumps(options)))
        tally = self.sink.tally()
        if (done["accepted"], tally.there, tally.doubled) != (self.posts, self.posts, 0):
            raise FellShortError(f"ours: {done}, {tally}")
        return self.posts / (float(done["at"]) - tally.first_at)

    def engine(self, engine: Engine) -> float:
        """Measure a peer: all jobs are waiting before its worker starts."""
        environment = {SINK: self.sink.url, STORE: self.store(engine.store)}
        self.sink.begin(self.manners)
        run("tests.bench.engines", engine.module, self.posts, **environment)
        with at_work(engine.worker, **environment):
            self.sink.wait(self.posts)
        return self._per_s()

    def _per_s(self) -> float:
        tally = self.sink.tally()
        if tally.there < self.posts:
            raise FellShortError(f"{tally.there} of {self.posts} arrived")
        return tally.per_s


def engines() -> tuple[list[Engine], list[str]]:
    """Return the peers that can be measured here, and a sentence on each that cannot."""
    ready, missing = [], []
    for engine in ENGINES:
        if not is_installed(engine.package):
            missing.append(f"{engine.name} is left out: the package {engine.package} is missing")
            continue
        if lack := servers.lack(engine.store):
            missing.append(f"{engine.name} is left out: {lack}")
        else:
            ready.append(engine)
    return ready, missing


def is_installed(package: str) -> bool:
    """Say whether a package can be imported."""
    return importlib.util.find_spec(package) is not None


def run(module: str, *arguments: object, **environment: str) -> str:
    """Run a module to its end and return what it printed."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(
        command,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | environment,
    )
    return done.stdout


@contextmanager
def at_work(arguments: Sequence[str], **environment: str) -> Iterator[None]:
    """Keep a worker at work, with whatever processes it starts."""
    with subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            yield
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_S)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
