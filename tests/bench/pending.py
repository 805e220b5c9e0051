"""What a tick, an edit and memory cost while 1,000, 100,000 or 1,000,000 deliveries wait.

Run: `python -m tests.bench.pending [--quick] [--database URL]`, an empty database there. A tick is
all that the ticker asks each second; nothing is due. An edit moves the moment of one delivery.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from random import Random

from sqlalchemy import func, select, update

from publisher import clock
from publisher.app import App
from publisher.model.delivery import Delivery
from publisher.ticker import Ticker
from tests.bench import measure, ours
from tests.bench.measure import resident_mb, say, show

LANES = 50
STAGES = (1_000, 100_000, 1_000_000)
TIMES = 50


def tick(ticker: Ticker) -> None:
    """Do what a second brings."""
    ticker.send()
    ticker.look()


def edit(app: App, chance: Random, newest: int) -> None:
    """Move one delivery by a minute."""
    later = clock.now() + timedelta(days=1, minutes=chance.randrange(1000))
    with app.database.sessions.begin() as session:
        session.execute(
            update(Delivery)
            .where(Delivery.id == chance.randint(1, newest))
            .values(due_at=later, rank_at=later, not_after=later + ours.DAY)
        )


def middle_ms(act: Callable[[], object]) -> float:
    """Return the median of many times, in milliseconds."""
    taken = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        act()
        taken.append(1000 * (time.perf_counter() - begun))
    return statistics.median(taken)


def stages(app: App, counts: tuple[int, ...]) -> str:
    """Return the table, while more and more wait."""
    ticker, chance = Ticker(app), Random(1)
    there, rows = 0, []
    first: tuple[float, float] | None = None
    for count in counts:
        ours.fill(app, count - there, due_at=clock.now() + ours.DAY, lanes=LANES, apart_s=1)
        there = count
        say(f"{count:,} wait")
        with app.database.reads() as session:
            newest = session.scalar(select(func.max(Delivery.id))) or 0
        memory = resident_mb()
        costs = (
            middle_ms(lambda: tick(ticker)),
            middle_ms(lambda: edit(app, chance, newest)),  # noqa: B023  # called at once
        )
        first = first or costs
        grown = resident_mb() - memory
        ratios = [
            f"{cost:.2f} ms ({cost / base:.2f})" for cost, base in zip(costs, first, strict=True)
        ]
        rows.append([f"{count:,}", *ratios, f"{grown:+.1f} MB"])
    heads = ["waiting", "tick (÷ first)", "edit (÷ first)", "memory, by ticks and edits"]
    return measure.table(heads, rows)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="without the million")
    parser.add_argument("--database", default="", help="SQLite in a temporary folder without it")
    asked = parser.parse_args()
    show(f"{measure.machine()}; medians of {TIMES}\n")
    counts = STAGES[:2] if asked.quick else STAGES
    with ours.installation("http://127.0.0.1:1", lanes=LANES, database=asked.database) as app:
        show(stages(app, counts))


if __name__ == "__main__":
    main()
