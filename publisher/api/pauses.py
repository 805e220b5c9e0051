"""Pauses: of everything, of a channel, of a target. What goes out waits; take-downs go on."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from publisher import clock
from publisher.api import answers, shapes, telling
from publisher.api.people import Called
from publisher.storage import queries
from publisher.workflow import targets as running

router = APIRouter(tags=["暂停"])

Scope = Annotated[str, Path(max_length=64, description="everything、channel:渠道 或 target:目标")]


@router.get("/pauses", summary="现有的暂停")
def listed(caller: Called) -> answers.Pauses:
    """List what is paused, by whom and why."""
    with caller.app.database.reads() as session:
        return answers.Pauses(pauses=[telling.pause(one) for one in queries.pauses(session)])


@router.post("/pauses", status_code=201, summary="暂停")
def pause(asked: shapes.NewPause, caller: Called) -> answers.Pause:
    """Send nothing more within a scope; what is paused already keeps its reason."""
    at, desk = clock.now(), caller.app.desk
    with caller.acting() as (session, by):
        made = running.pause(session, desk, asked.scope, reason=asked.reason, by=by, at=at)
        return telling.pause(made)


@router.delete("/pauses/{scope}", status_code=204, summary="恢复")
def resume(scope: Scope, caller: Called) -> Response:
    """Let deliveries go out again; what is due goes at once, unless another pause holds it."""
    at, desk = clock.now(), caller.app.desk
    with caller.acting() as (session, by):
        running.resume(session, desk, scope, by=by, at=at)
    caller.app.wake_due()
    return Response(status_code=204)
