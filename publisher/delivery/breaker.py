"""When to stop sending to an account that does not answer, and when to begin again. Pure.

closed ── refused credentials, or FAULTS_IN_A_ROW faults ──> open ── a check finds it well ──>
half open ── one delivery accepted ──> closed; ── one more fault ──> open, for longer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from publisher.errors import (
    ChannelError,
    CredentialsError,
    PermanentError,
    RetryableError,
    SpentError,
    UnfitError,
)

FAULTS_IN_A_ROW = 3
FIRST_PROBE_S = 30.0  # after it has opened; doubled each time it opens again
AFTER_REFUSAL = 5  # openings that refused credentials count for: knocking too soon does harm
LONGEST_PROBE_S = 900.0


class State(StrEnum):
    """Whether an account is sent to."""

    CLOSED = "closed"  # as usual
    OPEN = "open"  # not at all; the outlet is asked now and then how it is
    HALF_OPEN = "half_open"  # one delivery, to see


@dataclass(frozen=True, kw_only=True)
class Breaker:
    """The breaker of one account."""

    state: State = State.CLOSED
    faults: int = 0  # in a row
    openings: int = 0  # without a success between
    opened_at: datetime | None = None
    probe_at: datetime | None = None  # when the outlet is to be asked; None: by a person only


def counts(error: ChannelError) -> bool:
    """Say whether an error speaks of the account, not of one delivery.

    An outlet that names a time to come back, or counts what we have used, is alive, and one that
    refuses a notice has read it.
    """
    if isinstance(error, CredentialsError):
        return True
    if isinstance(error, RetryableError):
        return error.after_s is None and not isinstance(error, SpentError)
    return not isinstance(error, (PermanentError, UnfitError))


def after_success(breaker: Breaker) -> Breaker:
    """Return the breaker after the outlet took a delivery: closed, with nothing against it."""
    return Breaker()


def after_fault(breaker: Breaker, error: ChannelError, *, at: datetime) -> Breaker:
    """Return the breaker after an error that counts."""
    faults = breaker.faults + 1
    is_over = isinstance(error, CredentialsError) or faults >= FAULTS_IN_A_ROW
    if breaker.state == State.CLOSED and not is_over:
        return replace(breaker, faults=faults)
    if breaker.state == State.OPEN:
        return replace(breaker, faults=faults)  # of a call that was under way when it opened
    openings = breaker.openings
    if isinstance(error, CredentialsError):
        openings = max(openings, AFTER_REFUSAL - 1)
    return opened(replace(breaker, faults=faults, openings=openings), at=at)


def opened(breaker: Breaker, *, at: datetime) -> Breaker:
    """Return the breaker as it opens, with the moment of the first question."""
    openings = breaker.openings + 1
    return replace(
        breaker,
        state=State.OPEN,
        openings=openings,
        opened_at=breaker.opened_at or at,
        probe_at=at + timedelta(seconds=probe_s(openings)),
    )


def after_check(breaker: Breaker, *, is_well: bool, at: datetime) -> Breaker:
    """Return the breaker after the outlet was asked how it is."""
    if breaker.state != State.OPEN:
        return breaker
    if is_well:
        return replace(breaker, state=State.HALF_OPEN, probe_at=None)
    return opened(breaker, at=at)


def is_early(breaker: Breaker, *, now: datetime) -> bool:
    """Say whether it is to be asked later; a moment too far ahead is of a clock set back."""
    wait = (breaker.probe_at or now) - now
    return timedelta() < wait <= timedelta(seconds=LONGEST_PROBE_S)


def probe_s(openings: int) -> float:
    """Return the seconds before the outlet is asked, after it has opened so many times."""
    return min(FIRST_PROBE_S * 2.0 ** min(openings - 1, 10), LONGEST_PROBE_S)
