"""How long between tries, and between looks. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Why(StrEnum):
    """Why a delivery is sent once more."""

    REFUSED = "refused"  # certainly not delivered: the outlet said so, or was not reached
    ABSENT = "absent"  # handed over, and twice not found there


# After the first, second … time. Where the last one repeats, only `not_after` ends it.
WAITS_S: Mapping[Why, tuple[float, ...]] = {
    Why.REFUSED: (30.0, 60.0, 120.0, 240.0, 600.0),
    Why.ABSENT: (0.0, 60.0, 120.0, 240.0),
}
REPEATS = {Why.REFUSED}  # the others end with their last wait, and a person decides
BETWEEN_LOOKS_S = (1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0)
BETWEEN_LATE_LOOKS_S = 3600.0  # once people have been told
LONGEST_REPEAT_S = 3600.0  # between two of the same call
MAX_WAIT_S = 31 * 86_400.0  # an outlet that names a longer one is mistaken
JITTER = 0.1  # share by which a wait may be longer, so that lanes do not knock together


def wait_s(why: Why, tries: int, *, after_s: float | None, chance: float) -> float | None:
    """Return the seconds before the next try, None where there is to be none.

    `tries` counts the sends that were proved not to have arrived, this one included; `after_s` is
    the outlet's own word, which is never undercut; `chance` is a number from 0 to 1.
    """
    waits = WAITS_S[why]
    if tries > len(waits) and why not in REPEATS:
        return None
    wait = waits[min(tries, len(waits)) - 1] * (1 + JITTER * chance)
    return min(max(wait, after_s or 0.0), MAX_WAIT_S)


def repeat_s(repeats: int, *, first_s: float) -> float:
    """Return the seconds before a lost call is made again, after so many that were lost as well."""
    return max(first_s, min(first_s * 2.0 ** min(repeats, 20), LONGEST_REPEAT_S))


def look_s(looks: int, *, is_late: bool) -> float:
    """Return the seconds before the next look at the outlet after that many looks."""
    if is_late:
        return BETWEEN_LATE_LOOKS_S
    return BETWEEN_LOOKS_S[min(looks, len(BETWEEN_LOOKS_S)) - 1]
