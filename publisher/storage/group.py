"""Group commit: threads that write at the same moment share one transaction, and one fsync.

A durable commit costs a wait for the disk, and a transaction some statements whatever is in it.
SQLite takes many writers badly: 32 threads that commit each by itself are slower than one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from sqlalchemy.orm import Session, sessionmaker

LINGER_S = 0.005  # the longest wait for others
LOOKS = 10  # in that time whether they are there
Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


@dataclass(eq=False)
class _Entry(Generic[Asked, Answer]):
    asked: Asked
    leads: bool = False
    is_ready: threading.Event = field(default_factory=threading.Event)  # to lead, or answered
    answers: list[Answer] = field(default_factory=list)  # one, when it is done
    error: BaseException | None = None


Work = Callable[[Session, Sequence[Asked]], Sequence[Answer]]


@dataclass(eq=False)
class GroupCommit(Generic[Asked, Answer]):
    """One of those that wait writes for all of them; an answer is durable when it comes.

    All pass the same kind of `work`, which gets all that was asked for and answers in the same
    order. Where the shared transaction fails, each is done once more by itself, so that one's
    fault is not another's: `work` must bear to be called twice, and change only the database.
    """

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _waiting: list[_Entry[Asked, Answer]] = field(default_factory=list)
    _is_led: bool = False
    _members: int = 0

    @contextmanager
    def joined(self) -> Iterator[None]:
        """Count this thread among those that ask again and again: a group waits for half."""
        with self._lock:
            self._members += 1
        try:
            yield
        finally:
            with self._lock:
                self._members -= 1

    def run(
        self, sessions: sessionmaker[Session], asked: Asked, work: Work[Asked, Answer]
    ) -> Answer:
        """Return the answer once it is committed, or raise what went wrong with it."""
        entry = _Entry[Asked, Answer](asked)
        with self._lock:
            self._waiting.append(entry)
            if not self._is_led:
                self._is_led = entry.leads = True
        if not entry.leads:
            entry.is_ready.wait()
        if entry.leads:
            self._lead(sessions, work)
        if entry.error is not None:
            raise entry.error
        return entry.answers[0]

    def _lead(self, sessions: sessionmaker[Session], work: Work[Asked, Answer]) -> None:
        self._linger()
        with self._lock:
            batch, self._waiting = self._waiting, []
        try:
            _write(sessions, batch, work)
        finally:
            with self._lock:
                self._is_led = bool(self._waiting)
                followers = batch + self._waiting[:1]
                if self._waiting:
                    self._waiting[0].leads = True
            for entry in followers:
                entry.is_ready.set()

    def _linger(self) -> None:
        """Wait a moment for others, if there are others; who is alone does not wait."""
        for _ in range(LOOKS):
            if len(self._waiting) >= self._members // 2:
                return
            time.sleep(LINGER_S / LOOKS)


def _write(
    sessions: sessionmaker[Session],
    batch: list[_Entry[Asked, Answer]],
    work: Work[Asked, Answer],
) -> None:
    try:
        with sessions.begin() as session:
            answers = work(session, [entry.asked for entry in batch])
    except Exception as error:  # noqa: BLE001  # handed to whom it belongs
        if len(batch) == 1:
            batch[0].error = error
            return
        for entry in batch:
            _write(sessions, [entry], work)
    except BaseException as error:
        for entry in batch:
            entry.error = error
        raise
    else:
        for entry, answer in zip(batch, answers, strict=True):
            entry.answers.append(answer)
