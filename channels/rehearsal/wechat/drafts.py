"""The draft box."""

from __future__ import annotations

import json
import secrets
import sqlite3
from typing import Any

from channels.rehearsal.wechat.articles import Article, as_read_back, checked
from channels.rehearsal.wechat.desk import OK, Desk, Refusal, page, text

SCHEMA = """
CREATE TABLE IF NOT EXISTS draft (
    media_id TEXT PRIMARY KEY, articles TEXT NOT NULL,
    created_at REAL NOT NULL, updated_at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS draft_updated ON draft (updated_at);
"""
MAX_ARTICLES = 8
NEEDED_TO_UPDATE = ("title", "content")  # and a cover; an object without them is refused as 40007


def add(desk: Desk, request: dict[str, Any]) -> dict[str, Any]:
    """Answer draft/add; a success carries no errcode."""
    given = request.get("articles")
    if not isinstance(given, list) or not given:
        raise Refusal(44003)
    if len(given) > MAX_ARTICLES:
        raise Refusal(45008)
    articles = [checked(desk, article) for article in given]
    media_id = f"P0HLl-{secrets.token_urlsafe(48)}"
    row = (media_id, json.dumps(articles), desk.now, desk.now)
    desk.records.execute("INSERT INTO draft VALUES (?, ?, ?, ?)", row)
    return {"media_id": media_id, "item": []}


def update(desk: Desk, request: dict[str, Any]) -> dict[str, Any]:
    """Answer draft/update: one whole article in the place of another."""
    given = request.get("articles")
    if not isinstance(given, dict):
        raise Refusal(47001)
    articles = articles_of(desk, text(request, "media_id"))
    index = request.get("index", 0)
    if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < len(articles):
        raise Refusal(40114)
    if any(key not in given for key in NEEDED_TO_UPDATE):
        raise Refusal(40007)  # misleading, and so is the platform's answer
    articles[index] = checked(desk, given)
    desk.records.execute(
        "UPDATE draft SET articles = ?, updated_at = ? WHERE media_id = ?",
        (json.dumps(articles), desk.now, request["media_id"]),
    )
    return OK


def get(desk: Desk, request: dict[str, Any]) -> dict[str, Any]:
    """Answer draft/get: the articles as the platform rewrote them."""
    row = _row(desk, text(request, "media_id"))
    return {
        "news_item": _items(row, has_content=True),
        "create_time": int(row["created_at"]),
        "update_time": int(row["updated_at"]),
    }


def delete(desk: Desk, request: dict[str, Any]) -> dict[str, Any]:
    """Answer draft/delete."""
    row = _row(desk, text(request, "media_id"))
    desk.records.execute("DELETE FROM draft WHERE media_id = ?", (row["media_id"],))
    return OK


def batchget(desk: Desk, request: dict[str, Any]) -> dict[str, Any]:
    """Answer draft/batchget, newest first."""
    offset, limit = page(request)
    has_content = request.get("no_content", 0) != 1
    rows = desk.records.execute(
        "SELECT * FROM draft ORDER BY updated_at DESC LIMIT ? OFFSET ?", (limit, offset)
    ).fetchall()
    items = [
        {
            "media_id": row["media_id"],
            "content": {"news_item": _items(row, has_content=has_content)},
            "update_time": int(row["updated_at"]),
        }
        for row in rows
    ]
    return count(desk, {}) | {"item_count": len(items), "item": items}


def count(desk: Desk, request: dict[str, Any]) -> dict[str, Any]:
    """Answer draft/count."""
    [counted] = desk.records.execute("SELECT count(*) FROM draft").fetchone()
    return {"total_count": counted}


def articles_of(desk: Desk, media_id: str) -> list[Article]:
    """Return the articles of a draft; 40007 where there is none of that id."""
    articles: list[Article] = json.loads(_row(desk, media_id)["articles"])
    return articles


def _row(desk: Desk, media_id: str) -> sqlite3.Row:
    row: sqlite3.Row | None = desk.records.execute(
        "SELECT * FROM draft WHERE media_id = ?", (media_id,)
    ).fetchone()
    if row is None:
        raise Refusal(40007)
    return row


def _items(row: sqlite3.Row, *, has_content: bool) -> list[Article]:
    preview = f"http://mp.weixin.qq.com/s?__biz=MzRehearsal==&tempkey={row['media_id'][-24:]}"
    return [
        as_read_back(article, has_content=has_content) | {"url": preview}
        for article in json.loads(row["articles"])
    ]
