"""What each call of the official bot has before it: its words, records, the moment."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """What of the practice bot can be changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    app_id: str = "102000001"
    client_secret: str = Field("rehearsal-bot-secret", repr=False)
    bot_name: str = "校园通知"
    is_certified: bool = True  # 60 messages a minute, otherwise 30
    group_minute: int = Field(20, ge=0)  # messages a minute in one group
    group_day: int = Field(1000, ge=0)  # messages a day in one group
    token_life_s: int = Field(7200, ge=1, le=7200)
    max_chars: int = Field(2000, ge=1)  # the platform publishes no number
    domains: tuple[str, ...] = ()  # registered for addresses in texts; none: all are taken
    event_url: str = ""  # where events are posted, on this machine only
    clock_offset_s: float = 0.0  # how far this outlet's clock is ahead


class Refusal(Exception):
    """The platform says no: an HTTP status, and a code of its tables."""

    def __init__(self, code: int, words: str, *, status: int = 400) -> None:
        super().__init__(f"{code} {words}")
        self.code, self.words, self.status = code, words, status


@dataclass(frozen=True, kw_only=True)
class Desk:
    """One call as its handler sees it."""

    said: dict[str, Any]  # the JSON object of the body, empty where there is none
    place: tuple[str, ...]  # the variable parts of the path: openid, message
    records: sqlite3.Connection = field(repr=False)
    settings: Settings
    now: float  # unix seconds of this outlet's clock
