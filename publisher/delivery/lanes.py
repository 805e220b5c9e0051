"""Lanes: a small pool of threads in which one lane never runs twice at once.

A lane that hangs holds one thread and delays nobody else. Sending, looking and taking down have
lanes of their own, so that a take-down never queues behind a send.
"""

from __future__ import annotations

import contextlib
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

import structlog

log = structlog.get_logger()

THREADS = 64  # idle ones cost little; a hung outlet holds one for each kind of work


@dataclass
class Lanes:
    """Runs the work of a lane when it is woken; woken meanwhile, it runs once more."""

    pool: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(THREADS, thread_name_prefix="lane")
    )
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _running: dict[str, Future[None]] = field(default_factory=dict)
    _again: set[str] = field(default_factory=set)
    _is_closed: bool = False

    def wake(self, name: str, work: Callable[[], object]) -> None:
        """Run work on the lane of that name, now or as soon as what runs there has ended."""
        with self._lock:
            if self._is_closed:
                return
            if name in self._running:
                self._again.add(name)
                return
            self._running[name] = self.pool.submit(self._run, name, work)

    def _run(self, name: str, work: Callable[[], object]) -> None:
        is_wanted = True
        while is_wanted:
            try:
                self._once(name, work)
            finally:  # whatever happens, the lane must not seem busy for ever
                with self._lock:
                    is_wanted = name in self._again
                    self._again.discard(name)
                    if not is_wanted:
                        del self._running[name]

    @staticmethod
    def _once(name: str, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception:  # noqa: BLE001  # one lane's fault must not end the lane for good
            with contextlib.suppress(Exception):  # not even a log that cannot be written
                log.error("a lane failed", lane=name, traceback=traceback.format_exc())

    def busy(self) -> tuple[str, ...]:
        """Return the names of the lanes at work."""
        with self._lock:
            return tuple(sorted(self._running))

    def rest(self, timeout_s: float) -> bool:
        """Wait until no lane is at work; False where one still is."""
        with self._lock:
            running = list(self._running.values())
        return not wait(running, timeout=timeout_s).not_done

    def close(self) -> None:
        """Begin nothing more; what is under way may finish."""
        with self._lock:
            self._is_closed = True
            self._again.clear()
        self.pool.shutdown(wait=False, cancel_futures=True)
