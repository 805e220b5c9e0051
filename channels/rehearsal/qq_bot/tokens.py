"""Tokens of the app: one at a time; in its last minute a new one is handed out, both are good."""

from __future__ import annotations

import secrets
from typing import Any

from channels.rehearsal.qq_bot.desk import Desk, Refusal

SCHEMA = """
CREATE TABLE IF NOT EXISTS app_token (value TEXT PRIMARY KEY, expires_at REAL NOT NULL);
"""
LAST_S = 60
BAD_CREDENTIALS, BAD_TOKEN = 100016, 11244


def give(desk: Desk) -> dict[str, Any]:
    """Answer getAppAccessToken; a refusal has status 200, as this call's refusals have."""
    wanted = (desk.settings.app_id, desk.settings.client_secret)
    if (desk.said.get("appId"), desk.said.get("clientSecret")) != wanted:
        raise Refusal(BAD_CREDENTIALS, "invalid appid or secret", status=200)
    desk.records.execute("DELETE FROM app_token WHERE expires_at <= ?", (desk.now,))
    row = desk.records.execute(
        "SELECT value, expires_at FROM app_token WHERE expires_at > ? ORDER BY expires_at DESC",
        (desk.now + min(LAST_S, desk.settings.token_life_s / 2),),
    ).fetchone()
    if row is not None:
        return _granted(row["value"], row["expires_at"] - desk.now)
    value = secrets.token_urlsafe(48)
    life_s = desk.settings.token_life_s
    desk.records.execute("INSERT INTO app_token VALUES (?, ?)", (value, desk.now + life_s))
    return _granted(value, life_s)


def _granted(value: str, left_s: float) -> dict[str, Any]:
    return {"access_token": value, "expires_in": int(left_s)}


def check(desk: Desk, header: str) -> None:
    """Refuse a call without a good token."""
    kind, _, value = header.partition(" ")
    row = desk.records.execute(
        "SELECT 1 FROM app_token WHERE value = ? AND expires_at > ?", (value, desk.now)
    ).fetchone()
    if kind != "QQBot" or row is None:
        raise Refusal(BAD_TOKEN, "token not exist or expire", status=401)
