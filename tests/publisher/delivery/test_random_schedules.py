"""Two workers, an outlet, people and a clock, in any order that hypothesis can think of.

The functions are the real ones, on SQLite; the outlet is in memory, so that between any two steps
everything else may happen. `PUBLISHER_TEST_ALL_DEATHS=1` plays thousands of schedules.
"""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import event, select, text
from sqlalchemy.orm import Session, joinedload

from publisher import settings as installation
from publisher.channel import (
    Bundles,
    Channel,
    Confirms,
    Content,
    Prepares,
    Receipt,
    Rendition,
    Withdraws,
)
from publisher.delivery import check, confirm, recover, takedown, worker
from publisher.delivery.calls import Call
from publisher.delivery.claims import Claim
from publisher.delivery.record import Sent
from publisher.delivery.send import send
from publisher.delivery.worker import Turn
from publisher.delivery.works import Works
from publisher.errors import (
    ChannelError,
    CredentialsError,
    NotAllowedError,
    PermanentError,
    RetryableError,
    UnknownOutcomeError,
)
from publisher.model.delivery import Delivery
from publisher.model.item import Item
from publisher.model.people import Person
from publisher.model.states import MOVES, OPEN
from publisher.model.states import DeliveryState as S
from publisher.model.target import Pause
from publisher.settings import Delivery as Limits
from publisher.storage import notes, queries, renditions
from publisher.storage.media import MediaStore
from publisher.workflow import settle, withdraw
from publisher.workflow.desk import Desk
from tests import make
from tests.crash.matrix import Store
from tests.make import NINE

IS_LONG = bool(os.environ.get("PUBLISHER_TEST_ALL_DEATHS"))
SCHEDULES, STEPS = (3000, 50) if IS_LONG else (60, 30)
LATE_S = 40.0  # the longest that a post takes to be visible; looks are 50 s apart
OPERATOR = "值班员"
AT_ONCE = {  # two moves written as one: what came of a send, and the withdrawal meanwhile
    (S.SENDING, S.CANCELLED),
    (S.SENDING, S.WITHDRAWING),
}
WATCH = (  # every move, whoever makes it, by whatever statement
    "CREATE TABLE IF NOT EXISTS moved (was TEXT, became TEXT)",
    "CREATE TRIGGER IF NOT EXISTS watch AFTER UPDATE OF state ON delivery "
    "WHEN old.state <> new.state BEGIN INSERT INTO moved VALUES (old.state, new.state); END",
    "DELETE FROM moved",
)


class KilledError(BaseException):
    """The process dies here."""


@dataclass
class Post:
    """Something that the public can see, from a real moment on."""

    id: str
    key: str
    text: str
    from_s: float


@dataclass
class World:
    """What is public, how the next call goes, and real time, which no clock shows."""

    real_s: float = 0.0
    posts: list[Post] = field(default_factory=list)
    ever: int = 0
    fate: str = "fine"
    refuses: bool = False  # to be asked
    withdrawn: set[str] = field(default_factory=set)  # texts
    approved: set[str] = field(default_factory=set)
    wrongs: list[str] = field(default_factory=list)  # an error in a channel would be caught
    meanwhile: Callable[[], None] = lambda: None  # happens within the next call

    def deliver(self, shown: Sequence[Rendition], keys: Sequence[str]) -> list[Receipt]:
        """Show them, or not, and answer, or not."""
        fate = self.fate
        errors: dict[str, BaseException] = {
            "refused": RetryableError("refused"),
            "busy": RetryableError("busy", after_s=60),
            "no": PermanentError("no"),
            "who": CredentialsError("who are you?"),
            "lost before": UnknownOutcomeError("lost"),
            "died before": KilledError(),
        }
        if fate in errors:
            raise errors[fate]
        texts = [rendition.body.decode() for rendition in shown]
        if not self.approved.issuperset(texts):
            self.wrongs.append(f"not approved: {texts}")
        late_s = LATE_S if fate.endswith("late") else 0.0
        receipts = [self._show(*one, late_s) for one in zip(keys, texts, strict=True)]
        if fate.startswith("lost"):
            raise UnknownOutcomeError("lost")
        if fate.startswith("died"):
            raise KilledError
        return receipts

    def stay_hidden(self, shown: Sequence[Rendition]) -> None:
        """Note what is sent though it was withdrawn while it was prepared."""
        if back := self.withdrawn.intersection(one.body.decode() for one in shown):
            self.wrongs.append(f"withdrawn, and sent: {back}")

    def _show(self, key: str, shown: str, late_s: float) -> Receipt:
        self.ever += 1
        post = Post(f"post-{self.ever}", key, shown, self.real_s + late_s)
        self.posts.append(post)
        return Receipt(remote_id=post.id)

    def find(self, key: str, id: str) -> Post | None:
        """Return what can be seen now."""
        if self.refuses:
            raise UnknownOutcomeError("not now")
        up = [post for post in self.posts if post.from_s <= self.real_s]
        return next((p for p in up if (p.id == id if id else p.key == key)), None)

    def hide(self, id: str) -> None:
        """Let it be seen no more."""
        if self.refuses:
            raise UnknownOutcomeError("not now")
        self.posts = [post for post in self.posts if post.id != id]


FATES = (
    "fine", "fine", "fine", "fine, late", "refused", "busy", "no", "who", "lost before",
    "lost", "lost, late", "died before", "died", "died, late",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Gate(Channel, Confirms, Withdraws):
    """Sends one after another."""

    label = "门"
    typical_delay_s = 25.0

    world: World

    def render(self, content: Content) -> Rendition:
        return make.PLAIN

    def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
        self.world.meanwhile()
        return self.world.deliver([rendition], [key])[0]

    def confirm(self, *, key: str, receipt: Receipt | None) -> Receipt | None:
        post = self.world.find(key, receipt.remote_id if receipt else "")
        return Receipt(remote_id=post.id, evidence="看到了") if post else None

    def withdraw(self, receipt: Receipt, *, reason: str) -> None:
        self.world.hide(receipt.remote_id)


@dataclass(frozen=True, kw_only=True)
class Draft(Gate, Prepares):
    """Prepares first."""

    def prepare(self, rendition: Rendition, *, key: str) -> str:
        self.world.meanwhile()
        return "draft"

    def deliver_prepared(self, rendition: Rendition, *, key: str, handle: str) -> Receipt:
        self.world.stay_hidden([rendition])
        return self.world.deliver([rendition], [key])[0]


@dataclass(frozen=True, kw_only=True)
class Bunch(Gate, Bundles):
    """Sends several at once, of which the first may be refused."""

    def prepare_bundle(self, shown: Sequence[Rendition], *, key: str) -> str:
        self.world.meanwhile()
        return ""

    def deliver_bundle(
        self, shown: Sequence[Rendition], *, key: str, handle: str
    ) -> Sequence[Receipt | ChannelError]:
        self.world.stay_hidden(shown)
        keys = [f"{key}.{place}" for place in range(1, len(shown) + 1)]
        if self.world.fate == "busy":
            rest = replace(self.world, fate="fine")
            receipts = rest.deliver(shown[1:], keys[1:])
            self.world.posts, self.world.ever = rest.posts, rest.ever
            return [RetryableError("this one is busy"), *receipts]
        return self.world.deliver(shown, keys)


@dataclass
class Sending:
    """A claim of one worker, and how far it has come."""

    works: Works
    claim: Claim
    hangs: contextlib.ExitStack | None = None  # the call is out
    sent: tuple[Sent, ...] | None = None  # the answer is there, and not yet written


TARGETS = ("gate", "draft", "bunch")
WHO = st.sampled_from((0, 1))
WHERE = st.sampled_from(TARGETS)


class Schedules(RuleBasedStateMachine):
    """Everything that can happen to four deliveries at three targets."""

    def __init__(self, store: Store, home: Path) -> None:
        super().__init__()
        self.store, self.home = store, home
        self.world = World()
        kinds: dict[str, type[Gate]] = {"gate": Gate, "draft": Draft, "bunch": Bunch}
        self.channels: dict[str, Channel] = {
            name: kind(world=self.world) for name, kind in kinds.items()
        }
        self.now = NINE
        self.media = MediaStore(home / "media")
        self.workers = [self._worker(), self._worker()]
        self.sending: list[Sending] = []
        self.desk = Desk(
            settings=installation.load(home),
            database=store.database,
            channels=self.channels,
            media=self.media,
        )
        store.empty()
        with store.database.engine.begin() as connection:
            for statement in WATCH:
                connection.execute(text(statement))
        with store.database.sessions.begin() as session:
            make.person(session, OPERATOR, "operator")
            for number in (1, 2):
                self._plan(session, number)

    def _plan(self, session: Session, number: int) -> None:
        approved = make.edition(session, targets=list(TARGETS))
        for target in TARGETS:
            words = f"{target} {number}"
            self.world.approved.add(words)
            shown = Rendition(body=words.encode(), media_type="text/plain", title=words)
            frozen = renditions.freeze(target, shown, self.media)
            frozen.edition = approved
            session.add(
                Delivery(
                    rendition=frozen,
                    item_id=approved.item_id,
                    target=target,
                    lane=target,
                    due_at=NINE,
                    not_after=NINE + timedelta(hours=3 if number == 2 else 24),
                    expires_at=NINE + timedelta(hours=5) if number == 2 else None,
                )
            )

    def _worker(self) -> Works:
        return Works(
            database=self.store.database,
            media=self.media,
            channels=self.channels,
            limits=Limits(lease_s=10.0),
        )

    def clock(self) -> datetime:
        return self.now

    # -- time

    @rule(seconds=st.sampled_from((1, 6, 11, 30, 51, 100, 700)))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        self.world.real_s += seconds
        self._beat()

    @rule(minutes=st.sampled_from((-180, -5, 5, 180)))
    def the_clock_is_set(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        self.world.real_s += LATE_S  # what is on its way arrives meanwhile
        self._beat()

    def _beat(self) -> None:
        for works in self.workers:
            recover.beat(works, now=self.now)

    @rule(who=WHO)
    def recover(self, who: int) -> None:
        recover.recover(self.workers[who], now=self.now)

    @rule(who=WHO)
    def miss_and_expire(self, who: int) -> None:
        recover.miss(self.workers[who], now=self.now)
        takedown.expire(self.workers[who], now=self.now)
        recover.mend_clock(self.workers[who], now=self.now)

    @rule(who=WHO, seconds=st.sampled_from((6, 26, 51, 100)))
    def a_worker_does_all_but_sending(self, who: int, seconds: int) -> None:
        self.time_passes(seconds)
        self.recover(who)
        self.miss_and_expire(who)
        for target in TARGETS:
            confirm.run_target(self.workers[who], target, now=self.clock)
            takedown.run_target(self.workers[who], target, now=self.clock)

    # -- sending, step by step

    @rule(who=WHO, place=WHERE)
    def claim(self, who: int, place: str) -> None:
        works = self.workers[who]
        withdrawn = set(self.world.withdrawn)
        for claim in worker.write(works, Turn(sent=(), room=works.room(place), at=self.now)):
            assert not withdrawn.intersection(self._texts(claim.ids))
            self.sending.append(Sending(works, claim))

    def _waiting(self) -> list[Sending]:
        return [one for one in self.sending if one.hangs is None and one.sent is None]

    @precondition(lambda self: self._waiting())
    @rule(which=st.integers(0, 5), fate=st.sampled_from(FATES), withdraws=st.booleans())
    def call(self, which: int, fate: str, withdraws: bool) -> None:
        waiting = self._waiting()
        one = waiting[which % len(waiting)]
        self.world.fate = fate
        if withdraws:
            self.world.meanwhile = lambda: self._withdraw(one.claim.members[0].item_id)
        try:
            one.sent = send(one.works, one.claim, now=self.clock)
        except KilledError:
            self._die(one.works)
        finally:
            self.world.fate, self.world.meanwhile = "fine", lambda: None

    @rule(who=WHO, place=WHERE, fate=st.sampled_from(FATES))
    def send_what_is_due(self, who: int, place: str, fate: str) -> None:
        self.world.fate = fate
        works = self.workers[who]
        try:
            worker.run_lane(works, place, now=self.clock, limit=2)
        except KilledError:
            self._die(works)
        finally:
            self.world.fate = "fine"

    @rule(who=WHO, rounds=st.integers(0, 4))
    def a_call_hangs(self, who: int, rounds: int) -> None:
        """Begin a call that does not end; where the rounds are many, it outlives its lease."""
        self.claim(who, "gate")
        waiting = [one for one in self._waiting() if one.claim.lane == "gate"]
        if not waiting or waiting[-1].claim.lease_until <= self.now:
            return
        one = waiting[-1]
        one.hangs = contextlib.ExitStack()
        one.hangs.enter_context(one.works.calls.noted(Call("send gate", one.claim.ids)))
        for _ in range(rounds):
            self.a_worker_does_all_but_sending(1 - who, 51)

    @precondition(lambda self: any(one.hangs for one in self.sending))
    @rule(which=st.integers(0, 5), fate=st.sampled_from(FATES))
    def a_call_that_hung_ends(self, which: int, fate: str) -> None:
        hanging = [one for one in self.sending if one.hangs]
        self._end(hanging[which % len(hanging)], fate)

    def _end(self, one: Sending, fate: str) -> None:
        assert one.hangs is not None
        self.world.fate = fate
        try:  # it began in time, whatever time it is now
            begun = replace(one.claim, lease_until=self.now + timedelta(hours=1))
            one.sent = send(one.works, begun, now=self.clock)
        except KilledError:
            self._die(one.works)
        finally:
            one.hangs.close()
            one.hangs, self.world.fate = None, "fine"

    @precondition(lambda self: any(one.sent is not None for one in self.sending))
    @rule(which=st.integers(0, 5))
    def write_the_answer(self, which: int) -> None:
        answered = [one for one in self.sending if one.sent is not None]
        one = answered[which % len(answered)]
        self.sending.remove(one)
        room = one.works.room(one.claim.lane, 0)
        worker.write(one.works, Turn(sent=one.sent or (), room=room, at=self.now))

    @rule(who=WHO)
    def a_worker_dies(self, who: int) -> None:
        self._die(self.workers[who])

    def _die(self, works: Works) -> None:
        self.sending = [one for one in self.sending if one.works is not works]
        self.workers = [self._worker() if one is works else one for one in self.workers]
        self._beat()

    @rule()
    def all_die_and_one_starts_alone(self) -> None:
        for works in list(self.workers):
            self._die(works)
        recover.recover(self.workers[0], now=self.now, is_alone=True)
        self._beat()

    # -- looking and taking down

    @rule(who=WHO, place=WHERE, refuses=st.booleans())
    def look(self, who: int, place: str, refuses: bool) -> None:
        self.world.refuses = refuses
        confirm.run_target(self.workers[who], place, now=self.clock)
        self.world.refuses = False

    @rule(who=WHO, place=WHERE, refuses=st.booleans())
    def take_down(self, who: int, place: str, refuses: bool) -> None:
        self.world.refuses = refuses
        takedown.run_target(self.workers[who], place, now=self.clock)
        self.world.refuses = False

    @rule(place=WHERE)
    def ask_how_it_is(self, place: str) -> None:
        check.check(self.workers[0], place, now=self.now)

    # -- people

    @rule(item=st.sampled_from((1, 2)))
    def a_person_withdraws(self, item: int) -> None:
        self._withdraw(item)

    def _withdraw(self, item: int) -> None:
        with self.store.database.sessions.begin() as session:
            found = session.get_one(Item, item)
            withdraw.withdraw(
                session, self.desk, found, reason="有误", by=self._person(session), at=self.now
            )
        self.world.withdrawn |= {f"{target} {item}" for target in TARGETS}

    @rule(place=WHERE)
    def a_person_pauses_or_resumes(self, place: str) -> None:
        with self.store.database.sessions.begin() as session:
            pause = session.get(Pause, place)
            if pause is not None:
                session.delete(pause)
            else:
                session.add(Pause(scope=place, at=self.now, by=OPERATOR, because="维护"))

    @rule(which=st.integers(0, 5))
    def a_person_settles(self, which: int) -> None:
        self._settle(which + 1)

    def _settle(self, delivery: int) -> None:
        with self.store.database.sessions.begin() as session:
            row = session.get_one(Delivery, delivery)
            words = row.rendition.title
            is_late = any(post.from_s > self.world.real_s for post in self.world.posts)
            if (S(row.state), "delivered") not in settle.MOVES or is_late:
                return  # nothing to settle, or the person waits a few minutes before they look
            is_up = any(post.text == words for post in self.world.posts)
            if row.state == S.WITHDRAWING and is_up:
                self.world.posts = [p for p in self.world.posts if p.text != words]
                is_up = False
            outcome = "delivered" if is_up else "not_delivered"
            by = self._person(session)
            with contextlib.suppress(NotAllowedError):  # the call is still under way
                seen = settle.Sighting(outcome=outcome, note="看过")
                settle.settle(session, self.desk, row, seen, by=by, at=self.now)

    @rule(which=st.integers(0, 5))
    def a_person_sends_again(self, which: int) -> None:
        with self.store.database.sessions.begin() as session:
            row = session.get_one(Delivery, which + 1)
            ended = row.expires_at is not None and row.expires_at <= self.now
            is_back = row.item.withdrawn_at is not None
            if row.state in (S.FAILED, S.MISSED) and not ended and not is_back:
                settle.retry(session, self.desk, row, by=self._person(session), at=self.now)

    def _person(self, session: Session) -> Person:
        return session.scalars(select(Person).where(Person.name == OPERATOR)).one()

    # -- what must hold after each step

    @invariant()
    def nothing_is_there_twice(self) -> None:
        assert max(Counter(post.text for post in self.world.posts).values(), default=0) <= 1

    @invariant()
    def nothing_is_sent_that_is_not_to_be(self) -> None:
        assert self.world.wrongs == []

    @invariant()
    def every_move_is_allowed(self) -> None:
        with self.store.database.engine.begin() as connection:
            for was, became in connection.execute(text("SELECT was, became FROM moved")):
                assert became in MOVES[S(was)] or (was, became) in AT_ONCE, (was, became)
            connection.execute(text("DELETE FROM moved"))

    @invariant()
    def whatever_is_open_is_somebodys(self) -> None:
        for row in self._rows():
            match S(row.state):
                case S.PLANNED:
                    assert row.not_after
                case S.SENDING:
                    assert row.lease_until, row.id
                    assert row.deadline_at, row.id
                case S.ACCEPTED | S.UNCONFIRMED | S.WITHDRAWING:
                    assert row.check_at, (row.id, row.state)
                    assert row.deadline_at, (row.id, row.state)

    def _rows(self) -> list[Delivery]:
        with self.store.database.reads() as session:
            found = select(Delivery).options(joinedload(Delivery.rendition))
            return list(session.scalars(found.order_by(Delivery.id)))

    def _texts(self, ids: Sequence[int]) -> set[str]:
        return {row.rendition.title for row in self._rows() if row.id in ids}

    # -- and in the end

    def teardown(self) -> None:
        """Let everything come back, time pass and people act: then all is final, and as said."""
        for one in list(self.sending):
            if one.hangs:
                self._end(one, "fine")
            self.write_the_answer_of(one)
        with self.store.database.sessions.begin() as session:
            for pause in session.scalars(select(Pause)):
                session.delete(pause)
        for _ in range(40):
            if not any(row.state in OPEN for row in self._rows()):
                break
            self._round()
        for row in self._rows():
            up = [post for post in self.world.posts if post.text == row.rendition.title]
            assert row.state not in OPEN, (row.id, row.state)
            assert not (up and row.rendition.title in self.world.withdrawn), (row.id, row.state)
            assert len(up) == (row.state == S.CONFIRMED), (row.id, row.state, up)
        with self.store.database.reads() as session:
            assert notes.first_broken(session) is None

    def write_the_answer_of(self, one: Sending) -> None:
        self.sending.remove(one)
        if one.sent is not None:
            room = one.works.room(one.claim.lane, 0)
            worker.write(one.works, Turn(sent=one.sent, room=room, at=self.now))

    def _round(self) -> None:
        self.time_passes(3600)
        works = self.workers[0]
        recover.recover(works, now=self.now)
        self.miss_and_expire(0)
        for target in TARGETS:
            check.check(works, target, now=self.now)
            worker.run_lane(works, target, now=self.clock)
            confirm.run_target(works, target, now=self.clock)
            takedown.run_target(works, target, now=self.clock)
        with self.store.database.reads() as session:
            asked = queries.needs_a_person(session, now=self.now)
            theirs = [row.id for row in asked if row.state in OPEN]
        for delivery in theirs:
            self._settle(delivery)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(f"sqlite:///{tmp_path / 'publisher.db'}")

    def be_quick(connection: object, record: object) -> None:
        connection.execute("PRAGMA synchronous=OFF")  # type: ignore[attr-defined]

    event.listen(made.database.engine, "connect", be_quick)
    made.database.engine.dispose()
    return made


def test_whatever_happens_in_whatever_order_nothing_is_there_twice_and_nothing_is_lost(
    store: Store, tmp_path: Path
) -> None:
    run_state_machine_as_test(
        lambda: Schedules(store, tmp_path),  # type: ignore[arg-type]  # as its documentation says
        settings=settings(
            max_examples=SCHEDULES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=not IS_LONG,
            suppress_health_check=list(HealthCheck),
        ),
    )
