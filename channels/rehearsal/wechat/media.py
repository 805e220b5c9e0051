"""Pictures: those of the body, permanent ones (covers) and temporary ones."""

from __future__ import annotations

import re
import secrets
import sqlite3
from typing import Any

from channels.rehearsal import pictures
from channels.rehearsal.line import Upload
from channels.rehearsal.wechat.desk import OK, Desk, Refusal, page, text

SCHEMA = """
CREATE TABLE IF NOT EXISTS media (
    id TEXT PRIMARY KEY, picture TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, name TEXT NOT NULL,
    format TEXT NOT NULL, created_at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS media_kind ON media (kind, created_at);
CREATE TABLE IF NOT EXISTS picture (id TEXT PRIMARY KEY, file BLOB NOT NULL);
"""
MB = 1024 * 1024
MAX_BODY_BYTES = MB  # uploadimg: less than that
MAX_MATERIAL_BYTES = 10 * MB
MAX_THUMB_BYTES = 64 * 1024
ADDRESS = re.compile(r"https?://mmbiz\.qpic\.cn/(?:sz_)?mmbiz_[a-z]+/([A-Za-z0-9]+)")


def uploadimg(desk: Desk, request: dict[str, Any]) -> dict[str, Any]:
    """Answer media/uploadimg: a picture of a body, jpg or png, below 1 MB."""
    upload = _upload(desk)
    kind = _format(upload.file)
    if kind not in ("jpeg", "png"):
        raise Refusal(40005)
    if len(upload.file) >= MAX_BODY_BYTES:
        raise Refusal(40009)
    row = _keep(desk, upload, kind="body", media_format=kind)
    return {"url": address(row)} | OK


def add_material(desk: Desk, request: dict[str, Any]) -> dict[str, Any]:
    """Answer material/add_material: permanent pictures only."""
    kind = desk.call.query.get("type", "")
    if kind not in ("image", "thumb"):
        raise Refusal(40004)
    upload = _upload(desk)
    media_format = _format(upload.file)
    if not media_format or (kind == "thumb" and media_format != "jpeg"):
        raise Refusal(40005)
    if len(upload.file) > (MAX_THUMB_BYTES if kind == "thumb" else MAX_MATERIAL_BYTES):
        raise Refusal(40006)
    row = _keep(desk, upload, kind="permanent", media_format=media_format)
    return {"media_id": row["id"], "url": address(row), "item": []}


def upload(desk: Desk, request: dict[str, Any]) -> dict[str, Any]:
    """Answer media/upload: a temporary picture, which no article takes as its cover."""
    kind = desk.call.query.get("type", "")
    if kind != "image":
        raise Refusal(40004)
    given = _upload(desk)
    media_format = _format(given.file)
    if not media_format:
        raise Refusal(40005)
    row = _keep(desk, given, kind="temporary", media_format=media_format)
    created_at = int(desk.now)
    return {"type": kind, "media_id": row["id"], "created_at": created_at, "item": []}


def delete(desk: Desk, request: dict[str, Any]) -> dict[str, Any]:
    """Answer material/del_material."""
    row = permanent(desk, text(request, "media_id"))
    desk.records.execute("DELETE FROM media WHERE id = ?", (row["id"],))
    return OK


def count(desk: Desk, request: dict[str, Any]) -> dict[str, Any]:
    """Answer material/get_materialcount."""
    images = _permanent_count(desk)
    return {"voice_count": 0, "video_count": 0, "image_count": images, "news_count": 0}


def batchget(desk: Desk, request: dict[str, Any]) -> dict[str, Any]:
    """Answer material/batchget_material, newest first."""
    if text(request, "type") != "image":
        raise Refusal(40004)
    offset, limit = page(request)
    rows = desk.records.execute(
        "SELECT * FROM media WHERE kind = 'permanent' ORDER BY created_at DESC LIMIT ? OFFSET ?",
        (limit, offset),
    ).fetchall()
    items = [
        {
            "media_id": row["id"],
            "name": row["name"],
            "update_time": int(row["created_at"]),
            "url": address(row),
        }
        for row in rows
    ]
    return {"total_count": _permanent_count(desk), "item_count": len(items), "item": items}


def permanent(desk: Desk, media_id: str) -> sqlite3.Row:
    """Return a permanent picture; 40007 where there is none of that id."""
    row: sqlite3.Row | None = desk.records.execute(
        "SELECT * FROM media WHERE id = ? AND kind = 'permanent'", (media_id,)
    ).fetchone()
    if row is None:
        raise Refusal(40007)
    return row


def is_ours(desk: Desk, url: str) -> bool:
    """Whether the address is that of a picture which was uploaded here."""
    found = ADDRESS.match(url)
    return bool(found) and _picture(desk.records, found[1] if found else "") is not None


def address(row: sqlite3.Row) -> str:
    """Return the address of a picture as the platform writes it; nothing is served there."""
    kind = row["format"]
    tail = f"wx_fmt={kind}&from=appmsg" if row["kind"] == "body" else f"wx_fmt={kind}"
    folder = "sz_mmbiz" if row["kind"] == "body" else "mmbiz"
    return f"http://mmbiz.qpic.cn/{folder}_{kind.replace('jpeg', 'jpg')}/{row['picture']}/0?{tail}"


def file_of(records: sqlite3.Connection, picture: str) -> tuple[bytes, str] | None:
    """Return the bytes and the media type of a picture, None where there is none."""
    row = _picture(records, picture)
    return (row["file"], pictures.media_type(row["file"])) if row else None


def _picture(records: sqlite3.Connection, picture: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = records.execute(
        "SELECT file FROM picture WHERE id = ?", (picture,)
    ).fetchone()
    return row


def _permanent_count(desk: Desk) -> int:
    [counted] = desk.records.execute(
        "SELECT count(*) FROM media WHERE kind = 'permanent'"
    ).fetchone()
    return int(counted)


def _upload(desk: Desk) -> Upload:
    given = desk.call.uploads.get("media")
    if given is None or not given.name or not given.file:
        raise Refusal(41005)
    return given


def _format(file: bytes) -> str:
    """Return the kind of picture, "" where it is none; 40137 where it is damaged."""
    kind = pictures.kind(file)
    try:
        if kind:
            pictures.size(file)
    except pictures.DamagedPictureError:
        raise Refusal(40137) from None
    return kind


def _keep(desk: Desk, given: Upload, *, kind: str, media_format: str) -> sqlite3.Row:
    picture = secrets.token_hex(16)
    prefix = "tmp" if kind == "temporary" else "P0HLl"
    media_id = f"{prefix}-{secrets.token_urlsafe(32)}"
    desk.records.execute("INSERT INTO picture VALUES (?, ?)", (picture, given.file))
    row: sqlite3.Row = desk.records.execute(
        "INSERT INTO media VALUES (?, ?, ?, ?, ?, ?) RETURNING *",
        (media_id, picture, kind, given.name, media_format, desk.now),
    ).fetchone()
    return row
