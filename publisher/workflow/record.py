"""The record of a review that is printed and filed: what was to be published, who said what of it.

Its fields are those of the forms for secrecy review that colleges and local offices use. What the
ledger does not know is left to the pen. The same state gives the same bytes: that a record was
made changes nothing in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from publisher.channel import CAMPUS_TIME, Splits
from publisher.disclosure import catalogue
from publisher.documents import record as paper
from publisher.errors import NotAllowedError
from publisher.model import words
from publisher.model.delivery import Delivery
from publisher.model.item import Edition
from publisher.model.note import Note
from publisher.model.people import Person
from publisher.model.review import Verdict
from publisher.model.states import DeliveryState, EditionState
from publisher.schedule import times
from publisher.storage import notes, queries, records
from publisher.workflow import rules
from publisher.workflow.desk import Desk

NAME = "信息发布审核记录"
VERB = "record"  # of the note that one was made
READERS = {*rules.REVIEWERS, "auditor", "operator"}
OUTCOMES = {
    EditionState.APPROVED: "各环节均已通过",
    EditionState.SENT_BACK: "退回修改，这一版不发布",
    EditionState.REJECTED: "否决，这一版不发布",
}
UNKNOWN = "□ 否　□ 是："  # a person decides that, with a pen
MOST_PLACES = 10  # of one target; more are counted


@dataclass(frozen=True, kw_only=True)
class Record:
    """A record as it was made."""

    name: str  # of the file
    file: bytes  # PDF


def may_read(person: Person, edition: Edition) -> str | None:
    """Say why this person may not have the record of an edition."""
    if not person.is_active:
        return f"{person.name} 的账号已停用"
    if person.roles & READERS or person.id in edition.authors:
        return None
    return "审核记录只给作者、审核人、运行值班和审计员看"


def make(desk: Desk, edition_id: int, *, by: int, at: datetime) -> Record:
    """Typeset the record of an edition that was submitted, and note who had it made.

    Opens its own transactions: typesetting must not hold the write lock.
    """
    with desk.database.reads() as session:
        edition = queries.edition(session, edition_id)
        rules.require(may_read(session.get_one(Person, by), edition))
        if edition.digest is None:
            message = "这一版还没有提交送审，没有审核记录"
            raise NotAllowedError(message, code="not_submitted")
        facts, item_id, number = told(session, edition, desk), edition.item_id, edition.number
    file = paper.typeset(facts)
    with desk.database.sessions.begin() as session:
        who, text = session.get_one(Person, by).name, f"第 {number} 版"
        notes.append(session, Note(at=at, who=who, verb=VERB, item_id=item_id, text=text))
    return Record(name=f"审核记录-{item_id}-第{number}版.pdf", file=file)


def told(session: Session, edition: Edition, desk: Desk) -> dict[str, object]:
    """Return what stands on the record, as record.typ takes it."""
    frozen: dict[str, Any] = json.loads(edition.manifest or "{}")["wording"]
    deliveries = records.deliveries_of(session, edition.id)
    return {
        "name": NAME,
        "college": desk.settings.college.name,
        "title": edition.title,
        "number": f"稿件 {edition.item_id}，第 {edition.number} 版",
        "facts": _facts(edition, frozen, desk),
        "files": [
            {"role": words.FILE_ROLES[file["role"]], "name": file["name"], "digest": file["digest"]}
            for file in frozen["files"]
        ],
        "reviews": _reviews(edition, desk),
        "outcome": _outcome(edition),
        "results": _results(deliveries, desk),
        "remarks": _remarks(edition),
        "digest": edition.digest or "",
        "seal": records.seal(session, edition.item_id, but=VERB),
    }


def _facts(edition: Edition, frozen: Mapping[str, Any], desk: Desk) -> list[dict[str, object]]:
    ends = times.say(edition.expires_at)
    if not ends and edition.display_days:
        ends = "公示期满"
    return [
        _fact("编号", f"稿件 {edition.item_id}，第 {edition.number} 版"),
        _fact("填表日期", _day(edition.submitted_at)),
        _fact("信息名称", edition.title, wide=True),
        _fact("拟公开单位", frozen["department"]),
        _fact("拟稿人", edition.item.created_by.name),
        _fact("文种", frozen["kind"]),
        _fact("载体形式", "公文" if frozen["document_number"] else "□ 公文　□ 非公文"),
        _fact("文号", frozen["document_number"] or ""),
        _fact("索引号", frozen["index_number"] or ""),
        _fact("公开属性", _listed(frozen["category"], desk), wide=True),
        _fact("公开范围", words.AUDIENCES.get(frozen["audience"], frozen["audience"])),
        _fact("拟公开时间", times.say(edition.publish_at) or "审核通过后立即"),
        _fact("最晚发布", times.say(edition.not_after) or "没有限定"),
        _fact("结束时间", ends or "长期公开"),
        _fact("拟公开方式", "、".join(_places(name, desk) for name in edition.targets), wide=True),
        *(_fact(f"含{what}", UNKNOWN) for what in ("个人信息", "商业秘密", "工作秘密", "敏感内容")),
        _fact("系统筛查", _screened(edition.findings), wide=True),
    ]


def _fact(name: str, value: str, *, wide: bool = False) -> dict[str, object]:
    return {"name": name, "value": value, "wide": wide}


def _day(moment: datetime | None) -> str:
    return f"{moment.astimezone(CAMPUS_TIME):%Y-%m-%d}" if moment else ""


def _listed(code: str, desk: Desk) -> str:
    listed = catalogue.items(desk.settings.disclosure_list).get(code)
    return f"主动公开（清单 {code} {listed.category}）" if listed else ""


def _places(name: str, desk: Desk) -> str:
    channel = desk.channels.get(name)
    if not isinstance(channel, Splits):
        return _label(name, desk)
    parts = channel.parts()
    some = "、".join(channel.part_label(part) for part in parts[:MOST_PLACES])
    return f"{_label(name, desk)}（{some}{f' 等 {len(parts)} 处' if parts[MOST_PLACES:] else ''}）"


def _label(name: str, desk: Desk) -> str:
    channel = desk.channels.get(name)
    return (channel.label if channel else "") or name


def _screened(findings: Sequence[Mapping[str, str]]) -> str:
    lines = [f"{words.ACTIONS[one['action']]}：{one['message']}" for one in findings]
    return "\n".join(lines) or "没有发现问题"


def _reviews(edition: Edition, desk: Desk) -> list[dict[str, str]]:
    """Return the verdicts in their order, then empty lines for the stages that are to come."""
    labels = {stage.name: stage.label for stage in desk.settings.stages}
    given = [
        {
            "stage": labels.get(one.stage, one.stage),
            "verdict": words.VERDICTS[Verdict(one.verdict)],
            "opinion": one.opinion or "（未写意见）",
            "person": one.person.name,
            "at": times.say(one.at),
        }
        for one in edition.reviews
    ]
    done = {one.stage for one in edition.reviews}
    chain = rules.chain(edition, desk.settings.stages) if edition.awaits_verdicts else ()
    empty = {"verdict": "", "opinion": "", "person": "", "at": ""}
    return given + [{"stage": one.label, **empty} for one in chain if one.name not in done]


def _outcome(edition: Edition) -> str:
    if edition.is_reviewed_later and edition.expedited_by is not None:
        who, at = edition.expedited_by.name, times.say(edition.expedited_at)
        return f"特急先发后审，{who} {at} 决定：{edition.expedited_because}；其余环节还没有补审完"
    said = OUTCOMES.get(EditionState(edition.state), "")
    return f"{said}，{times.say(edition.approved_at)}" if edition.approved_at else said


def _results(deliveries: Iterable[Delivery], desk: Desk) -> list[dict[str, str]]:
    by_target: dict[str, list[Delivery]] = {}
    for delivery in deliveries:
        by_target.setdefault(delivery.target, []).append(delivery)
    return [
        line
        for target, places in by_target.items()
        for line in (
            [_result(one, desk) for one in places]
            if len(places) <= MOST_PLACES
            else _counted(target, places, desk)
        )
    ]


def _result(delivery: Delivery, desk: Desk) -> dict[str, str]:
    channel, place = desk.channels.get(delivery.target), _label(delivery.target, desk)
    if delivery.part:
        known = isinstance(channel, Splits) and delivery.part in channel.parts()
        named = channel.part_label(delivery.part) if known else delivery.part  # type: ignore[union-attr]
        place = f"{place} {named}"
    moment = delivery.ended_at or delivery.confirmed_at or delivery.accepted_at
    return {
        "place": place,
        "state": words.DELIVERY_STATE[DeliveryState(delivery.state)],
        "at": times.say(moment) or f"定于 {times.say(delivery.due_at)}",
        "url": delivery.url,
    }


def _counted(target: str, places: Sequence[Delivery], desk: Desk) -> list[dict[str, str]]:
    """Return a line for each state in which places of one target stand."""
    lines = []
    for state in dict.fromkeys(DeliveryState(one.state) for one in places):
        there = [one for one in places if one.state == state]
        moments = [one.ended_at or one.confirmed_at or one.accepted_at for one in there]
        last = max((moment for moment in moments if moment), default=None)
        place = f"{_label(target, desk)} {len(there)}/{len(places)} 处"
        at = f"最后 {times.say(last)}" if last else "还没有发出"
        lines.append({"place": place, "state": words.DELIVERY_STATE[state], "at": at, "url": ""})
    return lines


def _remarks(edition: Edition) -> str:
    item = edition.item
    if item.withdrawn_at is None or item.withdrawn_by is None:
        return ""
    by, at = item.withdrawn_by.name, times.say(item.withdrawn_at)
    note = f"\n内部说明：{item.withdrawal_note}" if item.withdrawal_note else ""
    return f"{by} {at} 撤回，原因：{item.withdrawal_reason}{note}"
