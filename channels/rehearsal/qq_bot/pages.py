"""The groups of the official bot as their members see them, and what their owners do."""

from __future__ import annotations

import json
from typing import Any

from pydantic import TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from channels.rehearsal import pages
from channels.rehearsal.origin import is_foreign
from channels.rehearsal.pages import HEADERS, Knob
from channels.rehearsal.qq_bot import ACTS, QQBot, events, groups, messages

KNOBS = (
    Knob(name="group_minute", label="每群每分钟最多几条", hint="真实平台是 20"),
    Knob(name="group_day", label="每群每天最多几条", hint="真实平台是 1000"),
)
GROUPS = TypeAdapter(list[groups.Group])


def routes(outlet: QQBot) -> list[Route]:
    """Return the pages of the groups, and the switches of programs."""
    view = _Pages(outlet)
    return [
        Route("/qq_bot/", view.index),
        Route("/qq_bot/groups/{openid}", view.group),
        Route("/qq_bot/groups/{openid}/acts", view.stand, methods=["POST"]),
        Route("/qq_bot/proof", view.prove, methods=["POST"]),
        Route("/qq_bot/_groups", view.groups, methods=["GET", "POST"]),
        Route("/qq_bot/_acts", view.acts, methods=["POST"]),
        *pages.switch_routes(outlet, knobs=KNOBS, again=view.index_with),
    ]


class _Pages:
    def __init__(self, outlet: QQBot) -> None:
        self._outlet = outlet

    async def index(self, request: Request) -> Response:
        return await run_in_threadpool(self.index_with, "")

    def index_with(self, error: str) -> Response:
        """Show the groups; `error` is what was wrong with a form, "" for nothing."""
        settings, seen = self._outlet.settings(), self._outlet.visible()["messages"]
        with self._outlet.records.transaction() as connection:
            told = [dict(row) for row in events.latest(connection)]
        found = [
            group | {"state": _state(group), "messages": seen[group["openid"]]}
            for group in self._outlet.standing()
        ]
        return pages.page(
            "qq_bot.html",
            status=400 if error else 200,
            error=error,
            settings=settings,
            groups=found,
            told=told,
            **pages.switches(self._outlet, KNOBS),
        )

    async def group(self, request: Request) -> Response:
        return await run_in_threadpool(self._group, request.path_params["openid"])

    def _group(self, openid: str) -> Response:
        settings = self._outlet.settings()
        with self._outlet.records.transaction() as connection:
            row = groups.row(connection, openid)
            if row is None:
                return pages.not_found()
            return pages.page(
                "bot_group.html",
                group=row,
                state=_state(dict(row)),
                settings=settings,
                messages=[dict(each) for each in messages.visible(connection, openid)],
            )

    async def stand(self, request: Request) -> Response:
        """Let the group's owner act, or a member speak to the bot."""
        if is_foreign(request):
            return pages.page("foreign.html", status=403)
        act, openid = (await pages.form_of(request)).get("act", ""), request.path_params["openid"]
        if act not in ACTS or not await run_in_threadpool(self._is_known, openid):
            return pages.not_found()
        await run_in_threadpool(self._outlet.act, act, openid)
        return RedirectResponse(f"/qq_bot/groups/{openid}", 303, headers=HEADERS)

    def _is_known(self, openid: str) -> bool:
        with self._outlet.records.transaction() as connection:
            return groups.row(connection, openid) is not None

    async def prove(self, request: Request) -> Response:
        """Ask the bot's address for its proof."""
        if is_foreign(request):
            return pages.page("foreign.html", status=403)
        await run_in_threadpool(self._outlet.prove)
        return RedirectResponse("/qq_bot/", 303, headers=HEADERS)

    async def groups(self, request: Request) -> Response:
        """Show or change how the bot stands, for programs; without an event."""
        if request.method == "POST":
            if is_foreign(request):
                return JSONResponse({"error": "这个请求来自别的网站"}, 403)
            try:
                wanted = GROUPS.validate_python(await _json(request))
            except (ValueError, ValidationError):
                return JSONResponse({"error": "请给出群的列表，每个有 openid"}, 400)
            await run_in_threadpool(self._outlet.put_groups, wanted)
        return JSONResponse(await run_in_threadpool(self._outlet.standing))

    async def acts(self, request: Request) -> Response:
        """Act as an owner or a member, for programs; the bot is told before this is answered."""
        if is_foreign(request):
            return JSONResponse({"error": "这个请求来自别的网站"}, 403)
        try:
            asked = await _json(request)
            act, openid = asked["act"], asked.get("openid", "")
            await run_in_threadpool(self._act, act, openid)
        except (ValueError, TypeError, KeyError, AttributeError):
            there_are = " ".join((*ACTS, "prove"))
            return JSONResponse({"error": f"请给出 act 和 openid；act 有：{there_are}"}, 400)
        with self._outlet.records.transaction() as connection:
            return JSONResponse([dict(row) for row in events.latest(connection)])

    def _act(self, act: str, openid: str) -> None:
        if act == "prove":
            self._outlet.prove()
        else:
            self._outlet.act(act, openid)


def _state(group: dict[str, Any]) -> str:
    if not group["is_in"]:
        return "不在群里"
    if not group["may_push"]:
        return "不许主动发言"
    return "被禁言" if group["is_muted"] else "可以发言"


async def _json(request: Request) -> Any:
    return json.loads(await request.body())
