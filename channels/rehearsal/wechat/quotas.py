"""How often a call may be made: a day, and a minute."""

from __future__ import annotations

from typing import Any

from channels.rehearsal.wechat.desk import OK, Desk, Refusal, text

SCHEMA = """
CREATE TABLE IF NOT EXISTS quota (
    day TEXT NOT NULL, call TEXT NOT NULL, used INTEGER NOT NULL, PRIMARY KEY (day, call));
CREATE TABLE IF NOT EXISTS minute (
    call TEXT PRIMARY KEY, minute INTEGER NOT NULL, used INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS clearing (month TEXT PRIMARY KEY, used INTEGER NOT NULL);
"""
DAILY = {
    "token": 2000,
    "stable_token": 500_000,
    "media/uploadimg": 100_000,
    "media/upload": 100_000,
    "material/add_material": 100_000,
    "draft/add": 1000,
    "draft/update": 1000,
    "draft/delete": 1000,
    "draft/count": 1000,
    "draft/batchget": 1000,
    "draft/get": 500,
    "message/mass/sendall": 100,
    "message/mass/send": 100,
    "message/mass/preview": 100,
    "message/mass/delete": 10,  # deletions of articles; whether these are meant is not said
    "message/mass/get": 1000,  # its own quota, the number is not published
    "freepublish/submit": 100,
    "freepublish/get": 100,
    "freepublish/getarticle": 100,
    "freepublish/batchget": 100,
    "freepublish/delete": 10,
}  # calls a day of a newly registered account, as the platform's page on call limits says
DAILY_OTHERWISE = 5000
A_MINUTE = 60  # for the calls below RATIONED
RATIONED = ("message/mass/", "freepublish/")
CLEARINGS_A_MONTH = 10
PREFIX = "/cgi-bin/"


def count(desk: Desk) -> None:
    """Count this call; refuse it where the day's or the minute's calls are used up."""
    name = desk.call.name
    if _used(desk, name) >= _limit(desk, name):
        raise Refusal(45009)
    minute = int(desk.now // 60)
    row = desk.records.execute("SELECT * FROM minute WHERE call = ?", (name,)).fetchone()
    used = row["used"] if row and row["minute"] == minute else 0
    if name.startswith(RATIONED) and used >= A_MINUTE:
        raise Refusal(45011)
    desk.records.execute("REPLACE INTO minute VALUES (?, ?, ?)", (name, minute, used + 1))
    desk.records.execute("DELETE FROM quota WHERE day < ?", (desk.today,))
    desk.records.execute(
        "INSERT INTO quota VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET used = used + 1",
        (desk.today, name),
    )


def quota(desk: Desk, request: dict[str, Any]) -> dict[str, Any]:
    """Answer openapi/quota/get."""
    path = text(request, "cgi_path")
    name = path.removeprefix(PREFIX)
    if not path.startswith(PREFIX) or name not in DAILY:
        raise Refusal(76021)
    limit, used = _limit(desk, name), _used(desk, name)
    answer = OK | {"quota": {"daily_limit": limit, "used": used, "remain": max(0, limit - used)}}
    if name.startswith(RATIONED):
        answer["rate_limit"] = {"call_count": A_MINUTE, "refresh_second": 60}
    return answer


def clear(desk: Desk, request: dict[str, Any]) -> dict[str, Any]:
    """Answer clear_quota: all calls of the day are new again."""
    if text(request, "appid") != desk.settings.appid:
        raise Refusal(40013)
    month = desk.today[:7]
    row = desk.records.execute("SELECT used FROM clearing WHERE month = ?", (month,)).fetchone()
    used = row["used"] if row else 0
    if used >= CLEARINGS_A_MONTH:
        raise Refusal(48006)
    desk.records.execute("REPLACE INTO clearing VALUES (?, ?)", (month, used + 1))
    desk.records.execute("DELETE FROM quota")
    return OK


def _limit(desk: Desk, name: str) -> int:
    return desk.settings.quotas.get(name, DAILY.get(name, DAILY_OTHERWISE))


def _used(desk: Desk, name: str) -> int:
    row = desk.records.execute(
        "SELECT used FROM quota WHERE day = ? AND call = ?", (desk.today, name)
    ).fetchone()
    return int(row["used"]) if row else 0
