"""A practice Xibo CMS, below `/xibo`: its API as 4.5.1 was seen to answer, and players that play.

API: the product's own /swagger.json, 4.5.1.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from channels.rehearsal import records
from channels.rehearsal.faults import COMMON, Faults
from channels.rehearsal.line import Call, Line
from channels.rehearsal.records import Records

SCHEMA = """
CREATE TABLE IF NOT EXISTS token (value TEXT PRIMARY KEY, expires_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS medium (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, md5 TEXT NOT NULL, file BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS event (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, medium INTEGER NOT NULL, groups TEXT NOT NULL,
    from_at TEXT NOT NULL, to_at TEXT NOT NULL, priority INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS played (
    id INTEGER PRIMARY KEY, medium INTEGER NOT NULL, display INTEGER NOT NULL, name TEXT NOT NULL,
    start TEXT NOT NULL, UNIQUE (medium, display));
"""
TOKEN, UNKNOWN = "authorize/access_token", "unknown"
PATHS = {
    "api/authorize/access_token": TOKEN,
    "api/library": "library",
    "api/library/([0-9]+)": "medium",
    "api/schedule": "schedule",
    "api/schedule/([0-9]+)": "event",
    "api/schedule/([0-9]+)/events": "now",
    "api/display": "display",
    "api/displaygroup": "displaygroup",
    "api/displaygroup/([0-9]+)/action/collectNow": "collectNow",
    "api/stats": "stats",
}
FORM = "%Y-%m-%d %H:%M:%S"
PER_PAGE = 10  # where the caller gives no length
TOKEN_LIVES_S = 3600
ALL_SCREENS = 1  # a display group


class Settings(BaseModel):
    """What of the practice CMS can be changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    client_id: str = "rehearsal"
    client_secret: str = Field("rehearsal-xibo", repr=False)
    scopes: tuple[str, ...] = ("all",)
    timezone: str = "Asia/Shanghai"
    displays: tuple[str, ...] = ("教学楼A大屏", "图书馆大屏")
    silent: tuple[str, ...] = ()  # displays that are switched off
    statistics: bool = True  # the default of the product is false
    has_envelope: bool = True  # false: answers of 4.4 and older
    clock_offset_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class _Desk:
    base: sqlite3.Connection
    settings: Settings
    call: Call
    place: str
    fields: dict[str, list[str]]
    now: datetime  # in the zone of the CMS, naive, as it speaks

    def one(self, name: str) -> str:
        return self.fields.get(name, [""])[0]


class _Refusal(Exception):
    def __init__(self, status: int, message: str, *, property: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": status, "message": message, "property": property, "help": None}


class Xibo:
    """The practice CMS; its records are below `folder`."""

    name = "xibo"

    def __init__(self, folder: Path) -> None:
        self.records = Records(folder / "xibo.db", SCHEMA)
        calls = frozenset({*PATHS.values(), UNKNOWN})
        self.faults = Faults(self.records, calls=calls, kinds=COMMON)
        self.line = Line(self.faults, self.answer)

    def call_of(self, path: str) -> str | None:
        """Return the name of the call at a path below the outlet, None for a page."""
        return _found(path)[0] if path.startswith("/api/") else None

    def answer(self, call: Call) -> Response:
        """Answer one call."""
        name, place = _found(call.path.removeprefix(f"/{self.name}"))
        with self.records.transaction() as connection:
            settings = records.settings(connection, Settings)
            desk = _Desk(
                base=connection, settings=settings, call=call, place=place,
                fields=_fields(call), now=_now(settings),
            )  # fmt: skip
            if name != TOKEN and (refused := _door(desk)):
                return refused
            act = _ACTS.get((name, call.method))
            if name == UNKNOWN or act is None:
                return _lost(404 if name == UNKNOWN else 405)
            if call.fault is not None and call.fault.kind == "code":
                return _lost(500)
            try:
                _play(desk)
                return act(desk)
            except _Refusal as refusal:
                return JSONResponse(refusal.body, refusal.status)

    def visible(self) -> dict[str, Any]:
        """Return what each display shows now."""
        with self.records.transaction() as connection:
            settings = records.settings(connection, Settings)
            now = _now(settings).strftime(FORM)
            rows = connection.execute(
                "SELECT name FROM event WHERE from_at <= ? AND to_at > ? ORDER BY priority DESC",
                (now, now),
            ).fetchall()
        shown = [row["name"] for row in rows]
        return {name: [] if name in settings.silent else shown for name in settings.displays}

    def settings(self) -> Settings:
        """Return the settings of the CMS."""
        with self.records.transaction() as connection:
            return records.settings(connection, Settings)

    def change(self, changes: dict[str, object]) -> Settings:
        """Change some settings; pydantic.ValidationError where one is wrong."""
        with self.records.transaction() as connection:
            return records.change(connection, Settings, changes)


def _found(path: str) -> tuple[str, str]:
    for pattern, name in PATHS.items():
        if match := re.fullmatch(pattern, path.strip("/")):
            return name, match[1] if match.groups() else ""
    return UNKNOWN, ""


def _fields(call: Call) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    pairs = list(call.query.items())
    kind = call.headers.get("content-type", "")
    if kind.startswith("application/x-www-form-urlencoded"):
        pairs += parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True)
    for name, value in re.findall(
        rb'name="([^"]+)"\r\n\r\n(.*?)\r\n--', call.body if "multipart" in kind else b"", re.DOTALL
    ):
        pairs.append((name.decode(), value.decode("utf-8", "replace")))
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def _now(settings: Settings) -> datetime:
    at = time.time() + settings.clock_offset_s
    return datetime.fromtimestamp(at, ZoneInfo(settings.timezone)).replace(tzinfo=None)


def _lost(status: int) -> Response:
    """Answer an unknown route: the status is 500, the truth is in the body."""
    words = {404: "404 Not Found", 405: "405 Method Not Allowed"}.get(status, "Unexpected Error")
    return JSONResponse({"success": False, "error": status, "message": words}, 500)


def _door(desk: _Desk) -> Response | None:
    kind, _, value = desk.call.headers.get("authorization", "").partition(" ")
    row = desk.base.execute(
        "SELECT 1 FROM token WHERE value = ? AND expires_at > ?", (value, time.time())
    ).fetchone()
    if kind != "Bearer" or row is None:
        said = "The resource owner or authorization server denied the request."
        body = {"error": "access_denied", "error_description": said, "hint": "Missing header"}
        return JSONResponse(body, 401)
    name = _found(desk.call.path.removeprefix("/xibo"))[0]
    needed = {"library": "design", "medium": "designDelete", "event": "scheduleDelete"}.get(name)
    if needed and not {"all", needed} & set(desk.settings.scopes):
        said = "Access to this route is denied for this scope"
        return JSONResponse({"error": 403, "message": said, "help": None}, 403)
    return None


def _token(desk: _Desk) -> Response:
    wanted = (desk.settings.client_id, desk.settings.client_secret)
    if desk.one("grant_type") != "client_credentials":
        return JSONResponse({"error": "unsupported_grant_type"}, 400)
    if (desk.one("client_id"), desk.one("client_secret")) != wanted:
        said = "Client authentication failed"
        return JSONResponse({"error": "invalid_client", "error_description": said}, 401)
    value = ".".join(secrets.token_urlsafe(16) for _ in range(3))
    desk.base.execute("INSERT INTO token VALUES (?, ?)", (value, time.time() + TOKEN_LIVES_S))
    body = {"token_type": "Bearer", "expires_in": TOKEN_LIVES_S, "access_token": value}
    return JSONResponse(body)


def _listed(desk: _Desk, rows: list[dict[str, Any]]) -> Response:
    start = int(desk.one("start") or 0)
    length = int(desk.one("length") or PER_PAGE)
    headers = {"X-Total-Count": str(len(rows))}
    return JSONResponse(rows[start : start + length], headers=headers)


def _upload(desk: _Desk) -> Response:
    given = desk.call.uploads.get("files")
    if given is None:
        return _lost(500)
    name = desk.one("name") or given.name
    facts = {"name": given.name, "size": len(given.file), "type": "image/png"}
    if not given.name.lower().endswith((".png", ".jpg", ".jpeg")):
        return JSONResponse({"files": [facts | {"error": "Filetype not allowed"}]})
    if desk.base.execute("SELECT 1 FROM medium WHERE name = ?", (name,)).fetchone():
        said = "You already own media with this name. Please choose another."
        return JSONResponse({"files": [facts | {"error": said}]})
    md5 = hashlib.md5(given.file, usedforsecurity=False).hexdigest()
    number = desk.base.execute(
        "INSERT INTO medium (name, md5, file) VALUES (?, ?, ?)", (name, md5, given.file)
    ).lastrowid
    return JSONResponse({"files": [facts | {"name": name, "mediaId": number, "md5": md5}]})


def _library(desk: _Desk) -> Response:
    like = f"%{desk.one('media')}%"  # a part of the name is enough
    rows = desk.base.execute("SELECT * FROM medium WHERE name LIKE ? ORDER BY id", (like,))
    return _listed(desk, [{"mediaId": r["id"], "name": r["name"], "md5": r["md5"]} for r in rows])


def _delete_medium(desk: _Desk) -> Response:
    row = desk.base.execute("SELECT 1 FROM medium WHERE id = ?", (desk.place,)).fetchone()
    if row is None:
        raise _Refusal(404, "Cannot find media")
    used = desk.base.execute("SELECT 1 FROM event WHERE medium = ?", (desk.place,)).fetchone()
    if used and desk.one("forceDelete") != "1":
        raise _Refusal(422, "This library item is in use.")
    desk.base.execute("DELETE FROM medium WHERE id = ?", (desk.place,))
    return Response(status_code=204)


def _schedule(desk: _Desk) -> Response:
    groups = desk.fields.get("displayGroupIds[]", [])
    if not groups:
        raise _Refusal(422, "No display groups selected", property="displayGroups")
    if desk.one("eventTypeId") != "7":
        raise _Refusal(422, "Please select the Event Type", property="eventTypeId")
    if not set(groups) <= {str(number) for number, _ in _groups(desk.settings)}:
        raise _Refusal(404, "Not Found")
    medium = desk.one("mediaId")
    if not medium:
        raise _Refusal(422, "MediaId is required when scheduling media events.")
    if not desk.base.execute("SELECT 1 FROM medium WHERE id = ?", (medium,)).fetchone():
        raise _Refusal(404, "Cannot find media")
    moments = {}
    for name, words in (("fromDt", "from"), ("toDt", "to")):
        try:
            moments[name] = datetime.strptime(desk.one(name), FORM)  # noqa: DTZ007 - of the CMS
        except ValueError:
            raise _Refusal(422, f"Please enter a {words} date", property=name) from None
    if moments["toDt"] < moments["fromDt"]:
        raise _Refusal(422, "Can not have an end time earlier than your start time")
    row = (
        desk.one("name"), medium, json.dumps([int(group) for group in groups]),
        desk.one("fromDt"), desk.one("toDt"), int(desk.one("isPriority") or 0),
    )  # fmt: skip
    number = desk.base.execute(
        "INSERT INTO event (name, medium, groups, from_at, to_at, priority)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        row,
    ).lastrowid
    event = _event(desk, number)
    return JSONResponse({"id": number, "data": event} if desk.settings.has_envelope else event, 201)


def _event(desk: _Desk, number: int | None) -> dict[str, Any]:
    row = desk.base.execute("SELECT * FROM event WHERE id = ?", (number,)).fetchone()
    zone = ZoneInfo(desk.settings.timezone)

    def stamp(text: str) -> int:
        return int(datetime.strptime(text, FORM).replace(tzinfo=zone).timestamp())

    groups = [{"displayGroupId": each} for each in json.loads(row["groups"])]
    return {
        "eventId": row["id"], "eventTypeId": 7, "name": row["name"], "displayGroups": groups,
        "fromDt": stamp(row["from_at"]), "toDt": stamp(row["to_at"]), "mediaId": row["medium"],
        "isPriority": row["priority"],
    }  # fmt: skip


def _events(desk: _Desk) -> Response:
    like = f"%{desk.one('name')}%"
    rows = desk.base.execute("SELECT id FROM event WHERE name LIKE ? ORDER BY id", (like,))
    return _listed(desk, [_event(desk, row["id"]) for row in rows.fetchall()])


def _delete_event(desk: _Desk) -> Response:
    if not desk.base.execute("DELETE FROM event WHERE id = ?", (desk.place,)).rowcount:
        raise _Refusal(404, "Not Found")
    return Response(status_code=204)


def _on_now(desk: _Desk) -> Response:
    now = desk.now.strftime(FORM)
    rows = desk.base.execute(
        "SELECT id FROM event WHERE from_at <= ? AND to_at > ?", (now, now)
    ).fetchall()
    return JSONResponse({"events": [_event(desk, row["id"]) for row in rows]})


def _groups(settings: Settings) -> list[tuple[int, str]]:
    """Return the group of all screens, and that of each display."""
    own = [(number + 10, name) for number, name in enumerate(settings.displays, start=1)]
    return [(ALL_SCREENS, "全校屏幕"), *own]


def _display(desk: _Desk) -> Response:
    rows = [
        {
            "displayId": number, "display": name, "displayGroupId": number + 10, "licensed": 1,
            "loggedIn": int(name not in desk.settings.silent), "countFaults": 0,
            "lastAccessed": (desk.now.strftime(FORM) if name not in desk.settings.silent
                             else "2026-01-01 00:00:00"),
            "mediaInventoryStatus": 1,
        }
        for number, name in enumerate(desk.settings.displays, start=1)
    ]  # fmt: skip
    return _listed(desk, rows)


def _display_groups(desk: _Desk) -> Response:
    like = desk.one("displayGroup")
    rows = [
        {"displayGroupId": number, "displayGroup": name}
        for number, name in _groups(desk.settings)
        if like in name
    ]
    return _listed(desk, rows)


def _collect_now(desk: _Desk) -> Response:
    raise _Refusal(422, "XMR address is not set", property="xmrAddress")


def _play(desk: _Desk) -> None:
    """Let the players play what their time has come for, and count it where that is on."""
    if not desk.settings.statistics:
        return
    now = desk.now.strftime(FORM)
    rows = desk.base.execute(
        "SELECT * FROM event WHERE from_at <= ? AND to_at > ?", (now, now)
    ).fetchall()
    for row in rows:
        groups = set(json.loads(row["groups"]))
        for number, name in enumerate(desk.settings.displays, start=1):
            if name not in desk.settings.silent and groups & {ALL_SCREENS, number + 10}:
                desk.base.execute(
                    "INSERT OR IGNORE INTO played (medium, display, name, start)"
                    " VALUES (?, ?, ?, ?)",
                    (row["medium"], number, row["name"], now),
                )


def _stats(desk: _Desk) -> Response:
    rows = desk.base.execute("SELECT * FROM played ORDER BY id").fetchall()
    return _listed(
        desk,
        [
            {
                "id": row["id"], "type": "media", "displayId": row["display"],
                "display": desk.settings.displays[row["display"] - 1], "media": row["name"],
                "numberPlays": 1, "duration": 10, "start": row["start"], "end": row["start"],
                "mediaId": row["medium"], "scheduleId": 0,
            }
            for row in rows
            if not desk.one("displayId") or desk.one("displayId") == str(row["display"])
        ],
    )  # fmt: skip


_ACTS: dict[tuple[str, str], Callable[[_Desk], Response]] = {
    (TOKEN, "POST"): _token,
    ("library", "POST"): _upload,
    ("library", "GET"): _library,
    ("medium", "DELETE"): _delete_medium,
    ("schedule", "POST"): _schedule,
    ("schedule", "GET"): _events,
    ("event", "DELETE"): _delete_event,
    ("now", "GET"): _on_now,
    ("display", "GET"): _display,
    ("displaygroup", "GET"): _display_groups,
    ("collectNow", "POST"): _collect_now,
    ("stats", "GET"): _stats,
}
