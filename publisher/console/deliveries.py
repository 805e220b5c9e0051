"""Deliveries: the ledger, what a person saw at the outlet, sending again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.datastructures import FormData
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
    text_of,
)
from publisher.errors import InvalidError, NotAllowedError
from publisher.storage import queries
from publisher.workflow import rules
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


def _settlement(
    look: Look,
    delivery_id: int,
    *,
    status: int = 200,
    banner: str = "",
    fault: InvalidError | None = None,
    outcome: str = "",
    url: str = "",
    note: str = "",
) -> Response:
    return look.page(
        "deliveries/settlement.html",
        status=status,
        delivery=queries.delivery(look.session, delivery_id),
        may=rules.may(look.person, "settle"),
        banner=banner,
        faults={fault.field: fault.message} if fault else {},
        outcome=outcome,
        url=url,
        note=note,
    )


@router.post("/deliveries/{delivery_id}/settlement")
def settle(delivery_id: Id, visitor: Signed, form: Posted) -> Response:
    """Record what a person saw at the outlet."""
    outcome, url, note = (text_of(form, name).strip() for name in ("outcome", "url", "note"))
    try:
        note_of(form, "note")
        with visitor.acting() as (session, by):
            found = queries.delivery(session, delivery_id)
            item_id = found.item_id
            settling.settle(
                session,
                visitor.app.desk,
                found,
                outcome=outcome,
                url=url,
                note=note,
                by=by,
                at=clock.now(),
            )
    except InvalidError as error:
        with visitor.looking() as look:
            return _settlement(
                look, delivery_id, status=422, fault=error, outcome=outcome, url=url, note=note
            )
    except NotAllowedError as error:
        with visitor.looking() as look:
            return _settlement(look, delivery_id, status=409, banner=error.message)
    visitor.app.wake_due()
    return _back(item_id, delivery_id, done="settled")


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
