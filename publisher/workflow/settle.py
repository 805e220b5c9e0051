"""What only a person can say: it is there, it is not, send it again, wait no more, let it be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from publisher.errors import InvalidError, NotAllowedError
from publisher.model.advice import LEFT
from publisher.model.delivery import Delivery, Observation
from publisher.model.item import Medium
from publisher.model.note import Note
from publisher.model.people import Person
from publisher.model.states import DeliveryState as S
from publisher.schedule import following, late, period
from publisher.storage import locks, notes
from publisher.workflow import handover, rules
from publisher.workflow.desk import Desk

OUTCOMES = {"delivered": "确认在平台上", "not_delivered": "确认不在平台上"}
MOVES = {  # (where it stands, what the person saw) -> where it goes
    (S.UNCONFIRMED, "delivered"): S.CONFIRMED,
    (S.UNCONFIRMED, "not_delivered"): S.FAILED,
    (S.ACCEPTED, "delivered"): S.CONFIRMED,
    (S.ACCEPTED, "not_delivered"): S.FAILED,
    (S.FAILED, "delivered"): S.CONFIRMED,  # only where it was seen there before
    (S.WITHDRAWING, "delivered"): S.CONFIRMED,  # it must stay, and the note says why
    (S.WITHDRAWING, "not_delivered"): S.WITHDRAWN,
}
MAY_ARRIVE = (
    "发送它的请求还没有结束，可能还会到达，请过几分钟再核实；"
    "一直这样，请重启 publisher serve（或 worker）"
)
MAX_URL = 1000  # characters


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """What a person saw at the outlet, and how they know."""

    outcome: str  # "delivered", or "not_delivered"
    note: str
    url: str = ""  # where a reader sees it
    picture: str | None = None  # digest of a stored screenshot


def settle(
    session: Session, desk: Desk, delivery: Delivery, seen: Sighting, *, by: Person, at: datetime
) -> None:
    """Record what a person saw at the outlet; who has a delivery in hand may.

    While a call that was given up may still arrive, nobody can know that nothing is there.
    """
    rules.require(handover.may_settle(by, delivery, desk.channels))
    if seen.outcome not in OUTCOMES:
        raise InvalidError("核实结果只能是 delivered 或 not_delivered", field="outcome")
    if not seen.note.strip():
        raise InvalidError("请写明是怎么核实的", field="note", code="empty")
    if len(seen.url) > MAX_URL or (seen.url and not seen.url.startswith(("http://", "https://"))):
        raise InvalidError("网址要以 http:// 或 https:// 开头", field="url")
    _check_picture(session, seen.picture)
    locks.delivery(session, delivery)
    was = S(delivery.state)
    to = MOVES.get((was, seen.outcome))
    if to is None or (was == S.FAILED and delivery.confirmed_at is None):
        raise NotAllowedError("这一投递现在不需要人工核实", code="wrong_state")
    if seen.outcome == "not_delivered" and delivery.lease_owner is not None:
        raise NotAllowedError(MAY_ARRIVE, code="under_way")
    if was == S.FAILED:
        delivery.move(S.UNCONFIRMED)  # a look of ours has proved too much
        delivery.ended_at = None
    if was == S.WITHDRAWING and to == S.CONFIRMED:
        delivery.expires_at = None  # it must stay, so its planned end is off too
    delivery.settle(_expired_or(to, delivery), url=seen.url, at=at)
    found = "present" if seen.outcome == "delivered" else "absent"
    session.add(
        Observation(
            delivery_id=delivery.id,
            at=at,
            source=by.name,
            found=found,
            evidence=seen.note,
            picture=seen.picture,
        )
    )
    _note(session, delivery, "settle", by=by, at=at, text=f"{OUTCOMES[seen.outcome]}：{seen.note}")
    if was == S.FAILED:
        following.tell(session, delivery, at=at)
    if was in (S.UNCONFIRMED, S.ACCEPTED):
        _tell(session, desk, delivery, at=at)


def _check_picture(session: Session, digest: str | None) -> None:
    if digest is None:
        return
    medium = session.get(Medium, digest)
    if medium is None or not medium.media_type.startswith("image/"):
        raise InvalidError("没有这张截图，请先上传图片", field="picture", code="not_found")


def _tell(session: Session, desk: Desk, delivery: Delivery, *, at: datetime) -> None:
    """Let those that wait for it know, and begin the 公示期, as if a machine had seen it."""
    following.tell(session, delivery, at=at)
    leader = following.leader_of(delivery.rendition.edition.targets, desk.channels)
    if delivery.state == S.CONFIRMED and leader == delivery.target:
        period.begin(session, delivery, years=desk.settings.working_days, at=at)


def _expired_or(to: S, delivery: Delivery) -> S:
    return S.EXPIRED if to == S.WITHDRAWN and delivery.takedown_as == "expired" else to


def retry(session: Session, desk: Desk, delivery: Delivery, *, by: Person, at: datetime) -> None:
    """Send a failed or missed delivery again; what a backup brought back is looked up first."""
    rules.require(rules.may(by, "retry"))
    locks.delivery(session, delivery)
    if delivery.state not in (S.FAILED, S.MISSED):  # all others may be there, or still go out
        raise NotAllowedError("只有失败或错过的投递可以重新发送", code="wrong_state")
    if delivery.item.withdrawn_at is not None:
        raise NotAllowedError("稿件已撤回，不能重新发送", code="withdrawn")
    if delivery.rendition.edition.state != "approved":
        raise NotAllowedError("这一版已被新的版次取代，不能重新发送", code="wrong_state")
    if delivery.expires_at is not None and delivery.expires_at <= at:
        raise NotAllowedError("已过结束时间，不能重新发送", code="too_late")
    due_at = max(at, delivery.due_at)
    delivery.plan_again(due_at)
    limits, wish = desk.settings.delivery, delivery.rendition.edition.late
    latest = late.latest(due_at, wish=wish, expires_at=delivery.expires_at, limits=limits)
    delivery.not_after, delivery.late = latest.not_after, latest.late
    delivery.tries, delivery.advice = 0, ""
    following.wait_again(session, delivery, limits)
    if delivery.is_restored:
        delivery.look_first(at=at, deadline_at=at + timedelta(hours=limits.look_up_h))
    _note(session, delivery, "retry", by=by, at=at)


def go_ahead(
    session: Session, delivery: Delivery, *, reason: str, by: Person, at: datetime
) -> None:
    """Let a delivery go out without the one that it waits for."""
    rules.require(rules.may(by, "settle"))
    _require_reason(reason)
    locks.delivery(session, delivery)
    if not waits(session, delivery):
        raise NotAllowedError("这一投递没有在等别处，不用处理", code="wrong_state")
    delivery.after_id, delivery.follow_until = None, None
    delivery.advice, delivery.deadline_at = "", None
    _note(session, delivery, "go_ahead", by=by, at=at, text=reason.strip())


def waits(session: Session, delivery: Delivery) -> bool:
    """Say whether a delivery waits for another that is not confirmed."""
    if delivery.state != S.PLANNED or delivery.after_id is None:
        return False
    return session.get_one(Delivery, delivery.after_id).state != S.CONFIRMED


def leave(session: Session, delivery: Delivery, *, reason: str, by: Person, at: datetime) -> None:
    """Decide that a missed or failed delivery is not sent any more."""
    rules.require(rules.may(by, "settle"))
    _require_reason(reason)
    locks.delivery(session, delivery)
    if delivery.state not in (S.FAILED, S.MISSED):
        raise NotAllowedError("只有失败或错过的投递可以决定不再发", code="wrong_state")
    if delivery.decided_at is not None:
        raise NotAllowedError("已经决定不再发，不用再处理", code="wrong_state")
    delivery.let_be(at=at)
    delivery.advice = LEFT
    _note(session, delivery, "leave", by=by, at=at, text=reason.strip())


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise InvalidError("请写明原因", field="reason", code="empty")


def _note(
    session: Session, delivery: Delivery, verb: str, *, by: Person, at: datetime, text: str = ""
) -> None:
    notes.append(
        session,
        Note(
            at=at,
            who=by.name,
            verb=verb,
            item_id=delivery.item_id,
            delivery_id=delivery.id,
            target=delivery.target,
            text=text,
        ),
    )
