"""What people do at the account: push by hand, confirm as its administrator, delete; and what the
platform does: block. For pages and programs: `POST /wechat/_acts`.
"""

from __future__ import annotations

import json
import time
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from channels.rehearsal import pages, records
from channels.rehearsal.line import Call
from channels.rehearsal.origin import is_foreign
from channels.rehearsal.pages import HEADERS
from channels.rehearsal.wechat import (
    WeChat,
    callbacks,
    confirmation,
    publishing,
    pushes,
    sent,
)
from channels.rehearsal.wechat.desk import Desk, Refusal, Settings

WORDS = {
    "push_by_hand": "在后台手工群发一篇",
    "confirm": "管理员同意群发",
    "refuse": "管理员拒绝群发",
    "delete": "在后台删除",
    "block": "被平台屏蔽",
}
BY_HAND = {
    "title": "（手工群发）食堂一周菜谱",
    "author": "",
    "digest": "",
    "content": "<p>见食堂门口。</p>",
    "content_source_url": "",
    "thumb_url": "",
}
NOT_SO = "没有这个操作，或这次群发、发布现在不能这样做"


def routes(outlet: WeChat) -> list[Route]:
    """Return the switch for programs and the form for people."""

    async def act(request: Request) -> Response:
        if is_foreign(request):
            return JSONResponse({"error": "这个请求来自别的网站"}, 403)
        try:
            asked = json.loads(await request.body())
        except ValueError:
            asked = None
        done = await run_in_threadpool(do, outlet, asked) if isinstance(asked, dict) else None
        if done is None:
            there_are = "、".join(WORDS)
            return JSONResponse({"error": f"{NOT_SO}；act 可以是 {there_are}"}, 400)
        return JSONResponse(done)

    async def form(request: Request) -> Response:
        if is_foreign(request):
            return pages.page("foreign.html", status=403)
        asked = dict(await pages.form_of(request))
        await run_in_threadpool(do, outlet, asked)
        return RedirectResponse("/wechat/", 303, headers=HEADERS)

    return [
        Route("/wechat/_acts", act, methods=["POST"]),
        Route("/wechat/acts", form, methods=["POST"]),
    ]


def do(outlet: WeChat, asked: dict[str, Any]) -> dict[str, Any] | None:
    """Do what is asked and return the job it was about; None where it cannot be done."""
    act, job = str(asked.get("act", "")), str(asked.get("job") or "0")
    if act not in WORDS or not job.isdecimal() or len(job) > 18:
        return None
    events: list[callbacks.Event] = []
    with outlet.records.transaction() as connection:
        settings = records.settings(connection, Settings)
        now = time.time() + settings.clock_offset_s
        call = Call(
            name=f"_{act}", method="POST", query={}, headers=Headers(), body=b"", uploads={}
        )
        desk = Desk(call=call, records=connection, settings=settings, now=now, events=events)
        try:
            done = _ACTS[act](desk, int(job))
        except Refusal:
            return None
    callbacks.tell(outlet.records, settings, events)
    return {"job": done}


def _push_by_hand(desk: Desk, _job: int) -> int:
    pushes.check_allowance(desk, is_to_all=True)
    row = pushes.insert(desk, f"{pushes.BY_HAND}{time.time_ns()}", has_failed=False)
    sent.keep(desk, [BY_HAND], job=row["msg_id"], is_push=True, at=row["done_at"])
    confirmation.announce(desk, row["msg_id"], has_failed=False)
    return int(row["msg_id"])


def _confirm(desk: Desk, job: int) -> int:
    confirmation.decide(desk, job, is_confirmed=True)
    return job


def _refuse(desk: Desk, job: int) -> int:
    confirmation.decide(desk, job, is_confirmed=False)
    return job


def _delete(desk: Desk, job: int) -> int:
    if not sent.of_job(desk, job):
        raise Refusal(40059)
    sent.delete(desk, job)
    return job


def _block(desk: Desk, job: int) -> int:
    _delete(desk, job)
    publishing.block(desk, job)
    return job


_ACTS = {
    "push_by_hand": _push_by_hand,
    "confirm": _confirm,
    "refuse": _refuse,
    "delete": _delete,
    "block": _block,
}
