"""What a person may do with an item here and now: each button, or the sentence why not."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from publisher.channel import Splits, Withdraws
from publisher.console.visitor import Look
from publisher.model.delivery import Delivery
from publisher.model.item import Edition, Item
from publisher.model.states import DeliveryState as S
from publisher.model.states import EditionState
from publisher.workflow import rules, settle
from publisher.workflow.compose import FINAL

MAY_SETTLE = {state for state, _ in settle.MOVES}
MAY_RETRY = {S.FAILED, S.MISSED}
OUT = "稿件已经发出或正在发出，请先撤回，再修改后重新送审"


@dataclass(frozen=True, kw_only=True)
class Acts:
    """Why not, for each act; None: it may be done. An act that makes no sense is not offered."""

    edit: str | None
    submit: str | None
    withdraw: str | None
    review: str | None
    offers: frozenset[str]


def of(look: Look, item: Item, states: Collection[S]) -> Acts:
    """Return what may be done with an item."""
    edition, stages = item.edition, look.app.settings.stages
    offers = {"edit"}
    if edition.state == EditionState.DRAFT:
        offers.add("submit")
    if item.withdrawn_at is None and not (
        edition.state == EditionState.DRAFT and edition.number == 1
    ):
        offers.add("withdraw")
    if rules.open_stage(edition, stages) is not None and item.withdrawn_at is None:
        offers.add("review")
    return Acts(
        edit=why_not_edit(look, item, states),
        submit=_why_not_submit(look, edition),
        withdraw=rules.may(look.person, "withdraw"),
        review=rules.may_review(look.person, edition, stages),
        offers=frozenset(offers),
    )


def states(standing: Mapping[int, Mapping[str, Mapping[S, int]]]) -> set[S]:
    """Return every state that a delivery of an item stands in."""
    return {s for targets in standing.values() for counts in targets.values() for s in counts}


def why_not_edit(look: Look, item: Item, states: Collection[S]) -> str | None:
    """Say why an item cannot be changed."""
    if reason := rules.may_change(look.person, item):
        return reason
    is_out = any(state not in FINAL and state != S.PLANNED for state in states)
    return OUT if is_out else None


def _why_not_submit(look: Look, edition: Edition) -> str | None:
    if reason := rules.may_change(look.person, edition.item):
        return reason
    if any(finding["action"] == "block" for finding in edition.findings):
        return "筛查未通过，请先修改下面标为“必须修改”的地方"
    return None if edition.targets else "还没有选发布目标，请先修改稿件"


@dataclass(frozen=True, kw_only=True)
class Fate:
    """What a withdrawal will do to one delivery."""

    delivery: Delivery
    sentence: str


def fate(look: Look, delivery: Delivery) -> Fate:
    """Say what a withdrawal will do to a delivery."""
    state = S(delivery.state)
    if state == S.PLANNED:
        return Fate(delivery=delivery, sentence="取消，不会发出")
    if state == S.SENDING:
        return Fate(delivery=delivery, sentence="正在发送，结果出来后立即撤下")
    if state in FINAL:
        return Fate(delivery=delivery, sentence="不用处理")
    if not _can_take_down(look, delivery):
        sentence = "这个平台不能自动撤下：请到平台上手工撤下，再回来核实"
        return Fate(delivery=delivery, sentence=sentence)
    return Fate(delivery=delivery, sentence="从平台撤下，并核对确已不在")


def _can_take_down(look: Look, delivery: Delivery) -> bool:
    channel = look.app.channels.get(delivery.target)
    if isinstance(channel, Splits) and delivery.part in channel.parts():
        channel = channel.part(delivery.part)
    return isinstance(channel, Withdraws)
