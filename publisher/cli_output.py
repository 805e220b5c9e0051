"""What the command line prints: a table for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from publisher.channel import CAMPUS_TIME, Channel
from publisher.errors import ConfigError, InvalidError, PublisherError
from publisher.model import words
from publisher.model.advice import advice
from publisher.model.alarm import Alarm
from publisher.model.delivery import Delivery
from publisher.model.people import Person
from publisher.model.states import DeliveryState
from publisher.model.urgency import Urgency
from publisher.schedule import times
from publisher.settings import ROLES
from publisher.storage.queries import ItemRow, TargetRow
from publisher.workflow.digest import Plan

URGENCY = {Urgency.NORMAL: "", Urgency.URGENT: "加急", Urgency.EMERGENCY: "特急"}
# a pipe has no width of its own; 80 columns would cut Chinese titles
OUT = Console(highlight=False, width=None if sys.stdout.isatty() else 200)
ERR = Console(stderr=True, highlight=False, soft_wrap=True)


class NoShelf:
    """A shelf for checking settings: nothing is there, and nothing is kept."""

    def read(self, key: str) -> str | None:
        """Return nothing."""
        return None

    def write(self, key: str, value: str, *, ttl_s: float) -> None:
        """Keep nothing."""

    @contextmanager
    def lock(self, key: str) -> Iterator[None]:
        """Keep nobody out."""
        yield


def line(text: str) -> None:
    """Print one line as it is."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def fault(error: PublisherError) -> None:
    """Print what is wrong, and with which field."""
    if isinstance(error, InvalidError):
        ERR.print(Text(f"错误（{error.field}）：{error.message}"))
    elif isinstance(error, ConfigError):
        ERR.print(Text(f"配置错误：{error}"))
    else:
        ERR.print(Text(f"错误：{error}"))


def items(rows: Sequence[ItemRow], *, as_json: bool) -> None:
    """Print items with what the import and the screening had to say."""
    if as_json:
        _json([_item(row) for row in rows])
        return
    table = Table("编号", "标题", "单位", "日期", "文号", "状态", "发布目标", box=None)
    for row in rows:
        item, edition = row.item, row.edition
        table.add_row(
            str(item.id),
            edition.title,
            item.department,
            str(item.issued_on or ""),
            item.document_number,
            words.ITEM_STATUS[row.status],
            "、".join(edition.targets),
        )
    OUT.print(table)
    for row in rows:
        for remark in row.edition.remarks:
            line(f"稿件 {row.item.id} 导入提示：{remark}")
        for finding in row.edition.findings:
            line(f"稿件 {row.item.id} {words.ACTIONS[finding['action']]}：{finding['message']}")


def _item(row: ItemRow) -> dict[str, object]:
    item, edition = row.item, row.edition
    return {
        "id": item.id,
        "title": edition.title,
        "status": row.status,
        "edition": edition.number,
        "digest": edition.digest,
        "index_number": item.index_number,
        "kind": item.kind,
        "department": item.department,
        "issued_on": item.issued_on.isoformat() if item.issued_on else None,
        "document_number": item.document_number,
        "targets": edition.targets,
        "publish_at": _iso(edition.publish_at),
        "expires_at": _iso(edition.expires_at),
        "findings": edition.findings,
        "remarks": edition.remarks,
    }


def deliveries(
    found: Sequence[Delivery], channels: Mapping[str, Channel], *, as_json: bool
) -> None:
    """Print deliveries with their state and a sentence of advice."""
    if as_json:
        _json([_delivery(one) for one in found])
        return
    table = Table(
        "编号", "稿件", "目标", "状态", "预定", "受理", "确认", "次数", "地址", "建议", box=None
    )
    for one in found:
        table.add_row(
            str(one.id),
            f"{one.item_id} {one.rendition.title}"[:24],
            f"{one.target} {one.part}".strip(),
            words.DELIVERY_STATE[DeliveryState(one.state)],
            times.say(one.due_at),
            times.say(one.accepted_at),
            times.say(one.confirmed_at),
            str(len(one.attempts)),
            one.url,
            advice(one),
        )
    OUT.print(table)


def _delivery(one: Delivery) -> dict[str, object]:
    return {
        "id": one.id,
        "item": one.item_id,
        "target": one.target,
        "part": one.part,
        "state": one.state,
        "due_at": _iso(one.due_at),
        "accepted_at": _iso(one.accepted_at),
        "confirmed_at": _iso(one.confirmed_at),
        "ended_at": _iso(one.ended_at),
        "url": one.url,
        "remote_id": one.remote_id,
        "advice": advice(one),
        "attempts": len(one.attempts),
    }


def targets(
    rows: Mapping[str, TargetRow], channels: Mapping[str, Channel], *, as_json: bool
) -> bool:
    """Print one line a target; return whether all are well."""
    told = {name: _target(name, row, channels[name]) for name, row in rows.items()}
    if as_json:
        _json(list(told.values()))
    else:
        _print_targets(told)
    return all(one["is_well"] for one in told.values())


def _target(name: str, row: TargetRow, channel: Channel) -> dict[str, object]:
    health, held, lane = row.health, row.pause, row.lane
    return {
        "name": name,
        "label": channel.label,
        "is_well": row.is_well,
        "is_reachable": health.get("is_reachable"),
        "is_signed_in": health.get("is_signed_in"),
        "quota_left": health.get("quota_left"),
        "quota_unit": health.get("quota_unit", ""),
        "is_paused": held is not None,
        "paused_scope": held.scope if held else "",
        "paused_by": held.by if held else "",
        "breaker": row.breaker,
        "breaker_since": _iso(lane.opened_at if lane else None),
        "probe_at": _iso(lane.probe_at if lane else None),
        "waiting": row.waiting,
        "last_success_at": _iso(row.last_success_at),
        "checked_at": _iso(row.target.checked_at if row.target else None),
        "note": health.get("note", ""),
        "advice": row.advice,
    }


def _print_targets(told: Mapping[str, dict[str, object]]) -> None:
    table = Table("目标", "渠道", "连通", "登录", "余额", "最近成功", "待发", "怎么办", box=None)
    for one in told.values():
        last = one["last_success_at"]
        table.add_row(
            str(one["name"]),
            str(one["label"]),
            _yes_no(one["is_reachable"]),
            _yes_no(one["is_signed_in"]),
            "" if one["quota_left"] is None else f"{one['quota_left']} {one['quota_unit']}",
            times.say(datetime.fromisoformat(str(last))) if last else "",
            str(one["waiting"]),
            str(one["advice"]) or "无需处理",
        )
    OUT.print(table)
    for one in told.values():
        if one["note"]:
            line(f"{one['name']}：{one['note']}")


def plan(target: str, told: Plan, *, as_json: bool) -> None:
    """Print the coming sends of a target, and what is left of its rations."""
    if as_json:
        _json(_plan(target, told))
        return
    for left in told.rations:
        by_hand = f"（手工 {left.by_hand} 次）" if left.by_hand else ""
        kept = f"，其中 {left.ration.reserve} 次留给加急" if left.ration.reserve else ""
        line(f"{left.period}：已用 {left.spent}/{left.ration.sends} 次{by_hand}{kept}")
    table = Table("时间", "位置", "投递", "稿件", "紧急程度", "说明", box=None)
    for push in told.pushes:
        for place, one in enumerate(push.ids, start=1):
            _add(table, times.say(push.at) if place == 1 else "", str(place), told, one)
    for one in told.unplaced:
        _add(table, "排不上", "", told, one)
    OUT.print(table)


def _add(table: Table, at: str, place: str, told: Plan, delivery_id: int) -> None:
    row = told.waiting[delivery_id]
    name = f"{row.item_id} {told.titles[row.id]}"[:24]
    table.add_row(at, place, str(row.id), name, URGENCY[Urgency(row.urgency)], row.advice)


def _plan(target: str, told: Plan) -> dict[str, object]:
    return {
        "target": target,
        "pushes": [{"at": _iso(push.at), "deliveries": push.ids} for push in told.pushes],
        "unplaced": told.unplaced,
        "rations": [
            {
                "period": left.period,
                "sends": left.ration.sends,
                "reserve": left.ration.reserve,
                "spent": left.spent,
                "by_hand": left.by_hand,
                "left": left.sends,
                "renewed_at": _iso(left.renewed_at),
            }
            for left in told.rations
        ],
    }


def _yes_no(value: object) -> str:
    if value is None:
        return "—"
    return "正常" if value else "不通"


def alarms(found: Sequence[Alarm], *, as_json: bool) -> None:
    """Print what is wrong, and what was."""
    if as_json:
        _json([_alarm(one) for one in found])
        return
    table = Table("类别", "开始", "结束", "情况和办法", box=None)
    for one in found:
        until = times.say(one.until) or "还没有"
        table.add_row(words.alarm(one.key), times.say(one.since), until, one.text)
    if found:
        OUT.print(table)
    else:
        line("一切正常，没有告警")


def _alarm(one: Alarm) -> dict[str, object]:
    return {
        "id": one.id,
        "key": one.key,
        "since": _iso(one.since),
        "until": _iso(one.until),
        "text": one.text,
        "told_at": _iso(one.told_at),
    }


def people(found: Sequence[Person], *, as_json: bool) -> None:
    """Print everybody and their roles."""
    if as_json:
        _json([{"name": p.name, "roles": sorted(p.roles), "is_active": p.is_active} for p in found])
        return
    table = Table("姓名", "角色", "状态", box=None)
    for person in found:
        roles = "、".join(ROLES[role] for role in sorted(person.roles))
        table.add_row(person.name, roles, "" if person.is_active else "已停用")
    OUT.print(table)


def _json(value: object) -> None:
    line(json.dumps(value, ensure_ascii=False, indent=1))


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(CAMPUS_TIME).isoformat() if moment else None
