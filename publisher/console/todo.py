"""What waits for the person who looks: the first thing on the first page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from publisher.console import targets, words
from publisher.console.visitor import Look
from publisher.model.delivery import Delivery
from publisher.model.states import DeliveryState as S
from publisher.model.states import EditionState
from publisher.model.target import Pause
from publisher.model.words import DELIVERY_STATE
from publisher.schedule import late
from publisher.schedule.places import places
from publisher.storage import queries, vitals
from publisher.storage.queries import ItemRow
from publisher.workflow import handover, rules
from publisher.workflow import targets as running

GIVEN_UP = (S.FAILED, S.MISSED)
MOST = 8  # lines; the lists behind them are complete


@dataclass(frozen=True, kw_only=True)
class Task:
    """One line that says what to do, and where."""

    kind: str  # 审核, 退回 …
    tone: str
    text: str
    url: str


def of(look: Look, rows: Sequence[ItemRow]) -> list[Task]:
    """Return what waits for this person; `rows` are the newest items."""
    return list(_tasks(look, rows))


def _tasks(look: Look, rows: Sequence[ItemRow]) -> Iterator[Task]:
    yield from _alarms(look)
    for delivery in _troubled(look):
        part = look.part_label(delivery.target, delivery.part)
        place = " ".join(filter(None, (look.label(delivery.target), part)))
        title = delivery.rendition.edition.title
        if handover.of(delivery, channels=look.app.channels, media=look.app.media):
            url = f"/deliveries/{delivery.id}/settlement"
            yield Task(kind="人工发布", tone="look", text=f"{place}：{title}", url=url)
            continue
        yield Task(
            kind=DELIVERY_STATE[S(delivery.state)],
            tone="bad",
            text=f"{place}：{title}",
            url=f"/items/{delivery.item_id}#delivery-{delivery.id}",
        )
    yield from _unwell(look)
    for edition in look.waiting()[:MOST]:
        url = f"/editions/{edition.id}/review"
        yield Task(kind="审核", tone="busy", text=edition.title, url=url)
    for row in rows:
        is_mine = row.item.created_by_id == look.person.id
        if is_mine and row.edition.state == EditionState.SENT_BACK:
            url = f"/items/{row.item.id}"
            yield Task(kind="已退回", tone="look", text=row.edition.title, url=url)


def _troubled(look: Look) -> list[Delivery]:
    """Return deliveries that no machine will bring to an end: one's own, or all for the office."""
    found = queries.needs_a_person(look.session, now=look.now)
    for state in GIVEN_UP:
        found += [d for d in queries.deliveries(look.session, state=state) if _still_matters(d)]
    found = list({delivery.id: delivery for delivery in found}.values())
    is_office = rules.may(look.person, "settle") is None
    return [d for d in found if is_office or _is_theirs(look, d)][:MOST]


def _is_theirs(look: Look, delivery: Delivery) -> bool:
    """Say whether this person wrote it, or has it in hand."""
    if delivery.item.created_by_id == look.person.id:
        return True
    return handover.assignee(delivery, look.app.channels) == look.person.name


def _still_matters(delivery: Delivery) -> bool:
    edition = delivery.rendition.edition
    if delivery.advice == late.LEFT:
        return False
    return edition.state == EditionState.APPROVED and delivery.item.withdrawn_at is None


def _alarms(look: Look) -> Iterator[Task]:
    """Yield what is wrong with the installation, for those who keep it running or watch it.

    What every delivery and every target says for itself, below, is left out.
    """
    if rules.may(look.person, "settle") and rules.may(look.person, "run_targets"):
        return
    for alarm in vitals.open_alarms(look.session):
        if not alarm.key.startswith(("overdue", "breaker ")):
            kind, url = words.alarm(alarm.key), f"/alarms#alarm-{alarm.id}"
            yield Task(kind=kind, tone="bad", text=alarm.text, url=url)


def _unwell(look: Look) -> Iterator[Task]:
    """Yield the targets that are paused or in trouble, for those who may do something."""
    if rules.may(look.person, "run_targets") is not None:
        return
    rows = queries.targets(look.session, places(look.app.channels))
    wide = {r.pause.scope: r.pause for r in rows.values() if r.pause and not _is_own(r.pause)}
    for scope, pause in wide.items():
        text = f"{running.scope_label(look.app.desk, scope)}：{pause.because}"
        yield Task(kind="已暂停", tone="look", text=text, url="/targets#pauses")
    for name, row in rows.items():
        tone, kind, advice = targets.verdict(row)
        if tone in ("look", "bad") and (row.pause is None or _is_own(row.pause)):
            text = f"{look.label(name)}：{row.pause.because if row.pause else advice}"
            yield Task(kind=kind, tone=tone, text=text, url=f"/targets#{name}")


def _is_own(pause: Pause) -> bool:
    return pause.scope.startswith("target:")
