"""The groups as their members see them."""

from __future__ import annotations

import sqlite3
import time
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from channels.rehearsal import pages, pictures, records
from channels.rehearsal.onebot import OneBot, groups, messages, notices
from channels.rehearsal.onebot.desk import Settings
from channels.rehearsal.origin import is_foreign
from channels.rehearsal.pages import HEADERS, Knob

KNOBS = (
    Knob(
        name="profile",
        label="模仿哪种实现",
        choices=(
            ("napcat", "NapCat（最常用）"),
            ("llbot", "LLBot"),
            ("snowluma", "SnowLuma"),
            ("lagrange", "Lagrange.OneBot（已停用）"),
            ("gocq", "go-cqhttp（已停用）"),
        ),
    ),
    Knob(name="notice_delay_s", label="公告出现耗时（秒）", hint="从回答成功到列表里能看到"),
)
ACTS: dict[str, dict[str, object]] = {
    "mute": {"is_muted": True},
    "unmute": {"is_muted": False},
    "throw_out": {"is_in": False},
    "take_in": {"is_in": True},
    "promote": {"role": "admin"},
    "demote": {"role": "member"},
}
ROLES = {"owner": "群主", "admin": "管理员", "member": "普通成员"}


def routes(outlet: OneBot) -> list[Route]:
    """Return the pages of the practice groups."""
    view = _Pages(outlet)
    return [
        Route("/onebot/", view.index),
        Route("/onebot/groups/{group_id}", view.group),
        Route("/onebot/groups/{group_id:int}/receipts", view.acknowledge, methods=["POST"]),
        Route("/onebot/groups/{group_id:int}/standing", view.stand, methods=["POST"]),
        Route("/onebot/pictures/{picture}", view.picture),
        *pages.switch_routes(outlet, knobs=KNOBS, again=view.index_with),
    ]


class _Pages:
    def __init__(self, outlet: OneBot) -> None:
        self._outlet = outlet

    async def index(self, request: Request) -> Response:
        return await run_in_threadpool(self.index_with, "")

    def index_with(self, error: str) -> Response:
        """Show the groups; `error` is what was wrong with a form, "" for nothing."""
        with self._outlet.records.transaction() as connection:
            settings = records.settings(connection, Settings)
            now = time.time() + settings.clock_offset_s
            found = [_summary(connection, row, now=now) for row in groups.known(connection)]
        return pages.page(
            "onebot.html",
            status=400 if error else 200,
            error=error,
            settings=settings,
            groups=found,
            **pages.switches(self._outlet, KNOBS),
        )

    async def group(self, request: Request) -> Response:
        return await run_in_threadpool(self._group, request.path_params["group_id"])

    def _group(self, group_id: str) -> Response:
        with self._outlet.records.transaction() as connection:
            row = groups.row(connection, group_id)
            if row is None:
                return pages.not_found()
            settings = records.settings(connection, Settings)
            now = time.time() + settings.clock_offset_s
            return pages.page(
                "group.html",
                group=row,
                settings=settings,
                notices=[_notice(each) for each in notices.visible(connection, group_id, now=now)],
                messages=[
                    {"text": messages.words(each), "at": each["sent_at"]}
                    for each in messages.visible(connection, group_id)
                ],
            )

    async def acknowledge(self, request: Request) -> Response:
        if is_foreign(request):
            return pages.page("foreign.html", status=403)
        notice_id = (await pages.form_of(request)).get("notice_id", "")
        await run_in_threadpool(self._acknowledge, notice_id)
        group_id = request.path_params["group_id"]
        return RedirectResponse(f"/onebot/groups/{group_id}", 303, headers=HEADERS)

    def _acknowledge(self, notice_id: str) -> None:
        with self._outlet.records.transaction() as connection:
            notices.acknowledge(connection, notice_id)

    async def stand(self, request: Request) -> Response:
        """Let the group's owner act: mute the bot, throw it out, or take that back."""
        if is_foreign(request):
            return pages.page("foreign.html", status=403)
        group_id = int(request.path_params["group_id"])
        act = ACTS.get((await pages.form_of(request)).get("act", ""))
        if act is None:
            return pages.not_found()
        await run_in_threadpool(
            self._outlet.put_groups, [groups.Group(group_id=group_id).model_copy(update=act)]
        )
        return RedirectResponse(f"/onebot/groups/{group_id}", 303, headers=HEADERS)

    async def picture(self, request: Request) -> Response:
        found = await run_in_threadpool(self._file, request.path_params["picture"])
        if found is None:
            return pages.not_found()
        return Response(found, media_type=pictures.media_type(found), headers=HEADERS)

    def _file(self, picture: str) -> bytes | None:
        with self._outlet.records.transaction() as connection:
            return notices.picture(connection, picture)


def _summary(connection: sqlite3.Connection, row: sqlite3.Row, *, now: float) -> dict[str, Any]:
    latest = notices.visible(connection, row["group_id"], now=now)
    return {
        "group_id": row["group_id"],
        "name": row["name"],
        "member_count": row["member_count"],
        "role": _standing(row),
        "latest": latest[0]["text"].split("\n")[0][:40] if latest else "还没有公告",
        "notices": len(latest),
    }


def _standing(row: sqlite3.Row) -> str:
    if not row["is_in"]:
        return "不在群里"
    return "被禁言" if row["is_muted"] else ROLES[row["role"]]


def _notice(row: sqlite3.Row) -> dict[str, Any]:
    names = ("notice_id", "text", "pinned", "confirm_required", "popup", "to_new_members")
    picture = f"/onebot/pictures/{row['picture']}" if row["picture"] else ""
    return {name: row[name] for name in names} | {
        "picture": picture,
        "at": row["published_at"],
        "read_num": row["read_num"],
    }
