from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from sqlalchemy.engine import make_url

from publisher.storage.database import open_database
from publisher.wakeups import schema
from publisher.wakeups.crew import Crew

PATIENCE_S = 30.0
NEVER_S = 600.0


@pytest.fixture
def jobs(postgres_url: str) -> App:
    database = open_database(postgres_url)
    schema.install(database.engine)
    database.engine.dispose()
    address = make_url(postgres_url).set(drivername="postgresql")
    return App(connector=PsycopgConnector(conninfo=address.render_as_string(hide_password=False)))


def at_work(jobs: App, during: Callable[[Crew], Awaitable[None]]) -> None:
    """Run a crew that looks for jobs only when it is told of one."""

    async def run() -> None:
        async with jobs.open_async():
            crew = Crew(
                app=jobs,
                concurrency=2,
                delete_jobs="always",
                fetch_job_polling_interval=NEVER_S,
                update_heartbeat_interval=0.2,
                stalled_worker_timeout=1.0,
                install_signal_handlers=False,
            )
            running = asyncio.create_task(crew.run())  # type: ignore[no-untyped-call]
            try:
                await asyncio.wait_for(during(crew), PATIENCE_S)
            finally:
                crew.stop()  # type: ignore[no-untyped-call]
                await asyncio.gather(running, return_exceptions=True)

    asyncio.run(run())


def test_what_waits_for_its_lane_begins_as_soon_as_the_lane_is_free(jobs: App) -> None:
    done: list[int] = []
    all_done = asyncio.Event()

    @jobs.task(name="step")
    async def step(number: int) -> None:
        if number < 5:  # the job that is put in now has to wait for this one
            await step.configure(lock="lane").defer_async(number=number + 1)
            await asyncio.sleep(0.1)
        done.append(number)
        if number == 5:
            all_done.set()

    async def during(crew: Crew) -> None:
        await step.configure(lock="lane").defer_async(number=1)
        await all_done.wait()

    at_work(jobs, during)

    assert done == [1, 2, 3, 4, 5]


def test_a_crew_whose_heart_has_stopped_ends(jobs: App, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(worker_id: int) -> None:
        raise ConnectorException

    monkeypatch.setattr(jobs.job_manager, "update_heartbeat", fails)

    async def during(crew: Crew) -> None:
        while not crew._stop_event.is_set():
            await asyncio.sleep(0.05)

    at_work(jobs, during)
