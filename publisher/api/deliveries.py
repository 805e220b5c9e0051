"""The ledger of deliveries, and what only a person can say about one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from publisher import clock
from publisher.api import answers, fields, shapes, telling
from publisher.api.people import Called, Caller
from publisher.storage import queries
from publisher.workflow import settle as settling

router = APIRouter(tags=["投递"])


@router.get("/deliveries", summary="投递列表")
def listed(
    caller: Called,
    state: Annotated[str, Query(description="状态，空为不限")] = "",
    target: Annotated[str, Query(description="发布目标，空为不限")] = "",
    item: fields.Wanted = None,
    cursor: fields.Wanted = None,
    limit: fields.Limit = queries.PAGE,
) -> answers.Deliveries:
    """List deliveries, newest first."""
    with caller.app.database.reads() as session:
        found = queries.deliveries(
            session,
            state=state or None,
            target=target or None,
            item_id=item,
            before=cursor,
            limit=limit + 1,
        )
        told = [telling.delivery(one, caller.app) for one in found[:limit]]
    return answers.Deliveries(deliveries=told, next=told[-1].id if len(found) > limit else None)


@router.get("/deliveries/{delivery_id}", summary="一次投递")
def one(delivery_id: fields.Id, caller: Called) -> answers.Delivery:
    """Tell of one delivery and of every call that was made for it."""
    return _told(caller, delivery_id)


@router.post("/deliveries/{delivery_id}/settlement", summary="人工核实")
def settle(delivery_id: fields.Id, asked: shapes.NewSettlement, caller: Called) -> answers.Delivery:
    """Record what a person saw at the outlet."""
    at = clock.now()
    with caller.acting() as (session, by):
        found, desk = queries.delivery(session, delivery_id), caller.app.desk
        seen = settling.Sighting(
            outcome=asked.outcome, note=asked.note, url=asked.url, picture=asked.picture
        )
        settling.settle(session, desk, found, seen, by=by, at=at)
    caller.app.wake_due()
    return _told(caller, delivery_id)


@router.post("/deliveries/{delivery_id}/retry", summary="重新发送")
def retry(delivery_id: fields.Id, caller: Called) -> answers.Delivery:
    """Send a failed or missed delivery again, now."""
    at = clock.now()
    with caller.acting() as (session, by):
        found = queries.delivery(session, delivery_id)
        settling.retry(session, caller.app.desk, found, by=by, at=at)
    caller.app.wake_due()
    return _told(caller, delivery_id)


@router.post("/deliveries/{delivery_id}/go-ahead", summary="不再等待")
def go_ahead(delivery_id: fields.Id, asked: shapes.Reason, caller: Called) -> answers.Delivery:
    """Send it without the one whose address it carries; it was waiting for that to be confirmed."""
    at = clock.now()
    with caller.acting() as (session, by):
        found = queries.delivery(session, delivery_id)
        settling.go_ahead(session, found, reason=asked.reason, by=by, at=at)
    caller.app.wake_due()
    return _told(caller, delivery_id)


@router.post("/deliveries/{delivery_id}/abandonment", summary="不再发")
def leave(delivery_id: fields.Id, asked: shapes.Reason, caller: Called) -> answers.Delivery:
    """Decide that a failed or missed delivery is not sent any more."""
    at = clock.now()
    with caller.acting() as (session, by):
        found = queries.delivery(session, delivery_id)
        settling.leave(session, found, reason=asked.reason, by=by, at=at)
    return _told(caller, delivery_id)


def _told(caller: Caller, delivery_id: int) -> answers.Delivery:
    with caller.app.database.reads() as session:
        return telling.delivery(queries.delivery(session, delivery_id), caller.app)
