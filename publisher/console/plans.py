"""The coming sends of a target: what goes together, what is left, and the order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from publisher import clock
from publisher.channel import Bundles, Rations
from publisher.console.visitor import MAX_ID, Look, Posted, Signed, Visitor, text_of
from publisher.errors import InvalidError, NotAllowedError, NotFoundError
from publisher.model.delivery import Delivery
from publisher.workflow import digest, rules
from publisher.workflow.digest import Plan

router = APIRouter()

STEPS = {"up": -1, "down": 1}


@dataclass(frozen=True, kw_only=True)
class Place:
    """One delivery in a send; `up` and `down` say whether it can be moved there."""

    delivery: Delivery
    title: str
    up: bool
    down: bool


@dataclass(frozen=True, kw_only=True)
class Send:
    """One send to come."""

    at: datetime
    places: tuple[Place, ...]


@router.get("/targets/{name}/plan")
def shown(name: str, visitor: Signed) -> Response:
    """Show what goes out together, and when."""
    with visitor.looking() as look:
        return _page(look, name)


def _page(look: Look, name: str, *, status: int = 200, banner: str = "") -> Response:
    if name not in look.app.channels:
        raise NotFoundError(f"没有名为 {name} 的发布目标")
    plan = digest.plan(look.session, look.app.desk, name, now=look.now)
    channel = look.app.channels[name]
    return look.page(
        "targets/plan.html",
        status=status,
        banner=banner,
        name=name,
        target=look.label(name),
        has_order=isinstance(channel, (Bundles, Rations)),
        reason=rules.may(look.person, "arrange"),
        sends=_sends(plan),
        unplaced=[_place(plan, one) for one in plan.unplaced],
        rations=plan.rations,
    )


def _sends(plan: Plan) -> list[Send]:
    """Return the sends; a delivery can be moved within its own, and into the coming one."""
    sends = []
    for number, push in enumerate(plan.pushes):
        ours = [one for one in push.ids if one in plan.waiting]
        is_coming, is_next = number == 0, number == 1
        places = tuple(
            _place(
                plan,
                one,
                up=place > 0 or is_next,
                down=place < len(ours) - 1 or (is_coming and len(plan.pushes) > 1),
            )
            for place, one in enumerate(ours)
        )
        sends.append(Send(at=push.at, places=places))
    return sends


def _place(plan: Plan, one: int, *, up: bool = False, down: bool = False) -> Place:
    return Place(delivery=plan.waiting[one], title=plan.titles[one], up=up, down=down)


@router.post("/targets/{name}/plan/order")
def move(name: str, visitor: Signed, form: Posted) -> Response:
    """Move one delivery a place up or down; what was shown must still be so."""
    asked, _, where = text_of(form, "move").partition(":")
    try:
        one, step = _asked(asked, where)
        with visitor.acting() as (session, by):
            at = clock.now()
            plan = digest.plan(session, visitor.app.desk, name, now=at)
            order = _moved(_order(plan), one, step)
            digest.reorder(session, visitor.app.desk, name, order, by=by, at=at)
    except (InvalidError, NotAllowedError) as error:
        status = 422 if isinstance(error, InvalidError) else 409
        return _refused(visitor, name, error.message, status=status)
    visitor.app.wake_due()
    return RedirectResponse(f"/targets/{name}/plan?done=moved#delivery-{one}", status_code=303)


def _refused(visitor: Visitor, name: str, sentence: str, *, status: int) -> Response:
    with visitor.looking() as look:
        return _page(look, name, status=status, banner=sentence)


def _asked(number: str, where: str) -> tuple[int, int]:
    if not number.isdecimal() or int(number) > MAX_ID or where not in STEPS:
        raise InvalidError("请用“上移”或“下移”按钮调整顺序", field="move")
    return int(number), STEPS[where]


def _order(plan: Plan) -> list[int]:
    return [one for push in plan.pushes for one in push.ids if one in plan.waiting]


def _moved(order: Sequence[int], one: int, step: int) -> list[int]:
    """Return the places down to the later of the two that change, in their new order."""
    if one not in order:
        raise NotAllowedError("这一投递已不在等待发送，请刷新后再排", code="wrong_state")
    place = order.index(one)
    other = place + step
    if not 0 <= other < len(order):
        raise NotAllowedError("已经在最前或最后，不用再移", code="at_the_end")
    moved = list(order)
    moved[place], moved[other] = moved[other], moved[place]
    return moved[: max(place, other) + 1]
