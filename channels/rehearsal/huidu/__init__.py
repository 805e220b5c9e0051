"""A practice Huidu card, below `/huidu`: signed JSON over HTTP, as the vendor's SDK describes it.

API: cn.huidu.device.sdk, README, 2026-05. No card was at hand when this was written.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import sqlite3
import time
from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from channels.rehearsal import records
from channels.rehearsal.faults import COMMON, Faults
from channels.rehearsal.line import Call, Line
from channels.rehearsal.records import Records
from publisher.channel import CAMPUS_TIME

SCHEMA = """
CREATE TABLE IF NOT EXISTS program (
    card TEXT NOT NULL, uuid TEXT NOT NULL, json TEXT NOT NULL, PRIMARY KEY (card, uuid));
CREATE TABLE IF NOT EXISTS card_file (name TEXT PRIMARY KEY, md5 TEXT NOT NULL, file BLOB NOT NULL);
"""
PROGRAM, DEVICE, FILE, LIST, UNKNOWN = "program", "device", "file", "list", "unknown"
PATHS = {
    "api/program/([^/]+)": PROGRAM,
    "api/device/list": LIST,
    "api/device/([^/]+)": DEVICE,
    "api/file": FILE,
}
MOST_AGE_S = 300.0  # of a call's date


class Settings(BaseModel):
    """What of the practice cards can be changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sdk_key: str = Field("rehearsal-key", repr=False)
    secret: str = Field("rehearsal-secret", repr=False)
    cards: tuple[str, ...] = ("C16L-D00-A000F",)
    is_on: bool = True  # the screen is lit
    clock_offset_s: float = 0.0


class Huidu:
    """The practice cards; their records are below `folder`."""

    name = "huidu"

    def __init__(self, folder: Path) -> None:
        self.records = Records(folder / "huidu.db", SCHEMA)
        calls = frozenset({PROGRAM, DEVICE, FILE, LIST})
        self.faults = Faults(self.records, calls=calls, kinds=COMMON)
        self.line = Line(self.faults, self.answer)

    def call_of(self, path: str) -> str | None:
        """Return the name of the call at a path below the outlet, None for a page."""
        return _found(path)[0] if path.startswith("/api/") else None

    def answer(self, call: Call) -> Response:
        """Answer one call; a refusal has HTTP 200, as the vendor's answers have."""
        name, place = _found(call.path.removeprefix(f"/{self.name}"))
        with self.records.transaction() as connection:
            settings = records.settings(connection, Settings)
            if name == UNKNOWN or not _is_signed(settings, call, is_file=name == FILE):
                return JSONResponse({"message": "failed"}, 404 if name == UNKNOWN else 200)
            if call.fault is not None and call.fault.kind == "code":
                return JSONResponse({"message": str(call.fault.value)})
            return JSONResponse(_ACTS[name](connection, settings, call, place))

    def visible(self) -> dict[str, Any]:
        """Return what each card shows now, by its own dates."""
        with self.records.transaction() as connection:
            settings = records.settings(connection, Settings)
            today = time.time() + settings.clock_offset_s
            day = time.strftime("%Y-%m-%d", time.gmtime(today + _campus_s(today)))
            rows = connection.execute("SELECT card, uuid, json FROM program").fetchall()
        shown = [(row["card"], row["uuid"], json.loads(row["json"])) for row in rows]
        return {
            card: [uuid for at, uuid, program in shown if at == card and _is_due(program, day)]
            if settings.is_on
            else []
            for card in settings.cards
        }

    def settings(self) -> Settings:
        """Return the settings of the cards."""
        with self.records.transaction() as connection:
            return records.settings(connection, Settings)

    def change(self, changes: dict[str, object]) -> Settings:
        """Change some settings; pydantic.ValidationError where one is wrong."""
        with self.records.transaction() as connection:
            return records.change(connection, Settings, changes)


def _campus_s(at: float) -> float:
    offset = datetime.fromtimestamp(at, CAMPUS_TIME).utcoffset()
    return offset.total_seconds() if offset else 0.0


def _found(path: str) -> tuple[str, str]:
    for pattern, name in PATHS.items():
        if match := re.fullmatch(pattern, path.strip("/")):
            return name, match[1] if match.groups() else ""
    return UNKNOWN, ""


def _is_signed(settings: Settings, call: Call, *, is_file: bool) -> bool:
    """Whether `sign` is HMAC-MD5 over body, key and date; for files over key and date."""
    date, key = call.headers.get("date", ""), call.headers.get("sdkkey", "")
    try:
        age_s = abs(time.time() - parsedate_to_datetime(date).timestamp())
    except (ValueError, TypeError):
        return False
    signed = (b"" if is_file else call.body) + f"{key}{date}".encode()
    good = hmac.new(settings.secret.encode(), signed, hashlib.md5).hexdigest()
    is_known = key == settings.sdk_key and bool(call.headers.get("requestid"))
    given = call.headers.get("sign", "")
    return is_known and age_s < MOST_AGE_S and hmac.compare_digest(good, given)


def _program(
    base: sqlite3.Connection, settings: Settings, call: Call, place: str
) -> dict[str, Any]:
    said = json.loads(call.body)
    method, programs = said.get("method"), said.get("data", [])
    answers = []
    for card in place.split(","):
        if card not in settings.cards:
            answers.append({"id": card, "message": "offline", "data": ""})
            continue
        result: Any = "kSuccess"
        if method == "replace":
            base.execute("DELETE FROM program WHERE card = ?", (card,))
        if method in ("append", "update", "replace"):
            if not all(_has_files(base, each) for each in programs):
                answers.append({"id": card, "message": "ok", "data": "kFileNotFound"})
                continue
            for each in programs:
                row = (card, each["uuid"], json.dumps(each, ensure_ascii=False))
                base.execute("REPLACE INTO program VALUES (?, ?, ?)", row)
        elif method == "remove":
            for each in programs:
                base.execute(
                    "DELETE FROM program WHERE card = ? AND uuid = ?", (card, each["uuid"])
                )
        elif method == "getAll":
            rows = base.execute("SELECT json FROM program WHERE card = ?", (card,)).fetchall()
            result = {"item": [json.loads(row["json"]) for row in rows]}
        else:
            result = "kUnsupportMethod"
        answers.append({"id": card, "message": "ok", "data": result})
    return {"method": method, "message": "ok", "data": answers}


def _has_files(base: sqlite3.Connection, program: dict[str, Any]) -> bool:
    for area in program.get("area", []):
        for item in area.get("item", []):
            if item["type"] == "image":
                query = "SELECT 1 FROM card_file WHERE name = ? AND md5 = ?"
                if not base.execute(query, (item["file"], item["fileMd5"])).fetchone():
                    return False
    return True


def _device(base: sqlite3.Connection, settings: Settings, call: Call, place: str) -> dict[str, Any]:
    cards = [
        {"id": card, "message": "ok", "data": {"screen.openStatus": str(settings.is_on).lower()}}
        if card in settings.cards
        else {"id": card, "message": "offline", "data": {}}
        for card in place.split(",")
    ]
    return {"method": "getDeviceStatus", "message": "ok", "data": cards}


def _file(base: sqlite3.Connection, settings: Settings, call: Call, place: str) -> dict[str, Any]:
    made = []
    for upload in call.uploads.values():
        md5 = hashlib.md5(upload.file, usedforsecurity=False).hexdigest()
        base.execute("REPLACE INTO card_file VALUES (?, ?, ?)", (upload.name, md5, upload.file))
        size = str(len(upload.file))
        made.append({"message": "ok", "name": upload.name, "md5": md5, "size": size, "data": ""})
    return {"message": "ok" if made else "failed", "data": made}


def _list(base: sqlite3.Connection, settings: Settings, call: Call, place: str) -> dict[str, Any]:
    return {"message": "ok", "data": list(settings.cards)}


_ACTS: dict[str, Callable[[sqlite3.Connection, Settings, Call, str], dict[str, Any]]] = {
    PROGRAM: _program,
    DEVICE: _device,
    FILE: _file,
    LIST: _list,
}


def _is_due(program: dict[str, Any], day: str) -> bool:
    dates = program.get("playControl", {}).get("date", [])
    return not dates or any(each["start"] <= day <= each["end"] for each in dates)
