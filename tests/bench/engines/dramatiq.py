"""Dramatiq with Redis, as it comes."""

from __future__ import annotations

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from tests.bench import engines

broker = RedisBroker(url=engines.store())
dramatiq.set_broker(broker)


@dramatiq.actor(actor_name="post")
def post(number: int) -> None:
    """Do one job."""
    engines.post(number)


def enqueue(count: int) -> None:
    """Put so many jobs into the queue."""
    for number in range(count):
        post.send(number)
