"""One clock for all processes of a case: it stands still until somebody moves it on."""

from __future__ import annotations

from ctypes import c_double
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing.context import ForkServerContext

from tests.make import NINE


@dataclass(frozen=True)
class Clock:
    """Seconds since nine, in memory that all processes share; it never goes back."""

    past_nine: c_double

    def now_s(self) -> float:
        """Return the seconds since nine."""
        return self.past_nine.value

    def now(self) -> datetime:
        """Return the moment."""
        return NINE + timedelta(seconds=self.now_s())

    def move_to(self, moment_s: float) -> None:
        """Let time pass until then."""
        self.past_nine.value = max(self.past_nine.value, moment_s)


def shared(context: ForkServerContext) -> Clock:
    """Return a clock at nine, without a lock that a killed process could keep."""
    return Clock(context.RawValue(c_double, 0.0))
