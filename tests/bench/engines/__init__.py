"""Job queues beside which our engine is measured: one POST a job, one process, 32 at once.

Each module defines the job as the project's own documentation does, with `requests`, and its
`enqueue` puts so many into the queue. None of them records what became of a post.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench import raw, servers

SINK, STORE = "BENCH_SINK", "BENCH_STORE"
AT_ONCE = str(raw.THREADS)


@dataclass(frozen=True, kw_only=True)
class Engine:
    """One of them, on one kind of store; `worker` are arguments of python."""

    name: str
    package: str
    module: str
    store: servers.Store
    worker: Sequence[str]


def post(number: int) -> None:
    """Do one job."""
    raw.post(os.environ[SINK], f"job-{number}")


def store() -> str:
    """Return the address of the store."""
    return os.environ[STORE]


CELERY = ("-m", "celery", "-A", "tests.bench.engines.celery", "worker", "-P", "threads")
HUEY = ("-m", "huey.bin.huey_consumer", "tests.bench.engines.huey.huey", "-k", "thread", "-q")

ENGINES = (
    Engine(
        name="Celery (Redis, threads, acks_late)",
        package="celery",
        module="celery",
        store=servers.redis,
        worker=(*CELERY, "-c", AT_ONCE, "-l", "ERROR", "--without-gossip", "--without-mingle"),
    ),
    Engine(
        name="Dramatiq (Redis)",
        package="dramatiq",
        module="dramatiq",
        store=servers.redis,
        worker=("-m", "dramatiq", "tests.bench.engines.dramatiq", "-p", "1", "-t", AT_ONCE),
    ),
    Engine(
        name="Procrastinate (PostgreSQL)",
        package="procrastinate",
        module="procrastinate",
        store=servers.postgres,
        worker=("-c", "from tests.bench.engines import procrastinate; procrastinate.main()"),
    ),
    Engine(
        name="Huey (SQLite)",
        package="huey",
        module="huey",
        store=servers.folder,
        worker=(*HUEY, "-w", AT_ONCE),
    ),
    Engine(
        name="Huey (Redis)",
        package="huey",
        module="huey",
        store=servers.redis,
        worker=(*HUEY, "-w", AT_ONCE),
    ),
)
