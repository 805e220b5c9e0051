"""Group messages, and @全体."""

from __future__ import annotations

import json
import re
import secrets
import sqlite3
from datetime import datetime
from typing import Any

from channels.rehearsal.onebot.desk import Desk
from channels.rehearsal.onebot.groups import AT_ALL_ACCOUNT, AT_ALL_GROUP
from publisher.channel import CAMPUS_TIME

SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
    message_id INTEGER PRIMARY KEY, group_id TEXT NOT NULL, segments TEXT NOT NULL,
    sent_at REAL NOT NULL, at_all_day TEXT, is_recalled INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS message_group ON message (group_id, sent_at);
CREATE INDEX IF NOT EXISTS message_at_all ON message (at_all_day);
"""
NOT_IN_GROUP, MUTED, NO_AT_ALL = 110, 120, 121  # QQ's own send codes
CQ_CODE = re.compile(r"\[CQ:(\w+)((?:,[^,=\]]+=[^,\]]*)*)\]")
SHOWN = 50


def send(desk: Desk) -> dict[str, Any]:
    """Answer send_group_msg."""
    group_id, segments = desk.identifier("group_id"), _segments(desk)
    is_at_all = any(each["type"] == "at" and each["data"].get("qq") == "all" for each in segments)
    if desk.is_troubled("offline"):
        raise desk.personality.timeout()
    _check_group(desk)
    if is_at_all and not at_all(desk)["can_at_all"]:
        raise desk.personality.message_failed(NO_AT_ALL, "")
    message_id = secrets.randbelow(2**31 - 2) + 1
    if desk.personality.has_negative_ids:
        message_id = -message_id
    if not desk.is_troubled("false_ok"):
        day = _today(desk) if is_at_all else None
        row = (message_id, group_id, json.dumps(segments), desk.now, day)
        desk.records.execute(
            "INSERT INTO message (message_id, group_id, segments, sent_at, at_all_day)"
            " VALUES (?, ?, ?, ?, ?)",
            row,
        )
    return {"message_id": message_id}


def delete(desk: Desk) -> None:
    """Answer delete_msg."""
    message_id = desk.identifier("message_id")
    changed = desk.records.execute(
        "UPDATE message SET is_recalled = 1 WHERE message_id = ? AND NOT is_recalled", (message_id,)
    )
    if changed.rowcount != 1:
        raise desk.personality.recall_failed(message_id)


def at_all(desk: Desk) -> dict[str, Any]:
    """Answer get_group_at_all_remain."""
    group = desk.group()
    if group is None:
        raise desk.personality.no_member(desk.identifier("group_id"), str(desk.settings.user_id))
    today = "SELECT count(*) FROM message WHERE at_all_day = ?"
    [by_account] = desk.records.execute(today, (_today(desk),)).fetchone()
    [in_group] = desk.records.execute(
        f"{today} AND group_id = ?", (_today(desk), group["group_id"])
    ).fetchone()
    left_group, left = max(0, AT_ALL_GROUP - in_group), max(0, AT_ALL_ACCOUNT - by_account)
    return {
        "can_at_all": group["role"] != "member" and min(left_group, left) > 0,
        "remain_at_all_count_for_group": left_group,
        "remain_at_all_count_for_uin": left,
    }


def visible(records: sqlite3.Connection, group_id: str) -> list[sqlite3.Row]:
    """Return the messages that a member of the group sees, newest first."""
    return records.execute(
        "SELECT * FROM message WHERE group_id = ? AND NOT is_recalled"
        " ORDER BY sent_at DESC, rowid DESC LIMIT ?",
        (group_id, SHOWN),
    ).fetchall()


def words(row: sqlite3.Row) -> str:
    """Return a message as people read it."""
    return "".join(_shown(each) for each in json.loads(row["segments"]))


def _shown(segment: dict[str, Any]) -> str:
    values = segment["data"]
    if segment["type"] == "text":
        return str(values.get("text", ""))
    if segment["type"] == "at":
        return "@全体成员 " if values.get("qq") == "all" else f"@{values.get('qq')} "
    return "［图片］" if segment["type"] == "image" else f"［{segment['type']}］"


def _check_group(desk: Desk) -> None:
    group = desk.group()
    if group is None:
        failure = desk.personality.no_group("send_group_msg")
        words_of_qq = "发送失败，你已被移出该群，请重新加群。"
        raise failure or desk.personality.message_failed(NOT_IN_GROUP, words_of_qq)
    if group["is_muted"]:
        raise desk.personality.message_failed(MUTED, "")


def _segments(desk: Desk) -> list[dict[str, Any]]:
    """Return the message as segments; a string is searched for CQ codes, as all do."""
    message = desk.parameters.get("message")
    if isinstance(message, str):
        is_plain = str(desk.parameters.get("auto_escape", "")).lower() in ("1", "true")
        return [_text(message)] if is_plain else _parsed(message)
    given = [message] if isinstance(message, dict) else message
    if not isinstance(given, list) or not given or not all(_is_segment(each) for each in given):
        raise desk.personality.bad_parameter("message", message)
    return given


def _is_segment(each: object) -> bool:
    if not isinstance(each, dict):
        return False
    return isinstance(each.get("type"), str) and isinstance(each.get("data"), dict)


def _parsed(message: str) -> list[dict[str, Any]]:
    segments, end = [], 0
    for found in CQ_CODE.finditer(message):
        if found.start() > end:
            segments.append(_text(message[end : found.start()]))
        pairs = (pair.partition("=") for pair in found[2].split(",") if pair)
        segments.append({"type": found[1], "data": {key: value for key, _, value in pairs}})
        end = found.end()
    return segments + ([_text(message[end:])] if end < len(message) else [])


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "data": {"text": text}}


def _today(desk: Desk) -> str:
    return datetime.fromtimestamp(desk.now, CAMPUS_TIME).date().isoformat()
