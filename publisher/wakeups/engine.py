"""Wakes lanes elsewhere: one job of Procrastinate a lane, which carries nothing but its name.

A job is put in at the moment it is wanted, never ahead, and in no transaction of the ledger: one
that holds the key of a lane makes everybody wait who would wake that lane. What is lost in between
the ticker finds within a second.
"""

from __future__ import annotations

from typing import Any

import structlog
from procrastinate import App, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from publisher.channel import Channel
from publisher.delivery.engine import Kind, Work
from publisher.delivery.works import Works

log = structlog.get_logger()

TASK = "publisher.work"
PRIORITY = {Kind.TAKE_DOWN: 30, Kind.SEND: 20, Kind.LOOK: 10, Kind.CHECK: 0}  # the highest first
WAITS = text("SELECT 1 FROM procrastinate_jobs WHERE queueing_lock = :lane AND status = 'todo'")


def queue_of(kind: Kind, *, needs_files: bool) -> str:
    """Return the queue of a kind of work; what needs a target's files has one of its own."""
    return f"{kind} with files" if needs_files else str(kind)


def keeps_files(channel: Channel | None) -> bool:
    """Say whether a target has files of its own below data/targets/, on one machine."""
    return hasattr(channel, "folder")


class Wakeups:
    """Brings wake-ups to the workers of an installation; nothing is done in this process."""

    def __init__(self, works: Works) -> None:
        self._works = works
        engine = works.database.engine
        self._connections = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._jobs = App(connector=SyncPsycopgConnector())  # never opened: connections are ours

    def wake(self, work: Work) -> None:
        """Have a worker do this work; does nothing where one is already called for."""
        try:
            with self._connections.connect() as connection:
                # asked first: a refusal is an error in the server's log, each second a lane
                if connection.scalar(WAITS, {"lane": work.name}) is None:
                    self._defer(connection, work)
        except AlreadyEnqueued:
            return
        except (ConnectorException, SQLAlchemyError) as error:
            log.warning("a wake-up was lost", lane=work.name, error=type(error).__name__)

    def _defer(self, connection: Connection, work: Work) -> None:
        driver: Any = connection.connection.driver_connection
        job = self._jobs.configure_task(
            TASK,
            lock=work.name,
            queueing_lock=work.name,
            queue=queue_of(work.kind, needs_files=self._needs_files(work)),
            priority=PRIORITY[work.kind],
            connection=driver,
        )
        job.defer(kind=str(work.kind), place=work.place)

    def _needs_files(self, work: Work) -> bool:
        if work.kind is not Kind.SEND:
            return keeps_files(self._works.channels.get(work.place))
        targets = self._works.targets_of(work.place)
        return any(keeps_files(self._works.channels[name]) for name in targets)

    def busy(self) -> tuple[str, ...]:
        """Return nothing: no lane is at work here."""
        return ()

    def rest(self, timeout_s: float) -> bool:
        """Return at once: there is nothing to wait for."""
        return True

    def close(self) -> None:
        """Do nothing: what is woken is woken for others."""
