"""Articles that have left the draft box, whether pushed to followers or only published."""

from __future__ import annotations

import json
import secrets
import sqlite3
from typing import Any

from channels.rehearsal.wechat.articles import Article
from channels.rehearsal.wechat.desk import Desk

SCHEMA = """
CREATE TABLE IF NOT EXISTS sent (
    token TEXT PRIMARY KEY, job INTEGER NOT NULL, idx INTEGER NOT NULL, is_push INTEGER NOT NULL,
    article TEXT NOT NULL, visible_at REAL NOT NULL, deleted_at REAL);
CREATE INDEX IF NOT EXISTS sent_job ON sent (job, idx);
CREATE INDEX IF NOT EXISTS sent_visible ON sent (visible_at);
CREATE TABLE IF NOT EXISTS leaving (media_id TEXT PRIMARY KEY, at REAL NOT NULL);
"""
BASE = "https://mp.weixin.qq.com/s/"
SHOWN = 200  # articles that one look at the account shows


def keep(desk: Desk, articles: list[Article], *, job: int, is_push: bool, at: float) -> None:
    """Keep the articles of a job that is going to succeed; they are visible from then on."""
    for idx, article in enumerate(articles, start=1):
        row = (secrets.token_urlsafe(16), job, idx, is_push, json.dumps(article), at, None)
        desk.records.execute("INSERT INTO sent VALUES (?, ?, ?, ?, ?, ?, ?)", row)


def leave(desk: Desk, media_id: str, *, at: float) -> None:
    """Take the draft out of the box at that moment."""
    desk.records.execute("REPLACE INTO leaving VALUES (?, ?)", (media_id, at))


def settle(records: sqlite3.Connection, now: float) -> None:
    """Take out the drafts whose moment has come."""
    gone = "SELECT media_id FROM leaving WHERE at <= ?"
    records.execute(f"DELETE FROM draft WHERE media_id IN ({gone})", (now,))
    records.execute("DELETE FROM leaving WHERE at <= ?", (now,))


def is_leaving(desk: Desk, media_id: str) -> bool:
    """Whether a job with this draft is still running."""
    row = desk.records.execute("SELECT 1 FROM leaving WHERE media_id = ?", (media_id,)).fetchone()
    return row is not None


def of_job(desk: Desk, job: int) -> list[sqlite3.Row]:
    """Return the articles of one job, in order."""
    return desk.records.execute("SELECT * FROM sent WHERE job = ? ORDER BY idx", (job,)).fetchall()


def delete(desk: Desk, job: int, *, idx: int = 0) -> None:
    """Delete one article of a job, or with 0 all of them."""
    desk.records.execute(
        "UPDATE sent SET deleted_at = ? WHERE job = ? AND ? IN (0, idx) AND deleted_at IS NULL",
        (desk.now, job, idx),
    )


def url(row: sqlite3.Row) -> str:
    """Return the address that the platform gives the article."""
    return f"{BASE}{row['token']}"


def visible(records: sqlite3.Connection, now: float) -> list[sqlite3.Row]:
    """Return what readers can reach now, newest job first; deleted ones are among them."""
    return records.execute(
        "SELECT * FROM sent WHERE visible_at <= ? ORDER BY visible_at DESC, job DESC, idx LIMIT ?",
        (now, SHOWN),
    ).fetchall()


def by_token(records: sqlite3.Connection, token: str, *, now: float) -> sqlite3.Row | None:
    """Return one article that a reader can reach now, None where there is none."""
    row: sqlite3.Row | None = records.execute(
        "SELECT * FROM sent WHERE token = ? AND visible_at <= ?", (token, now)
    ).fetchone()
    return row


def article(row: sqlite3.Row) -> dict[str, Any]:
    """Return the article itself."""
    kept: dict[str, Any] = json.loads(row["article"])
    return kept
