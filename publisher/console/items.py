"""Items: the list, the page of one, submission and withdrawal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import RedirectResponse, Response

from publisher import clock
from publisher.console import acts, folding, previews
from publisher.console.previews import Shapes
from publisher.console.visitor import Before, Id, Look, Posted, Signed, note_of, text_of
from publisher.errors import InvalidError, NotAllowedError
from publisher.model.item import Item
from publisher.model.states import OPEN, DeliveryState, EditionState
from publisher.settings import RISKS
from publisher.storage import queries
from publisher.workflow import digest, review, rules
from publisher.workflow import withdraw as withdrawing

router = APIRouter()


def _shapes(request: Request) -> Shapes:
    shapes: Shapes = request.app.state.shapes
    return shapes


Drafts = Annotated[Shapes, Depends(_shapes)]


@router.get("/items")
def listed(visitor: Signed, before: Before = None) -> Response:
    """List items, newest first."""
    with visitor.looking() as look:
        return look.page("items/list.html", **_list(look, before))


@router.get("/items/live")
def listed_live(visitor: Signed, before: Before = None) -> Response:
    """Give what may have changed on the list since."""
    with visitor.looking() as look:
        return look.page("items/list_live.html", **_list(look, before))


def _list(look: Look, before: int | None) -> dict[str, Any]:
    rows = queries.items(look.session, before=before, limit=queries.PAGE + 1)
    shown = rows[: queries.PAGE]
    return {
        "rows": [(row, folding.of_row(row.deliveries)) for row in shown],
        "before": before,
        "older": shown[-1].item.id if len(rows) > queries.PAGE else None,
        "may_write": rules.may(look.person, "write") is None,
    }


@router.get("/items/{item_id}")
def one(item_id: Id, visitor: Signed, shapes: Drafts) -> Response:
    """Show all of an item."""
    with visitor.looking() as look:
        return _page(look, item_id, shapes)


def _page(
    look: Look, item_id: int, shapes: Shapes, *, status: int = 200, banner: str = "", at: str = ""
) -> Response:
    item = queries.item(look.session, item_id)
    return look.page(
        "items/page.html",
        status=status,
        banner=banner,
        banner_field=at,
        previews=previews.of(look, item.edition, shapes),
        **_facts(look, item),
    )


def _facts(look: Look, item: Item) -> dict[str, Any]:
    standing = queries.standing(look.session, item.id)
    counts = standing.pop(item.edition.id, {})
    folds = folding.folded(look, counts)
    shut = [fold.target for fold in folds]
    shown = queries.deliveries_of(look.session, item.id, folded=shut)
    states = acts.states({**standing, item.edition.id: counts})
    stages = look.app.settings.stages
    return {
        "item": item,
        "edition": item.edition,
        "item_status": queries.row_of(look.session, item).status,
        "acts": acts.of(look, item, states),
        "displaces": _displaces(look, item),
        "folds": folds,
        "deliveries": [d for d in shown if d.rendition.edition is item.edition],
        "earlier": _earlier(item, standing),
        "stages": rules.chain(item.edition, stages),
        "risk": RISKS.get(item.edition.risk, ""),
        "open_stage": rules.open_stage(item.edition, stages),
        "notes": queries.notes_of(look.session, item.id),
        "may_settle": rules.may(look.person, "settle"),
        "may_retry": rules.may(look.person, "retry"),
        "version": _version(item),
    }


def _displaces(look: Look, item: Item) -> str:
    """Say what would have to wait longer for an item that is not approved yet."""
    if item.edition.state not in (EditionState.DRAFT, EditionState.IN_REVIEW):
        return ""
    return digest.displaced(look.session, look.app.desk, item.edition, at=look.now)


def _earlier(
    item: Item, standing: Mapping[int, Mapping[str, Mapping[DeliveryState, int]]]
) -> list[tuple[int, folding.Fold]]:
    """Return what became of the editions before: their numbers, and how each target stands."""
    return [
        (edition.number, folding.Fold(target=target, counts=states))
        for edition in item.editions
        for target, states in standing.get(edition.id, {}).items()
    ]


def _version(item: Item) -> str:
    """Return what the parts of the page that are not kept fresh were made of."""
    return f"{item.edition.id}-{'frozen' if item.edition.digest else 'draft'}"


@router.get("/items/{item_id}/live")
def one_live(item_id: Id, visitor: Signed, seen: Annotated[str, Query()] = "") -> Response:
    """Give what may have changed on the page of an item since."""
    with visitor.looking() as look:
        facts = _facts(look, queries.item(look.session, item_id))
        return look.page("items/page_live.html", seen=seen, **facts)


@router.post("/items/{item_id}/submission")
def submit(item_id: Id, visitor: Signed, shapes: Drafts, form: Posted) -> Response:
    """Freeze what will be shown everywhere and ask for review."""
    try:
        review.submit(visitor.app.desk, item_id, by=visitor.person_id, at=clock.now())
    except InvalidError as error:
        with visitor.looking() as look:
            return _page(look, item_id, shapes, status=422, banner=error.message, at=error.field)
    except NotAllowedError as error:
        with visitor.looking() as look:
            return _page(look, item_id, shapes, status=409, banner=error.message)
    return RedirectResponse(f"/items/{item_id}?done=submitted", status_code=303)


@router.get("/items/{item_id}/withdrawal")
def ask_withdrawal(item_id: Id, visitor: Signed) -> Response:
    """Show what a withdrawal will do, and ask why."""
    with visitor.looking() as look:
        return _withdrawal(look, item_id)


def _withdrawal(
    look: Look,
    item_id: int,
    *,
    status: int = 200,
    banner: str = "",
    fault: InvalidError | None = None,
    reason: str = "",
    note: str = "",
) -> Response:
    item = queries.item(look.session, item_id)
    deliveries = queries.deliveries_of(look.session, item_id)
    return look.page(
        "items/withdrawal.html",
        status=status,
        item=item,
        edition=item.edition,
        fates=[acts.fate(look, d) for d in deliveries if d.state in _TOUCHED],
        may=rules.may(look.person, "withdraw"),
        most=withdrawing.MAX_REASON,
        banner=banner,
        faults={fault.field: fault.message} if fault else {},
        reason=reason,
        note=note,
    )


_TOUCHED = {*OPEN, DeliveryState.CONFIRMED}


@router.post("/items/{item_id}/withdrawal")
def withdraw(item_id: Id, visitor: Signed, form: Posted) -> Response:
    """Stop what has not gone out and take down what has."""
    reason, note = text_of(form, "reason"), text_of(form, "note")
    try:
        note_of(form, "note")
        with visitor.acting() as (session, by):
            item = queries.item(session, item_id)
            withdrawing.withdraw(
                session, visitor.app.desk, item, reason=reason, note=note, by=by, at=clock.now()
            )
    except InvalidError as error:
        with visitor.looking() as look:
            return _withdrawal(look, item_id, status=422, fault=error, reason=reason, note=note)
    except NotAllowedError as error:
        with visitor.looking() as look:
            return _withdrawal(look, item_id, status=409, banner=error.message)
    with visitor.looking() as look:
        targets = {d.target for d in queries.deliveries_of(look.session, item_id)}
    for target in targets:
        visitor.app.wake_take_down(target)
    return RedirectResponse(f"/items/{item_id}?done=withdrawn", status_code=303)
