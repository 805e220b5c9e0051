"""What a rule says about a place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Action = Literal["block", "warn", "inform"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing found. It never carries the words it was found in: those may be the leak."""

    rule: str  # "id_number", "mobile", "secrecy_mark"
    action: Action
    place: str  # "title", "body 第 3 段", "body 表格第 2 行第 4 列"
    message: str  # Chinese, for the author
