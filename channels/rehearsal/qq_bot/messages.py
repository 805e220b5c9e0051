"""Messages that the bot sends of its own accord, and their recall."""

from __future__ import annotations

import re
import secrets
import sqlite3
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from channels.rehearsal.qq_bot import groups
from channels.rehearsal.qq_bot.desk import Desk, Refusal
from publisher.channel import CAMPUS_TIME

SCHEMA = """
CREATE TABLE IF NOT EXISTS bot_message (
    id TEXT PRIMARY KEY, openid TEXT NOT NULL, text TEXT NOT NULL, sent_at REAL NOT NULL,
    day TEXT NOT NULL, is_recalled INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS bot_message_group ON bot_message (openid, sent_at);
CREATE INDEX IF NOT EXISTS bot_message_time ON bot_message (sent_at);
"""
NOT_MEMBER, NO_PERMISSION, MUTED = 40034101, 40034105, 40054002
TOO_FAST, TOO_LONG, ADDRESS = 40034100, 40054007, 40054010
WRONG = 400  # the tables that are known have no code for what is malformed or too late
TEXT = 0  # of msg_type
RECALL_S = 120
MINUTE_CERTIFIED, MINUTE_UNCERTIFIED = 60, 30
URL = re.compile(r"https?://[^\s<>\"，。；、）】]+")
SHOWN = 50


def send(desk: Desk) -> dict[str, Any]:
    """Answer a message of the bot's own accord."""
    openid, text = desk.place[0], _text(desk)
    _check_group(desk, openid)
    _check_words(desk, text)
    _check_pace(desk, openid)
    name = f"ROBOT1.0_{secrets.token_urlsafe(24)}"
    desk.records.execute(
        "INSERT INTO bot_message (id, openid, text, sent_at, day) VALUES (?, ?, ?, ?, ?)",
        (name, openid, text, desk.now, _day(desk.now)),
    )
    return {"id": name, "timestamp": int(desk.now), "ext_info": {"ref_idx": f"REFIDX_{name[-8:]}"}}


def recall(desk: Desk) -> None:
    """Answer a recall, which is taken for two minutes."""
    changed = desk.records.execute(
        "UPDATE bot_message SET is_recalled = 1 WHERE openid = ? AND id = ? AND sent_at > ?",
        (*desk.place, desk.now - RECALL_S),
    )
    if changed.rowcount != 1:
        raise Refusal(WRONG, "message cannot be recalled")


def visible(records: sqlite3.Connection, openid: str) -> list[sqlite3.Row]:
    """Return the messages that a member of the group sees, newest first."""
    return records.execute(
        "SELECT * FROM bot_message WHERE openid = ? AND NOT is_recalled"
        " ORDER BY sent_at DESC, rowid DESC LIMIT ?",
        (openid, SHOWN),
    ).fetchall()


def _text(desk: Desk) -> str:
    text = desk.said.get("content")
    if desk.said.get("msg_type") != TEXT or "msg_id" in desk.said or "event_id" in desk.said:
        raise Refusal(WRONG, "rehearsed is text of the bot's own accord only")
    if not isinstance(text, str) or not text.strip():
        raise Refusal(WRONG, "content is empty")
    return text


def _check_group(desk: Desk, openid: str) -> None:
    group = groups.row(desk.records, openid)
    if group is None or not group["is_in"]:
        raise Refusal(NOT_MEMBER, "机器人非群成员")
    if not group["may_push"]:
        raise Refusal(NO_PERMISSION, "主动消息失败, 无权限")
    if group["is_muted"]:
        raise Refusal(MUTED, "机器人被禁言")


def _check_words(desk: Desk, text: str) -> None:
    if len(text) > desk.settings.max_chars:
        raise Refusal(TOO_LONG, "消息过长")
    hosts = {urlsplit(url).hostname or "" for url in URL.findall(text)}
    if desk.settings.domains and not hosts <= set(desk.settings.domains):
        raise Refusal(ADDRESS, "消息包含未报备的 URL")


def _check_pace(desk: Desk, openid: str) -> None:
    """Refuse what is more than the platform takes; a recalled message counts as well."""
    settings, records = desk.settings, desk.records
    [by_bot] = records.execute(
        "SELECT count(*) FROM bot_message WHERE sent_at > ?", (desk.now - 60,)
    ).fetchone()
    [in_group] = records.execute(
        "SELECT count(*) FROM bot_message WHERE openid = ? AND sent_at > ?",
        (openid, desk.now - 60),
    ).fetchone()
    [today] = records.execute(
        "SELECT count(*) FROM bot_message WHERE openid = ? AND day = ?", (openid, _day(desk.now))
    ).fetchone()
    most = MINUTE_CERTIFIED if settings.is_certified else MINUTE_UNCERTIFIED
    if by_bot >= most or in_group >= settings.group_minute or today >= settings.group_day:
        raise Refusal(TOO_FAST, "消息发送超频")


def _day(moment: float) -> str:
    return datetime.fromtimestamp(moment, CAMPUS_TIME).date().isoformat()
