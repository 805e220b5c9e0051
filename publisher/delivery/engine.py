"""What carries the wake-ups. The ledger says what is to be done; an engine only says "look there".

A wake-up that is lost is found again by the ticker; one that comes twice finds nothing to claim.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Kind(StrEnum):
    """The kinds of work that time does, each on lanes of its own."""

    SEND = "send"  # place: a lane, which is an account
    LOOK = "look"  # place: a target
    TAKE_DOWN = "take down"  # place: a target
    CHECK = "check"  # place: a target


@dataclass(frozen=True)
class Work:
    """One kind of work at one place; never done twice at the same time."""

    kind: Kind
    place: str

    @property
    def name(self) -> str:
        """The name of the lane: "send qq"."""
        return f"{self.kind} {self.place}"


class Engine(Protocol):
    """Brings wake-ups to whoever works."""

    def wake(self, work: Work) -> None:
        """Have this work done soon, here or elsewhere; cheap, and may be called for nothing."""

    def busy(self) -> tuple[str, ...]:
        """Return the names of the lanes at work in this process."""

    def rest(self, timeout_s: float) -> bool:
        """Wait until nothing is at work in this process; False where something still is."""

    def close(self) -> None:
        """Begin nothing more; what is under way may finish."""
