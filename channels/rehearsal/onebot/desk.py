"""What each OneBot action has before it: parameters, records, the moment, the personality."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from channels.rehearsal.faults import Fault
from channels.rehearsal.onebot.personality import Personality

NUMBER = re.compile("-?[0-9]{1,18}")


class Settings(BaseModel):
    """What of the practice account can be changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    profile: Literal["napcat", "llbot", "snowluma", "lagrange", "gocq"] = "napcat"
    token: str = Field("rehearsal-token", repr=False)
    user_id: int = 10001
    nickname: str = "校园通知"
    notice_delay_s: float = Field(0.0, ge=0, le=3600)  # until a notice stands in the list
    escapes_text: bool = True  # the list gives the text HTML-escaped, as QQ's own service may
    clock_offset_s: float = 0.0  # how far this outlet's clock is ahead


@dataclass(frozen=True, kw_only=True)
class Desk:
    """One action as its handler sees it."""

    parameters: dict[str, Any]
    records: sqlite3.Connection = field(repr=False)
    settings: Settings
    personality: Personality
    now: float  # unix seconds of this outlet's clock
    fault: Fault | None

    def is_troubled(self, kind: str) -> bool:
        """Whether this action meets that fault."""
        return self.fault is not None and self.fault.kind == kind

    def group(self) -> sqlite3.Row | None:
        """Return the group that the action names, None where the bot is not in it."""
        group_id = self.identifier("group_id")
        thrown_out_of = self.fault.value if self.fault else None
        if self.is_troubled("kicked") and str(thrown_out_of or group_id) == group_id:
            return None
        found: sqlite3.Row | None = self.records.execute(
            "SELECT * FROM qq_group WHERE group_id = ? "
            "AND group_id NOT IN (SELECT group_id FROM qq_out)",
            (group_id,),
        ).fetchone()
        return found

    def identifier(self, name: str) -> str:
        """Return a number of QQ, given as a number or as digits."""
        value = self.parameters.get(name)
        if isinstance(value, bool) or not NUMBER.fullmatch(str(value)):
            raise self.personality.bad_parameter(name, value)
        return str(value)

    def words(self, name: str) -> str:
        """Return a parameter that must be text."""
        value = self.parameters.get(name)
        if not isinstance(value, str):
            raise self.personality.bad_parameter(name, value)
        return value
