"""The groups of the official bot, which know it by openids of the platform's own."""

from __future__ import annotations

import sqlite3

from pydantic import BaseModel, ConfigDict, Field

SCHEMA = """
CREATE TABLE IF NOT EXISTS bot_group (
    openid TEXT PRIMARY KEY, name TEXT NOT NULL,
    is_in INTEGER NOT NULL, may_push INTEGER NOT NULL, is_muted INTEGER NOT NULL);
INSERT OR IGNORE INTO bot_group VALUES
    ('B07A00000000000000000000000000A1', '2026级新生群', 1, 1, 0),
    ('B07A00000000000000000000000000A2', '教职工群', 1, 1, 0),
    ('B07A00000000000000000000000000A8', '社团联合会群', 1, 0, 0),
    ('B07A00000000000000000000000000A9', '校友联谊群', 1, 1, 1);
"""


class Group(BaseModel):
    """How one group is to be; what is not named stays as it is, or as most groups are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    openid: str = Field(pattern="^[A-Za-z0-9]{1,64}$")
    name: str | None = Field(None, min_length=1, max_length=60)
    is_in: bool | None = None  # false: the bot was taken out
    may_push: bool | None = None  # the owner lets it speak of its own accord
    is_muted: bool | None = None


def put(records: sqlite3.Connection, group: Group) -> None:
    """Make a group, or change what is named of one."""
    records.execute(
        "INSERT OR IGNORE INTO bot_group VALUES (?, ?, 1, 1, 0)",
        (group.openid, f"群{group.openid[-4:]}"),
    )
    for column in ("name", "is_in", "may_push", "is_muted"):
        value = getattr(group, column)
        if value is not None:
            records.execute(
                f"UPDATE bot_group SET {column} = ? WHERE openid = ?", (value, group.openid)
            )


def known(records: sqlite3.Connection) -> list[sqlite3.Row]:
    """Return all groups."""
    return records.execute("SELECT * FROM bot_group ORDER BY openid").fetchall()


def row(records: sqlite3.Connection, openid: str) -> sqlite3.Row | None:
    """Return one group, None where there is none."""
    found: sqlite3.Row | None = records.execute(
        "SELECT * FROM bot_group WHERE openid = ?", (openid,)
    ).fetchone()
    return found
