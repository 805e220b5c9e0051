"""One rendition on its way to one target: the queue, the ledger and the proof."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from publisher.errors import NotAllowedError
from publisher.model.base import Base, Words
from publisher.model.item import FrozenRendition, Item
from publisher.model.states import MOVES, OPEN, DeliveryState
from publisher.model.urgency import HEAD_START, HEAD_START_WHERE_RATIONED, Urgency


def _where(condition: str) -> dict[str, Any]:
    """Make an index partial: it holds only rows that are waited for, however long the history."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


def _spelt(states: Iterable[DeliveryState]) -> str:
    """Write a condition on the state as SQL that names the states, in one fixed order."""
    names = [f"'{state}'" for state in sorted(states)]
    return f"state = {names[0]}" if len(names) == 1 else f"state IN ({', '.join(names)})"


LOOKED_UP_FIRST = "数据从备份恢复，可能已经发出：先到平台核对，核对之前不会发送"


def bundle_key(bundle_id: int) -> str:
    """Return the idempotency key of a bundle."""
    return f"bundle-{bundle_id}"


def rank_of(due_at: datetime, urgency: str, *, is_rationed: bool = False) -> datetime:
    """Return the place in its lane of a delivery that is due then. Pure."""
    head_start = HEAD_START_WHERE_RATIONED if is_rationed else HEAD_START
    return due_at - head_start[Urgency(urgency)]


def _rank_at(context: Any) -> datetime:
    given = context.get_current_parameters()
    return rank_of(given["due_at"], given.get("urgency") or Urgency.NORMAL)


PLANNED = _spelt([DeliveryState.PLANNED])
NOT_SENT = (DeliveryState.FAILED, DeliveryState.MISSED)  # given up; a person decides what then
ACTS = ("deliver", "repeat")  # steps of an attempt that the public may see; the latter is the same


class Delivery(Base):
    """One rendition, one place, one occurrence; what has a state.

    `fence` rises with every claim; a worker whose fence is no longer the row's has lost it and may
    write nothing. A `lease_owner` without `lease_until` is a worker that was cut off: its call may
    still be under way. `rank_at` orders a lane: the due moment less the head start of its urgency,
    until people give another order; never later than the due moment.
    `taken_down_at` is set when the outlet has said yes to a take-down that is still to be
    verified. `check_at` is when the outlet is to be asked next, None when there is nothing to ask.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("rendition_id", "part", "occurrence"),
        # these begin with the state, though it is always the same: else SQLite prefers the index
        # that holds every state, and reads all that is planned
        Index("ix_delivery_due", "state", "due_at", "lane", **_where(PLANNED)),
        Index("ix_delivery_lane", "state", "lane", "rank_at", "id", **_where(PLANNED)),
        Index(
            "ix_delivery_follow_until",
            "state",
            "follow_until",
            **_where(f"{PLANNED} AND follow_until IS NOT NULL"),
        ),
        Index("ix_delivery_not_after", "state", "not_after", **_where(PLANNED)),
        Index("ix_delivery_check", "check_at", **_where("check_at IS NOT NULL")),
        Index("ix_delivery_look", "target", "check_at", **_where("check_at IS NOT NULL")),
        Index("ix_delivery_lease", "lease_until", **_where("lease_until IS NOT NULL")),
        Index(
            "ix_delivery_cut",
            "lease_owner",
            **_where("lease_owner IS NOT NULL AND lease_until IS NULL"),
        ),
        Index(
            "ix_delivery_expiry",
            "expires_at",
            **_where("ended_at IS NULL AND expires_at IS NOT NULL"),
        ),
        Index("ix_delivery_deadline", "deadline_at", **_where("deadline_at IS NOT NULL")),
        Index("ix_delivery_open", "target", "state", **_where(_spelt(OPEN))),
        Index("ix_delivery_after", "after_id", **_where("after_id IS NOT NULL")),
        Index("ix_delivery_bundle", "bundle_id", **_where("bundle_id IS NOT NULL")),
        Index("ix_delivery_restored", "id", **_where("is_restored")),
        Index("ix_delivery_item", "item_id", "id"),
        Index("ix_delivery_state", "state", "id"),
        Index(
            "ix_delivery_undecided",
            "state",
            "id",
            **_where(f"{_spelt(NOT_SENT)} AND decided_at IS NULL"),
        ),
        Index("ix_delivery_target", "target", "id"),
        Index("ix_delivery_success", "target", "accepted_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    rendition_id: Mapped[int] = mapped_column(ForeignKey("rendition.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    target: Mapped[str] = mapped_column(String(32))
    part: Mapped[str] = mapped_column(String(64), default="")  # a group, a screen; or ""
    occurrence: Mapped[int] = mapped_column(default=0)
    lane: Mapped[str] = mapped_column(String(64))  # deliveries of one lane go one after another
    state: Mapped[str] = mapped_column(String(16), default=DeliveryState.PLANNED)
    urgency: Mapped[str] = mapped_column(String(16), default=Urgency.NORMAL)
    due_at: Mapped[datetime]
    rank_at: Mapped[datetime] = mapped_column(default=_rank_at)
    not_after: Mapped[datetime]
    late: Mapped[str] = mapped_column(String(8), default="miss")  # past not_after: miss, or ask
    expires_at: Mapped[datetime | None]
    after_id: Mapped[int | None] = mapped_column(ForeignKey("delivery.id"))  # confirmed first
    follow_until: Mapped[datetime | None]  # waits so long for the one it comes after
    follow_else: Mapped[str] = mapped_column(String(8), default="ask")  # then: ask, or send
    bundle_id: Mapped[int | None] = mapped_column(ForeignKey("bundle.id"))
    bundle_position: Mapped[int | None]
    is_restored: Mapped[bool] = mapped_column(default=False)  # from a backup: may be out already
    fence: Mapped[int] = mapped_column(default=0)
    lease_owner: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)  # sends that were proved not to have arrived
    handle: Mapped[str | None] = mapped_column(Words)  # what prepare returned
    remote_id: Mapped[str | None] = mapped_column(Words)
    url: Mapped[str] = mapped_column(Words, default="")
    evidence: Mapped[str] = mapped_column(Words, default="")
    accepted_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]  # withdrawn, expired, cancelled, missed or failed
    decided_at: Mapped[datetime | None]  # failed or missed, and nobody has to decide any more
    check_at: Mapped[datetime | None]
    checks: Mapped[int] = mapped_column(default=0)  # looks in the present state
    absent_at: Mapped[datetime | None]  # when a look first found nothing
    deadline_at: Mapped[datetime | None]  # past this, people are told
    takedown_as: Mapped[str | None] = mapped_column(String(16))  # "withdrawn" or "expired"
    takedown_reason: Mapped[str] = mapped_column(Words, default="")
    taken_down_at: Mapped[datetime | None]
    advice: Mapped[str] = mapped_column(Words, default="")  # the channel's last word to staff

    rendition: Mapped[FrozenRendition] = relationship()
    item: Mapped[Item] = relationship()
    attempts: Mapped[list[Attempt]] = relationship(back_populates="delivery", order_by="Attempt.id")
    observations: Mapped[list[Observation]] = relationship(
        back_populates="delivery", order_by="Observation.id"
    )

    @property
    def key(self) -> str:
        """The name under which it is sent, the same on every attempt, and looked up."""
        if self.bundle_id is None:
            return f"delivery-{self.id}"
        return f"{bundle_key(self.bundle_id)}.{self.bundle_position}"

    def move(self, to: DeliveryState) -> None:
        """Go to another state, or raise NotAllowedError with both names."""
        if to not in MOVES[DeliveryState(self.state)]:
            raise NotAllowedError(
                f"投递不能从 {self.state} 变为 {to}（from {self.state} to {to}）",
                code="wrong_state",
            )
        self.state = to

    def plan_again(self, due_at: datetime) -> None:
        """Go back to waiting: certainly not there. What an earlier send was called is forgotten."""
        self.move(DeliveryState.PLANNED)
        self.set_due(due_at)
        self.handle, self.remote_id, self.url, self.evidence = None, None, "", ""
        self.accepted_at, self.confirmed_at, self.ended_at = None, None, None
        self.check_at, self.checks, self.absent_at, self.deadline_at = None, 0, None, None
        self.decided_at = None

    def let_be(self, *, at: datetime) -> None:
        """Nobody needs to decide any more whether it is sent after all."""
        self.deadline_at, self.decided_at = None, at

    def look_first(self, *, at: datetime, deadline_at: datetime) -> None:
        """Look before it is sent: since the backup that it is from it may have gone out."""
        self.move(DeliveryState.UNCONFIRMED)
        self.check_at, self.deadline_at, self.advice = at, deadline_at, LOOKED_UP_FIRST

    def set_due(self, due_at: datetime) -> None:
        """Set the moment. It never falls back in its lane: an order that people gave stands."""
        self.due_at = due_at
        self.rank_at = min(self.rank_at, rank_of(due_at, self.urgency))

    def cancel(self, *, at: datetime) -> None:
        """Stop it before it has begun."""
        self.move(DeliveryState.CANCELLED)
        self.ended_at, self.advice, self.deadline_at = at, "", None

    def begin_takedown(self, how: str, *, reason: str, at: datetime, deadline_at: datetime) -> None:
        """Start to take it down, as "withdrawn" or "expired"; the first call follows at once."""
        self.move(DeliveryState.WITHDRAWING)
        self.takedown_as, self.takedown_reason = how, reason
        self.check_at, self.checks, self.absent_at = at, 0, None
        self.deadline_at, self.taken_down_at, self.advice = deadline_at, None, ""

    def settle(self, to: DeliveryState, *, at: datetime, url: str = "") -> None:
        """Go to a state in which there is nothing more to ask the outlet."""
        self.move(to)
        self.url = url or self.url
        self.is_restored = False
        self.check_at, self.checks, self.absent_at = None, 0, None
        self.deadline_at, self.advice = None, ""
        if to == DeliveryState.CONFIRMED:
            self.confirmed_at = at
            self.accepted_at = self.accepted_at or at
        else:
            self.ended_at = at


def stands(*states: DeliveryState) -> ColumnElement[bool]:
    """Return the condition that a delivery stands in one of these states.

    The states are written into the SQL, not bound: SQLite cannot see into a parameter, and would
    not use an index that holds only such rows. It takes (planned) or OPEN for that.
    """
    names: list[ColumnElement[str]] = [literal_column(f"'{state}'") for state in sorted(states)]
    return Delivery.state == names[0] if len(names) == 1 else Delivery.state.in_(names)


class Attempt(Base):
    """One call to the outlet; appended before the first byte, ended once with what came of it."""

    __tablename__ = "attempt"
    __table_args__ = (Index("ix_attempt_delivery", "delivery_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id"))
    step: Mapped[str] = mapped_column(String(16))  # prepare, deliver, repeat, withdraw
    fence: Mapped[int] = mapped_column(default=0)  # of the claim under which it was made
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]  # None: under way, or the process died
    outcome: Mapped[str] = mapped_column(
        String(32), default=""
    )  # accepted, done, or an error class
    said: Mapped[str] = mapped_column(Words, default="")  # the outlet's words, secrets removed

    delivery: Mapped[Delivery] = relationship(back_populates="attempts")


class Observation(Base):
    """What was read back; append only."""

    __tablename__ = "observation"
    __table_args__ = (Index("ix_observation_delivery", "delivery_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id"))
    at: Mapped[datetime]
    source: Mapped[str] = mapped_column(String(64))  # the target, or the name of a person
    found: Mapped[str] = mapped_column(String(16))  # present, absent, unclear
    evidence: Mapped[str] = mapped_column(Words, default="")
    picture: Mapped[str | None] = mapped_column(ForeignKey("medium.digest"))  # a screenshot

    delivery: Mapped[Delivery] = relationship(back_populates="observations")


class Bundle(Base):
    """Deliveries of one target that go out in one call, in order, with one idempotency key."""

    __tablename__ = "bundle"

    id: Mapped[int] = mapped_column(primary_key=True)
    target: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime]
    frozen_at: Mapped[datetime | None]  # from here on membership and order stand; None: dissolved
