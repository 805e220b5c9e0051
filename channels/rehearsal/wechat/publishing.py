"""Free publishing: a permanent address, and nobody is told."""

from __future__ import annotations

import secrets
import sqlite3
from typing import Any

from channels.rehearsal.wechat import drafts, sent
from channels.rehearsal.wechat.articles import as_read_back
from channels.rehearsal.wechat.callbacks import publish_finished
from channels.rehearsal.wechat.desk import OK, Desk, Refusal, number, page, text

SCHEMA = """
CREATE TABLE IF NOT EXISTS publication (
    publish_id INTEGER PRIMARY KEY, article_id TEXT NOT NULL UNIQUE,
    accepted_at REAL NOT NULL, done_at REAL NOT NULL, outcome INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS publication_done ON publication (outcome, done_at);
CREATE TABLE IF NOT EXISTS blocked (publish_id INTEGER PRIMARY KEY);
"""
FIRST_ID = 2_247_483_655
DONE, RUNNING, DELETED, BLOCKED = 0, 1, 5, 6  # publish_status
FAILURES = (2, 3, 4)  # originality, ordinary failure, refused by review


def submit(desk: Desk, request: dict[str, Any]) -> dict[str, Any]:
    """Answer freepublish/submit: accepted, not yet done."""
    media_id = text(request, "media_id")
    articles = drafts.articles_of(desk, media_id)
    if sent.is_leaving(desk, media_id):
        raise Refusal(53501)
    row = _insert(desk, outcome=_outcome(desk))
    if row["outcome"] == DONE:
        sent.keep(desk, articles, job=row["publish_id"], is_push=False, at=row["done_at"])
        sent.leave(desk, media_id, at=row["done_at"])
    urls = [sent.url(each) for each in sent.of_job(desk, row["publish_id"])]
    event = publish_finished(
        row["publish_id"],
        status=row["outcome"],
        article_id=row["article_id"],
        urls=urls,
        after_s=desk.settings.job_delay_s,
    )
    desk.events.append(event)
    return OK | {"publish_id": row["publish_id"], "msg_data_id": row["publish_id"]}


def block(desk: Desk, publish_id: int) -> None:
    """Let the platform take all articles of a publication from the public."""
    desk.records.execute("INSERT OR IGNORE INTO blocked VALUES (?)", (publish_id,))


def get(desk: Desk, request: dict[str, Any]) -> dict[str, Any]:
    """Answer freepublish/get."""
    row = desk.records.execute(
        "SELECT * FROM publication WHERE publish_id = ?", (number(request, "publish_id"),)
    ).fetchone()
    if row is None:
        raise Refusal(53502)
    status = _status(desk, row)
    answer = {"publish_id": row["publish_id"], "publish_status": status}
    articles = sent.of_job(desk, row["publish_id"])
    if status == DONE:
        items = [{"idx": each["idx"], "article_url": sent.url(each)} for each in articles]
        detail = {"count": len(items), "item": items}
        return answer | {"article_id": row["article_id"], "article_detail": detail, "fail_idx": []}
    return answer | {"fail_idx": [1] if status in FAILURES else []}


def delete(desk: Desk, request: dict[str, Any]) -> dict[str, Any]:
    """Answer freepublish/delete: one article by its place, or with 0 all."""
    row = _by_article_id(desk, text(request, "article_id"))
    index = number(request, "index")
    if index > len(sent.of_job(desk, row["publish_id"])):
        raise Refusal(40114)
    sent.delete(desk, row["publish_id"], idx=index)
    return OK


def getarticle(desk: Desk, request: dict[str, Any]) -> dict[str, Any]:
    """Answer freepublish/getarticle."""
    row = _by_article_id(desk, text(request, "article_id"))
    times = {"create_time": int(row["accepted_at"]), "update_time": int(row["done_at"])}
    return {"news_item": _items(desk, row, has_content=True)} | times


def batchget(desk: Desk, request: dict[str, Any]) -> dict[str, Any]:
    """Answer freepublish/batchget, newest first; what was pushed is never listed."""
    offset, limit = page(request)
    has_content = request.get("no_content", 0) != 1
    published = "FROM publication WHERE outcome = 0 AND done_at <= ?"
    [total] = desk.records.execute(f"SELECT count(*) {published}", (desk.now,)).fetchone()
    rows = desk.records.execute(
        f"SELECT * {published} ORDER BY done_at DESC LIMIT ? OFFSET ?", (desk.now, limit, offset)
    ).fetchall()
    items = [
        {
            "article_id": row["article_id"],
            "content": {"news_item": _items(desk, row, has_content=has_content)},
            "update_time": int(row["done_at"]),
        }
        for row in rows
    ]
    return {"total_count": total, "item_count": len(items), "item": items}


def _outcome(desk: Desk) -> int:
    asked = desk.job_fails_with
    if asked is None:
        return DONE
    return int(str(asked)) if str(asked) in map(str, FAILURES) else 3


def _insert(desk: Desk, *, outcome: int) -> sqlite3.Row:
    [latest] = desk.records.execute("SELECT max(publish_id) FROM publication").fetchone()
    publish_id = (latest or FIRST_ID - 1) + 1
    done_at = desk.now + desk.settings.job_delay_s
    values = (publish_id, f"b5O2-{secrets.token_urlsafe(32)}", desk.now, done_at, outcome)
    row: sqlite3.Row = desk.records.execute(
        "INSERT INTO publication VALUES (?, ?, ?, ?, ?) RETURNING *", values
    ).fetchone()
    return row


def _status(desk: Desk, row: sqlite3.Row) -> int:
    if desk.now < row["done_at"]:
        return RUNNING
    articles = sent.of_job(desk, row["publish_id"])
    if row["outcome"] == DONE and all(each["deleted_at"] is not None for each in articles):
        is_blocked = desk.records.execute(
            "SELECT 1 FROM blocked WHERE publish_id = ?", (row["publish_id"],)
        ).fetchone()
        return BLOCKED if is_blocked else DELETED
    return int(row["outcome"])


def _by_article_id(desk: Desk, article_id: str) -> sqlite3.Row:
    row: sqlite3.Row | None = desk.records.execute(
        "SELECT * FROM publication WHERE article_id = ? AND outcome = 0 AND done_at <= ?",
        (article_id, desk.now),
    ).fetchone()
    if row is None:
        raise Refusal(53600)
    return row


def _items(desk: Desk, row: sqlite3.Row, *, has_content: bool) -> list[dict[str, Any]]:
    return [
        as_read_back(sent.article(each), has_content=has_content)
        | {"url": sent.url(each), "is_deleted": each["deleted_at"] is not None}
        for each in sent.of_job(desk, row["publish_id"])
    ]
