"""The line between a caller and a practice outlet, which can be cut on purpose.

It stands directly below the server: only there can the socket be reached, and only a closed socket
shows a caller what a lost answer is.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Message, Receive, Scope, Send

from channels.rehearsal.faults import Fault, Faults

DEFAULT_SLOW_S = 5.0
GATEWAY_PAGE = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
STRANGE_PAGE = "<!DOCTYPE html><html><body>网络认证：请先登录校园网</body></html>"
NEVER_HAPPENS = {"cut_before", "error_5xx_before"}
HAPPENS_IF_ASKED = {"empty_200", "html_200"}
CUTS = {"cut_before", "lost_answer"}


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file of a multipart body."""

    name: str  # as the caller calls it
    file: bytes


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request, read to its end."""

    name: str  # "message/mass/sendall", "_send_group_notice"
    method: str
    query: Mapping[str, str]
    headers: Headers
    body: bytes
    uploads: Mapping[str, Upload]  # by field name
    fault: Fault | None = None  # one that the outlet itself acts out
    path: str = ""  # of the whole address: "/wechat/cgi-bin/draft/add"


class Line:
    """Carries calls to an outlet; does to them what its faults ask for.

    `answer` is called in a thread; None from it means: hang up without a word.
    """

    def __init__(self, faults: Faults, answer: Callable[[Call], Response | None]) -> None:
        self._faults, self._answer = faults, answer

    async def carry(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry the call of that name."""
        fault = await run_in_threadpool(self._faults.take, name)
        kind = fault.kind if fault else ""
        if kind == "refuse" and not _status(fault):
            await cut(receive, send)
            return
        if kind == "refuse":
            await HTMLResponse(GATEWAY_PAGE, _status(fault))(scope, receive, send)
            return
        call = await _read(name, scope, receive, fault=fault)
        response = await self._response(call) if _happens(fault) else None
        if kind == "slow":
            await asyncio.sleep(float(fault.value or DEFAULT_SLOW_S) if fault else 0)
        response = _instead(fault) if kind in INSTEAD else response
        if response is None:
            await cut(receive, send)
        else:
            await response(scope, receive, send)

    async def _response(self, call: Call) -> Response | None:
        return await run_in_threadpool(self._answer, call)


async def cut(receive: Receive, send: Send) -> None:
    """Close the connection without an answer.

    uvicorn's `send` is a method of an object that holds the socket's transport. Where another
    server hides it, an answer is begun and never finished: the caller sees a broken line too.
    """
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        headers = [(b"content-length", b"1000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        return
    transport.abort()
    # the server learns of it through its event loop; an earlier return would be logged as a fault
    while (await receive())["type"] != "http.disconnect":
        continue


def _status(fault: Fault | None, default: int = 0) -> int:
    """Return the HTTP status that a fault asks for: 400 to 599."""
    asked = str(fault.value) if fault else ""
    return int(asked) if re.fullmatch("[45][0-9]{2}", asked) else default


def _happens(fault: Fault | None) -> bool:
    if fault is None:
        return True
    if fault.kind in HAPPENS_IF_ASKED:
        return fault.has_effect
    return fault.kind not in NEVER_HAPPENS


INSTEAD: Mapping[str, Callable[[Fault], Response | None]] = {
    "cut_before": lambda fault: None,
    "lost_answer": lambda fault: None,
    "error_5xx_before": lambda fault: HTMLResponse(GATEWAY_PAGE, _status(fault, 502)),
    "error_5xx_after": lambda fault: HTMLResponse(GATEWAY_PAGE, _status(fault, 502)),
    "empty_200": lambda fault: Response(b""),
    "html_200": lambda fault: HTMLResponse(STRANGE_PAGE),
}


def _instead(fault: Fault | None) -> Response | None:
    return INSTEAD[fault.kind](fault) if fault else None


async def _read(name: str, scope: Scope, receive: Receive, *, fault: Fault | None) -> Call:
    """Return the call with its whole body."""
    request = Request(scope, receive)
    body = await request.body()
    return Call(
        name=name,
        method=request.method,
        query=dict(parse_qsl(request.url.query, keep_blank_values=True)),
        headers=request.headers,
        body=body,
        uploads=await _uploads(scope, body),
        fault=fault,
        path=request.url.path,
    )


async def _uploads(scope: Scope, body: bytes) -> dict[str, Upload]:
    """Return the files of a multipart body; one that cannot be read has none."""

    async def again() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    request = Request(scope, again)
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return {}
    try:
        async with request.form() as form:
            return {
                field: Upload(name=value.filename or "", file=await value.read())
                for field, value in form.items()
                if isinstance(value, UploadFile)
            }
    except MultiPartException:
        return {}
