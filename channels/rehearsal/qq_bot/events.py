"""What the platform tells the bot: signed events, posted to the address that was entered.

Source: the page on webhooks of bot.q.qq.com. Only addresses of this machine are called.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from channels.rehearsal.qq_bot.desk import Settings

SCHEMA = """
CREATE TABLE IF NOT EXISTS bot_told (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, event TEXT NOT NULL, openid TEXT NOT NULL,
    answer TEXT NOT NULL);
"""
ANSWER_S = 5.0
HERE = {"127.0.0.1", "localhost", "::1"}
EVENT, ACKNOWLEDGED, PROOF = 0, 12, 13
SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class Told:
    """One call to the bot's address, and what came of it in words for people."""

    event: str
    openid: str
    answer: str


def tell(settings: Settings, event: str, openid: str) -> Told | None:
    """Tell of an event; None where no address of this machine is entered."""
    if not _is_here(settings.event_url):
        return None
    now = int(time.time())
    about: dict[str, Any] = {"group_openid": openid, "op_member_openid": "OWNER", "timestamp": now}
    if event == "GROUP_AT_MESSAGE_CREATE":
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S+08:00", time.gmtime(now + 8 * 3600))
        author = {"member_openid": "MEMBER"}
        name = secrets.token_urlsafe(24)
        about = {"id": name, "group_openid": openid, "author": author, "timestamp": stamp}
        about["content"] = " 在吗"
    body = {"id": f"{event}:{secrets.token_hex(16)}", "op": EVENT, "s": 1, "t": event, "d": about}
    answer = _post(settings, body)
    good = answer is not None and answer.get("op") == ACKNOWLEDGED
    return Told(event=event, openid=openid, answer="收下" if good else "没有收下")


def prove(settings: Settings) -> Told | None:
    """Ask the address for proof that it has the secret, as the platform does at first."""
    if not _is_here(settings.event_url):
        return None
    token, stamp = secrets.token_urlsafe(20), str(int(time.time()))
    asked = {"plain_token": token, "event_ts": stamp}
    answer = _post(settings, {"op": PROOF, "d": asked})
    try:
        given = bytes.fromhex(str((answer or {}).get("signature")))
        _key(settings).public_key().verify(given, f"{stamp}{token}".encode())
        is_good = answer is not None and answer.get("plain_token") == token
    except (InvalidSignature, ValueError):
        is_good = False
    return Told(event="验证地址", openid="", answer="通过" if is_good else "没有通过")


def keep(records: sqlite3.Connection, told: Told) -> None:
    """Remember one call."""
    records.execute(
        "INSERT INTO bot_told (at, event, openid, answer) VALUES (?, ?, ?, ?)",
        (time.time(), told.event, told.openid, told.answer),
    )


def latest(records: sqlite3.Connection) -> list[sqlite3.Row]:
    """Return the last calls, newest first."""
    return records.execute("SELECT * FROM bot_told ORDER BY id DESC LIMIT ?", (SHOWN,)).fetchall()


def _is_here(url: str) -> bool:
    try:
        return urlsplit(url).hostname in HERE
    except ValueError:
        return False


def _key(settings: Settings) -> Ed25519PrivateKey:
    """Return the key made of the secret, written again and again until 32 bytes are there."""
    secret = settings.client_secret.encode()
    return Ed25519PrivateKey.from_private_bytes((secret * 32)[:32])


def _post(settings: Settings, said: dict[str, Any]) -> dict[str, Any] | None:
    """Make one call; return the JSON object that answered it, None for anything else."""
    body, stamp = json.dumps(said, ensure_ascii=False).encode(), str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        "X-Bot-Appid": settings.app_id,
        "X-Signature-Timestamp": stamp,
        "X-Signature-Ed25519": _key(settings).sign(stamp.encode() + body).hex(),
    }
    try:
        answer = requests.post(
            settings.event_url, data=body, headers=headers, timeout=ANSWER_S, allow_redirects=False
        )
        words = answer.json() if answer.status_code == 200 else None
    except (requests.RequestException, ValueError):
        return None
    return words if isinstance(words, dict) else None
