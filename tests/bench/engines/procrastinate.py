"""Procrastinate: blocking jobs run in the default executor of the loop, so it gets 32 threads.

Without that there would be six on two cores. Finished jobs are deleted, which is quicker later on.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from procrastinate.types import JSONDict
from sqlalchemy.engine import make_url

from tests.bench import engines, raw

CHUNK = 500


def address() -> str:
    """Return the address as psycopg wants it."""
    url = make_url(engines.store()).set(drivername="postgresql")
    return url.render_as_string(hide_password=False)


app = App(connector=PsycopgConnector(conninfo=address(), max_size=raw.THREADS))


@app.task(name="post")
def post(number: int) -> None:
    """Do one job."""
    engines.post(number)


def enqueue(count: int) -> None:
    """Put so many jobs into the queue."""
    with (
        app.replace_connector(SyncPsycopgConnector(conninfo=address())) as synchronous,
        synchronous.open(),
    ):
        synchronous.schema_manager.apply_schema()
        deferrer = synchronous.tasks["post"]
        for first in range(0, count, CHUNK):
            jobs: list[JSONDict] = [{"number": n} for n in range(first, min(first + CHUNK, count))]
            deferrer.batch_defer(*jobs)


async def work() -> None:
    """Work until the process is ended."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(raw.THREADS))
    async with app.open_async():
        await app.run_worker_async(concurrency=raw.THREADS, delete_jobs="always")


def main() -> None:
    """Work, in a process of its own."""
    asyncio.run(work())
