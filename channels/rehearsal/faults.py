"""Trouble on demand: which fault the next call meets, and how often."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from channels.rehearsal.records import Records

ANY_CALL = "*"
MAX_SLOW_S = 600.0
WITH_EFFECT = "effect"  # value of a fault that may strike before or after the effect

COMMON: dict[str, str] = {
    "refuse": "拒绝：不读请求就断开（参数填 503 则回 HTTP 503）",
    "cut_before": "断线：读完请求后断开，没有生效",
    "lost_answer": "回执丢失：已经生效，但连接断开、没有回答",
    "slow": "变慢：已经生效，过若干秒才回答（参数：秒数）",
    "error_5xx_before": "网关错误：HTTP 502，没有生效（参数可填状态码）",
    "error_5xx_after": "网关错误：HTTP 502，其实已生效（参数可填状态码）",
    "empty_200": "空回答：HTTP 200 没有内容（参数填 effect 则已生效）",
    "html_200": "网页回答：HTTP 200 却是一张网页（参数填 effect 则已生效）",
    "code": "返回错误码，没有生效（参数：错误码，或 JSON）",
}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What a call meets, or is going to meet."""

    id: int
    call: str  # ANY_CALL: every call
    kind: str
    times: int | None  # None: until it is cleared
    value: Any = None

    @property
    def has_effect(self) -> bool:
        """Whether a fault that may strike before or after the effect strikes after it."""
        return bool(self.value == WITH_EFFECT)


class UnknownFaultError(Exception):
    """There is no such call or fault; the message is a Chinese sentence."""


class Faults:
    """The faults of one outlet, in the order in which they were asked for."""

    def __init__(
        self, records: Records, *, calls: frozenset[str], kinds: Mapping[str, str]
    ) -> None:
        self._records, self.calls, self.kinds = records, calls, kinds

    def add(self, call: str, kind: str, *, times: int | None = 1, value: object = None) -> None:
        """Ask for a fault; UnknownFaultError where it could never happen."""
        if call != ANY_CALL and call not in self.calls:
            there_are = " ".join(sorted(self.calls))
            raise UnknownFaultError(f"没有调用 {call!r}，可用的有：* {there_are}")
        if kind not in self.kinds:
            raise UnknownFaultError(f"没有故障 {kind!r}，可用的有：{' '.join(self.kinds)}")
        if times is not None and times < 1:
            raise UnknownFaultError("次数（times）要是正整数；留空表示一直有效")
        if kind == "slow" and not _is_seconds(value):
            raise UnknownFaultError("变慢（slow）的参数（value）要是秒数，如 5")
        if kind == "code" and not isinstance(value, int | str | dict):
            raise UnknownFaultError("错误码（code）要有参数（value），如 45028")
        with self._records.transaction() as connection:
            connection.execute(
                "INSERT INTO fault (call, kind, times, value) VALUES (?, ?, ?, ?)",
                (call, kind, times, json.dumps(value)),
            )

    def take(self, call: str) -> Fault | None:
        """Return the fault that this call meets, and count it; None where all is well."""
        with self._records.transaction() as connection:
            row = connection.execute(
                "SELECT * FROM fault WHERE call IN (?, ?) ORDER BY id LIMIT 1", (call, ANY_CALL)
            ).fetchone()
            if row is None:
                return None
            connection.execute("DELETE FROM fault WHERE id = ? AND times = 1", (row["id"],))
            connection.execute("UPDATE fault SET times = times - 1 WHERE id = ?", (row["id"],))
        return _fault(row)

    def active(self) -> list[Fault]:
        """Return the faults that calls are still going to meet."""
        with self._records.transaction() as connection:
            return [_fault(row) for row in connection.execute("SELECT * FROM fault ORDER BY id")]

    def clear(self, fault_id: int | None = None) -> None:
        """End one fault, or all of them."""
        with self._records.transaction() as connection:
            connection.execute("DELETE FROM fault WHERE ? IS NULL OR id = ?", (fault_id, fault_id))


def _is_seconds(value: object) -> bool:
    try:
        return value is None or 0 <= float(str(value)) <= MAX_SLOW_S
    except ValueError:
        return False


def _fault(row: sqlite3.Row) -> Fault:
    return Fault(
        id=row["id"],
        call=row["call"],
        kind=row["kind"],
        times=row["times"],
        value=json.loads(row["value"]),
    )
