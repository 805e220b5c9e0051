"""Targets: how each is, pausing, resuming, asking."""

from __future__ import annotations

from fastapi import APIRouter

from publisher import clock
from publisher.api import answers, shapes, telling
from publisher.api.people import Called, Caller
from publisher.schedule.places import places
from publisher.storage import queries
from publisher.workflow import rules
from publisher.workflow import targets as running

router = APIRouter(tags=["发布目标"])


@router.get("/targets", summary="各发布目标的状态")
def listed(caller: Called) -> answers.Targets:
    """Tell how every target is, as far as we know; nobody is asked."""
    return answers.Targets(targets=_told(caller, *caller.app.channels))


@router.post("/targets/{name}/pause", summary="暂停")
def pause(name: str, asked: shapes.Reason, caller: Called) -> answers.Target:
    """Send nothing more to a target; take-downs go on."""
    at, desk = clock.now(), caller.app.desk
    with caller.acting() as (session, by):
        running.check_target(desk, name)
        running.pause(session, desk, running.of_target(name), reason=asked.reason, by=by, at=at)
    return _told(caller, name)[0]


@router.post("/targets/{name}/resume", summary="恢复")
def resume(name: str, caller: Called) -> answers.Target:
    """Let deliveries go out again; what is due goes at once."""
    at, desk = clock.now(), caller.app.desk
    with caller.acting() as (session, by):
        running.resume(session, desk, running.of_target(name), by=by, at=at)
    caller.app.wake_due()
    return _told(caller, name)[0]


@router.post("/targets/{name}/check", summary="检查状态")
def check(name: str, caller: Called) -> answers.Target:
    """Ask a target how it is, now; waits for its answer."""
    with caller.acting() as (_, by):
        rules.require(rules.may(by, "run_targets"))
        running.check_target(caller.app.desk, name)
    caller.app.check(name)
    return _told(caller, name)[0]


def _told(caller: Caller, *names: str) -> list[answers.Target]:
    there = places(caller.app.channels)
    with caller.app.database.reads() as session:
        rows = queries.targets(session, {name: there[name] for name in names})
    return [telling.target(name, row, caller.app) for name, row in rows.items()]
