"""Access tokens: two families that know nothing of each other."""

from __future__ import annotations

import re
import secrets
import sqlite3
from typing import Any

from channels.rehearsal.wechat.desk import Desk, Refusal

SCHEMA = """
CREATE TABLE IF NOT EXISTS token (
    value TEXT PRIMARY KEY, family TEXT NOT NULL, issued_at REAL NOT NULL,
    expires_at REAL NOT NULL, revoked_at REAL, is_forced INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS token_issued ON token (family, issued_at);
"""
LIFE_S = 7200
OVERLAP_S = 300  # a superseded token is good for that long; a stable one is renewed as early
FORCED_A_DAY = 20
FORCED_GAP_S = 30
KEPT_S = 2 * 86400
WELL_FORMED = re.compile(r"[0-9]{2,3}_[A-Za-z0-9_-]{20,}")


def token(desk: Desk, request: dict[str, Any]) -> dict[str, Any]:
    """Answer GET token: each call makes a new one and ends the one before."""
    _check_credentials(desk, dict(desk.call.query))
    value = _issue(desk, "token", revoke_after_s=OVERLAP_S)
    return {"access_token": value, "expires_in": LIFE_S}


def stable_token(desk: Desk, request: dict[str, Any]) -> dict[str, Any]:
    """Answer POST stable_token: the same token while it is good, unless a new one is forced."""
    _check_credentials(desk, request)
    if request.get("force_refresh") is True:
        _check_forced(desk)
        value = _issue(desk, "stable", revoke_after_s=0, is_forced=True)
        return {"access_token": value, "expires_in": LIFE_S}
    current = _latest(desk, "stable")
    if current is not None and current["expires_at"] - desk.now > OVERLAP_S:
        remaining_s = int(current["expires_at"] - desk.now)
        return {"access_token": current["value"], "expires_in": remaining_s}
    value = _issue(desk, "stable", revoke_after_s=OVERLAP_S)
    return {"access_token": value, "expires_in": LIFE_S}


def check(desk: Desk) -> None:
    """Refuse a call whose access_token is missing, malformed, expired or not the latest."""
    value = desk.call.query.get("access_token", "")
    if not value:
        raise Refusal(41001)
    if not WELL_FORMED.fullmatch(value):
        raise Refusal(40014)
    row = desk.records.execute("SELECT * FROM token WHERE value = ?", (value,)).fetchone()
    if row is None:
        raise Refusal(40001)
    if row["expires_at"] <= desk.now:
        raise Refusal(42001)
    if row["revoked_at"] is not None and row["revoked_at"] <= desk.now:
        raise Refusal(40001)


def _check_credentials(desk: Desk, given: dict[str, Any]) -> None:
    if given.get("grant_type") != "client_credential":
        raise Refusal(40002)
    if not given.get("appid"):
        raise Refusal(41002)
    if not given.get("secret"):
        raise Refusal(41004)
    if given["appid"] != desk.settings.appid:
        raise Refusal(40013)
    if given["secret"] != desk.settings.secret:
        raise Refusal(40125)


def _check_forced(desk: Desk) -> None:
    forced = desk.records.execute(
        "SELECT count(*) AS used, max(issued_at) AS latest FROM token"
        " WHERE family = 'stable' AND is_forced AND issued_at > ?",
        (desk.now - 86400,),
    ).fetchone()
    if forced["used"] >= FORCED_A_DAY:
        raise Refusal(45009)
    if forced["latest"] is not None and desk.now - forced["latest"] < FORCED_GAP_S:
        raise Refusal(45011)


def _latest(desk: Desk, family: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = desk.records.execute(
        "SELECT * FROM token WHERE family = ? AND revoked_at IS NULL"
        " ORDER BY issued_at DESC LIMIT 1",
        (family,),
    ).fetchone()
    return row


def _issue(desk: Desk, family: str, *, revoke_after_s: int, is_forced: bool = False) -> str:
    desk.records.execute("DELETE FROM token WHERE expires_at < ?", (desk.now - KEPT_S,))
    desk.records.execute(
        "UPDATE token SET revoked_at = ? WHERE family = ? AND revoked_at IS NULL",
        (desk.now + revoke_after_s, family),
    )
    value = f"80_{secrets.token_urlsafe(96)}"
    row = (value, family, desk.now, desk.now + LIFE_S, None, is_forced)
    desk.records.execute("INSERT INTO token VALUES (?, ?, ?, ?, ?, ?)", row)
    return value
