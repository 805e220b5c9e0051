"""Tells waiting players, within a second, that their list or an alert has changed.

The records are the one truth and may be changed by another process, so they are looked at; one
look serves all players of this process.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from weakref import WeakSet

from channels.screens.store import Store, text_of

log = logging.getLogger(__name__)

LOOK_S = 0.4  # between two looks
KEEPALIVE_S = 15.0  # so that a line that was cut is noticed, and none in between falls asleep
State = tuple[int, str]  # version of the list, alert that stands


@dataclass(eq=False)
class Changes:
    """What every screen has now, as far as this process has seen."""

    store: Store
    _states: Mapping[str, State] = field(default_factory=dict)
    _waiting: int = 0
    _looking: asyncio.Task[None] | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)  # another one each time
    _loop: asyncio.AbstractEventLoop | None = None
    _is_closing: bool = False

    def __post_init__(self) -> None:
        _living.add(self)

    async def of(self, screen: str) -> AsyncIterator[bytes]:
        """Yield server-sent events: one at once, one at each change, comments in between."""
        self._waiting += 1
        self._loop = asyncio.get_running_loop()
        if self._looking is None or self._looking.done():
            self._states = await asyncio.to_thread(self._look)
            self._looking = asyncio.create_task(self._watch())
        try:
            known: State | None = None
            while not self._is_closing:
                state = self._states.get(screen, NOTHING)
                if state != known:
                    known = state
                    yield f"event: change\ndata: {state[0]} {state[1]}\n\n".encode()
                    continue
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), KEEPALIVE_S)
                    continue
                yield b": still here\n\n"
        finally:
            self._waiting -= 1

    async def _watch(self) -> None:
        """Look as long as anybody waits."""
        while self._waiting:
            await asyncio.sleep(LOOK_S)
            try:
                states = await asyncio.to_thread(self._look)
            except sqlite3.Error:  # busy or away: players still poll
                log.warning("the records of the screens cannot be read", exc_info=True)
                continue
            if states != self._states:
                self._states = states
                self._tell()

    def _tell(self) -> None:
        told, self._changed = self._changed, asyncio.Event()
        told.set()

    def close(self) -> None:
        """End all streams, and begin none that lasts: the server is about to stop."""
        self._is_closing = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._tell)

    def _look(self) -> Mapping[str, State]:
        now = text_of(datetime.now(UTC))
        with self.store.reading() as base, closing(base.cursor()) as cursor:
            versions = dict(cursor.execute("SELECT name, version FROM screen").fetchall())
            alerts = dict(
                cursor.execute(
                    "SELECT alerted.screen, max(alert.begins_at || alert.id) FROM alert"
                    " JOIN alerted ON alerted.alert = alert.id WHERE ends_at > ?"
                    " AND begins_at <= ? AND cancelled_at IS NULL GROUP BY alerted.screen",
                    (now, now),
                ).fetchall()
            )
        return {
            name: (versions.get(name, 0), alerts.get(name, "")) for name in {*versions, *alerts}
        }


NOTHING: State = (0, "")
_living: WeakSet[Changes] = WeakSet()


def close_all(store: Store) -> None:
    """End all streams that tell of these records."""
    for changes in list(_living):
        if changes.store == store:
            changes.close()
