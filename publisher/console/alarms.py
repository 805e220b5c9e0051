"""Alarms: what is wrong now, and what was."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from publisher.console.visitor import Look, Signed
from publisher.storage import vitals

router = APIRouter()

MOST = 100  # past ones


@router.get("/alarms")
def listed(visitor: Signed) -> Response:
    """List what is wrong now, and below it what is over."""
    with visitor.looking() as look:
        return look.page("alarms/list.html", **_facts(look))


@router.get("/alarms/live")
def listed_live(visitor: Signed) -> Response:
    """Give what may have changed on the page since."""
    with visitor.looking() as look:
        return look.page("alarms/list_live.html", **_facts(look))


def _facts(look: Look) -> dict[str, Any]:
    return {
        "open": vitals.open_alarms(look.session),
        "past": vitals.past_alarms(look.session, limit=MOST),
        "most": MOST,
    }
