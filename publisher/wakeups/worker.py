"""The process `publisher worker`: does the work of lanes when it is woken. No pages, no ticker.

Each job runs on the lanes of this process, so that a call which outlives its lease is given up
and the job ends. When PostgreSQL goes away, the worker comes back as soon as it answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import psycopg
import structlog
from procrastinate import App as Jobs
from procrastinate import JobContext, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from sqlalchemy import select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from publisher.app import App
from publisher.delivery import recover
from publisher.delivery.engine import Kind, Work
from publisher.delivery.lanes import Lanes
from publisher.errors import ConfigError
from publisher.model.item import FrozenRendition
from publisher.storage.database import POSTGRES
from publisher.wakeups.crew import Crew
from publisher.wakeups.engine import TASK, queue_of

log = structlog.get_logger()

CHUNK = 100  # sends for one wake-up; what is left is woken again, behind the others
GRACE_S = 30.0  # for what is under way when we stop
LAST_S = 5.0  # for what did not end within it
AGAIN_S = 2.0  # between two tries to reach the database
BEAT_S = 15.0
SILENT_S = 30.0  # a worker so long without a heartbeat is taken for dead
ROUND_S = 1.0  # how often to look for jobs of which no word came
CONNECTIONS = 4  # for the jobs; two more listen
REACH_S = 10.0  # after that the connections are made anew, without the long waits between tries
NAME = "worker"
SENDING = (Kind.SEND, Kind.LOOK, Kind.CHECK)
TAKING_DOWN = (Kind.TAKE_DOWN,)  # by people of their own: never behind a send that hangs


@dataclass(kw_only=True)
class Process:
    """One worker process."""

    app: App
    lanes_at_once: int
    has_files: bool  # whether the files of the targets are on this machine
    name: str = NAME
    _stopped: threading.Event = field(default_factory=threading.Event)

    def run(self, *, ready: Callable[[], None] = lambda: None) -> None:
        """Work until a signal comes; what is under way then may finish within the grace.

        `ready` is called once the worker listens, and again when it has come back.
        """
        check_files(self.app)
        at_once = self._at_once()
        self.app.lanes.do = functools.partial(self.app.do, limit=CHUNK)
        self.app.lanes.threads = sum(at_once.values())
        self.app.watch_calls()
        beats = threading.Thread(target=self._beat, name="beat", daemon=True)
        beats.start()
        try:
            asyncio.run(self._run(ready))
        finally:
            self._stopped.set()
            beats.join(LAST_S)
            self.app.close()
            if self.app.lanes.rest(LAST_S):
                with contextlib.suppress(SQLAlchemyError):  # then it counts as dead in a while
                    recover.leave(self.app.works)

    def _at_once(self) -> dict[tuple[Kind, ...], int]:
        return {SENDING: self.lanes_at_once, TAKING_DOWN: max(2, self.lanes_at_once // 4)}

    def _beat(self) -> None:
        while not self._stopped.wait(BEAT_S):
            try:
                self.app.watch_calls()
            except Exception as error:  # noqa: BLE001  # the next beat may find the database again
                with contextlib.suppress(Exception):  # not even a log that cannot be written
                    log.error("a beat failed", error=type(error).__name__)

    async def _run(self, ready: Callable[[], None]) -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        while not stop.is_set():
            try:
                await self._work(stop, ready)
            except (ConnectorException, psycopg.Error) as error:
                log.warning("the database does not answer", error=type(error).__name__)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), AGAIN_S)

    async def _work(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        """Work until a signal comes, or until something is wrong with the database."""
        async with _jobs(self.app.settings.database_url).open_async() as jobs:
            crews = [self._crew(jobs, kinds, at_once) for kinds, at_once in self._at_once().items()]
            running = [asyncio.create_task(_run(crew)) for crew in crews]
            stopping = asyncio.create_task(stop.wait())
            ready()
            await asyncio.wait([*running, stopping], return_when=asyncio.FIRST_COMPLETED)
            if stop.is_set():
                self.app.works.stopping.set()
            stopping.cancel()
            for crew in crews:
                crew.stop()  # type: ignore[no-untyped-call]
            ended = await asyncio.gather(*running, return_exceptions=True)
        for how in ended:
            if isinstance(how, BaseException):
                raise how

    def _crew(self, jobs: Jobs, kinds: tuple[Kind, ...], at_once: int) -> Crew:
        files = (False, True) if self.has_files else (False,)
        silent_s = min(SILENT_S, self.app.settings.delivery.lease_s)
        return Crew(
            app=jobs,
            name=self.name,
            queues=[queue_of(kind, needs_files=needs) for kind in kinds for needs in files],
            concurrency=at_once,
            delete_jobs="always",
            fetch_job_polling_interval=ROUND_S,
            shutdown_graceful_timeout=GRACE_S,
            update_heartbeat_interval=silent_s / 3,
            stalled_worker_timeout=silent_s,
            install_signal_handlers=False,
            additional_context={"lanes": self.app.lanes},
        )


def check_files(app: App) -> None:
    """Refuse to work where the frozen bytes are not: each delivery would fail for good."""
    with app.database.reads() as session:
        newest = select(FrozenRendition.body_digest).order_by(FrozenRendition.id.desc()).limit(1)
        digest = session.scalar(newest)
    if digest is not None and not app.media.path(digest).exists():
        raise ConfigError(
            f"{app.media.folder} 不是这个安装的文件：数据库里最新的渠道稿不在其中。"
            "请把各台机器的 data/media 挂到同一处"
        )


async def _run(crew: Crew) -> None:
    await crew.run()  # type: ignore[no-untyped-call]


def _jobs(database_url: str) -> Jobs:
    """Return Procrastinate's own app, with connections of its own to the ledger's database."""
    address = make_url(database_url).set(drivername="postgresql")
    settings = {name: value for name, value in POSTGRES.items() if name not in address.query}
    connector = PsycopgConnector(
        conninfo=address.render_as_string(hide_password=False),
        kwargs=settings,
        min_size=1,
        max_size=CONNECTIONS,
        timeout=REACH_S,
    )
    jobs = Jobs(connector=connector)
    jobs.task(name=TASK, pass_context=True)(work)
    return jobs


async def work(context: JobContext, *, kind: str, place: str) -> None:
    """Do the work of one lane, and end with it, or when it is given up."""
    lanes: Lanes = context.additional_context["lanes"]
    await _set(lanes.begin(Work(Kind(kind), place)))


async def _set(event: threading.Event) -> None:
    """Wait for an event of threads; a thread of its own, as many may hang for minutes."""
    loop = asyncio.get_running_loop()
    seen = asyncio.Event()

    def watch() -> None:
        event.wait()
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(seen.set)

    threading.Thread(target=watch, daemon=True).start()
    await seen.wait()
