"""Deliveries: the ledger, what a person saw at the outlet, sending again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session
from starlette.datastructures import FormData, UploadFile
from starlette.responses import RedirectResponse, Response

from publisher import clock
from publisher.console.visitor import (
    MAX_ID,
    Before,
    Id,
    Look,
    Posted,
    Signed,
    Visitor,
    note_of,
    printable,
    text_of,
    texts_of,
)
from publisher.errors import InvalidError, NotAllowedError
from publisher.model.delivery import Delivery
from publisher.model.people import Person
from publisher.storage import queries
from publisher.workflow import handover, intake, rules
from publisher.workflow import settle as settling

router = APIRouter()


@router.get("/deliveries")
def listed(
    visitor: Signed,
    state: Annotated[str, Query()] = "",
    target: Annotated[str, Query()] = "",
    item: Annotated[int | None, Query(ge=1, le=MAX_ID)] = None,
    before: Before = None,
) -> Response:
    """List deliveries, newest first."""
    with visitor.looking() as look:
        found = queries.deliveries(
            look.session,
            state=state or None,
            target=target or None,
            item_id=item,
            before=before,
            limit=queries.PAGE + 1,
        )
        shown = found[: queries.PAGE]
        return look.page(
            "deliveries/list.html",
            deliveries=shown,
            older=shown[-1].id if len(found) > queries.PAGE else None,
            state=state,
            target=target,
            item=item,
            targets=list(look.app.channels),
            may_settle=rules.may(look.person, "settle"),
            may_retry=rules.may(look.person, "retry"),
        )


@router.get("/deliveries/{delivery_id}/settlement")
def ask_settlement(delivery_id: Id, visitor: Signed) -> Response:
    """Ask what a person saw at the outlet."""
    with visitor.looking() as look:
        return _settlement(look, delivery_id)


@dataclass(frozen=True, kw_only=True)
class Typed:
    """What was put into the form of a settlement."""

    outcome: str = ""
    url: str = ""
    note: str = ""
    steps: tuple[str, ...] = ()  # numbers of those that are ticked, from "1"
    file: UploadFile | None = None


def _settlement(
    look: Look,
    delivery_id: int,
    *,
    status: int = 200,
    banner: str = "",
    fault: InvalidError | None = None,
    typed: Typed = Typed(),  # frozen
) -> Response:
    delivery = queries.delivery(look.session, delivery_id)
    channels = look.app.channels
    return look.page(
        "deliveries/settlement.html",
        status=status,
        delivery=delivery,
        handed=handover.of(delivery, channels=channels, media=look.app.media),
        may=handover.may_settle(look.person, delivery, channels),
        most_mb=look.app.settings.documents.max_picture_mb,
        banner=banner,
        faults={fault.field: fault.message} if fault else {},
        typed=typed,
    )


@router.post("/deliveries/{delivery_id}/settlement")
def settle(delivery_id: Id, visitor: Signed, form: Posted) -> Response:
    """Record what a person saw at the outlet."""
    typed = _typed(form)
    try:
        note_of(form, "note")
        with visitor.acting() as (session, by):
            found = queries.delivery(session, delivery_id)
            item_id = found.item_id
            _settle(session, visitor, found, typed, by=by)
    except InvalidError as error:
        with visitor.looking() as look:
            return _settlement(look, delivery_id, status=422, fault=error, typed=typed)
    except NotAllowedError as error:
        with visitor.looking() as look:
            return _settlement(look, delivery_id, status=409, banner=error.message)
    visitor.app.wake_due()
    return _back(item_id, delivery_id, done="settled")


def _typed(form: FormData) -> Typed:
    file = form.get("picture")
    return Typed(
        outcome=text_of(form, "outcome").strip(),
        url=text_of(form, "url").strip(),
        note=text_of(form, "note").strip(),
        steps=tuple(texts_of(form, "step")),
        file=file if isinstance(file, UploadFile) and file.filename else None,
    )


def _settle(
    session: Session, visitor: Visitor, found: Delivery, typed: Typed, *, by: Person
) -> None:
    """Settle a delivery; one that was handed over is done when every step is, and can be seen."""
    app, at, note = visitor.app, clock.now(), typed.note
    handed = handover.of(found, channels=app.channels, media=app.media)
    if handed is not None and typed.outcome == "delivered":
        _require_all_steps(typed, handed.steps)
        note = note or BY_HAND
    picture = None
    if typed.file is not None:
        rules.require(handover.may_settle(by, found, app.channels))
        name, file = printable(typed.file.filename or ""), typed.file.file.read()
        picture = intake.screenshot(session, app.desk, name=name, file=file, by=by, at=at)
    seen = settling.Sighting(outcome=typed.outcome, note=note, url=typed.url, picture=picture)
    settling.settle(session, app.desk, found, seen, by=by, at=at)


BY_HAND = "按清单逐项人工发布"


def _require_all_steps(typed: Typed, steps: tuple[str, ...]) -> None:
    if set(typed.steps) != {str(number) for number in range(1, len(steps) + 1)}:
        raise InvalidError("请每做完一步就打上勾；还有没打勾的步骤", field="step", code="empty")
    if typed.file is None and not typed.url:
        message = "请附上发布之后的截图，或填读者看到它的网址"
        raise InvalidError(message, field="picture", code="empty")


@router.post("/deliveries/{delivery_id}/retry")
def retry(delivery_id: Id, visitor: Signed, form: Posted) -> Response:
    """Send a failed or missed delivery again, now."""
    with visitor.acting() as (session, by):
        found = queries.delivery(session, delivery_id)
        item_id = found.item_id
        settling.retry(session, visitor.app.desk, found, by=by, at=clock.now())
    visitor.app.wake_due()
    return _back(item_id, delivery_id, done="retried")


@router.get("/deliveries/{delivery_id}/go-ahead")
def ask_go_ahead(delivery_id: Id, visitor: Signed) -> Response:
    """Ask why a delivery is to wait no longer."""
    with visitor.looking() as look:
        return _reason(look, delivery_id, GO_AHEAD)


@router.post("/deliveries/{delivery_id}/go-ahead")
def go_ahead(delivery_id: Id, visitor: Signed, form: Posted) -> Response:
    """Send it without the one whose address it carries."""
    return _decide(visitor, form, delivery_id, GO_AHEAD)


@router.get("/deliveries/{delivery_id}/abandonment")
def ask_abandonment(delivery_id: Id, visitor: Signed) -> Response:
    """Ask why a delivery is not to be sent any more."""
    with visitor.looking() as look:
        return _reason(look, delivery_id, LEAVE)


@router.post("/deliveries/{delivery_id}/abandonment")
def leave(delivery_id: Id, visitor: Signed, form: Posted) -> Response:
    """Decide that it is not sent any more."""
    return _decide(visitor, form, delivery_id, LEAVE)


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What only needs a person's word and the reason for it."""

    noun: str  # of the address
    title: str
    says: str  # what will happen
    done: str  # the word of words.DONE
    do: Callable[..., None]


GO_AHEAD = Decision(
    noun="go-ahead",
    title="不再等待",
    says="这一处在等带全文地址的那一处先确认。不再等待，就到时间发送，里面的网址可能还打不开。",
    done="gone_ahead",
    do=settling.go_ahead,
)
LEAVE = Decision(
    noun="abandonment",
    title="不再发",
    says="这一处没有发出。决定不再发之后，它不再列在待办里；以后仍可以重新发送。",
    done="left",
    do=settling.leave,
)


def _decide(visitor: Visitor, form: FormData, delivery_id: int, decision: Decision) -> Response:
    reason = text_of(form, "reason").strip()
    try:
        note_of(form, "reason")
        with visitor.acting() as (session, by):
            found = queries.delivery(session, delivery_id)
            item_id = found.item_id
            decision.do(session, found, reason=reason, by=by, at=clock.now())
    except InvalidError as error:
        with visitor.looking() as look:
            return _reason(look, delivery_id, decision, status=422, fault=error, reason=reason)
    except NotAllowedError as error:
        with visitor.looking() as look:
            return _reason(look, delivery_id, decision, status=409, banner=error.message)
    visitor.app.wake_due()
    return _back(item_id, delivery_id, done=decision.done)


def _reason(
    look: Look,
    delivery_id: int,
    decision: Decision,
    *,
    status: int = 200,
    banner: str = "",
    fault: InvalidError | None = None,
    reason: str = "",
) -> Response:
    return look.page(
        "deliveries/decision.html",
        status=status,
        delivery=queries.delivery(look.session, delivery_id),
        decision=decision,
        may=rules.may(look.person, "settle"),
        banner=banner,
        fault=fault.message if fault else "",
        reason=reason,
    )


def _back(item_id: int, delivery_id: int, *, done: str) -> Response:
    return RedirectResponse(f"/items/{item_id}?done={done}#delivery-{delivery_id}", status_code=303)
