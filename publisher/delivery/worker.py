"""What happens at the due minute: claim, send, record, and the next.

The claim, and an Attempt for the step that begins, are committed before the channel is called; what
came of it is committed before anything else happens, in a transaction that also claims what goes
next and that other lanes share.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog
from sqlalchemy.exc import InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from sqlalchemy.orm import Session

from publisher import clock
from publisher.channel import Confirms
from publisher.delivery import repeat
from publisher.delivery.calls import Call
from publisher.delivery.claims import Claim, claim_all
from publisher.delivery.engine import Kind, Work
from publisher.delivery.record import Sent, record
from publisher.delivery.send import Now, send
from publisher.delivery.works import Room, Works

log = structlog.get_logger()

RECORD_TRIES = 30
RECORD_AGAIN_S = 2.0
BUSY = (OperationalError, InternalError, NoConnectionError)  # it may go better in a while
LINGER_S = 0.01  # a wide lane waits so long for more answers before it writes
LOOK_ROUND_S = 1.0  # and looks so often whether one of its calls was given up


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
    rooms = [turn.room for turn in asking.values()]
    for claim in repeat.claim_all(session, works, rooms, now=now):  # first: it began long ago
        claims[claim.lane].append(claim)
    rooms = [replace(room, calls=room.calls - len(claims[room.lane])) for room in rooms]
    for claim in claim_all(session, works, rooms, now=now):
        claims[claim.lane].append(claim)
    return [claims[lane] if asking.get(lane := turn.room.lane) is turn else [] for turn in turns]


def run_lane(works: Works, lane: str, *, now: Now = clock.now, limit: int | None = None) -> int:
    """Send what is due on one lane, `limit` calls at most; return how many were made."""
    room = works.room(lane)
    width = room.channel.at_once if room.channel else 1
    if width > 1:
        spare = width if isinstance(room.channel, Confirms) else 0
        return _Wide(works, room, width, spare=spare, now=now, limit=limit).run()
    with works.turns.joined():
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
        except BUSY:
            if not turn.sent:
                raise  # nothing is lost: the ticker comes again
            time.sleep(RECORD_AGAIN_S)
    return _write(works, turn)


def _write(works: Works, turn: Turn) -> list[Claim]:
    claims: list[Claim] = works.turns.run(
        works.database.sessions, turn, lambda session, turns: take_turns(session, works, turns)
    )
    return claims
