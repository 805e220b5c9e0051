"""Celery: threads, acknowledged late, as a queue must be that is not to lose on a crash."""

from __future__ import annotations

from celery import Celery

from tests.bench import engines

app = Celery("bench", broker=engines.store())
app.conf.update(task_acks_late=True, task_ignore_result=True, worker_prefetch_multiplier=4)


@app.task(name="post")
def post(number: int) -> None:
    """Do one job."""
    engines.post(number)


def enqueue(count: int) -> None:
    """Put so many jobs into the queue."""
    for number in range(count):
        post.delay(number)
