"""What each WeChat call has before it (request, records, moment), and how it is refused."""

from __future__ import annotations

import re
import secrets
import sqlite3
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from channels.rehearsal.line import Call
from publisher.channel import CAMPUS_TIME

ERRMSG = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40004: "invalid media type",
    40005: "invalid file type",
    40006: "invalid media size",
    40007: "invalid media_id",
    40008: "invalid message type",
    40009: "invalid image size",
    40013: "invalid appid",
    40014: "invalid access_token",
    40035: "invalid parameter",
    40059: "invalid msg id",
    40060: "invalid article_idx",
    40065: "msg can not be deleted",
    40066: "invalid url",
    40114: "invalid index value",
    40130: "invalid openid list size, at least two openid",
    40125: "invalid appsecret",
    40137: "invalid image format",
    40152: "invalid tag id",
    40164: "invalid ip 203.0.113.8 ipv6 ::ffff:203.0.113.8, not in whitelist",
    41001: "access_token missing",
    41002: "appid missing",
    41004: "appsecret missing",
    41005: "media data missing",
    41039: "invalid content_source_url",
    42001: "access_token expired",
    42010: "masssend fast, retry again",
    43001: "require GET method",
    43002: "require POST method",
    44002: "empty post data",
    44003: "empty news data",
    45002: "content size out of limit",
    45003: "title size out of limit",
    45004: "description size out of limit",
    45008: "article size out of limit",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit mustslower retry next minute",
    45028: "has no masssend quota",
    45065: "clientmsgid exist",
    45066: "same clientmsgid retry too fast",
    45067: "clientmsgid size out of limit",
    45110: "author size out of limit",
    45166: "invalid content",
    47001: "data format error",
    48001: "api unauthorized",
    48006: "forbid to clear quota because of reaching the limit",
    53402: "invalid crop parameter",
    53501: "请勿频繁请求",
    53502: "invalid publish_id",
    53600: "invalid article_id",
    61501: "date range error",
    76021: "cgi_path not found, please check",
    88000: "without comment privilege",
    89503: "this ip is not confirmed by the administrator",
    89504: "waiting for the administrator to confirm",
    89505: "the administrator is confirming",
}  # words of the platform's own error table and of live answers

NUMBER = re.compile("[0-9]{1,18}")  # what a 64-bit number holds, whatever it begins with
OK: dict[str, Any] = {"errcode": 0, "errmsg": "ok"}


class Settings(BaseModel):
    """What of the practice account can be changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    appid: str = "wxrehearsal0000001"
    secret: str = Field("rehearsal-secret", repr=False)
    account_name: str = "泉州工程职业技术学院"
    daily_pushes: int = Field(100, ge=0)  # a real subscription account has 1
    job_delay_s: float = Field(1.0, ge=0, le=3600)  # from accepted to sent
    is_certified: bool = True  # an account that is not has neither pushes nor free publishing
    has_comments: bool = True
    is_strict: bool = True  # refuses \\u escapes; else they are shown as they are
    takes_local_links: bool = True  # the real one takes public addresses only
    account_kind: Literal["subscription", "service"] = "subscription"
    monthly_pushes: int = Field(4, ge=0)  # of a service account, beside those of the day
    needs_admin: bool = False  # 风险操作保护: a push to all waits for the administrator
    callback_url: str = ""  # on this machine; empty: no call-backs
    callback_token: str = Field("", repr=False)
    callback_aes_key: str = Field("", repr=False)
    callback_repeats: int = Field(0, ge=0, le=3)  # each event is told so many times more
    clock_offset_s: float = 0.0  # how far this outlet's clock is ahead
    quotas: dict[str, int] = {}  # calls a day, by call; others as a new account has them


class Refusal(Exception):
    """An answer with an errcode; extra fields stand beside it."""

    def __init__(self, errcode: int, errmsg: str = "", **extra: object) -> None:
        self.errcode = errcode
        self.errmsg = errmsg or ERRMSG.get(errcode, "system error")
        self.extra = extra
        super().__init__(f"{errcode}: {self.errmsg}")

    @property
    def body(self) -> dict[str, Any]:
        """What the caller is told, with a request id as the platform adds it."""
        rid = f"{int(time.time()):08x}-{secrets.token_hex(4)}-{secrets.token_hex(4)}"
        return {"errcode": self.errcode, "errmsg": f"{self.errmsg} rid: {rid}"} | self.extra


@dataclass(frozen=True, kw_only=True)
class Desk:
    """One call as its handler sees it."""

    call: Call
    records: sqlite3.Connection = field(repr=False)
    settings: Settings
    now: float  # unix seconds of this outlet's clock
    events: list[Any] = field(default_factory=list)  # to be told once all is written

    @property
    def today(self) -> str:
        """The day at the platform, by which allowances are counted."""
        return day_of(self.now)

    @property
    def job_fails_with(self) -> object | None:
        """How a job that is accepted now is going to fail; None: it does not."""
        fault = self.call.fault
        return (fault.value or True) if fault and fault.kind == "job_fails" else None


def day_of(moment: float) -> str:
    """Return the date in Shanghai: "2026-11-24"."""
    return datetime.fromtimestamp(moment, CAMPUS_TIME).date().isoformat()


def text(request: dict[str, Any], key: str) -> str:
    """Return a string of the request, "" where there is none; numbers are taken as text."""
    value = request.get(key, "")
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Refusal(47001)
    return str(value)


def number(request: dict[str, Any], key: str, default: int = 0) -> int:
    """Return a whole number of the request, which may be written as text."""
    value = request.get(key, default)
    if isinstance(value, bool) or not NUMBER.fullmatch(str(value)):
        raise Refusal(40035)
    return int(str(value))


def page(request: dict[str, Any]) -> tuple[int, int]:
    """Return offset and count of a list call: count is 1 to 20."""
    offset, count = number(request, "offset"), number(request, "count", 20)
    if not 1 <= count <= 20:
        raise Refusal(40035)
    return offset, count
