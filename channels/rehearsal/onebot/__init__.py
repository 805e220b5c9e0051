"""A practice QQ account behind OneBot v11 over HTTP, below `/onebot`.

API: github.com/botuniverse/onebot-11 (communication/http.md), and the sources of five
implementations for the actions that the standard does not have.
"""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from starlette.responses import Response

from channels.rehearsal import records
from channels.rehearsal.faults import COMMON, Fault, Faults
from channels.rehearsal.line import Call, Line
from channels.rehearsal.onebot import groups, messages, notices
from channels.rehearsal.onebot.desk import Desk, Settings
from channels.rehearsal.onebot.personalities import PERSONALITIES
from channels.rehearsal.onebot.personality import Failure, Personality
from channels.rehearsal.records import Records

SCHEMA = groups.SCHEMA + notices.SCHEMA + messages.SCHEMA
KINDS = COMMON | {
    "offline": "掉线：QQ 账号离线，发送超时或提示未登录",
    "kicked": "被移出群（参数：群号；不填则所有群）",
    "false_ok": "假成功：回答成功，公告其实没有出现",
    "timeout_nt": "结果不明：回答 Timeout: NTEvent（参数填 effect 则其实已生效）",
}
ACTIONS: dict[str, Callable[[Desk], Any]] = {
    "_send_group_notice": notices.send,
    "_get_group_notice": notices.listed,
    "_del_group_notice": notices.delete,
    "_delete_group_notice": notices.delete,
    "get_group_list": groups.all_of,
    "get_group_member_info": groups.member,
    "get_login_info": groups.login,
    "get_status": groups.status,
    "get_version_info": groups.version,
    "send_group_msg": messages.send,
    "delete_msg": messages.delete,
    "get_group_at_all_remain": messages.at_all,
}
DELETIONS = {"_del_group_notice", "_delete_group_notice"}
PAGES = {"", "groups", "pictures", "settings", "faults"}
SWITCHES = {"_faults", "_visible", "_settings", "_groups"}


class OneBot:
    """The practice account; its records are below `folder`."""

    name = "onebot"

    def __init__(self, folder: Path) -> None:
        self.records = Records(folder / "onebot.db", SCHEMA)
        self.faults = Faults(self.records, calls=frozenset(ACTIONS), kinds=KINDS)
        self.line = Line(self.faults, self.answer)

    def call_of(self, path: str) -> str | None:
        """Return the name of the action at a path below the outlet, None for a page."""
        action = path.strip("/")
        is_page = action.split("/")[0] in PAGES or action in SWITCHES
        return None if is_page else action

    def answer(self, call: Call) -> Response | None:
        """Answer one action; None: hang up."""
        with self.records.transaction() as connection:
            settings = records.settings(connection, Settings)
            who = PERSONALITIES[settings.profile]
            if who.max_body_bytes is not None and len(call.body) > who.max_body_bytes:
                return None
            given = _token(call, who)
            if given != settings.token:
                return who.unauthorized(is_missing=not given)
            try:
                parameters = _parameters(call, who)
            except _BrokenBodyError as broken:
                return broken.answer
            desk = Desk(
                parameters=parameters,
                records=connection,
                settings=settings,
                personality=who,
                now=time.time() + settings.clock_offset_s,
                fault=call.fault,
            )
            return _answer(desk, call.name)

    def visible(self) -> dict[str, Any]:
        """Return what the members of each group can see now."""
        with self.records.transaction() as connection:
            now = time.time() + records.settings(connection, Settings).clock_offset_s
            found = [row["group_id"] for row in groups.known(connection)]
            return {
                "notices": {
                    each: [_notice(row) for row in notices.visible(connection, each, now=now)]
                    for each in found
                },
                "messages": {
                    each: [_message(row) for row in messages.visible(connection, each)]
                    for each in found
                },
            }

    def standing(self) -> list[dict[str, Any]]:
        """Return all groups, and how the bot stands in each."""
        with self.records.transaction() as connection:
            return [
                {
                    "group_id": int(row["group_id"]),
                    "name": row["name"],
                    "role": row["role"],
                    "is_muted": bool(row["is_muted"]),
                    "is_in": bool(row["is_in"]),
                }
                for row in groups.known(connection)
            ]

    def put_groups(self, wanted: Sequence[groups.Group]) -> None:
        """Make groups, or change how the bot stands in them."""
        with self.records.transaction() as connection:
            for group in wanted:
                groups.put(connection, group)

    def settings(self) -> Settings:
        """Return the settings of the account."""
        with self.records.transaction() as connection:
            return records.settings(connection, Settings)

    def change(self, changes: dict[str, object]) -> Settings:
        """Change some settings; pydantic.ValidationError where one is wrong."""
        with self.records.transaction() as connection:
            return records.change(connection, Settings, changes)


def _notice(row: sqlite3.Row) -> dict[str, Any]:
    switches = ("pinned", "confirm_required", "is_show_edit_card", "popup", "to_new_members")
    return {
        "notice_id": row["notice_id"],
        "sender_id": row["sender_id"],
        "text": row["text"],
        "image": f"/onebot/pictures/{row['picture']}" if row["picture"] else "",
        "published_at": datetime.fromtimestamp(row["published_at"], UTC).isoformat(),
        "read_num": row["read_num"],
    } | {switch: bool(row[switch]) for switch in switches}


def _message(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "message_id": row["message_id"],
        "text": messages.words(row),
        "sent_at": datetime.fromtimestamp(row["sent_at"], UTC).isoformat(),
    }


class _BrokenBodyError(Exception):
    def __init__(self, answer: Response | None) -> None:
        super().__init__("a body that cannot be read")
        self.answer = answer


def _token(call: Call, who: Personality) -> str:
    header = call.headers.get("authorization", "").removeprefix("Bearer ")
    query = call.query.get("access_token", "")
    return (query or header) if who.name == "napcat" else (header or query)


def _parameters(call: Call, who: Personality) -> dict[str, Any]:
    """Return what was given in the query and in a JSON or form body."""
    query = {key: value for key, value in call.query.items() if key != "access_token"}
    kind = call.headers.get("content-type", "")
    if call.method == "POST" and who.needs_content_type and not kind:
        raise _BrokenBodyError(Response(status_code=406))
    if kind.startswith("application/x-www-form-urlencoded"):
        return query | dict(parse_qsl(call.body.decode(errors="replace"), keep_blank_values=True))
    if not call.body:
        return query
    try:
        body = json.loads(call.body)
    except ValueError:
        raise _BrokenBodyError(who.broken_body()) from None
    if not isinstance(body, dict):
        raise _BrokenBodyError(who.broken_body())
    return query | body


def _answer(desk: Desk, name: str) -> Response:
    who, echo = desk.personality, desk.parameters.get("echo")
    action = _plain_name(name, who)
    if action not in ACTIONS or (action in DELETIONS and action != who.delete_action):
        body = who.failed(who.unknown_action(name), echo=echo)
        return who.respond(body, who.unknown_action_status)
    try:
        payload = _acted(desk, action)
    except Failure as failure:
        return who.respond(who.failed(failure, echo=echo))
    return who.respond(who.ok(action, payload, echo=echo))


def _plain_name(name: str, who: Personality) -> str:
    for suffix in who.suffixes:
        name = name.removesuffix(suffix)
    return name


def _acted(desk: Desk, action: str) -> Any:
    fault = desk.fault
    if fault is None or fault.kind not in ("code", "timeout_nt"):
        return ACTIONS[action](desk)
    if fault.kind == "code":
        raise _asked_failure(desk, action, fault)
    if fault.has_effect:
        ACTIONS[action](desk)
    raise desk.personality.timeout()


def _asked_failure(desk: Desk, action: str, fault: Fault) -> Failure:
    """Return the failure that a fault asks for.

    A number is QQ's own code for a message; text is QQ's words about a notice; an object has
    `retcode` and `wording` as they are to be answered.
    """
    who, value = desk.personality, fault.value
    if isinstance(value, dict):
        asked = value.get("retcode")
        retcode = asked if isinstance(asked, int) else who.retcode_thrown
        return Failure(retcode, str(value.get("wording", "")), word=str(value.get("msg", "")))
    is_code = re.fullmatch("-?[0-9]{1,9}", str(value)) is not None
    if action == "send_group_msg" and is_code:
        return who.message_failed(int(value), "")
    if is_code:
        return Failure(int(value), "")
    return who.notice_failed(str(value)) or Failure(-1, "")
