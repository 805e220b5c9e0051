"""Switches for programs: faults, settings, and what is visible, as JSON below each outlet."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import Any

from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from channels.rehearsal.faults import UnknownFaultError
from channels.rehearsal.origin import is_foreign
from channels.rehearsal.outlet import Outlet


def routes(outlet: Outlet) -> list[Route]:
    """Return the switches of one outlet."""
    control = _Control(outlet)
    return [
        Route(f"/{outlet.name}/_faults", control.faults, methods=["GET", "POST", "DELETE"]),
        Route(f"/{outlet.name}/_settings", control.settings, methods=["GET", "POST"]),
        Route(f"/{outlet.name}/_visible", control.visible),
    ]


SECRETS = {
    "secret",
    "client_secret",
    "password",
    "sdk_key",
    "token",
    "callback_token",
    "callback_aes_key",
}


class _Control:
    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet

    async def faults(self, request: Request) -> Response:
        faults = self._outlet.faults
        if request.method == "DELETE":
            await run_in_threadpool(faults.clear)
        if request.method == "POST":
            if is_foreign(request):
                return _refused("这个请求来自别的网站", 403)
            asked = await _json_object(request)
            if asked is None or not {"call", "fault"} <= asked.keys():
                return _refused("请给出 JSON：call、fault，可另加 times、value")
            try:
                await run_in_threadpool(
                    faults.add,
                    str(asked["call"]),
                    str(asked["fault"]),
                    times=_times(asked.get("times", 1)),
                    value=asked.get("value"),
                )
            except UnknownFaultError as error:
                return _refused(str(error))
        active = await run_in_threadpool(faults.active)
        return JSONResponse([asdict(fault) for fault in active])

    async def settings(self, request: Request) -> Response:
        if request.method == "POST":
            if is_foreign(request):
                return _refused("这个请求来自别的网站", 403)
            changes = await _json_object(request)
            if changes is None:
                return _refused("请给出 JSON 对象")
            try:
                await run_in_threadpool(self._outlet.change, changes)
            except ValidationError as error:
                wrong = "、".join(str(each["loc"][0]) for each in error.errors())
                return _refused(f"这些设置不对：{wrong}")
        settings = await run_in_threadpool(self._outlet.settings)
        return JSONResponse(settings.model_dump(exclude=SECRETS))

    async def visible(self, request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(self._outlet.visible))


def _refused(sentence: str, status: int = 400) -> Response:
    return JSONResponse({"error": sentence}, status)


def _times(value: object) -> int | None:
    if value is None:
        return None
    return int(str(value)) if re.fullmatch("[0-9]{1,9}", str(value)) else 0


async def _json_object(request: Request) -> dict[str, Any] | None:
    try:
        value = json.loads(await request.body())
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
