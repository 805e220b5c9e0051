"""群公告: sent, listed, deleted."""

from __future__ import annotations

import base64
import binascii
import secrets
import sqlite3
from typing import Any

from channels.rehearsal import pictures
from channels.rehearsal.onebot.desk import Desk
from channels.rehearsal.onebot.personality import UNKNOWN_REASON

SCHEMA = """
CREATE TABLE IF NOT EXISTS notice (
    notice_id TEXT PRIMARY KEY, group_id TEXT NOT NULL, sender_id INTEGER NOT NULL,
    text TEXT NOT NULL, picture TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
    pinned INTEGER NOT NULL, confirm_required INTEGER NOT NULL, is_show_edit_card INTEGER NOT NULL,
    popup INTEGER NOT NULL, to_new_members INTEGER NOT NULL,
    published_at REAL NOT NULL, listed_at REAL NOT NULL, read_num INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS notice_group ON notice (group_id, published_at);
CREATE TABLE IF NOT EXISTS picture (id TEXT PRIMARY KEY, file BLOB NOT NULL);
"""
LISTED = 20  # newest notices that the list has
LOGIN_EXPIRED = "no login [errcode:1:0]"


def send(desk: Desk) -> Any:
    """Answer _send_group_notice."""
    who = desk.personality
    group_id, text = desk.identifier("group_id"), desk.words("content")
    switches, image = who.switches(desk.parameters), who.check_image(desk.parameters)
    em = _refusal(desk)
    if em:
        failure = who.notice_failed(em)
        if failure is not None:
            raise failure
        return who.notice_payload("")
    picture = _picture(desk, image)
    if desk.is_troubled("false_ok"):
        return who.notice_payload("")
    notice_id = secrets.token_hex(16)
    _insert(desk, notice_id, group_id=group_id, text=text, picture=picture, switches=switches)
    return who.notice_payload(notice_id)


def listed(desk: Desk) -> list[dict[str, Any]]:
    """Answer _get_group_notice, newest first."""
    em = LOGIN_EXPIRED if desk.is_troubled("offline") else ""
    if not em and desk.group() is None:
        em = UNKNOWN_REASON
    if em:
        failure = desk.personality.list_failed(em)
        if failure is not None:
            raise failure
        return []
    kinds = (0, 1) if desk.personality.lists_new_member_notices else (0, 0)
    rows = desk.records.execute(
        "SELECT * FROM notice WHERE group_id = ? AND listed_at <= ? AND to_new_members IN (?, ?)"
        " ORDER BY published_at DESC, rowid DESC LIMIT ?",
        (desk.identifier("group_id"), desk.now, *kinds, LISTED),
    ).fetchall()
    escapes = desk.settings.escapes_text
    return [desk.personality.item(row, escapes=escapes) for row in rows]


def delete(desk: Desk) -> Any:
    """Answer the deletion of a notice; most implementations say ok whatever became of it."""
    notice_id, em = desk.words("notice_id"), _refusal(desk)
    is_gone = False
    if not em and not desk.is_troubled("false_ok"):
        is_gone = _delete(desk, notice_id)
    if not is_gone and not desk.is_troubled("false_ok"):
        failure = desk.personality.delete_failed(em or "fid not exist")
        if failure is not None:
            raise failure
    return desk.personality.delete_payload()


def _refusal(desk: Desk) -> str:
    """Return QQ's words for not letting the bot do it, "" where it may."""
    if desk.is_troubled("offline"):
        return LOGIN_EXPIRED
    group = desk.group()
    if group is None:
        failure = desk.personality.no_group("_send_group_notice")
        if failure is not None:
            raise failure
        return UNKNOWN_REASON
    may = group["role"] in ("owner", "admin") and not group["is_muted"]
    return "" if may else UNKNOWN_REASON


def _picture(desk: Desk, image: str) -> tuple[str, int, int]:
    """Keep the picture and return its id, width and height; no id where there is none."""
    if not image:
        return "", 0, 0
    try:
        file = _bytes_of(desk, image)
        width, height = pictures.size(file)
    except pictures.DamagedPictureError:
        if desk.personality.drops_lost_pictures:
            return "", 0, 0
        raise desk.personality.picture_failed(image) from None
    picture_id = secrets.token_hex(16)
    desk.records.execute("INSERT INTO picture VALUES (?, ?)", (picture_id, file))
    return picture_id, width, height


def _bytes_of(desk: Desk, image: str) -> bytes:
    """Return the picture that travels in the text itself; paths and addresses lead nowhere here."""
    scheme, _, rest = image.partition("://")
    if image.startswith("data:") and desk.personality.takes_data_uris:
        scheme, rest = "base64", image.partition("base64,")[2]
    if scheme != "base64":
        raise pictures.DamagedPictureError("only pictures that travel along can be found")
    try:
        return base64.b64decode(rest, validate=True)
    except binascii.Error as error:
        raise pictures.DamagedPictureError("no base64") from error


def _insert(
    desk: Desk,
    notice_id: str,
    *,
    group_id: str,
    text: str,
    picture: tuple[str, int, int],
    switches: dict[str, bool],
) -> None:
    values: dict[str, object] = {
        "notice_id": notice_id,
        "group_id": group_id,
        "sender_id": desk.settings.user_id,
        "text": text,
        "picture": picture[0],
        "width": picture[1],
        "height": picture[2],
        "published_at": desk.now,
        "listed_at": desk.now + desk.settings.notice_delay_s,
    }
    values |= switches
    places = ", ".join(f":{name}" for name in values)
    desk.records.execute(f"INSERT INTO notice ({', '.join(values)}) VALUES ({places})", values)


def _delete(desk: Desk, notice_id: str) -> bool:
    row = desk.records.execute(
        "DELETE FROM notice WHERE notice_id = ? AND group_id = ? RETURNING picture",
        (notice_id, desk.identifier("group_id")),
    ).fetchone()
    if row is not None:
        desk.records.execute("DELETE FROM picture WHERE id = ?", (row["picture"],))
    return row is not None


def visible(records: sqlite3.Connection, group_id: str, *, now: float) -> list[sqlite3.Row]:
    """Return the notices that a member of the group sees now, pinned ones first."""
    return records.execute(
        "SELECT * FROM notice WHERE group_id = ? AND listed_at <= ?"
        " ORDER BY pinned DESC, published_at DESC, rowid DESC LIMIT ?",
        (group_id, now, LISTED * 5),
    ).fetchall()


def picture(records: sqlite3.Connection, picture_id: str) -> bytes | None:
    """Return the picture of a notice, None where there is none of that id."""
    row = records.execute("SELECT file FROM picture WHERE id = ?", (picture_id,)).fetchone()
    return row["file"] if row else None


def acknowledge(records: sqlite3.Connection, notice_id: str) -> None:
    """Let one member press 收到, if there is a member who has not."""
    records.execute(
        "UPDATE notice SET read_num = read_num + 1 WHERE notice_id = ? AND read_num <"
        " (SELECT member_count - 1 FROM qq_group WHERE qq_group.group_id = notice.group_id)",
        (notice_id,),
    )
