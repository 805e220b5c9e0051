"""Targets: how each is, asking, pausing and resuming."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from publisher import clock
from publisher.console.visitor import Look, Posted, Signed, text_of
from publisher.errors import InvalidError
from publisher.model.target import Target
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
    record: Target
    tone: str
    word: str
    advice: str

    @property
    def health(self) -> dict[str, Any]:
        """The last answer of the target; empty: it was never asked."""
        return self.record.health or {}


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


def _page(
    look: Look, *, status: int = 200, blamed: str = "", fault: str = "", typed: str = ""
) -> Response:
    return look.page(
        "targets/list.html", status=status, **_facts(look, blamed=blamed, fault=fault, typed=typed)
    )


def _facts(look: Look, *, blamed: str = "", fault: str = "", typed: str = "") -> dict[str, Any]:
    """Return what the page is made of; `fault` is about the reason typed for target `blamed`."""
    rows = queries.targets(look.session, list(look.app.channels))
    return {
        "targets": [_shown(look, name, row) for name, row in rows.items()],
        "reason": rules.may(look.person, "run_targets"),
        "blamed": blamed,
        "fault": fault,
        "typed": typed,
        "most": MAX_REASON,
    }


def _shown(look: Look, name: str, row: TargetRow) -> TargetShown:
    record = row.target or Target(name=name, paused_by="", paused_because="", health={})
    tone, word, advice = verdict(record)
    return TargetShown(
        name=name,
        label=look.label(name),
        places=look.places(name),
        row=row,
        record=record,
        tone=tone,
        word=word,
        advice=advice,
    )


def verdict(record: Target) -> tuple[str, str, str]:
    """Return tone, word and advice for the whole of a target."""
    health = record.health or {}
    advice = str(health.get("advice") or "")
    if record.paused_at is not None:
        return "look", "已暂停", advice or "原因解决后请点“恢复”，排着的投递会接着发出"
    if not health:
        return "quiet", "还没检查", "请点“立即检查”"
    if not health.get("is_reachable"):
        return "bad", "连不上", advice or "请检查网络和地址"
    if health.get("is_signed_in") is False:
        return "bad", "未登录", advice or "请到平台上重新登录账号"
    return ("look", "需要处理", advice) if advice else ("good", "正常", "")


@router.post("/targets/{name}/check")
def check(name: str, visitor: Signed, form: Posted) -> Response:
    """Ask a target how it is, now; waits for its answer."""
    with visitor.acting() as (session, by):
        rules.require(rules.may(by, "run_targets"))
        running.record(session, visitor.app.desk, name)
    visitor.app.check(name)
    return _back(name, done="checked")


@router.post("/targets/{name}/pause")
def pause(name: str, visitor: Signed, form: Posted) -> Response:
    """Send nothing more to a target; take-downs go on."""
    reason = text_of(form, "reason")
    try:
        if len(reason) > MAX_REASON:
            raise InvalidError(f"原因最多 {MAX_REASON} 个字，请缩短", field="reason")
        with visitor.acting() as (session, by):
            running.pause(session, visitor.app.desk, name, reason=reason, by=by, at=clock.now())
    except InvalidError as error:
        with visitor.looking() as look:
            return _page(look, status=422, blamed=name, fault=error.message, typed=reason)
    return _back(name, done="paused")


@router.post("/targets/{name}/resume")
def resume(name: str, visitor: Signed, form: Posted) -> Response:
    """Let deliveries go out again; what is due goes at once."""
    with visitor.acting() as (session, by):
        running.resume(session, visitor.app.desk, name, by=by, at=clock.now())
    visitor.app.wake_due()
    return _back(name, done="resumed")


def _back(name: str, *, done: str) -> Response:
    return RedirectResponse(f"/targets?done={done}#{name}", status_code=303)
