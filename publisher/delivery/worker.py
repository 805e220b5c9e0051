"""What happens at the due minute: claim, arm, send, record.

Between any two lines the process may die. The claim, and an Attempt for the step that begins, are
committed before the channel is called; what came of it is committed before anything else happens,
in a transaction that also claims what goes next and that other lanes share.
"""

from __future__ import annotations

import queue
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from publisher import clock
from publisher.channel import Bundles, Confirms, Prepares, Receipt, Rendition
from publisher.delivery.calls import Call
from publisher.delivery.claims import Claim, Member, claim_all
from publisher.delivery.engine import Kind, Work
from publisher.delivery.record import Outcome, Sent, end_attempts, record, still_ours
from publisher.delivery.works import Room, Works
from publisher.errors import (
    ChannelError,
    NotFoundError,
    PermanentError,
    RetryableError,
    UnknownOutcomeError,
)
from publisher.model.delivery import Attempt, Delivery
from publisher.model.item import Item
from publisher.storage.media import DamagedError

log = structlog.get_logger()

RECORD_TRIES = 30
RECORD_AGAIN_S = 2.0
LINGER_S = 0.01  # a wide lane waits so long for more answers before it writes
LOOK_ROUND_S = 1.0  # and looks so often whether one of its calls was given up
Now = Callable[[], datetime]


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What one lane has to write: what came back, and how much it can take on next."""

    sent: tuple[Sent, ...]
    room: Room
    at: datetime


def take_turns(session: Session, works: Works, turns: Sequence[Turn]) -> list[list[Claim]]:
    """Write for several lanes at once; return what each is to send next."""
    record(session, works, [one for turn in turns for one in turn.sent])
    asking = {turn.room.lane: turn for turn in reversed(turns) if turn.room.calls}  # the first
    claims: dict[str, list[Claim]] = {lane: [] for lane in asking}
    now = max(turn.at for turn in turns)
    for claim in claim_all(session, works, [one.room for one in asking.values()], now=now):
        claims[claim.lane].append(claim)
    return [claims[lane] if asking.get(lane := turn.room.lane) is turn else [] for turn in turns]


def run_lane(works: Works, lane: str, *, now: Now = clock.now, limit: int | None = None) -> int:
    """Send what is due on one lane, `limit` calls at most; return how many were made."""
    room = works.room(lane)
    width = room.channel.at_once if room.channel else 1
    if width > 1:
        spare = width if isinstance(room.channel, Confirms) else 0
        return _Wide(works, room, width, spare=spare, now=now, limit=limit).run()
    return _run_narrow(works, room, now=now, limit=limit)


def _run_narrow(works: Works, room: Room, *, now: Now, limit: int | None) -> int:
    """Send one after another, in this thread."""
    made = 0
    sent: tuple[Sent, ...] = ()
    while True:
        is_enough = works.stopping.is_set() or (limit is not None and made >= limit)
        if is_enough and not sent:
            return made
        turn = Turn(sent=sent, room=replace(room, calls=0 if is_enough else 1), at=now())
        claims = write(works, turn)
        if not claims:
            return made
        call = Call(lane=_work(claims[0]).name, deliveries=claims[0].ids)
        with works.calls.noted(call):
            sent = send(works, claims[0], now=now)
        made += 1
        if call.is_cut:  # the lane has gone on without us
            write(works, Turn(sent=sent, room=replace(room, calls=0), at=now()))
            return made


@dataclass
class _Wide:
    """Sends several at once for an account that bears it, and writes many together."""

    works: Works
    room: Room
    width: int
    spare: int = field(kw_only=True)  # claims that lie ready beside those under way
    now: Now = field(kw_only=True)
    limit: int | None = field(kw_only=True)
    _answers: queue.SimpleQueue[tuple[Call, tuple[Sent, ...]]] = field(
        default_factory=queue.SimpleQueue
    )
    _calls: set[Call] = field(default_factory=set)

    def run(self) -> int:
        """Send until nothing is due and every answer is written, or given up."""
        made = 0
        crew = ThreadPoolExecutor(self.width, thread_name_prefix=f"crew {self.room.lane}")
        try:
            while True:
                sent = self._gather()
                room = replace(self.room, calls=self._free(made))
                if not sent and not room.calls and not self._calls:
                    return made
                turn = Turn(sent=sent, room=room, at=self.now())
                claims = write(self.works, turn) if sent or room.calls else []
                for claim in claims:
                    self._begin(crew, claim)
                made += len(claims)
                if not claims and not self._calls:
                    return made
        finally:
            crew.shutdown(wait=False)

    def _free(self, made: int) -> int:
        if self.works.stopping.is_set():
            return 0
        free = self.width + self.spare - len(self._calls)
        return free if self.limit is None else min(free, self.limit - made)

    def _gather(self) -> tuple[Sent, ...]:
        """Wait for an answer, and a moment more for others."""
        sent: list[Sent] = []
        end = time.monotonic() + LINGER_S
        while self._calls and len(sent) < max(1, self.width // 2):
            left = max(0.0, end - time.monotonic()) if sent else LOOK_ROUND_S
            try:
                call, came = self._answers.get(timeout=left)
            except queue.Empty:
                self._calls = {call for call in self._calls if not call.is_cut}
                break
            self._calls.discard(call)
            sent.extend(came)
        return tuple(sent)

    def _begin(self, crew: ThreadPoolExecutor, claim: Claim) -> None:
        call = Call(lane=_work(claim).name, deliveries=claim.ids, holds_lane=False)
        self._calls.add(call)
        crew.submit(self._send, claim, call)

    def _send(self, claim: Claim, call: Call) -> None:
        with self.works.calls.noted(call):
            sent = send(self.works, claim, now=self.now)
        if call.is_cut:  # nobody waits for it any longer
            room = replace(self.room, calls=0)
            write(self.works, Turn(sent=sent, room=room, at=self.now()))
        else:
            self._answers.put((call, sent))


def _work(claim: Claim) -> Work:
    return Work(Kind.SEND, claim.lane)


def write(works: Works, turn: Turn) -> list[Claim]:
    """Write patiently: while the database is busy or full, what the outlet said must not go."""
    for _ in range(RECORD_TRIES - 1):
        try:
            return _write(works, turn)
        except OperationalError:
            if not turn.sent:
                raise  # nothing is lost: the ticker comes again
            time.sleep(RECORD_AGAIN_S)
    return _write(works, turn)


def _write(works: Works, turn: Turn) -> list[Claim]:
    claims: list[Claim] = works.turns.run(
        works.database.sessions, turn, lambda session, turns: take_turns(session, works, turns)
    )
    return claims


def send(works: Works, claim: Claim, *, now: Now = clock.now) -> tuple[Sent, ...]:
    """Make the one visible act and say what came of it; nothing is to stand before it is written.

    Nothing comes of a claim that was lost to another worker before the act.
    """
    outcomes = _act(works, claim, now=now)
    at = now()
    is_whole = isinstance(outcomes, ChannelError)
    each = [outcomes] * len(claim.members) if isinstance(outcomes, ChannelError) else outcomes
    for member, outcome in zip(claim.members, each, strict=False):
        _tell(claim, member, outcome)
    return tuple(
        Sent(
            id=member.id,
            item_id=member.item_id,
            fence=member.fence,
            lane=claim.lane,
            channel=claim.channel,
            outcome=outcome,
            at=at,
            is_whole=is_whole,
        )
        for member, outcome in zip(claim.members, each, strict=False)
    )


def _tell(claim: Claim, member: Member, outcome: Outcome) -> None:
    known = {"delivery": member.id, "item": member.item_id, "target": claim.target}
    if isinstance(outcome, Receipt):
        log.debug("accepted", **known)
        return
    log.warning("not accepted", **known, outcome=type(outcome).__name__, said=str(outcome))
    if outcome.__cause__ is not None:
        cause = "".join(traceback.format_exception(outcome.__cause__))
        log.error("unforeseen", delivery=member.id, traceback=cause)


def _act(works: Works, claim: Claim, *, now: Now) -> Sequence[Outcome] | ChannelError:
    """Return an outcome for each member, or the error of all; nothing where the claim was lost."""
    if claim.lease_until <= now():
        return ()  # we slept too long: it may be another's by now
    try:
        renditions = [_thaw(works, member) for member in claim.members]
        return _deliver(works, claim, renditions, now=now)
    except ChannelError as error:
        return error
    except Exception as error:  # noqa: BLE001  # a bug must not lose what may have gone out
        unknown = UnknownOutcomeError(f"unforeseen {type(error).__name__}")
        unknown.__cause__ = error
        return unknown


def _thaw(works: Works, member: Member) -> Rendition:
    try:
        return works.thawed.read(works.database.reads, works.media, member.rendition_id)
    except (NotFoundError, DamagedError) as error:
        raise PermanentError(f"the frozen bytes: {error}", advice=str(error)) from error


def _deliver(
    works: Works, claim: Claim, renditions: list[Rendition], *, now: Now
) -> Sequence[Outcome]:
    channel, key = claim.channel, claim.key
    if isinstance(channel, Bundles):
        handle = _prepared(lambda: channel.prepare_bundle(renditions, key=key))
        if not arm(works, claim, handle=handle, at=now()):
            return ()
        return _of_each(claim, channel.deliver_bundle(renditions, key=key, handle=handle))
    if isinstance(channel, Prepares):
        handle = _prepared(lambda: channel.prepare(renditions[0], key=key))
        if not arm(works, claim, handle=handle, at=now()):
            return ()
        return [channel.deliver_prepared(renditions[0], key=key, handle=handle)]
    return [channel.deliver(renditions[0], key=key)]


def _of_each(claim: Claim, outcomes: Sequence[Outcome]) -> Sequence[Outcome]:
    """Return what came of each member; an answer of another length says nothing of any."""
    if len(outcomes) != len(claim.members):
        told = f"{len(outcomes)} outcomes for {len(claim.members)} deliveries"
        raise UnknownOutcomeError(told)
    return outcomes


def _prepared(prepare: Callable[[], str]) -> str:
    """Prepare; nobody can have seen anything yet, so that whatever is unknown may be repeated."""
    try:
        return prepare()
    except UnknownOutcomeError as error:
        raise RetryableError(f"while preparing: {error}", advice=error.advice) from error


def arm(works: Works, claim: Claim, *, handle: str, at: datetime) -> bool:
    """Commit that the visible act is about to begin, with a whole lease before it.

    False where the claim is ours no more, or an item was withdrawn while we prepared: then what
    else was to go with it is planned anew, for what was prepared holds all of it.
    """
    lease_until = at + timedelta(seconds=works.limits.lease_s)
    with works.database.sessions.begin() as session:
        withdrawn = _withdrawn(session, claim)
        for member in claim.members:
            if not still_ours(
                session, member.id, member.fence, handle=handle, lease_until=lease_until
            ):
                session.rollback()
                return False
            end_attempts(session, member.id, outcome="done", said="", at=at)
        if withdrawn:
            _step_back(session, claim, withdrawn, at=at)
            return False
        session.add_all(
            Attempt(delivery_id=member.id, step="deliver", fence=member.fence, started_at=at)
            for member in claim.members
        )
    return True


def _withdrawn(session: Session, claim: Claim) -> set[int]:
    """Return which items of a claim were withdrawn; none can be until this is committed."""
    items = select(Item).where(Item.id.in_(sorted({member.item_id for member in claim.members})))
    found = session.scalars(items.order_by(Item.id).with_for_update(read=True))
    return {item.id for item in found if item.withdrawn_at is not None}


def _step_back(session: Session, claim: Claim, withdrawn: set[int], *, at: datetime) -> None:
    for member in claim.members:
        row = session.get_one(Delivery, member.id, populate_existing=True)
        row.lease_owner, row.lease_until = None, None
        row.plan_again(row.due_at)
        row.bundle_id, row.bundle_position = None, None
        if member.item_id in withdrawn:
            row.cancel(at=at)
