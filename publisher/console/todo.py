"""What waits for the person who looks, in groups, the most urgent first.

Each group is a bounded number of reads over what is open; none grows with history.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from publisher.channel import Assists, Channel, Splits
from publisher.console import words
from publisher.console.verdict import verdict
from publisher.model.advice import advice
from publisher.model.delivery import Delivery
from publisher.model.item import Edition
from publisher.model.states import DeliveryState as S
from publisher.model.target import Pause
from publisher.model.words import DELIVERY_STATE
from publisher.schedule.places import places
from publisher.storage import queries, worklist
from publisher.storage.worklist import Matter, Whose
from publisher.workflow import digest, handover, machines, rules
from publisher.workflow import targets as running

if TYPE_CHECKING:
    from publisher.console.visitor import Look

SOON = timedelta(hours=24)  # an approval that is missing so shortly before is urgent
NEARLY = 0.1  # of a ration: so little is left that people should know

TITLES = {
    "reviews": "等您审核",
    "sent_back": "退回给您",
    "by_hand": "等人发布",
    "late": "晚了或错过了",
    "unconfirmed": "待核实",
    "failed": "发布失败",
    "take_down": "超时没有撤下",
    "targets": "暂停和故障",
    "screens": "屏幕",
    "quota": "发送次数",
    "expiring": "审核快来不及",
    "alarms": "系统告警",
}


@dataclass(frozen=True, kw_only=True)
class Task:
    """One line: what is the matter, what to do next, and where."""

    kind: str  # 审核, 退回 …
    tone: str
    text: str
    url: str
    says: str = ""
    act: str = "查看"


@dataclass(frozen=True, kw_only=True)
class Group:
    """Tasks of one kind: how many there are, and how to get at some of them."""

    name: str  # in addresses
    title: str
    count: int
    some: Callable[[int, int], list[Task]]  # offset, limit


def groups(look: Look) -> list[Group]:
    """Return what waits for this person, without what is empty."""
    return [group for group in _groups(look) if group.count]


def group(look: Look, name: str) -> Group | None:
    """Return one group; None where nothing waits in it."""
    return next((one for one in look.groups if one.name == name), None)


def _groups(look: Look) -> Iterator[Group]:
    early = [_early(edition) for edition in _could_go_early(look)]
    yield _listed("reviews", [*early, *(_review(edition) for edition in look.waiting)])
    back = worklist.sent_back(look.session, look.person.id)
    yield _listed("sent_back", [_sent_back(edition) for edition in back])
    yield _deliveries(look, Matter.BY_HAND)
    yield _deliveries(look, Matter.LATE)
    yield _deliveries(look, Matter.UNCONFIRMED)
    yield _deliveries(look, Matter.FAILED)
    yield _deliveries(look, Matter.TAKE_DOWN)
    yield _listed("targets", list(_unwell(look)))
    yield _listed("screens", list(_screens(look)))
    yield _listed("quota", list(_quota(look)))
    yield _listed("expiring", list(_expiring(look)))
    yield _listed("alarms", list(_alarms(look)))


def _listed(name: str, tasks: Sequence[Task]) -> Group:
    def some(offset: int, limit: int) -> list[Task]:
        return list(tasks[offset : offset + limit])

    return Group(name=name, title=TITLES[name], count=len(tasks), some=some)


def _review(edition: Edition) -> Task:
    return Task(
        kind="审核",
        tone="busy",
        text=edition.title,
        url=f"/editions/{edition.id}/review",
        says=f"{edition.item.created_by.name} 提交，请看过预览后给出意见",
        act="去审核",
    )


def _could_go_early(look: Look) -> Iterator[Edition]:
    """Yield emergencies that wait for others, and that this person may let out now."""
    reviewing = look.app.settings.reviewing
    if not look.person.roles & set(reviewing.fast_path.roles):
        return
    for edition in look.in_review:
        is_theirs = edition in look.waiting
        if not is_theirs and rules.may_expedite(look.person, edition, reviewing) is None:
            yield edition


def _early(edition: Edition) -> Task:
    return Task(
        kind="特急",
        tone="bad",
        text=edition.title,
        url=f"/editions/{edition.id}/review",
        says="等待别人审核；您可以决定先发后审",
        act="去看",
    )


def _sent_back(edition: Edition) -> Task:
    return Task(
        kind="已退回",
        tone="look",
        text=edition.title,
        url=f"/items/{edition.item_id}",
        says="审核人请您修改；改好后重新提交送审",
        act="看意见",
    )


def _deliveries(look: Look, matter: Matter) -> Group:
    asked = partial(
        worklist.deliveries,
        look.session,
        matter,
        whose=_whose(look),
        assisted=_assisted(look),
        now=look.now,
    )

    def some(offset: int, limit: int) -> list[Task]:
        return [_delivery(look, matter, one) for one in asked(offset=offset, limit=limit)]

    found = worklist.count(
        look.session, matter, whose=_whose(look), assisted=_assisted(look), now=look.now
    )
    return Group(name=matter, title=TITLES[matter], count=found, some=some)


def _whose(look: Look) -> Whose:
    """Return whose matters are shown: one's own, or all for the office."""
    if rules.may(look.person, "settle") is None:
        return Whose(person_id=None)
    in_hand = [
        name
        for name, channel in look.app.channels.items()
        if (helper := _helper(channel)) and helper.assignee() == look.person.name
    ]
    return Whose(person_id=look.person.id, in_hand=in_hand)


def _assisted(look: Look) -> list[str]:
    return [name for name, channel in look.app.channels.items() if _helper(channel)]


def _helper(channel: Channel) -> Assists | None:
    one = channel.part(channel.parts()[0]) if isinstance(channel, Splits) else channel
    return one if isinstance(one, Assists) else None


def _delivery(look: Look, matter: Matter, delivery: Delivery) -> Task:
    part = look.part_label(delivery.target, delivery.part)
    place = " ".join(filter(None, (look.label(delivery.target), part)))
    settles = f"/deliveries/{delivery.id}/settlement"
    stands = f"/items/{delivery.item_id}#delivery-{delivery.id}"
    kind, says, url, act = DELIVERY_STATE[S(delivery.state)], advice(delivery), stands, "去处理"
    if matter == Matter.BY_HAND and handover.of(
        delivery, channels=look.app.channels, media=look.app.media
    ):
        kind, says, url, act = "人工发布", "请按清单逐步发布，完成后登记", settles, "去发布"
    elif matter == Matter.TAKE_DOWN:
        url, act = settles, "去核实"
    elif matter in (Matter.BY_HAND, Matter.UNCONFIRMED):
        is_past = delivery.deadline_at is not None and delivery.deadline_at <= look.now
        url, act = (settles, "去核实") if is_past else (stands, "看进展")
    elif delivery.state == S.PLANNED:
        kind = "晚了"
        says = delivery.advice or f"该在 {words.when(delivery.due_at, look.now)} 发出，还没有发出"
        if not delivery.advice:
            url, act = f"/targets/{delivery.target}/plan", "看安排"
    tone = "look" if kind in ("人工发布", "晚了") else words.DELIVERY_TONE[S(delivery.state)]
    text = f"{place}：{delivery.rendition.edition.title}"
    return Task(kind=kind, tone=tone, text=text, url=url, says=says, act=act)


def _alarms(look: Look) -> Iterator[Task]:
    """Yield what is wrong with the installation, for those who keep it running or watch it.

    What every delivery and every target says for itself is left out.
    """
    if not _watches(look):
        return
    for alarm in look.alarms:
        if not alarm.key.startswith(("overdue", "breaker ")):
            kind, url = words.alarm(alarm.key), f"/alarms#alarm-{alarm.id}"
            yield Task(kind=kind, tone="bad", text=alarm.text, url=url)


def _watches(look: Look) -> bool:
    """Say whether this person keeps the installation running, or watches it."""
    return None in (rules.may(look.person, "settle"), rules.may(look.person, "run_targets"))


def _unwell(look: Look) -> Iterator[Task]:
    """Yield the targets that are paused or in trouble, for those who may do something."""
    if rules.may(look.person, "run_targets") is not None:
        return
    rows = queries.targets(look.session, places(look.app.channels))
    wide = {r.pause.scope: r.pause for r in rows.values() if r.pause and not _is_own(r.pause)}
    for scope, pause in wide.items():
        text = f"{running.scope_label(look.app.desk, scope)}：{pause.because}"
        says = "原因解决后请恢复，排着的投递会接着发出"
        yield Task(kind="已暂停", tone="look", text=text, url="/targets#pauses", says=says)
    for name, row in rows.items():
        tone, kind, told = verdict(row)
        if tone in ("look", "bad") and (row.pause is None or _is_own(row.pause)):
            text = f"{look.label(name)}：{row.pause.because if row.pause else told}"
            yield Task(kind=kind, tone=tone, text=text, url=f"/targets#{name}")


def _is_own(pause: Pause) -> bool:
    return pause.scope.startswith("target:")


def _screens(look: Look) -> Iterator[Task]:
    if not _watches(look):
        return
    for name, fleet in machines.fleets(look.app.channels).items():
        for device in fleet.devices():
            if device.trouble:
                text = f"{look.label(name)} {device.label}"
                yield Task(kind="屏幕", tone="bad", text=text, url="/screens", says=device.trouble)


def _quota(look: Look) -> Iterator[Task]:
    """Yield the rations that are used up, or nearly."""
    if not _watches(look):
        return
    for name, channel in look.app.channels.items():
        for left in digest.rations_left(look.session, name, channel, now=look.now):
            if left.sends > left.ration.sends * NEARLY:
                continue
            period = {"day": "今天", "month": "本月"}[left.ration.period]
            renewed = words.when(left.renewed_at, look.now)
            text = f"{look.label(name)}：{period}还剩 {left.sends} 次，共 {left.ration.sends} 次"
            says = f"{renewed} 重新计；要紧的请调整顺序，其余的会往后排"
            kind, tone = ("次数用完", "bad") if left.sends == 0 else ("次数将尽", "look")
            yield Task(
                kind=kind,
                tone=tone,
                text=text,
                url=f"/targets/{name}/plan",
                says=says,
                act="看安排",
            )


def _expiring(look: Look) -> Iterator[Task]:
    """Yield what is still in review shortly before it is to be out; one's own, or the office's."""
    is_office = rules.may(look.person, "settle") is None
    for edition in worklist.in_review_until(look.session, until=look.now + SOON):
        if is_office or edition.item.created_by_id == look.person.id:
            yield Task(
                kind="审核中",
                tone="look",
                text=edition.title,
                url=f"/items/{edition.item_id}",
                says=_runs_out(edition, look.now),
            )


def _runs_out(edition: Edition, now: datetime) -> str:
    if edition.not_after is not None and edition.not_after <= now:
        return "已过最晚发布时间，还没有审核完；请改时间后重新送审"
    if edition.not_after is not None and edition.not_after <= now + SOON:
        return f"{words.when(edition.not_after, now)} 是最晚发布时间，还没有审核完；请催审核人"
    moment = edition.publish_at
    return f"定于 {words.when(moment, now) if moment else ''} 发布，还没有审核完；请催审核人"
