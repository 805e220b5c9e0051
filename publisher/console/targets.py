"""Targets: how each is, asking; pausing and resuming one, a channel, or everything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from publisher import clock
from publisher.console.verdict import verdict
from publisher.console.visitor import Look, Posted, Signed, text_of
from publisher.errors import InvalidError
from publisher.model.target import EVERYTHING, Pause
from publisher.schedule.places import places
from publisher.storage import queries
from publisher.storage.queries import TargetRow
from publisher.workflow import rules
from publisher.workflow import targets as running

router = APIRouter()

MAX_REASON = 500  # characters


@dataclass(frozen=True, kw_only=True)
class TargetShown:
    """What is known of one target, in words and colours."""

    name: str
    label: str
    places: str  # groups or screens
    row: TargetRow
    tone: str
    word: str
    advice: str
    own: Pause | None  # its own pause, beside wider ones
    wider: str  # the label of a wider scope that is paused, or ""


@dataclass(frozen=True, kw_only=True)
class ScopeShown:
    """Everything, or all targets of a channel."""

    scope: str
    id: str
    label: str
    pause: Pause | None


@router.get("/targets")
def listed(visitor: Signed) -> Response:
    """Show how every target is, as far as we know; nobody is asked."""
    with visitor.looking() as look:
        return _page(look)


@router.get("/targets/live")
def listed_live(visitor: Signed) -> Response:
    """Give what may have changed on the page since."""
    with visitor.looking() as look:
        return look.page("targets/list_live.html", **_facts(look))


def _page(look: Look, *, status: int = 200, refused: Refused | None = None) -> Response:
    return look.page("targets/list.html", status=status, **_facts(look, refused=refused))


@dataclass(frozen=True, kw_only=True)
class Refused:
    """What was typed as the reason of a pause, and what is wrong with it."""

    scope: str
    typed: str
    fault: str


def _facts(look: Look, *, refused: Refused | None = None) -> dict[str, Any]:
    """Return what the page is made of."""
    there = places(look.app.channels)
    paused = {pause.scope: pause for pause in queries.pauses(look.session)}
    rows = queries.targets(look.session, there)
    return {
        "scopes": [_scope(look, scope, paused) for scope in _wide_scopes(look)],
        "targets": [_shown(look, name, row, paused) for name, row in rows.items()],
        "reason": rules.may(look.person, "run_targets"),
        "refused": refused or Refused(scope="", typed="", fault=""),
        "most": MAX_REASON,
    }


def _wide_scopes(look: Look) -> list[str]:
    kinds = running.kinds(look.app.desk)
    return [EVERYTHING, *(running.of_channel(kind) for kind in kinds)] if kinds else []


def _scope(look: Look, scope: str, paused: Mapping[str, Pause]) -> ScopeShown:
    return ScopeShown(
        scope=scope,
        id=scope.replace(":", "-"),
        label=running.scope_label(look.app.desk, scope),
        pause=paused.get(scope),
    )


def _shown(look: Look, name: str, row: TargetRow, paused: Mapping[str, Pause]) -> TargetShown:
    tone, word, advice = verdict(row)
    own = paused.get(running.of_target(name))
    is_wider = row.pause is not None and row.pause is not own
    return TargetShown(
        name=name,
        label=look.label(name),
        places=look.places(name),
        row=row,
        tone=tone,
        word=word,
        advice=advice,
        own=own,
        wider=running.scope_label(look.app.desk, row.pause.scope) if row.pause and is_wider else "",
    )


@router.post("/targets/{name}/check")
def check(name: str, visitor: Signed, form: Posted) -> Response:
    """Ask a target how it is, now; waits for its answer."""
    with visitor.acting() as (_, by):
        rules.require(rules.may(by, "run_targets"))
        running.check_target(visitor.app.desk, name)
    visitor.app.check(name)
    return _back(done="checked", to=name)


@router.post("/pauses")
def pause(visitor: Signed, form: Posted) -> Response:
    """Send nothing more within a scope; take-downs go on."""
    scope, reason = text_of(form, "scope"), text_of(form, "reason")
    try:
        if len(reason) > MAX_REASON:
            raise InvalidError(f"原因最多 {MAX_REASON} 个字，请缩短", field="reason")
        with visitor.acting() as (session, by):
            running.pause(session, visitor.app.desk, scope, reason=reason, by=by, at=clock.now())
    except InvalidError as error:
        with visitor.looking() as look:
            refused = Refused(scope=scope, typed=reason, fault=error.message)
            return _page(look, status=422, refused=refused)
    return _back(done="paused", to=scope)


@router.post("/resumptions")
def resume(visitor: Signed, form: Posted) -> Response:
    """Let deliveries go out again; what is due goes at once."""
    scope = text_of(form, "scope")
    with visitor.acting() as (session, by):
        running.resume(session, visitor.app.desk, scope, by=by, at=clock.now())
    visitor.app.wake_due()
    return _back(done="resumed", to=scope)


def _back(*, done: str, to: str) -> Response:
    place = to.removeprefix("target:").replace(":", "-")
    return RedirectResponse(f"/targets?done={done}#{place}", status_code=303)
