"""The embedded engine: lanes on threads of this process, each never twice at once.

A lane that hangs holds one thread and delays nobody else; once it has been given up, a new thread
takes the lane over. Each kind of work has lanes and threads of its own, so that no take-down ever
queues behind a send, and no send behind the many looks that follow a time of trouble.
"""

from __future__ import annotations

import contextlib
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from publisher.delivery.engine import Kind, Work

log = structlog.get_logger()

THREADS = 64  # lanes of one kind at work together; the others wait their turn
SHARE = {Kind.LOOK: 4, Kind.CHECK: 8}  # what can wait has the fourth, or the eighth, of them


@dataclass(eq=False)
class _Run:
    """One lane at work, or waiting for a thread."""

    work: Work
    is_wanted_again: bool = False
    is_given_up: bool = False
    over: threading.Event = field(default_factory=threading.Event)


@dataclass
class Lanes:
    """Does the work of a lane when it is woken; woken meanwhile, it does it once more."""

    do: Callable[[Work], object]
    threads: int = THREADS
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _runs: dict[str, _Run] = field(default_factory=dict)
    _queue: list[_Run] = field(default_factory=list)
    _active: Counter[Kind] = field(default_factory=Counter)
    _is_closed: bool = False

    def wake(self, work: Work) -> None:
        """Do this work, now or as soon as what is at work on its lane has ended."""
        self.begin(work)

    def begin(self, work: Work) -> threading.Event:
        """Wake a lane and return what is set once its work has ended or was given up."""
        with self._lock:
            run = self._runs.get(work.name)
            if run is not None:
                run.is_wanted_again = True
                return run.over
            run = _Run(work)
            if self._is_closed:
                run.over.set()
                return run.over
            self._runs[work.name] = run
            self._queue.append(run)
            self._start_next()
            return run.over

    def give_up(self, name: str) -> None:
        """Wait no longer for what holds a lane; if it was woken meanwhile, it begins anew."""
        with self._lock:
            run = self._runs.get(name)
            if run is None or run in self._queue:
                return
            del self._runs[name]
            run.is_given_up = True
            run.over.set()
            self._active[run.work.kind] -= 1
            if run.is_wanted_again and not self._is_closed:
                again = self._runs[name] = _Run(run.work)
                self._queue.append(again)
            self._start_next()
        log.error("a lane was given up", lane=name)

    def _start_next(self) -> None:
        for run in list(self._queue):
            if self._active[run.work.kind] >= max(1, self.threads // SHARE.get(run.work.kind, 1)):
                continue
            self._queue.remove(run)
            self._active[run.work.kind] += 1
            name = f"lane {run.work.name}"
            threading.Thread(target=self._run, args=(run,), name=name, daemon=True).start()

    def _run(self, run: _Run) -> None:
        while True:
            try:
                self._once(run.work)
            finally:  # whatever happens, the lane must not seem busy for ever
                with self._lock:
                    is_over = run.is_given_up or self._is_closed or not run.is_wanted_again
                    run.is_wanted_again = False
                    if is_over and not run.is_given_up:
                        del self._runs[run.work.name]
                        run.over.set()
                        self._active[run.work.kind] -= 1
                        self._start_next()
            if is_over:
                return

    def _once(self, work: Work) -> None:
        try:
            self.do(work)
        except Exception:  # noqa: BLE001  # one lane's fault must not end the lane for good
            with contextlib.suppress(Exception):  # not even a log that cannot be written
                log.error("a lane failed", lane=work.name, traceback=traceback.format_exc())

    def busy(self) -> tuple[str, ...]:
        """Return the names of the lanes at work."""
        with self._lock:
            return tuple(sorted(self._runs))

    def rest(self, timeout_s: float) -> bool:
        """Wait until no lane is at work; False where one still is."""
        with self._lock:
            running = list(self._runs.values())
        end = time.monotonic() + timeout_s
        return all(run.over.wait(max(0.0, end - time.monotonic())) for run in running)

    def close(self) -> None:
        """Begin nothing more; what is under way may finish."""
        with self._lock:
            self._is_closed = True
            for run in self._queue:
                self._runs.pop(run.work.name, None)
                run.over.set()
            self._queue.clear()
