"""A practice WeChat Official Account: the calls of the API, below `/wechat`.

Every answer of the API has HTTP status 200, a refusal too.
API: developers.weixin.qq.com/doc/subscription/api/
"""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.responses import Response

from channels.rehearsal import records
from channels.rehearsal.faults import COMMON, Faults
from channels.rehearsal.line import Call, Line
from channels.rehearsal.records import Records
from channels.rehearsal.wechat import (
    callbacks,
    confirmation,
    drafts,
    media,
    publishing,
    pushes,
    quotas,
    sent,
    tokens,
)
from channels.rehearsal.wechat.desk import Desk, Refusal, Settings

Handler = Callable[[Desk, dict[str, Any]], dict[str, Any]]

SCHEMA = "".join(
    part.SCHEMA
    for part in (tokens, quotas, media, drafts, sent, pushes, confirmation, publishing, callbacks)
)
CALLBACK_ADDRESSES = ["203.0.113.20", "203.0.113.21"]
ESCAPE = re.compile(rb"(?<!\\)((?:\\\\)*)\\u(?!00[0-7][0-9A-Fa-f])([0-9A-Fa-f]{4})")
MAX_BODY_BYTES = 2 * 1024 * 1024  # of JSON
KINDS = COMMON | {
    "job_fails": "任务失败：已受理，最后群发或发布失败（参数可填 publish_status：2、3、4）"
}


def _callback_addresses(desk: Desk, request: dict[str, Any]) -> dict[str, Any]:
    return {"ip_list": CALLBACK_ADDRESSES}


GET_CALLS: dict[str, Handler] = {
    "token": tokens.token,
    "material/get_materialcount": media.count,
    "draft/count": drafts.count,
    "getcallbackip": _callback_addresses,
}
POST_CALLS: dict[str, Handler] = {
    "stable_token": tokens.stable_token,
    "media/uploadimg": media.uploadimg,
    "media/upload": media.upload,
    "material/add_material": media.add_material,
    "material/del_material": media.delete,
    "material/batchget_material": media.batchget,
    "draft/add": drafts.add,
    "draft/update": drafts.update,
    "draft/get": drafts.get,
    "draft/delete": drafts.delete,
    "draft/batchget": drafts.batchget,
    "message/mass/sendall": pushes.sendall,
    "message/mass/send": pushes.send,
    "message/mass/preview": pushes.preview,
    "message/mass/get": pushes.get,
    "message/mass/delete": pushes.delete,
    "freepublish/submit": publishing.submit,
    "freepublish/get": publishing.get,
    "freepublish/delete": publishing.delete,
    "freepublish/batchget": publishing.batchget,
    "freepublish/getarticle": publishing.getarticle,
    "openapi/quota/get": quotas.quota,
    "clear_quota": quotas.clear,
    "datacube/getarticletotaldetail": pushes.totals,
}
CALLS = frozenset(GET_CALLS | POST_CALLS)
UPLOADS = {"media/uploadimg", "media/upload", "material/add_material"}
WITHOUT_TOKEN = {"token", "stable_token"}
CERTIFIED_ONLY = ("message/mass/", "freepublish/")
# the platform sometimes labels JSON so; a caller that trusts the label reads mojibake
LABELLED_AS_TEXT = {"draft/get", "draft/batchget", "freepublish/getarticle", "freepublish/batchget"}


class WeChat:
    """The practice account; its records are below `folder`."""

    name = "wechat"

    def __init__(self, folder: Path) -> None:
        self.records = Records(folder / "wechat.db", SCHEMA)
        self.faults = Faults(self.records, calls=CALLS, kinds=KINDS)
        self.line = Line(self.faults, self.answer)

    def call_of(self, path: str) -> str | None:
        """Return the name of the call at a path below the outlet, None for a page."""
        if path.startswith("/cgi-bin/"):
            return path.removeprefix("/cgi-bin/")
        return path[1:] if path.startswith("/datacube/") else None

    def answer(self, call: Call) -> Response:
        """Answer one call of the API."""
        with self.records.transaction() as connection:
            settings = records.settings(connection, Settings)
            now = time.time() + settings.clock_offset_s
            sent.settle(connection, now)
            desk = Desk(call=call, records=connection, settings=settings, now=now)
            confirmation.settle(desk)
            try:
                body = _handled(desk)
            except Refusal as refusal:
                body = refusal.body
        callbacks.tell(self.records, settings, desk.events)
        is_text = call.name in LABELLED_AS_TEXT
        media_type = "text/plain" if is_text else "application/json; encoding=utf-8"
        content = json.dumps(body, ensure_ascii=False).encode()
        return Response(content, headers={"content-type": media_type})

    def visible(self) -> dict[str, Any]:
        """Return what readers can see now, newest first; deleted articles have no content."""
        with self.records.transaction() as connection:
            now = time.time() + records.settings(connection, Settings).clock_offset_s
            return {"articles": [_seen(row) for row in sent.visible(connection, now)]}

    def settings(self) -> Settings:
        """Return the settings of the account."""
        with self.records.transaction() as connection:
            return records.settings(connection, Settings)

    def change(self, changes: dict[str, object]) -> Settings:
        """Change some settings; pydantic.ValidationError where one is wrong."""
        with self.records.transaction() as connection:
            return records.change(connection, Settings, changes)


def _seen(row: sqlite3.Row) -> dict[str, Any]:
    article, is_deleted = sent.article(row), row["deleted_at"] is not None
    return {
        "kind": "push" if row["is_push"] else "link",
        "msg_id": row["job"] if row["is_push"] else None,
        "publish_id": None if row["is_push"] else row["job"],
        "idx": row["idx"],
        "title": article["title"],
        "author": article["author"],
        "digest": article["digest"],
        "content": "" if is_deleted else article["content"],
        "source_url": article["content_source_url"],
        "cover": article["thumb_url"],
        "url": sent.url(row),
        "page": f"/wechat/s/{row['token']}",
        "is_deleted": is_deleted,
        "sent_at": datetime.fromtimestamp(row["visible_at"], UTC).isoformat(),
    }


def _handled(desk: Desk) -> dict[str, Any]:
    """Check in the platform's order: method, token, right, quota, body, fields."""
    name = desk.call.name
    if name not in CALLS:
        raise Refusal(40066)
    _check_method(desk.call)
    if name not in WITHOUT_TOKEN:
        tokens.check(desk)
    if name.startswith(CERTIFIED_ONLY) and not desk.settings.is_certified:
        raise Refusal(48001)
    quotas.count(desk)
    if desk.call.fault and desk.call.fault.kind == "code":
        raise _asked_refusal(desk.call.fault.value)
    request = _request(desk) if name in POST_CALLS and name not in UPLOADS else {}
    return (GET_CALLS | POST_CALLS)[name](desk, request)


def _check_method(call: Call) -> None:
    if call.name in GET_CALLS and call.method != "GET":
        raise Refusal(43001)
    if call.name in POST_CALLS and call.method != "POST":
        raise Refusal(43002)


def _request(desk: Desk) -> dict[str, Any]:
    """Return the JSON object of the body, in which an escape stands as the six characters it has.

    The platform does not undo escapes of Chinese characters: they count six each, and people see
    them. A strict account refuses them, so that nobody finds out later.
    """
    body = desk.call.body
    if not body:
        raise Refusal(44002)
    if len(body) > MAX_BODY_BYTES:
        raise Refusal(45002)
    if desk.settings.is_strict and ESCAPE.search(body):
        raise Refusal(47001, "data format error: send characters as UTF-8, not as \\u escapes")
    try:
        request = json.loads(ESCAPE.sub(rb"\1\\\\u\2", body).decode())
    except ValueError:
        raise Refusal(47001) from None
    if not isinstance(request, dict):
        raise Refusal(47001)
    return request


def _asked_refusal(value: object) -> Refusal:
    """Return the refusal that a fault asks for: an errcode, or an object with one."""
    if isinstance(value, dict):
        extra = {key: each for key, each in value.items() if key not in ("errcode", "errmsg")}
        return Refusal(_code(value.get("errcode")), str(value.get("errmsg", "")), **extra)
    return Refusal(_code(value))


def _code(value: object) -> int:
    return int(str(value)) if re.fullmatch("-?[0-9]{1,9}", str(value)) else -1
