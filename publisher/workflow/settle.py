"""What only a person can say: it is there, it is not, send it again."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from publisher.errors import InvalidError, NotAllowedError
from publisher.model.delivery import Delivery, Observation
from publisher.model.note import Note
from publisher.model.people import Person
from publisher.model.states import DeliveryState as S
from publisher.storage import locks, notes
from publisher.workflow import rules
from publisher.workflow.desk import Desk

OUTCOMES = {"delivered": "确认在平台上", "not_delivered": "确认不在平台上"}
MOVES = {  # (where it stands, what the person saw) -> where it goes
    (S.UNCONFIRMED, "delivered"): S.CONFIRMED,
    (S.UNCONFIRMED, "not_delivered"): S.FAILED,
    (S.ACCEPTED, "delivered"): S.CONFIRMED,
    (S.ACCEPTED, "not_delivered"): S.FAILED,
    (S.WITHDRAWING, "delivered"): S.CONFIRMED,  # it must stay, and the note says why
    (S.WITHDRAWING, "not_delivered"): S.WITHDRAWN,
}
MAX_URL = 1000  # characters


def settle(
    session: Session,
    delivery: Delivery,
    *,
    outcome: str,
    url: str = "",
    note: str,
    by: Person,
    at: datetime,
) -> None:
    """Record what a person saw at the outlet; the note says how they know."""
    rules.require(rules.may(by, "settle"))
    if outcome not in OUTCOMES:
        raise InvalidError("核实结果只能是 delivered 或 not_delivered", field="outcome")
    if not note.strip():
        raise InvalidError("请写明是怎么核实的", field="note", code="empty")
    if len(url) > MAX_URL or (url and not url.startswith(("http://", "https://"))):
        raise InvalidError("网址要以 http:// 或 https:// 开头", field="url")
    locks.delivery(session, delivery)
    to = MOVES.get((S(delivery.state), outcome))
    if to is None:
        raise NotAllowedError("这一投递现在不需要人工核实", code="wrong_state")
    if delivery.state == S.WITHDRAWING and to == S.CONFIRMED:
        delivery.expires_at = None  # it must stay, so its planned end is off too
    delivery.settle(_expired_or(to, delivery), url=url, at=at)
    found = "present" if outcome == "delivered" else "absent"
    session.add(
        Observation(delivery_id=delivery.id, at=at, source=by.name, found=found, evidence=note)
    )
    _note(session, delivery, "settle", by=by, at=at, text=f"{OUTCOMES[outcome]}：{note}")


def _expired_or(to: S, delivery: Delivery) -> S:
    return S.EXPIRED if to == S.WITHDRAWN and delivery.takedown_as == "expired" else to


def retry(session: Session, desk: Desk, delivery: Delivery, *, by: Person, at: datetime) -> None:
    """Send a failed or missed delivery again, now."""
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
    delivery.plan_again(at)
    latest = at + timedelta(hours=desk.settings.delivery.latest_after_h)
    delivery.not_after = min(latest, delivery.expires_at) if delivery.expires_at else latest
    delivery.tries, delivery.advice = 0, ""
    _note(session, delivery, "retry", by=by, at=at)


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
