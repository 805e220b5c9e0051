"""Calls to outlets that are under way in this process, and which of them have been given up."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(eq=False)
class Call:
    """One call; `is_cut` once nobody waits for it any longer."""

    lane: str  # the name of the work: "send qq"
    deliveries: tuple[int, ...] = ()
    holds_lane: bool = True  # made in the thread of its lane, which cannot go on before it returns
    began_s: float = field(default_factory=time.monotonic)
    is_cut: bool = False


@dataclass
class Calls:
    """All calls under way."""

    _calls: set[Call] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def noted(self, call: Call) -> Iterator[Call]:
        """Note a call for as long as it lasts; afterwards `is_cut` changes no more."""
        with self._lock:
            self._calls.add(call)
        try:
            yield call
        finally:
            with self._lock:
                self._calls.discard(call)

    def cut(self, *, longer_than_s: float) -> list[Call]:
        """Give up the calls that have lasted longer; return those that were not given up before."""
        before_s = time.monotonic() - longer_than_s
        with self._lock:
            cut = [call for call in self._calls if call.began_s < before_s and not call.is_cut]
            for call in cut:
                call.is_cut = True
        return cut

    def deliveries(self) -> set[int]:
        """Return the deliveries that some call is about, given up or not."""
        with self._lock:
            return {delivery for call in self._calls for delivery in call.deliveries}
