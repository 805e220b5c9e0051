"""How the bot stands in its groups, for programs: `/onebot/_groups`."""

from __future__ import annotations

import json
from typing import Any

from pydantic import TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from channels.rehearsal.onebot import OneBot
from channels.rehearsal.onebot.groups import Group
from channels.rehearsal.origin import is_foreign

GROUPS = TypeAdapter(list[Group])


def routes(outlet: OneBot) -> list[Route]:
    """Return the switch of the groups."""

    async def groups(request: Request) -> Response:
        if request.method == "POST":
            if is_foreign(request):
                return JSONResponse({"error": "这个请求来自别的网站"}, 403)
            try:
                wanted = GROUPS.validate_python(await _json(request))
            except (ValueError, ValidationError):
                return JSONResponse({"error": "请给出群的列表，每个有 group_id"}, 400)
            await run_in_threadpool(outlet.put_groups, wanted)
        return JSONResponse(await run_in_threadpool(outlet.standing))

    return [Route("/onebot/_groups", groups, methods=["GET", "POST"])]


async def _json(request: Request) -> Any:
    return json.loads(await request.body())
