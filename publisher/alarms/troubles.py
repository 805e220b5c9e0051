"""What is wrong now and needs a person: the facts, and one Chinese sentence for each trouble.

`of` is pure. A trouble has a key that stays the same as long as it lasts, and whose first word is
its kind.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from publisher.delivery import gates
from publisher.delivery.works import Works
from publisher.model.target import EVERYTHING, Beat, Pause
from publisher.schedule import times
from publisher.settings import Settings
from publisher.storage import queries, vitals
from publisher.storage.backup.reconcile import RESTORED
from publisher.workflow import pressing, rules

EVENTS = ("outage", "clock", "event")  # what happened at one moment, and is not so any more
KINDS = (
    "overdue",
    "review",
    "flipped",
    "lane",
    "breaker",
    "worker",
    "disk",
    "database",
    RESTORED,
    *EVENTS,
)
LATE = timedelta(seconds=120)  # a lane that is free takes what is due within a second or two
SILENT = timedelta(seconds=60)  # a part that lives beats every 15 seconds
FORGOTTEN = timedelta(hours=1)  # a worker that is silent for so long is not coming back
SLOW_S = 2.0  # for one small write and a few small reads
SCARCE = 0.05  # of the disk, where that is not plenty all the same
PLENTY = 10  # times min_free_mb
MIB = 2**20
PROBE = "probe"  # the name of the row that the probe writes
WORKER = "worker "  # how the names of the beats of workers begin


@dataclass(frozen=True, kw_only=True)
class Disk:
    """The disk below data/."""

    free_mb: float
    total_mb: float
    min_free_mb: float  # 0: nobody cares

    @property
    def is_low(self) -> bool:
        """Say whether people have to make room."""
        is_scarce = self.free_mb < self.total_mb * SCARCE
        return self.free_mb < self.min_free_mb * (PLENTY if is_scarce else 1)


@dataclass(frozen=True, kw_only=True)
class Overdue:
    """What is past its deadline: how many, and the worst of them."""

    count: int
    place: str
    title: str
    deadline_at: datetime


@dataclass(frozen=True, kw_only=True)
class Unreviewed:
    """What has waited too long for a reviewer: how many, and the one that presses most."""

    count: int
    title: str
    stage: str  # what the office calls it
    is_out: bool  # it went out on one approval


@dataclass(frozen=True, kw_only=True)
class Flipped:
    """An item that was seen at a target and is there no more."""

    target: str
    item_id: int
    label: str
    title: str


@dataclass(frozen=True, kw_only=True)
class Halted:
    """An account whose breaker is not closed."""

    lane: str
    label: str
    since: datetime | None
    advice: str


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that decides whether something is wrong now."""

    overdue: Overdue | None = None
    unreviewed: Unreviewed | None = None
    flipped: Sequence[Flipped] = ()
    stuck: Mapping[str, str] = field(default_factory=dict)  # lane: label
    halted: Sequence[Halted] = ()
    silent: Mapping[str, datetime] = field(default_factory=dict)  # worker: its last beat
    works_on: bool = True  # some worker lives, or there is only this process
    disk: Disk | None = None
    restored: str = ""  # what to check after a restore, until a person resumes everything
    database_s: float = 0.0  # how long the database took


def of(facts: Facts) -> dict[str, str]:
    """Return what is wrong: a sentence for each key. Pure."""
    found: dict[str, str] = {}
    if facts.overdue:
        found["overdue"] = _overdue(facts.overdue)
    if facts.unreviewed:
        found["review"] = _unreviewed(facts.unreviewed)
    for gone in facts.flipped:
        found[f"flipped {gone.target} {gone.item_id}"] = _flipped(gone)
    for lane, label in facts.stuck.items():
        found[f"lane {lane}"] = f"{label}到时间的投递超过 2 分钟没有发出，请看日志，必要时重启服务"
    for halted in facts.halted:
        found[f"breaker {halted.lane}"] = _halted(halted)
    for worker, at in facts.silent.items():
        found[worker] = (
            f"工作进程 {worker.removeprefix(WORKER)} 从 {times.say(at)} 起没有动静，"
            "请到那台机器上看日志并重启"
        )
    if facts.disk and facts.disk.is_low:
        found["disk"] = f"磁盘只剩 {facts.disk.free_mb / 1024:.1f} GB，请清理或扩容，满了就发不出去"
    if facts.restored:
        found[RESTORED] = facts.restored
    if facts.database_s > SLOW_S:
        found["database"] = (
            f"数据库读写一次要 {facts.database_s:.0f} 秒以上，请检查磁盘和数据库服务是否太忙"
        )
    return found


def _overdue(late: Overdue) -> str:
    return (
        f"有 {late.count} 次投递过了处理期限，最早的是{late.place}《{late.title}》"
        f"（期限 {times.say(late.deadline_at)}），请在控制台的待办里逐条核实"
    )


def _unreviewed(waits: Unreviewed) -> str:
    why = "已先行发布，还没有补审" if waits.is_out else "等待审核太久，或发布时间快到了"
    return (
        f"有 {waits.count} 篇稿件{why}，最急的是《{waits.title}》，现在轮到“{waits.stage}”，"
        "请联系审核人；审核人不在，请系统管理员另给一个人这一级的角色"
    )


def _flipped(gone: Flipped) -> str:
    return (
        f"{gone.label}上的《{gone.title}》发布后已被删除或屏蔽，"
        "请到平台后台查看原因，再决定重新发送还是不再发"
    )


def _halted(halted: Halted) -> str:
    since = f"从 {times.say(halted.since)} 起" if halted.since else ""
    told = f"：{halted.advice}" if halted.advice else ""
    return f"{halted.label}{since}自动停发{told}；平台好了会自动恢复，也可以在“发布目标”里点恢复"


def outage(since: datetime, until: datetime) -> str:
    """Return the sentence about a time in which nothing was at work."""
    return (
        f"从 {times.say(since)} 到 {times.say(until)} 服务没有运行（或时钟被拨动过），"
        "请看这段时间该发的是否都已发出"
    )


def read(works: Works, settings: Settings, *, now: datetime) -> Facts:
    """Read the facts; the time that the database takes is one of them, by a small write."""
    begun = time.monotonic()
    with works.database.sessions.begin() as session:
        session.merge(Beat(name=PROBE, at=now, owner=works.owner))
    with works.database.reads() as session:
        facts = seen(session, works, settings, now=now)
    return replace(facts, database_s=time.monotonic() - begun)


def seen(session: Session, works: Works, settings: Settings, *, now: datetime) -> Facts:
    """Read the facts without writing anything."""
    beats = _worker_beats(session)
    return Facts(
        overdue=_read_overdue(session, works, now=now),
        unreviewed=_read_unreviewed(session, settings, now=now),
        flipped=[
            Flipped(
                target=row.target,
                item_id=row.item_id,
                label=_label(works, row.target),
                title=row.rendition.edition.title,
            )
            for row in vitals.flipped(session)
        ],
        stuck={lane: label_of(works, lane) for lane in stuck_lanes(session, works, now=now)},
        halted=[
            Halted(
                lane=lane.name,
                label=label_of(works, lane.name),
                since=lane.opened_at,
                advice=lane.advice,
            )
            for lane in vitals.open_breakers(session)
        ],
        silent={name: at for name, at in beats.items() if SILENT < now - at < FORGOTTEN},
        works_on=not beats or any(now - at <= SILENT for at in beats.values()),
        disk=disk(settings),
        restored=_restored(session),
    )


def _restored(session: Session) -> str:
    if session.get(Pause, EVERYTHING) is None:
        return ""
    return next((one.text for one in vitals.open_alarms(session) if one.key == RESTORED), "")


def _worker_beats(session: Session) -> dict[str, datetime]:
    """Return when each worker last showed that it lives.

    With SQLite there is one process; what others left when they were killed says nothing.
    """
    is_single = session.get_bind().dialect.name == "sqlite"
    return {} if is_single else vitals.beats(session, WORKER)


def _read_overdue(session: Session, works: Works, *, now: datetime) -> Overdue | None:
    worst = vitals.most_overdue(session, now=now)
    if worst is None or worst.deadline_at is None:
        return None
    return Overdue(
        count=vitals.overdue(session, now=now),
        place=_label(works, worst.target),
        title=worst.rendition.edition.title,
        deadline_at=worst.deadline_at,
    )


def _read_unreviewed(session: Session, settings: Settings, *, now: datetime) -> Unreviewed | None:
    late = [
        e for e in queries.in_review(session) if pressing.is_late(e, settings.reviewing, now=now)
    ]
    if not late:
        return None
    stage = rules.open_stage(late[0], settings.stages)
    return Unreviewed(
        count=len(late),
        title=late[0].title,
        stage=stage.label if stage else "（设置里已没有的环节）",
        is_out=late[0].is_reviewed_later,
    )


def _label(works: Works, target: str) -> str:
    channel = works.channels.get(target)
    return (channel.label if channel else "") or target


def stuck_lanes(session: Session, works: Works, *, now: datetime) -> list[str]:
    """Return the lanes that have let something lie for too long without any reason.

    A reason is: its target is paused, the account is spared, paced, at rest or has no ration left,
    the delivery waits for another one, or the lane is at work: it sends, or has sent something.
    """
    since = now - LATE
    lying = vitals.lying(session, works.lanes(), now=now, since=since)
    if not lying:
        return []
    rooms = {lane: works.room(lane) for lane in lying}
    known = gates.read(session, works, rooms.values(), now=now)
    if EVERYTHING in known.pauses:
        return []
    if closed := known.paused_targets(works):
        lying = vitals.lying(session, lying, now=now, since=since, closed=closed)
    busy = vitals.sending(session, now=now)
    return [
        lane
        for lane in gates.ready(session, works, lying, now=now)
        if lane not in busy and not vitals.has_sent(session, works.targets_of(lane), since=since)
    ]


def label_of(works: Works, lane: str) -> str:
    """Return what people call the targets of a lane."""
    labels = {works.channels[name].label or name for name in works.targets_of(lane)}
    return "、".join(sorted(labels)) or lane


def disk(settings: Settings) -> Disk:
    """Return how full the disk below data/ is."""
    there = next(path for path in (settings.data, settings.home, Path.cwd()) if path.exists())
    usage = shutil.disk_usage(there)
    return Disk(
        free_mb=usage.free / MIB,
        total_mb=usage.total / MIB,
        min_free_mb=settings.alarm.min_free_mb,
    )
