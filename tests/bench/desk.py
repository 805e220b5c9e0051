"""What the pages of the desk cost with 100,000 items in the ledger, beside an empty one.

Run: `python -m tests.bench.desk [--items N]`. Of ten years of items two in a hundred failed
somewhere and were withdrawn, and one in a thousand still needs a person; three wait for review.
Times are medians of whole requests, without a network.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from publisher import clock
from publisher.model.delivery import Delivery
from publisher.model.item import Edition, FrozenRendition, Item
from publisher.model.states import DeliveryState, EditionState
from tests.bench import measure
from tests.bench.measure import say, show
from tests.publisher.console.office import Office, found

PAGES = ("/agenda", "/agenda/live", "/items", "/reviews", "/deliveries", "/calendar", "/targets")
BY = "陈敏"  # the office sees all
AT_ONCE = 10_000  # rows of one statement
TEN_YEARS = timedelta(days=3650)
TIMES = 15
FAILED_EVERY, OPEN_EVERY, WAITING = 50, 1000, 3


def fill(office: Office, count: int) -> None:
    """Write the history of so many items, each with one delivery."""
    now, (person,) = clock.now(), (1,)
    for first in range(1, count + 1, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, count + 1))
        rows = [row(number, count, person=person, now=now) for number in numbers]
        with office.app.database.sessions.begin() as session:
            for table, index in ((Item, 0), (Edition, 1), (FrozenRendition, 2), (Delivery, 3)):
                session.execute(insert(table), [one[index] for one in rows])


def row(
    number: int, count: int, *, person: int, now: datetime
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return item, edition, rendition and delivery of one number."""
    at = now - TEN_YEARS + TEN_YEARS * number / (count + 1)
    is_open = number % OPEN_EVERY == 0
    has_failed = is_open or number % FAILED_EVERY == 0
    is_withdrawn = has_failed and not is_open
    item = {
        "id": number,
        "kind": "通知",
        "created_at": at,
        "created_by_id": person,
        "withdrawn_at": at if is_withdrawn else None,
    }
    edition = {
        "id": number,
        "item_id": number,
        "number": 1,
        "state": EditionState.APPROVED,
        "title": f"通知 {number}",
        "body": "<p>周六停水，请提前储水。</p>" * 40,
        "targets": ["site"],
        "overrides": {},
        "findings": [],
        "remarks": [],
        "created_at": at,
        "created_by_id": person,
        "submitted_at": at,
        "approved_at": at,
        "reviewed_at": at,
    }
    rendition = {
        "id": number,
        "edition_id": number,
        "target": "site",
        "media_type": "text/html",
        "title": f"通知 {number}",
        "body_digest": "0" * 64,
        "parts": [],
        "facts": {},
        "digest": "0" * 64,
    }
    delivery = {
        "id": number,
        "item_id": number,
        "rendition_id": number,
        "target": "site",
        "lane": "office:site",
        "state": DeliveryState.FAILED if has_failed else DeliveryState.CONFIRMED,
        "due_at": at,
        "rank_at": at,
        "not_after": at + timedelta(days=1),
        "ended_at": at if has_failed else None,
        "decided_at": at if is_withdrawn else None,
    }
    return item, edition, rendition, delivery


def measured(count: int) -> Iterator[tuple[str, float, int]]:
    """Yield each page with its time in milliseconds and its weight in bytes."""
    with tempfile.TemporaryDirectory() as folder:
        office = found(Path(folder))
        fill(office, count)
        for _ in range(WAITING):
            office.submitted()
        say(f"{count:,} items written")
        client = office.of(BY).client
        for page in PAGES:
            yield page, *looked_at(client, page)
        office.app.lanes.close()


def looked_at(client: Any, page: str) -> tuple[float, int]:
    """Return the median time of a page in milliseconds, and its weight in bytes."""
    taken, weight = [], 0
    for _ in range(TIMES + 1):  # the first one warms up
        begun = time.perf_counter()
        answer = client.get(page)
        taken.append(1000 * (time.perf_counter() - begun))
        assert answer.status_code == 200, page
        weight = len(answer.content)
    return statistics.median(taken[1:]), weight


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    asked = parser.parse_args()
    show(f"{measure.machine()}; medians of {TIMES}\n")
    empty = {page: (ms, size) for page, ms, size in measured(0)}
    rows = []
    for page, ms, size in measured(asked.items):
        base, light = empty[page]
        weights = f"{light / 1024:.0f} KB", f"{size / 1024:.0f} KB"
        rows.append([page, f"{base:.1f} ms", f"{ms:.1f} ms ({ms / base:.2f})", *weights])
    heads = ["page", "empty", f"{asked.items:,} items (÷ empty)", "weight, empty", "weight, full"]
    show(measure.table(heads, rows))


if __name__ == "__main__":
    main()
