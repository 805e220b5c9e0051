"""A practice Anthias screen, below `/anthias`: its API v2 with the answers that were seen live.

API: the product's own /api/docs, v2026.08.2.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, RedirectResponse, Response

from channels.rehearsal import records
from channels.rehearsal.faults import COMMON, Fault, Faults
from channels.rehearsal.line import Call, Line
from channels.rehearsal.records import Records

SCHEMA = """
CREATE TABLE IF NOT EXISTS upload (uri TEXT PRIMARY KEY, file BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS asset (
    asset_id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, fields TEXT NOT NULL, file BLOB);
"""
UPLOAD, INFO, CONTROL, ORDER, UNKNOWN = "file_asset", "info", "control", "order", "unknown"
ASSETS, ASSET = "assets", "asset"
PATHS = {
    "api/v2/file_asset": UPLOAD,
    "api/v2/assets": ASSETS,
    "api/v2/assets/order": ORDER,
    "api/v2/assets/control/(.+)": CONTROL,
    "api/v2/assets/([0-9a-f]{32})": ASSET,
    "api/v2/info": INFO,
}
REQUIRED = ("uri", "start_date", "end_date", "duration", "mimetype", "is_enabled", "name")
MOST_S = 365 * 86400  # of duration
IGNORED = ("uri", "mimetype", "asset_id", "is_active")  # in an update, without a word
PICTURE = re.compile(rb"\x89PNG|\xff\xd8|GIF8|RIFF")


class Settings(BaseModel):
    """What of the practice screen can be changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    username: str = "anthias"
    password: str = Field("rehearsal", repr=False)
    needs_login: bool = True
    clock_offset_s: float = 0.0


class _Refusal(Exception):
    def __init__(self, status: int, body: object) -> None:
        super().__init__(str(body))
        self.status, self.body = status, body


class Anthias:
    """The practice screen; its records are below `folder`."""

    name = "anthias"

    def __init__(self, folder: Path) -> None:
        self.records = Records(folder / "anthias.db", SCHEMA)
        calls = frozenset({UPLOAD, ASSETS, ASSET, INFO, CONTROL, ORDER})
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
            if refused := _door(settings, call):
                return refused
            try:
                if call.fault is not None and call.fault.kind == "code":
                    raise _asked(call.fault)
                now = datetime.fromtimestamp(time.time() + settings.clock_offset_s, UTC)
                return _ACTS[name, call.method](connection, call, place, now)
            except KeyError:
                return JSONResponse({"detail": f'Method "{call.method}" not allowed.'}, 405)
            except _Refusal as refusal:
                return JSONResponse(refusal.body, refusal.status)

    def visible(self) -> dict[str, Any]:
        """Return what the screen shows now, in turn."""
        with self.records.transaction() as connection:
            settings = records.settings(connection, Settings)
            now = datetime.fromtimestamp(time.time() + settings.clock_offset_s, UTC)
            rows = [_shown(row, now) for row in connection.execute("SELECT * FROM asset")]
        return {"assets": rows, "shown": [row["name"] for row in rows if row["is_active"]]}

    def settings(self) -> Settings:
        """Return the settings of the screen."""
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


def _door(settings: Settings, call: Call) -> Response | None:
    """Send strangers to the page where people sign in, as Anthias does, and not away."""
    if not settings.needs_login:
        return None
    kind, _, value = call.headers.get("authorization", "").partition(" ")
    if kind != "Basic":
        goes_on = f"?next={call.path}" if call.method == "GET" else ""
        return RedirectResponse(f"/login/{goes_on}", 302)
    good = f"{settings.username}:{settings.password}"
    if secrets.compare_digest(value, base64.b64encode(good.encode()).decode()):
        return None
    headers = {"WWW-Authenticate": 'Basic realm="api"'}
    return JSONResponse({"detail": "Invalid username/password."}, 401, headers)


def _upload(base: sqlite3.Connection, call: Call, place: str, now: datetime) -> Response:
    given = call.uploads.get("file_upload")
    if given is None:
        raise _Refusal(400, {"file_upload": "No file uploaded."})
    if not given.name.lower().endswith((".png", ".jpg", ".jpeg", ".gif", ".webp", ".mp4")):
        raise _Refusal(400, {"file_upload": "Invalid file type. Expected image or video."})
    name = secrets.token_hex(16)  # the bytes are not looked at
    uri = f"/data/screenly_assets/{name}.tmp"
    base.execute("INSERT INTO upload VALUES (?, ?)", (uri, given.file))
    ext = f".{given.name.rpartition('.')[2].lower()}"
    return JSONResponse({"uri": uri, "ext": ext, "upload_id": name})


def _create(base: sqlite3.Connection, call: Call, place: str, now: datetime) -> Response:
    given = _object(call.body)
    if missing := [name for name in REQUIRED if name not in given]:
        raise _Refusal(400, {name: ["This field is required."] for name in missing})
    _check(given)
    uri, file = str(given["uri"]), None
    if uri.startswith(("http://", "https://")):
        raise _Refusal(500, {"error": "Could not retrieve file. Check the asset URL."})
    row = base.execute("SELECT file FROM upload WHERE uri = ?", (uri,)).fetchone()
    if row is None:
        raise _Refusal(400, {"uri": ["Invalid file path. Failed to add asset."]})
    file = row["file"]
    base.execute("DELETE FROM upload WHERE uri = ?", (uri,))  # a .tmp serves once
    number, name = 0, str(given["name"])
    while base.execute("SELECT 1 FROM asset WHERE name = ?", (_name(name, number),)).fetchone():
        number += 1
    asset_id = secrets.token_hex(16)
    fields = DEFAULTS | {key: given[key] for key in (*REQUIRED, *DEFAULTS) if key in given}
    fields["uri"] = f"/data/screenly_assets/{asset_id}{given.get('ext', '')}"
    base.execute(
        "INSERT INTO asset VALUES (?, ?, ?, ?)",
        (asset_id, _name(name, number), json.dumps(fields), file),
    )
    return JSONResponse(_one(base, asset_id, now), 201)


DEFAULTS: dict[str, Any] = {
    "nocache": False, "play_order": 0, "skip_asset_check": False, "play_days": list(range(1, 8)),
    "play_time_from": None, "play_time_to": None, "refresh_interval_s": 0,
}  # fmt: skip


def _name(name: str, number: int) -> str:
    return f"{name}-{number}" if number else name


def _list(base: sqlite3.Connection, call: Call, place: str, now: datetime) -> Response:
    return JSONResponse([_shown(row, now) for row in base.execute("SELECT * FROM asset")])


def _get(base: sqlite3.Connection, call: Call, place: str, now: datetime) -> Response:
    return JSONResponse(_one(base, place, now))


def _change(base: sqlite3.Connection, call: Call, place: str, now: datetime) -> Response:
    before, given = _one(base, place, now), _object(call.body)
    _check(given)
    fields = {key: before[key] for key in (*REQUIRED, *DEFAULTS)}
    fields |= {key: value for key, value in given.items() if key in fields and key not in IGNORED}
    base.execute("UPDATE asset SET fields = ? WHERE asset_id = ?", (json.dumps(fields), place))
    return JSONResponse(_one(base, place, now))


def _delete(base: sqlite3.Connection, call: Call, place: str, now: datetime) -> Response:
    _one(base, place, now)
    base.execute("DELETE FROM asset WHERE asset_id = ?", (place,))
    return Response(status_code=204)


def _info(base: sqlite3.Connection, call: Call, place: str, now: datetime) -> Response:
    return JSONResponse({"viewlog": "Not yet implemented", "anthias_version": "2026.08.2"})


def _control(base: sqlite3.Connection, call: Call, place: str, now: datetime) -> Response:
    return JSONResponse("Asset switched")  # for any word


_ACTS: dict[tuple[str, str], Callable[[sqlite3.Connection, Call, str, datetime], Response]] = {
    (UPLOAD, "POST"): _upload,
    (ASSETS, "POST"): _create,
    (ASSETS, "GET"): _list,
    (ASSET, "GET"): _get,
    (ASSET, "PATCH"): _change,
    (ASSET, "DELETE"): _delete,
    (INFO, "GET"): _info,
    (CONTROL, "GET"): _control,
}


def _one(base: sqlite3.Connection, asset_id: str, now: datetime) -> dict[str, Any]:
    row = base.execute("SELECT * FROM asset WHERE asset_id = ?", (asset_id,)).fetchone()
    if row is None:
        raise _Refusal(404, {"detail": "No Asset matches the given query."})
    return _shown(row, now)


def _shown(row: sqlite3.Row, now: datetime) -> dict[str, Any]:
    fields = json.loads(row["fields"])
    begins, ends = _moment(fields["start_date"]), _moment(fields["end_date"])
    is_active = fields["is_enabled"] and begins <= now < ends
    return {"asset_id": row["asset_id"], **fields, "name": row["name"], "is_active": is_active,
            "is_processing": False, "is_reachable": True}  # fmt: skip


def _check(given: dict[str, Any]) -> None:
    wrong: dict[str, Any] = {}
    for name in ("start_date", "end_date"):
        if name in given:
            try:
                _moment(given[name])
            except (ValueError, TypeError):
                wrong[name] = ["Datetime has wrong format."]
    if "duration" in given and not 0 <= int(given["duration"]) <= MOST_S:
        wrong["duration"] = ["Ensure this value is greater than or equal to 0."]
    if "is_enabled" in given and not isinstance(given["is_enabled"], bool):
        wrong["is_enabled"] = ["Must be a valid boolean."]
    if wrong:
        raise _Refusal(400, wrong)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)  # a naive one is UTC


def _object(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except ValueError as error:
        raise _Refusal(400, {"detail": f"JSON parse error - {error}"}) from None
    return said if isinstance(said, dict) else {}


def _asked(fault: Fault) -> _Refusal:
    asked = fault.value if isinstance(fault.value, dict) else {"status": fault.value}
    status = str(asked.get("status"))
    number = int(status) if re.fullmatch("[2-5][0-9]{2}", status) else 400
    return _Refusal(number, asked.get("body", {"detail": "asked for"}))
