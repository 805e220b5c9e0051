"""The groups that the bot is in, and what it is there."""

from __future__ import annotations

import sqlite3
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from channels.rehearsal.onebot.desk import Desk

SCHEMA = """
CREATE TABLE IF NOT EXISTS qq_group (
    group_id TEXT PRIMARY KEY, name TEXT NOT NULL, member_count INTEGER NOT NULL,
    role TEXT NOT NULL, is_muted INTEGER NOT NULL);
INSERT OR IGNORE INTO qq_group VALUES
    ('100001', '2026级软件1班', 48, 'admin', 0),
    ('100002', '2026级机电2班', 45, 'admin', 0),
    ('100003', '全校辅导员群', 62, 'admin', 0),
    ('100009', '校友联谊群', 156, 'member', 0),
    ('100010', '社团活动群', 90, 'admin', 1);
CREATE TABLE IF NOT EXISTS qq_out (group_id TEXT PRIMARY KEY);
"""
MUTED_FOR_S = 7 * 86400
JOINED_AT = 1_700_000_000
AT_ALL_GROUP, AT_ALL_ACCOUNT = 20, 10  # @全体 a day


def all_of(desk: Desk) -> list[dict[str, Any]]:
    """Answer get_group_list."""
    out_of = str(desk.fault.value or "") if desk.fault and desk.is_troubled("kicked") else None
    return [
        _group(row)
        for row in rows(desk.records)
        if out_of is None or out_of not in ("", row["group_id"])
    ]


class Group(BaseModel):
    """How one group is to be; what is not named stays as it is, or as most groups are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    group_id: int = Field(gt=0)
    name: str | None = Field(None, min_length=1, max_length=60)
    role: Literal["owner", "admin", "member"] | None = None
    is_muted: bool | None = None  # the bot itself
    is_in: bool | None = None  # false: it was thrown out, or has left


def put(records: sqlite3.Connection, group: Group) -> None:
    """Make a group, or change what is named of one."""
    name = str(group.group_id)
    records.execute(
        "INSERT OR IGNORE INTO qq_group VALUES (?, ?, 45, 'admin', 0)", (name, f"班级群{name}")
    )
    for column in ("name", "role", "is_muted"):
        value = getattr(group, column)
        if value is not None:
            records.execute(f"UPDATE qq_group SET {column} = ? WHERE group_id = ?", (value, name))
    if group.is_in is True:
        records.execute("DELETE FROM qq_out WHERE group_id = ?", (name,))
    elif group.is_in is False:
        records.execute("INSERT OR IGNORE INTO qq_out VALUES (?)", (name,))


def known(records: sqlite3.Connection) -> list[sqlite3.Row]:
    """Return all groups, those that the bot is out of too; `is_in` tells."""
    return records.execute(
        "SELECT qq_group.*, qq_out.group_id IS NULL AS is_in FROM qq_group "
        "LEFT JOIN qq_out USING (group_id) ORDER BY qq_group.group_id"
    ).fetchall()


def rows(records: sqlite3.Connection) -> list[sqlite3.Row]:
    """Return the groups that the bot is in."""
    return [row for row in known(records) if row["is_in"]]


def row(records: sqlite3.Connection, group_id: str) -> sqlite3.Row | None:
    """Return one group, None where the practice account knows none of that number."""
    return next((row for row in known(records) if row["group_id"] == group_id), None)


def _group(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "group_all_shut": 0,
        "group_remark": "",
        "group_id": int(row["group_id"]),
        "group_name": row["name"],
        "member_count": row["member_count"],
        "max_member_count": 200,
    }


def member(desk: Desk) -> dict[str, Any]:
    """Answer get_group_member_info; the bot is the only member that is known by number."""
    group, user_id = desk.group(), desk.identifier("user_id")
    if group is None or user_id != str(desk.settings.user_id):
        raise desk.personality.no_member(desk.identifier("group_id"), user_id)
    return {
        "group_id": int(group["group_id"]),
        "user_id": desk.settings.user_id,
        "nickname": desk.settings.nickname,
        "card": "",
        "sex": "unknown",
        "age": 0,
        "area": "",
        "level": "1",
        "qq_level": 0,
        "join_time": JOINED_AT,
        "last_sent_time": JOINED_AT,
        "title_expire_time": 0,
        "unfriendly": False,
        "card_changeable": True,
        "is_robot": False,
        "shut_up_timestamp": int(desk.now) + MUTED_FOR_S if group["is_muted"] else 0,
        "role": group["role"],
        "title": "",
    }


def login(desk: Desk) -> dict[str, Any]:
    """Answer get_login_info, which works off line too."""
    return {"user_id": desk.settings.user_id, "nickname": desk.settings.nickname}


def status(desk: Desk) -> dict[str, Any]:
    """Answer get_status; only `online` means anything."""
    return {"online": not desk.is_troubled("offline"), "good": True, "stat": {}}


def version(desk: Desk) -> dict[str, Any]:
    """Answer get_version_info."""
    who = desk.personality
    names = {"app_name": who.app_name, "protocol_version": "v11"}
    return names | {"app_version": who.app_version}
