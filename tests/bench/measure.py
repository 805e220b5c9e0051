"""What all benches share: interleaved rounds, ratios within a round, tables, the machine.

A machine is now faster and now slower, so only what was measured in the same round is compared.
"""

from __future__ import annotations

import os
import platform
import statistics
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy
from sqlalchemy import create_engine

Rounds = Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Ratio:
    """One contender divided by another, round by round."""

    median: float
    least: float
    most: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.least:.2f}–{self.most:.2f})"


class FellShortError(Exception):
    """A contender did not deliver everything; its speed means nothing."""


def rounds(
    contenders: Mapping[str, Callable[[], float]], count: int, *, may_fail: Collection[str] = ()
) -> dict[str, list[float]]:
    """Return what each contender measured, after as many rounds in which all took part.

    Whoever falls short is out; where it may not fail, that ends the bench.
    """
    found: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(count):
        for name in list(found):
            try:
                found[name].append(contenders[name]())
            except FellShortError as error:
                if name not in may_fail:
                    raise
                del found[name]
                show(f"{name} is out: {error}")
                continue
            say(f"round {number + 1}: {name}: {found[name][-1]:,.1f}")
    return found


def ratio(found: Rounds, name: str, to: str) -> Ratio:
    """Return the median of the ratios of the rounds, with the least and the most."""
    each = [one / base for one, base in zip(found[name], found[to], strict=True)]
    return Ratio(statistics.median(each), min(each), max(each))


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value below which so many of a hundred lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a table in Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)


def show(text: str) -> None:
    """Print a result."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """Print how far it is; results can be kept apart from this."""
    sys.stderr.write(f"{text}\n")


def machine() -> str:
    """Return one line about where this ran."""
    with create_engine("sqlite://").connect() as connection:
        sqlite = connection.exec_driver_sql("SELECT sqlite_version()").scalar_one()
    return (
        f"{os.cpu_count()} cores ({_processor()}), load {os.getloadavg()[0]:.1f}, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}, "
        f"SQLAlchemy {sqlalchemy.__version__}, SQLite {sqlite}"
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def resident_mb() -> float:
    """Return how much memory this process holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
