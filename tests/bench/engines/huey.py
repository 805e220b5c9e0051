"""Huey, on SQLite or Redis, whichever the address names; as it comes."""

from __future__ import annotations

from pathlib import Path

from huey import RedisHuey, SqliteHuey

from tests.bench import engines

address = engines.store()
huey = (
    RedisHuey("bench", url=address, results=False)
    if address.startswith("redis")
    else SqliteHuey("bench", filename=str(Path(address) / "huey.db"), results=False)
)


@huey.task(name="post")
def post(number: int) -> None:
    """Do one job."""
    engines.post(number)


def enqueue(count: int) -> None:
    """Put so many jobs into the queue."""
    for number in range(count):
        post(number)
