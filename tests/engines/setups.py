"""Installations with either engine, ready to be started, stopped and killed."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import channels
from publisher import app as composition
from publisher import clock, wakeups
from publisher.app import App
from publisher.model.delivery import Delivery
from publisher.ticker import Ticker
from tests import make
from tests.engines.outlet import Outlet

ROOT = Path(__file__).parents[2]
PATIENCE_S = 90.0
LEASE_S = 5.0
TARGETS = ("gate", "hall", "yard")


def add_channels() -> None:
    """Let channels be found that only tests have."""
    folder = str(Path(__file__).parent / "channels")
    if folder not in channels.__path__:
        channels.__path__.append(folder)


def until(holds: Callable[[], bool], *, patience_s: float = PATIENCE_S) -> bool:
    """Wait for something to become true; False where it does not."""
    end = time.monotonic() + patience_s
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def write_home(home: Path, url: str, outlet: Outlet, *, engine: str, lease_s: float) -> None:
    """Write the settings of an installation whose targets are at the outlet."""
    console, site = free_ports(2)
    (home / "config").mkdir(parents=True, exist_ok=True)
    (home / "config" / "publisher.toml").write_text(
        f'[server]\ndatabase_url = "{url}"\nengine = "{engine}"\n'
        f"console_port = {console}\nsite_port = {site}\n"
        f"[delivery]\nlease_s = {lease_s}\n",
        encoding="utf-8",
    )
    (home / "config" / "targets.toml").write_text(
        "".join(
            f'[{name}]\nchannel = "sink"\nurl = "{outlet.url}"\naccount = "{name}"\n'
            for name in TARGETS
        ),
        encoding="utf-8",
    )


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in sockets]


@dataclass
class Command:
    """A real process that runs a command of `publisher`."""

    process: subprocess.Popen[str]

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ask it to end, and return how it did."""
        self.process.terminate()
        return self.process.wait(PATIENCE_S)


@dataclass(kw_only=True)
class Setup:
    """One installation; `workers` is how many processes send, 0 for lanes in this one."""

    home: Path
    outlet: Outlet
    app: App
    workers: int
    running: list[Command] = field(default_factory=list)
    _ticker: Ticker | None = None

    def start(self) -> None:
        """Begin to work."""
        workers = [self._worker(f"worker {number}") for number in range(self.workers)]
        for worker in workers:
            self._wait(worker, "已就绪")
        self.start_ticker()

    def start_ticker(self) -> None:
        """Let time go on, in this process."""
        self._ticker = Ticker(self.app)
        self._ticker.start()

    def start_worker(self, name: str, *options: str) -> Command:
        """Start a worker process and wait until it listens."""
        started = self._worker(name, *options)
        self._wait(started, "已就绪")
        return started

    def _worker(self, name: str, *options: str) -> Command:
        return self.begin("worker", "--files", "--name", name, *options)

    def serve(self, home: Path) -> Command:
        """Start a process with pages and ticker, and wait until it answers."""
        started = self.begin("serve", home=home)
        self._wait(started, "控制台")
        return started

    def begin(self, *command: str, home: Path | None = None) -> Command:
        """Run a command in a process of its own."""
        with (self.home / "log").open("a") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.engines", "--home", str(home or self.home), *command],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.running.append(Command(process))
        return self.running[-1]

    def _wait(self, started: Command, words: str) -> None:
        """Wait until a process has said so."""
        assert started.process.stdout is not None
        while words not in (line := started.process.stdout.readline()):
            assert line, (self.home / "log").read_text(encoding="utf-8")

    def stop(self) -> None:
        """End everything; a worker that was asked may finish what it does."""
        self.outlet.holding.set()
        if self._ticker is not None:
            self._ticker.stop()
        for started in self.running:
            if started.process.poll() is None:
                started.process.terminate()
        for started in self.running:
            started.process.wait(PATIENCE_S)
            if started.process.stdout is not None:
                started.process.stdout.close()
        self.app.close()
        self.app.lanes.rest(PATIENCE_S)
        self.app.database.engine.dispose()

    def deliver(self, target: str = "gate", **changes: Any) -> int:
        """Plan a delivery that is due now; nobody is woken."""
        now = clock.now()
        given = {"due_at": now, "not_after": now + timedelta(hours=1)} | changes
        return make.delivery(self.app.works, target=target, **given)

    def stored(self, delivery: int) -> Delivery:
        """Return a delivery as the ledger has it now."""
        return make.stored(self.app.works, delivery)

    def come_to(self, state: str, *deliveries: int) -> bool:
        """Wait until deliveries have come to a state."""
        return until(lambda: all(self.stored(one).state == state for one in deliveries))


@contextlib.contextmanager
def prepared(
    home: Path, url: str, outlet: Outlet, *, workers: int, lease_s: float = LEASE_S
) -> Iterator[Setup]:
    """Give an installation that is not yet at work, and end it."""
    add_channels()
    engine = "procrastinate" if workers else "embedded"
    write_home(home, url, outlet, engine=engine, lease_s=lease_s)
    app = composition.build(home)
    if workers:
        wakeups.use(app)
    setup = Setup(home=home, outlet=outlet, app=app, workers=workers)
    try:
        yield setup
    finally:
        setup.stop()
