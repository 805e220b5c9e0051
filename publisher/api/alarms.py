"""Alarms: what is wrong now and needs a person, and what was."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from publisher.api import answers, telling
from publisher.api.people import Called
from publisher.storage import vitals

router = APIRouter(tags=["告警"])


@router.get("/alarms", summary="告警")
def listed(
    caller: Called, past: Annotated[int, Query(ge=0, le=200, description="已结束的最多几条")] = 0
) -> answers.Alarms:
    """List the alarms that are open, and some that are over."""
    with caller.app.database.reads() as session:
        found = vitals.open_alarms(session) + vitals.past_alarms(session, limit=past)
        return answers.Alarms(alarms=[telling.alarm(one) for one in found])
