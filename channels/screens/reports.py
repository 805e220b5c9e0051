"""What a player sends: read strictly, for anyone may send anything."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime

MOST_BYTES = 64 * 1024
MOST_ITEMS = 500
MOST_TIMES = 10_000  # a day has 28,800 times three seconds, and a report is of minutes
EVENTS = ("downloaded", "shown", "removed")
MOST_TROUBLE = 200  # characters
NONCE = re.compile(r"[0-9a-f]{32,64}")
NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


class ReportError(Exception):
    """What came in is no report; the message is a Chinese sentence, `status` the HTTP status."""

    def __init__(self, message: str, *, status: int = 422) -> None:
        super().__init__(message)
        self.message, self.status = message, status


@dataclass(frozen=True, kw_only=True)
class Report:
    """Something that happened to a slide, from a moment to a moment of the corrected clock."""

    id: str  # unique on its screen, the same whenever the report is sent again
    key: str
    event: str  # one of EVENTS
    from_at: datetime
    to_at: datetime
    times: int = 1  # how often it came on in between


@dataclass(frozen=True, kw_only=True)
class Heartbeat:
    """A sign of life."""

    version: int  # of the list that the player goes by; 0: none yet
    key: str  # what it shows; empty: nothing
    keys: tuple[str, ...]  # what it holds
    trouble: str = ""  # its last error, for the office


def reports_of(body: bytes) -> list[Report]:
    """Return the reports in a request; one that is wrong spoils all."""
    items = _json(body)
    if not isinstance(items, list) or len(items) > MOST_ITEMS:
        raise ReportError(f"播放记录应是一个列表，最多 {MOST_ITEMS} 条")
    return [_report(item, place=f"第 {n} 条播放记录") for n, item in enumerate(items, start=1)]


def _report(item: object, *, place: str) -> Report:
    if not isinstance(item, dict):
        raise ReportError(f"{place}不是一个对象")
    event = item.get("event")
    if event not in EVENTS:
        raise ReportError(f"{place}的 event 只能是 {'、'.join(EVENTS)}")
    begin, end = (_moment(item.get(name), place=f"{place}的 {name} ") for name in ("from", "to"))
    if end < begin:
        raise ReportError(f"{place}的 to 早于 from")
    times = item.get("times", 1)
    if type(times) is not int or not 1 <= times <= MOST_TIMES:
        raise ReportError(f"{place}的 times 应是 1 到 {MOST_TIMES} 的整数")
    return Report(
        id=_name(item.get("id"), place=f"{place}的 id "),
        key=_name(item.get("key"), place=f"{place}的 key "),
        event=str(event),
        from_at=begin,
        to_at=end,
        times=times,
    )


def heartbeat_of(body: bytes) -> Heartbeat:
    """Return the heartbeat in a request."""
    item = _json(body)
    if not isinstance(item, dict):
        raise ReportError("心跳应是一个对象")
    version, key, keys = item.get("version"), item.get("key"), item.get("keys")
    if type(version) is not int or not 0 <= version < 2**31:
        raise ReportError("心跳的 version 应是非负整数")
    if not isinstance(keys, list) or len(keys) > MOST_ITEMS:
        raise ReportError(f"心跳的 keys 应是一个列表，最多 {MOST_ITEMS} 项")
    held = tuple(_name(each, place="心跳的 keys ") for each in keys)
    shown = _name(key, place="心跳的 key ") if key else ""
    trouble = item.get("trouble", "")
    if not isinstance(trouble, str):
        raise ReportError("心跳的 trouble 应是文字")
    return Heartbeat(version=version, key=shown, keys=held, trouble=trouble[:MOST_TROUBLE])


def nonce_of(body: bytes) -> str:
    """Return the secret of a machine that asks to be a screen."""
    item = _json(body)
    nonce = item.get("nonce") if isinstance(item, dict) else None
    if not isinstance(nonce, str) or not NONCE.fullmatch(nonce):
        raise ReportError("nonce 应是 32 到 64 个十六进制数字")
    return nonce


def _json(body: bytes) -> object:
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError):
        raise ReportError("内容不是 JSON", status=400) from None
    return value


def _name(value: object, *, place: str) -> str:
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise ReportError(f"{place}应是 1 到 64 个字母、数字、点或连字符")
    return value


def _moment(value: object, *, place: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        if moment and moment.tzinfo:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ReportError(f"{place}不是 ISO 8601 时间") from None
    raise ReportError(f"{place}应是带时区的 ISO 8601 时间")
