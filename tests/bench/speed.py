"""Deliveries in a second that are in the ledger before and after, beside everything else.

Run: `python -m tests.bench.speed [--quick] [--rounds N] [--posts N] [--without-peers]`. Baseline is
the bare loop of `raw` in the same round. Narrow: 32 accounts, each one after another. Wide: one
account that takes 32 at once, as a fan-out does. Where the sink is slow, as many again: a lane
waits for its outlet and then for the ledger, the bare loop for the outlet alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial

from tests.bench import contenders, measure, servers
from tests.bench.contenders import Ring
from tests.bench.measure import show
from tests.bench.raw import THREADS
from tests.bench.sink import Manners, running

RAW = "bare loop of requests, 32 threads"
APPRISE = "Apprise"
LATENCIES_S = {0.0: (THREADS,), 0.05: (THREADS, 2 * THREADS)}  # of the sink: posts at once

Contenders = dict[str, Callable[[], float]]


def ours(ring: Ring, *, at_once: int, has_postgres: bool) -> Contenders:
    """Return our side, in all its forms."""
    stores = {"SQLite": None} | ({"PostgreSQL": servers.postgres} if has_postgres else {})
    forms = {f"narrow {at_once}": (at_once, 1), f"wide {at_once}": (1, at_once)}
    return {
        f"ours, {store}, {form}": partial(ring.ours, database=kind, lanes=lanes, at_once=width)
        for store, kind in stores.items()
        for form, (lanes, width) in forms.items()
    }


def report(found: measure.Rounds, mine: list[str]) -> str:
    """Return the table: rate, ratio to the bare loop, and ours divided by each."""
    rows = []
    for name, rates in found.items():
        over = [str(measure.ratio(found, our, name)) for our in mine]
        middle = measure.percentile(rates, 50)
        rows.append([name, f"{middle:,.0f}", measure.ratio(found, name, RAW), *over])
    heads = ["", "a second", "÷ bare loop", *(f"{our} ÷ it" for our in mine)]
    return measure.table(heads, rows)


def main() -> None:
    """Print a table for each latency."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--posts", type=int, default=5000)
    parser.add_argument("--without-peers", action="store_true")
    asked = parser.parse_args()
    count, posts = (1, 1000) if asked.quick else (asked.rounds, asked.posts)
    peers, missing = ([], []) if asked.without_peers else contenders.engines()
    show(f"{measure.machine()}; {count} rounds of {posts:,} posts; median (least–most)")
    has_postgres = not (lack := servers.lack(servers.postgres))
    missing += [] if has_postgres else [f"PostgreSQL is left out: {lack}"]
    for sentence in missing:
        show(sentence)
    with running() as sink:
        for delay_s, together in LATENCIES_S.items():
            with Ring(sink=sink, posts=posts, manners=Manners(delay_s=delay_s)) as ring:
                mine = {
                    name: run
                    for at_once in together
                    for name, run in ours(ring, at_once=at_once, has_postgres=has_postgres).items()
                }
                field: Contenders = {RAW: ring.raw} | mine
                others: Contenders = {peer.name: partial(ring.engine, peer) for peer in peers}
                if not asked.without_peers and contenders.is_installed("apprise"):
                    others[APPRISE] = ring.apprise
                show(f"\nThe sink answers after {delay_s * 1000:.0f} ms:\n")
                found = measure.rounds(field | others, count, may_fail=others)
                show(report(found, list(mine)))


if __name__ == "__main__":
    main()
