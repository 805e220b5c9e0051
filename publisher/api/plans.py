"""What goes out together, when and in which order; and what an item would put off."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from publisher import clock
from publisher.api.answers import Moment
from publisher.api.fields import MAX_ID, Id
from publisher.api.people import Called, Caller
from publisher.api.shapes import Asked
from publisher.storage import queries
from publisher.workflow import digest
from publisher.workflow.digest import Left

router = APIRouter(tags=["发布目标"])

MAX_ORDER = 500  # deliveries


class Order(Asked):
    """What goes first; what is not named follows as it stood."""

    ids: Annotated[
        list[Annotated[int, Field(ge=1, le=MAX_ID)]],
        Field(min_length=1, max_length=MAX_ORDER, description="投递的编号，先发的在前"),
    ]


class Waiting(BaseModel):
    """One delivery that has not begun."""

    id: int
    item: Annotated[int, Field(description="稿件编号")]
    title: str
    part: str
    urgency: str
    due_at: Moment
    not_after: Moment
    advice: Annotated[str, Field(description="该怎么办，或改到了什么时候；空为不用管")]


class Push(BaseModel):
    """One send to come, and what goes with it, in order."""

    at: Moment
    deliveries: list[Waiting]


class Ration(BaseModel):
    """What is left of a number of sends, in the period that it is now."""

    unit: Annotated[str, Field(description="day 每天，month 每月")]
    period: Annotated[str, Field(description="北京时间的哪天或哪月，如 2026-11-25、2026-11")]
    sends: Annotated[int, Field(description="一共多少次")]
    reserve: Annotated[int, Field(description="其中留给加急和特急的")]
    spent: Annotated[int, Field(description="已经用掉的，手工发的也算")]
    by_hand: Annotated[int, Field(description="其中在平台上手工发的，平台告诉我们的")]
    left: Annotated[int, Field(description="还剩多少次，留给加急的也在内")]
    renewed_at: Annotated[Moment, Field(description="什么时候重新计")]


class Plan(BaseModel):
    """When what waits on a target goes out, by what is known now."""

    target: str
    pushes: list[Push]
    unplaced: Annotated[list[Waiting], Field(description="在最晚发布时间之前排不上的")]
    rations: list[Ration]


class ItemPlan(BaseModel):
    """When an item would go out, if it were approved now, and what it would put off."""

    item: int
    targets: Annotated[dict[str, Moment], Field(description="每个发布目标的发布时间")]
    displaced: Annotated[str, Field(description="会推迟哪些稿件，一句话；空为不会")]


@router.get("/items/{item_id}/plan", summary="排期预告")
def of_item(item_id: Id, caller: Called) -> ItemPlan:
    """Tell when an item would go out, and which others would have to wait longer for it."""
    now, desk = clock.now(), caller.app.desk
    with caller.app.database.reads() as session:
        edition = queries.item(session, item_id).edition
        return ItemPlan(
            item=item_id,
            targets=digest.dues(desk, edition, at=now),
            displaced=digest.displaced(session, desk, edition, at=now),
        )


@router.get("/targets/{name}/plan", summary="接下来的发送")
def plan(name: str, caller: Called) -> Plan:
    """Tell what goes out together and when, and what is left of the rations."""
    return _told(caller, name)


@router.put("/targets/{name}/plan/order", summary="调整顺序")
def reorder(name: str, asked: Order, caller: Called) -> Plan:
    """Put these deliveries first; one that is taken into the coming send displaces the last."""
    at = clock.now()
    with caller.acting() as (session, by):
        digest.reorder(session, caller.app.desk, name, asked.ids, by=by, at=at)
    caller.app.wake_due()
    return _told(caller, name)


def _told(caller: Caller, name: str) -> Plan:
    with caller.app.database.reads() as session:
        return told(name, digest.plan(session, caller.app.desk, name, now=clock.now()))


def told(target: str, plan: digest.Plan) -> Plan:
    """Tell of the coming sends of a target."""
    return Plan(
        target=target,
        pushes=[
            Push(at=push.at, deliveries=[_waiting(plan, one) for one in push.ids])
            for push in plan.pushes
        ],
        unplaced=[_waiting(plan, one) for one in plan.unplaced],
        rations=[_ration(one) for one in plan.rations],
    )


def _waiting(plan: digest.Plan, delivery_id: int) -> Waiting:
    row = plan.waiting[delivery_id]
    return Waiting(
        id=row.id,
        item=row.item_id,
        title=plan.titles[row.id],
        part=row.part,
        urgency=row.urgency,
        due_at=row.due_at,
        not_after=row.not_after,
        advice=row.advice,
    )


def _ration(left: Left) -> Ration:
    return Ration(
        unit=left.ration.period,
        period=left.period,
        sends=left.ration.sends,
        reserve=left.ration.reserve,
        spent=left.spent,
        by_hand=left.by_hand,
        left=left.sends,
        renewed_at=left.renewed_at,
    )
