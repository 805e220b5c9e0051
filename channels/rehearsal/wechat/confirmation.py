"""The administrator's confirmation of a push to all, and word of how a push ended.

Source: 风险操作保护 in the console: refusal, or 30 minutes of silence, ends the push with an event.
"""

from __future__ import annotations

from channels.rehearsal.wechat import sent
from channels.rehearsal.wechat.callbacks import mass_finished
from channels.rehearsal.wechat.desk import Desk, Refusal

SCHEMA = """
CREATE TABLE IF NOT EXISTS confirmation (
    msg_id INTEGER PRIMARY KEY, media_id TEXT NOT NULL, asked_at REAL NOT NULL,
    verdict TEXT NOT NULL);
"""
NEVER = 1e15  # done_at of what waits for the administrator
WITHIN_S = 30 * 60.0
REFUSED, SILENT, CONFIRMED = "err(40001)", "err(40002)", "yes"


def wait(desk: Desk, msg_id: int, *, media_id: str) -> None:
    """Hold a push until the administrator has decided; nobody sees it, and the draft stays."""
    desk.records.execute(
        "INSERT INTO confirmation VALUES (?, ?, ?, '')", (msg_id, media_id, desk.now)
    )
    _move(desk, msg_id, media_id, at=NEVER)


def _move(desk: Desk, msg_id: int, media_id: str, *, at: float) -> None:
    desk.records.execute("UPDATE push SET done_at = ? WHERE msg_id = ?", (at, msg_id))
    desk.records.execute("UPDATE sent SET visible_at = ? WHERE job = ?", (at, msg_id))
    desk.records.execute("UPDATE leaving SET at = ? WHERE media_id = ?", (at, media_id))


def is_waiting(desk: Desk, msg_id: int) -> bool:
    """Whether a push waits for the administrator, whose silence ends it after half an hour."""
    row = desk.records.execute(
        "SELECT * FROM confirmation WHERE msg_id = ? AND verdict = ''", (msg_id,)
    ).fetchone()
    if row is None:
        return False
    if desk.now - row["asked_at"] < WITHIN_S:
        return True
    _end(desk, msg_id, SILENT)
    return False


def settle(desk: Desk) -> None:
    """End what the administrator has been silent about for too long."""
    rows = desk.records.execute("SELECT msg_id FROM confirmation WHERE verdict = ''").fetchall()
    for row in rows:
        is_waiting(desk, row["msg_id"])


def decide(desk: Desk, msg_id: int, *, is_confirmed: bool) -> None:
    """Let the administrator decide on a push that waits."""
    if not is_waiting(desk, msg_id):
        raise Refusal(40059)
    if not is_confirmed:
        _end(desk, msg_id, REFUSED)
        return
    media_id = _verdict(desk, msg_id, CONFIRMED)
    _move(desk, msg_id, media_id, at=desk.now + desk.settings.job_delay_s)
    announce(desk, msg_id, has_failed=False)


def _verdict(desk: Desk, msg_id: int, verdict: str) -> str:
    """Keep the verdict; return the draft that it was about."""
    row = desk.records.execute(
        "UPDATE confirmation SET verdict = ? WHERE msg_id = ? RETURNING media_id",
        (verdict, msg_id),
    ).fetchone()
    return str(row["media_id"])


def _end(desk: Desk, msg_id: int, status: str) -> None:
    """End a push that nobody saw; its draft can be pushed again."""
    media_id = _verdict(desk, msg_id, status)
    desk.records.execute(
        "UPDATE push SET done_at = ?, has_failed = 1 WHERE msg_id = ?", (desk.now, msg_id)
    )
    desk.records.execute("DELETE FROM sent WHERE job = ?", (msg_id,))
    desk.records.execute("DELETE FROM leaving WHERE media_id = ?", (media_id,))
    desk.events.append(mass_finished(msg_id, status=status, urls=(), after_s=0, sent=0))


def announce(desk: Desk, msg_id: int, *, has_failed: bool) -> None:
    """Have the event of a push told when it is through."""
    status = "send fail" if has_failed else "send success"
    urls = [sent.url(each) for each in sent.of_job(desk, msg_id)]
    after_s = desk.settings.job_delay_s
    desk.events.append(mass_finished(msg_id, status=status, urls=urls, after_s=after_s))
