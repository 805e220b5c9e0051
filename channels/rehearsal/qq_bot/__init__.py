"""A practice bot of the official QQ platform, below `/qq_bot`.

API: bot.q.qq.com/wiki, token, messages to groups and their recall; the errors as users report them.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.responses import JSONResponse, Response

from channels.rehearsal import records
from channels.rehearsal.faults import COMMON, Fault, Faults
from channels.rehearsal.line import Call, Line
from channels.rehearsal.qq_bot import events, groups, messages, tokens
from channels.rehearsal.qq_bot.desk import Desk, Refusal, Settings
from channels.rehearsal.records import Records

SCHEMA = tokens.SCHEMA + groups.SCHEMA + messages.SCHEMA + events.SCHEMA
TOKEN, UNKNOWN = "getAppAccessToken", "unknown"
PATHS = {  # below the outlet, with its variable parts
    "app/getAppAccessToken": TOKEN,
    "v2/groups/([^/]+)/messages": "messages",
    "v2/groups/([^/]+)/messages/([^/]+)": "recall",
}
METHODS = {TOKEN: "POST", "messages": "POST", "recall": "DELETE"}
CALLS: dict[str, Callable[[Desk], Any]] = {
    TOKEN: tokens.give,
    "messages": messages.send,
    "recall": messages.recall,
}
ACTS: dict[str, tuple[dict[str, bool], str]] = {  # what changes, and what the platform tells
    "add": ({"is_in": True}, "GROUP_ADD_ROBOT"),
    "remove": ({"is_in": False}, "GROUP_DEL_ROBOT"),
    "allow": ({"may_push": True}, "GROUP_MSG_RECEIVE"),
    "forbid": ({"may_push": False}, "GROUP_MSG_REJECT"),
    "speak": ({}, "GROUP_AT_MESSAGE_CREATE"),
    "mute": ({"is_muted": True}, ""),
    "unmute": ({"is_muted": False}, ""),
}


class QQBot:
    """The practice bot; its records are below `folder`."""

    name = "qq_bot"

    def __init__(self, folder: Path) -> None:
        self.records = Records(folder / "qq_bot.db", SCHEMA)
        self.faults = Faults(self.records, calls=frozenset(CALLS), kinds=COMMON)
        self.line = Line(self.faults, self.answer)

    def call_of(self, path: str) -> str | None:
        """Return the name of the call at a path below the outlet, None for a page."""
        if not path.startswith(("/app/", "/v2/")):
            return None
        return _found(path)[0]

    def answer(self, call: Call) -> Response:
        """Answer one call."""
        name, place = _found(call.path.removeprefix(f"/{self.name}"))
        if name == UNKNOWN or METHODS[name] != call.method:
            return _refusal(Refusal(404, "no such API", status=404))
        with self.records.transaction() as connection:
            settings = records.settings(connection, Settings)
            desk = Desk(
                said=_object(call.body),
                place=place,
                records=connection,
                settings=settings,
                now=time.time() + settings.clock_offset_s,
            )
            try:
                if name != TOKEN:
                    tokens.check(desk, call.headers.get("authorization", ""))
                if call.fault is not None and call.fault.kind == "code":
                    raise _asked(call.fault, name)
                payload = CALLS[name](desk)
            except Refusal as refusal:
                return _refusal(refusal)
        return Response(status_code=204) if payload is None else JSONResponse(payload)

    def visible(self) -> dict[str, Any]:
        """Return what the members of each group can see now."""
        with self.records.transaction() as connection:
            return {
                "messages": {
                    group["openid"]: [
                        {
                            "id": row["id"],
                            "text": row["text"],
                            "sent_at": datetime.fromtimestamp(row["sent_at"], UTC).isoformat(),
                        }
                        for row in messages.visible(connection, group["openid"])
                    ]
                    for group in groups.known(connection)
                }
            }

    def standing(self) -> list[dict[str, Any]]:
        """Return all groups, and how the bot stands in each."""
        with self.records.transaction() as connection:
            switches = ("is_in", "may_push", "is_muted")
            return [
                {"openid": row["openid"], "name": row["name"]}
                | {each: bool(row[each]) for each in switches}
                for row in groups.known(connection)
            ]

    def put_groups(self, wanted: Sequence[groups.Group]) -> None:
        """Make groups, or change how the bot stands in them, without an event."""
        with self.records.transaction() as connection:
            for group in wanted:
                groups.put(connection, group)

    def act(self, act: str, openid: str) -> None:
        """Let a group's owner or a member act; tell the bot of it. KeyError for another act."""
        changes, event = ACTS[act]
        self.put_groups([groups.Group.model_validate({"openid": openid, **changes})])
        if event:
            self._keep(events.tell(self.settings(), event, openid))

    def prove(self) -> None:
        """Ask the bot's address for its proof."""
        self._keep(events.prove(self.settings()))

    def _keep(self, told: events.Told | None) -> None:
        if told is not None:
            with self.records.transaction() as connection:
                events.keep(connection, told)

    def settings(self) -> Settings:
        """Return the settings of the bot."""
        with self.records.transaction() as connection:
            return records.settings(connection, Settings)

    def change(self, changes: dict[str, object]) -> Settings:
        """Change some settings; pydantic.ValidationError where one is wrong."""
        with self.records.transaction() as connection:
            return records.change(connection, Settings, changes)


def _found(path: str) -> tuple[str, tuple[str, ...]]:
    for pattern, name in PATHS.items():
        if match := re.fullmatch(pattern, path.strip("/")):
            return name, match.groups()
    return UNKNOWN, ()


def _object(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _asked(fault: Fault, name: str) -> Refusal:
    """Return the refusal that a fault asks for: a code, or an object with `status` and `code`."""
    asked = fault.value if isinstance(fault.value, dict) else {"code": fault.value}
    code, status = str(asked.get("code")), str(asked.get("status"))
    number = int(code) if re.fullmatch("[0-9]{1,9}", code) else 0
    usual = 200 if name == TOKEN else 400
    told = int(status) if re.fullmatch("[2-5][0-9]{2}", status) else usual
    return Refusal(number, str(asked.get("message", "")), status=told)


def _refusal(refusal: Refusal) -> Response:
    body = {
        "message": refusal.words,
        "code": refusal.code,
        "err_code": refusal.code,
        "trace_id": secrets.token_hex(16),
    }
    return JSONResponse(body, refusal.status)
