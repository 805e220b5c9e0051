"""Mass sending: what reaches the followers."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from datetime import date
from typing import Any

from channels.rehearsal.wechat import confirmation, drafts, sent
from channels.rehearsal.wechat.desk import OK, Desk, Refusal, day_of, number, text

SCHEMA = """
CREATE TABLE IF NOT EXISTS push (
    msg_id INTEGER PRIMARY KEY, msg_data_id INTEGER NOT NULL, client_id TEXT NOT NULL,
    day TEXT NOT NULL, accepted_at REAL NOT NULL, done_at REAL NOT NULL,
    asked_at REAL NOT NULL, has_failed INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS push_client ON push (client_id, accepted_at);
CREATE INDEX IF NOT EXISTS push_day ON push (day);
"""
BY_HAND = "hand:"  # how the client_id of a push begins that was made in the console
MOST_OPENIDS = 10_000
FIRST_MSG_ID = 3_147_494_276
FIRST_DATA_ID = 2_455_891_298
MAX_CLIENT_ID_BYTES = 32
CLIENT_ID_KEPT_S = 24 * 3600
RETRY_GAP_S = 60  # an equal clientmsgid sooner than that is 45066
TAGS = (2, 101)  # 星标组, 教职工
OPENID_LENGTH = 28


def sendall(desk: Desk, request: dict[str, Any]) -> dict[str, Any]:
    """Answer message/mass/sendall: accepted, not yet sent."""
    return _send(desk, request, audience=_audience(request))


def send(desk: Desk, request: dict[str, Any]) -> dict[str, Any]:
    """Answer message/mass/send: to a list of followers, for service accounts."""
    if desk.settings.account_kind != "service":
        raise Refusal(48001)
    openids = request.get("touser")
    if not isinstance(openids, list) or len(openids) < 2:
        raise Refusal(40130)
    if len(openids) > MOST_OPENIDS:
        raise Refusal(40035)
    return _send(desk, request, audience={"touser": openids})


def _send(desk: Desk, request: dict[str, Any], *, audience: dict[str, Any]) -> dict[str, Any]:
    media_id = _media_id(request)
    _check_repeat(desk, client_id := _client_id(desk, request, audience=audience))
    articles = drafts.articles_of(desk, media_id)
    if sent.is_leaving(desk, media_id):
        raise Refusal(42010)
    check_allowance(desk, is_to_all=audience.get("is_to_all") is True)
    has_failed = desk.job_fails_with is not None
    row = insert(desk, client_id, has_failed=has_failed)
    if not has_failed:
        sent.keep(desk, articles, job=row["msg_id"], is_push=True, at=row["done_at"])
        sent.leave(desk, media_id, at=row["done_at"])
    if desk.settings.needs_admin and audience.get("is_to_all") is True:
        confirmation.wait(desk, row["msg_id"], media_id=media_id)
    else:
        confirmation.announce(desk, row["msg_id"], has_failed=has_failed)
    answer = {"errcode": 0, "errmsg": "send job submission success"}
    return answer | {"msg_id": row["msg_id"], "msg_data_id": row["msg_data_id"]}


def preview(desk: Desk, request: dict[str, Any]) -> dict[str, Any]:
    """Answer message/mass/preview: to one follower, by openid or WeChat id."""
    openid, name = text(request, "touser"), text(request, "towxname")
    if not name and not (openid.startswith("o") and len(openid) == OPENID_LENGTH):
        raise Refusal(40003)
    drafts.articles_of(desk, _media_id(request))
    return {"errcode": 0, "errmsg": "preview success", "msg_id": 34182}


def get(desk: Desk, request: dict[str, Any]) -> dict[str, Any]:
    """Answer message/mass/get."""
    row = _push(desk, number(request, "msg_id"))
    if confirmation.is_waiting(desk, row["msg_id"]):
        raise Refusal(89504)
    row = _push(desk, row["msg_id"])  # the administrator's silence may just have ended it
    return {"msg_id": row["msg_id"], "msg_status": _status(desk, row)}


def delete(desk: Desk, request: dict[str, Any]) -> dict[str, Any]:
    """Answer message/mass/delete, by msg_id and place, or by the address of one article."""
    if "msg_id" in request:
        row, idx = _push(desk, number(request, "msg_id")), number(request, "article_idx")
    else:
        row, idx = _by_url(desk, text(request, "url"))
    if _status(desk, row) in ("SENDING", "SEND_FAIL") or row["client_id"].startswith(BY_HAND):
        raise Refusal(40065)
    if idx > len(sent.of_job(desk, row["msg_id"])):
        raise Refusal(40060)
    sent.delete(desk, row["msg_id"], idx=idx)
    return OK


def totals(desk: Desk, request: dict[str, Any]) -> dict[str, Any]:
    """Answer datacube/getarticletotaldetail: addresses of what was pushed, from the next day on."""
    begin, end = _date(text(request, "begin_date")), _date(text(request, "end_date"))
    if begin > end or end.isoformat() >= desk.today:
        raise Refusal(61501)
    rows = desk.records.execute(
        "SELECT sent.*, push.msg_data_id, push.day FROM push JOIN sent ON sent.job = push.msg_id"
        " WHERE push.day BETWEEN ? AND ? AND sent.visible_at <= ? ORDER BY push.msg_id, sent.idx",
        (begin.isoformat(), end.isoformat(), desk.now),
    ).fetchall()
    return {"list": [_total(row) for row in rows], "is_delay": False}


def check_allowance(desk: Desk, *, is_to_all: bool) -> None:
    """Refuse a push where the allowance of the day, or of the month, is used up.

    A service account may push to all once a day, beside its four a month for each follower.
    """
    most = desk.settings.daily_pushes
    if desk.settings.account_kind == "service":
        if pushes_of(desk, desk.today[:7]) >= desk.settings.monthly_pushes:
            raise Refusal(45028)
        most = min(most, 1) if is_to_all else most
    if pushes_today(desk) >= most:
        raise Refusal(45028)


def pushes_of(desk: Desk, month: str) -> int:
    """Return how many pushes a month has seen: "2026-11"."""
    [used] = desk.records.execute(
        "SELECT count(*) FROM push WHERE day LIKE ?", (f"{month}-%",)
    ).fetchone()
    return int(used)


def pushes_today(desk: Desk) -> int:
    """Return how many pushes of today's allowance are used."""
    [used] = desk.records.execute(
        "SELECT count(*) FROM push WHERE day = ?", (desk.today,)
    ).fetchone()
    return int(used)


def _audience(request: dict[str, Any]) -> dict[str, Any]:
    audience = request.get("filter")
    if not isinstance(audience, dict):
        raise Refusal(40035, "invalid parameter: filter")
    if audience.get("is_to_all") is not True and audience.get("tag_id") not in TAGS:
        raise Refusal(40152)
    return audience


def _media_id(request: dict[str, Any]) -> str:
    if request.get("msgtype") != "mpnews":
        raise Refusal(40008)
    message = request.get("mpnews")
    return text(message, "media_id") if isinstance(message, dict) else ""


def _client_id(desk: Desk, request: dict[str, Any], *, audience: dict[str, Any]) -> str:
    """Return the caller's id, or a digest of audience and content where there is none."""
    given = text(request, "clientmsgid")
    if len(given.encode()) > MAX_CLIENT_ID_BYTES:
        raise Refusal(45067)
    if given:
        return given
    articles = drafts.articles_of(desk, _media_id(request))
    content = json.dumps([audience, articles], sort_keys=True).encode()
    return f"digest:{hashlib.sha256(content).hexdigest()}"


def _check_repeat(desk: Desk, client_id: str) -> None:
    """Refuse an id of the last 24 hours: too soon with 45066, else with the msg_id it has."""
    row = desk.records.execute(
        "SELECT * FROM push WHERE client_id = ? AND accepted_at > ?"
        " ORDER BY accepted_at DESC LIMIT 1",
        (client_id, desk.now - CLIENT_ID_KEPT_S),
    ).fetchone()
    if row is None:
        return
    if desk.now - row["asked_at"] < RETRY_GAP_S:
        raise Refusal(45066)
    desk.records.execute("UPDATE push SET asked_at = ? WHERE msg_id = ?", (desk.now, row["msg_id"]))
    raise Refusal(45065, msg_id=row["msg_id"])


def insert(desk: Desk, client_id: str, *, has_failed: bool) -> sqlite3.Row:
    """Keep a push that was accepted now, and return it."""
    [latest] = desk.records.execute("SELECT max(msg_id) FROM push").fetchone()
    msg_id = (latest or FIRST_MSG_ID - 1) + 1
    data_id = FIRST_DATA_ID + msg_id - FIRST_MSG_ID
    done_at = desk.now + desk.settings.job_delay_s
    values = (msg_id, data_id, client_id, desk.today, desk.now, done_at, desk.now, has_failed)
    row: sqlite3.Row = desk.records.execute(
        "INSERT INTO push VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING *", values
    ).fetchone()
    return row


def _push(desk: Desk, msg_id: int) -> sqlite3.Row:
    row: sqlite3.Row | None = desk.records.execute(
        "SELECT * FROM push WHERE msg_id = ?", (msg_id,)
    ).fetchone()
    if row is None:
        raise Refusal(40059)
    return row


def _by_url(desk: Desk, url: str) -> tuple[sqlite3.Row, int]:
    token = url.removeprefix(sent.BASE)
    row = desk.records.execute(
        "SELECT job, idx FROM sent WHERE token = ? AND is_push", (token,)
    ).fetchone()
    if row is None:
        raise Refusal(40059)
    return _push(desk, row["job"]), row["idx"]


def _status(desk: Desk, row: sqlite3.Row) -> str:
    if desk.now < row["done_at"]:
        return "SENDING"
    if row["has_failed"]:
        return "SEND_FAIL"
    if row["done_at"] >= confirmation.NEVER:
        return "SENDING"
    is_gone = all(each["deleted_at"] is not None for each in sent.of_job(desk, row["msg_id"]))
    return "DELETE" if is_gone else "SEND_SUCCESS"


def _date(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise Refusal(61501) from None


def _total(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "ref_date": row["day"],
        "msgid": f"{row['msg_data_id']}_{row['idx']}",
        "publish_type": 0,
        "title": sent.article(row)["title"],
        "content_url": sent.url(row),
        "detail_list": [{"stat_date": day_of(row["visible_at"]), "read_user": 0}],
    }
