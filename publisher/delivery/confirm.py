"""Looking: what the outlet has, for deliveries that were accepted or whose answer was lost.

What was confirmed is looked at again where its channel wants that: see watching.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import CursorResult, func, select, update
from sqlalchemy.orm import Session

from publisher import clock
from publisher.channel import Confirms, Finds, Receipt
from publisher.delivery import gates, retry, watching
from publisher.delivery.calls import Call
from publisher.delivery.engine import Kind, Work
from publisher.delivery.follow import start_display
from publisher.delivery.outcomes import (
    accept,
    again,
    apart,
    give_up,
    is_awaiting,
    observe,
    tell_followers,
)
from publisher.delivery.works import Works, receipt_of
from publisher.errors import ChannelError, UnknownOutcomeError
from publisher.model.delivery import Attempt, Delivery
from publisher.model.states import DeliveryState as S
from publisher.storage import locks

log = structlog.get_logger()

LOOKED_AT = (S.ACCEPTED, S.UNCONFIRMED)
WATCHED = (S.CONFIRMED,)
LOOK_BY_HAND = "请人工到平台上核实"
RESTORED = "从备份恢复之后，程序不能确定它有没有发出，请到平台上核实再登记"

Seen = Receipt | ChannelError | None  # there, unclear, or certainly not there


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What the looks at one target have to write: what was seen, and whether to look on."""

    target: str
    looked_at: Delivery | None  # None: nothing yet
    seen: Seen = None
    goes_on: bool
    at: datetime


def run_target(works: Works, target: str, *, now: Callable[[], datetime] = clock.now) -> int:
    """Look once at every delivery of a target whose look is due; return how many."""
    looked, turn = 0, Turn(target=target, looked_at=None, goes_on=True, at=now())
    with works.looks.joined():
        while row := _write(works, replace(turn, goes_on=_goes_on(works, turn))):
            call = Call(Work(Kind.LOOK, target).name, (row.id,))
            seen = ask(works, row, call=call)
            looked += 1
            turn = replace(turn, looked_at=row, seen=seen, goes_on=not call.is_cut, at=now())
    return looked


def _goes_on(works: Works, turn: Turn) -> bool:
    return turn.goes_on and not works.stopping.is_set()  # one that was cut is another's by now


def _write(works: Works, turn: Turn) -> Delivery | None:
    row: Delivery | None = works.looks.run(
        works.database.sessions, turn, lambda session, turns: take_turns(session, works, turns)
    )
    return row


def take_turns(session: Session, works: Works, turns: Sequence[Turn]) -> list[Delivery | None]:
    """Write what was seen at several targets; return what is to be looked at next on each."""
    looked_at = [(turn.looked_at, turn) for turn in turns if turn.looked_at is not None]
    # nobody acts on their items before all is written: a note of the first must not hold up
    # whoever holds up the second
    locks.items_stay(session, {delivery.item_id for delivery, _ in looked_at})
    for delivery, turn in sorted(looked_at, key=lambda one: one[0].id):
        record(session, works, delivery, turn.seen, at=turn.at)
    session.flush()
    return [_next(session, works, turn) if turn.goes_on else None for turn in turns]


def _next(session: Session, works: Works, turn: Turn) -> Delivery | None:
    """Take the next look; what is only watched comes after what somebody waits for."""
    return claim(session, works, turn.target, states=LOOKED_AT, now=turn.at) or claim(
        session, works, turn.target, states=WATCHED, now=turn.at
    )


def claim(
    session: Session, works: Works, target: str, *, states: tuple[S, ...], now: datetime
) -> Delivery | None:
    """Take the next delivery that is to be looked at, or taken down, for this worker alone.

    The next look is set a lease ahead, so that one whose worker dies comes round again.
    """
    due = (
        select(Delivery.id)
        .where(Delivery.check_at.is_not(None), Delivery.check_at <= now)
        .where(Delivery.target == target, Delivery.state.in_(states))
        .order_by(Delivery.check_at)
        .limit(1)
        .with_for_update(skip_locked=True, key_share=True)
    )
    taken = session.scalar(
        update(Delivery)
        .where(Delivery.id == due.scalar_subquery(), Delivery.check_at <= now)
        .values(
            check_at=now + timedelta(seconds=works.limits.lease_s),
            fence=Delivery.fence + 1,
        )
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    return None if taken is None else session.get_one(Delivery, taken, populate_existing=True)


def ask(works: Works, delivery: Delivery, *, call: Call) -> Seen:
    """Return what is there, None where certainly nothing is, or the error that leaves it open."""
    channel = works.channel_of(delivery)
    if not isinstance(channel, Confirms):
        return UnknownOutcomeError("the target cannot be asked", advice=LOOK_BY_HAND)
    with works.calls.noted(call):
        seen = _ask(works, channel, delivery)
    if seen is None and delivery.lease_owner is not None:
        return UnknownOutcomeError("absent, but the call that was given up may still arrive")
    return seen


def _ask(works: Works, channel: Confirms, delivery: Delivery) -> Seen:
    try:
        if not delivery.is_restored:
            return channel.confirm(key=delivery.key, receipt=receipt_of(delivery))
        if not isinstance(channel, Finds):
            return _known_by_receipt(channel, delivery)
        rendition = works.thawed.read(works.database.reads, works.media, delivery.rendition_id)
        return channel.find(rendition, key=delivery.key)
    except ChannelError as error:
        return error
    except Exception as error:  # noqa: BLE001  # a bug in a look proves nothing
        log.error("unforeseen", delivery=delivery.id, traceback=traceback.format_exc())
        return UnknownOutcomeError(f"unforeseen {type(error).__name__}")


def _known_by_receipt(channel: Confirms, delivery: Delivery) -> Receipt | ChannelError:
    """Believe a receipt of before the backup if the outlet still knows it, and nothing else."""
    receipt = receipt_of(delivery)
    seen = channel.confirm(key=delivery.key, receipt=receipt) if receipt else None
    return seen or UnknownOutcomeError("restored from a backup", advice=RESTORED)


def still_there(session: Session, delivery: Delivery) -> Delivery | None:
    """Return the row if nobody has moved or claimed it since, and keep it so."""
    result = session.execute(
        update(Delivery)
        .where(
            Delivery.id == delivery.id,
            Delivery.fence == delivery.fence,
            Delivery.state == delivery.state,
        )
        .values(checks=Delivery.checks + 1)
        .execution_options(synchronize_session=False)
    )
    if not isinstance(result, CursorResult) or result.rowcount != 1:
        return None
    return session.get_one(Delivery, delivery.id, populate_existing=True)


def record(session: Session, works: Works, delivery: Delivery, seen: Seen, *, at: datetime) -> None:
    """Write what a look showed, unless somebody has moved or claimed the delivery meanwhile."""
    row = still_there(session, delivery)
    if row is None:
        return
    if row.state == S.CONFIRMED:
        watching.record(session, works, row, seen, at=at)
    elif isinstance(seen, Receipt) and seen.awaits:
        _awaited(session, works, row, seen, at=at)
    elif isinstance(seen, Receipt):
        _confirmed(session, works, row, seen, at=at)
    elif seen is None:
        _absent(session, works, row, at=at)
    else:
        row.absent_at = None
        observe(session, row, "unclear", str(seen), at=at)
        row.advice = seen.advice or (row.advice if is_awaiting(row) else "")
        again(row, at=at)


def _awaited(session: Session, works: Works, row: Delivery, seen: Receipt, *, at: datetime) -> None:
    """The outlet has it, but it will be visible only when a person has done something there."""
    observe(session, row, "unclear", seen.evidence or seen.awaits, at=at)
    row.lease_owner, row.is_restored = None, False
    if row.state == S.UNCONFIRMED:
        accept(works, row, seen, at=at)
    row.remote_id, row.url, row.advice = seen.remote_id, seen.url or row.url, seen.awaits
    row.evidence, row.absent_at = seen.evidence or row.evidence, None
    row.deadline_at = row.accepted_at  # on the list from the beginning
    again(row, at=at)


def _confirmed(
    session: Session, works: Works, row: Delivery, seen: Receipt, *, at: datetime
) -> None:
    row.remote_id, row.evidence, row.is_restored = seen.remote_id, seen.evidence, False
    row.lease_owner = None  # it is there, so the call that was given up has arrived
    row.settle(S.CONFIRMED, url=seen.url, at=at)
    tell_followers(session, row, advice="", deadline_at=None)
    start_display(session, works, row, at=at)
    observe(session, row, "present", seen.evidence, at=at)
    watching.begin(works, row, at=at)


def _absent(session: Session, works: Works, row: Delivery, *, at: datetime) -> None:
    """Nothing there. Once is not enough: it is believed the second time, some while later."""
    observe(session, row, "absent", "", at=at)
    if row.absent_at is None or row.absent_at > at or at - row.absent_at < apart(works, row):
        row.absent_at = min(row.absent_at or at, at)  # one ahead of us is from a clock set back
        row.check_at = row.absent_at + apart(works, row)
        return
    row.is_restored, was_restored = False, row.is_restored
    if row.state == S.ACCEPTED:
        give_up(session, row, "平台受理之后没有发布出来，请查看平台后台，再决定是否重新发送", at=at)
        return
    if was_restored:
        row.plan_again(max(at, row.due_at))
        return
    _give_back(session, works, row)
    row.tries += 1
    wait_s = retry.wait_s(retry.Why.ABSENT, row.tries, after_s=None, chance=0)
    if wait_s is None:
        give_up(session, row, "多次发送都没有到达平台，请检查平台后重新发送", at=at)
        return
    row.plan_again(at + timedelta(seconds=wait_s))  # proved not sent


def _give_back(session: Session, works: Works, row: Delivery) -> None:
    """Take back from the rations a send that is proved not to have arrived.

    One of a bundle says nothing of the call, which may have brought others.
    """
    channel = works.channel_of(row)
    sent_at = session.scalar(
        select(func.max(Attempt.started_at)).where(
            Attempt.delivery_id == row.id, Attempt.step == "deliver"
        )
    )
    if channel and sent_at and row.bundle_id is None:
        gates.spend(session, row.lane, channel, -1, now=sent_at)
