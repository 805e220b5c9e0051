"""A worker of Procrastinate that forgets no lane.

Three things are mended, by methods that Procrastinate 3 keeps to itself:

* A job whose worker died stays under way, and its lock closes the lane for ever. The documented
  remedy, to retry it, fails where a wake-up of the lane already waits (one waiting job a lane). It
  is deleted instead: the ticker wakes the lane again within a second.
* A job that waits behind the lock of its lane is fetched as soon as the lane is free, not at the
  next round.
* The side tasks are watched as long as the worker runs. Without periodic tasks the first of them
  ends at once, and that the heartbeat stopped would go unnoticed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection

import structlog
from procrastinate.exceptions import ConnectorException
from procrastinate.job_context import JobContext
from procrastinate.jobs import Status
from procrastinate.worker import Worker

log = structlog.get_logger()

SWEEP_S = 5.0


class Crew(Worker):
    """Works the lanes of some queues, several at once."""

    _forgotten: frozenset[int] = frozenset()  # ours in the table, but not at work, when last seen

    async def _periodic_deferrer(self) -> None:
        while True:
            await asyncio.sleep(min(SWEEP_S, self.stalled_worker_timeout / 3))
            await self._sweep()

    async def _sweep(self) -> None:
        """Delete the jobs of workers that died, and those of ours that got lost on the way."""
        jobs = self.app.job_manager
        silent_s = self.stalled_worker_timeout
        stalled = await jobs.get_stalled_jobs(seconds_since_heartbeat=silent_s)
        await jobs.prune_stalled_workers(silent_s)
        mine = await jobs.list_jobs_async(status="doing", worker_id=self.worker_id)
        at_work = {context.job.id for context in self._running_jobs.values()}
        forgotten = frozenset(job.id for job in mine if job.id and job.id not in at_work)
        await self._delete([job.id for job in stalled if job.id], because="its worker died")
        await self._delete(forgotten & self._forgotten, because="its fetch or end was lost")
        self._forgotten = forgotten

    async def _delete(self, ids: Collection[int], *, because: str) -> None:
        for job_id in ids:
            log.error("a lane is freed", job=job_id, because=because)
            with contextlib.suppress(ConnectorException):  # it ended meanwhile, or was deleted
                await self.app.job_manager.finish_job_by_id_async(
                    job_id, Status.FAILED, delete_job=True
                )

    async def _process_job(self, context: JobContext) -> None:
        try:
            await super()._process_job(context)
        finally:
            self._new_job_event.set()
