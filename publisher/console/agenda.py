"""The work list: the first page after signing in."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from publisher.console import todo
from publisher.console.visitor import Look, Signed
from publisher.errors import NotFoundError
from publisher.storage.queries import PAGE
from publisher.workflow import rules

router = APIRouter()

AT_FIRST = 8  # lines of each group; all of them are behind its link
Number = Annotated[int, Query(ge=1, le=100_000)]


@router.get("/agenda")
def listed(visitor: Signed) -> Response:
    """Show what waits for the person who looks."""
    with visitor.looking() as look:
        return look.page("agenda/list.html", **_facts(look))


@router.get("/agenda/live")
def listed_live(visitor: Signed) -> Response:
    """Give what may have changed on the page since."""
    with visitor.looking() as look:
        return look.page("agenda/list_live.html", **_facts(look))


def _facts(look: Look) -> dict[str, Any]:
    return {
        "groups": [(one, one.some(0, AT_FIRST)) for one in look.groups],
        "may_write": rules.may(look.person, "write") is None,
    }


@router.get("/agenda/{name}")
def whole(name: str, visitor: Signed, page: Number = 1) -> Response:
    """Show all of one group, page by page."""
    if name not in todo.TITLES:
        raise NotFoundError("没有这一类待办")
    with visitor.looking() as look:
        group = todo.group(look, name)
        offset = (page - 1) * PAGE
        return look.page(
            "agenda/group.html",
            title=todo.TITLES[name],
            group=group,
            tasks=group.some(offset, PAGE) if group else [],
            offset=offset,
            page=page,
            more=group is not None and group.count > offset + PAGE,
        )
