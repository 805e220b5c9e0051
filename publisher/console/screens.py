"""Screens: how each is and what is on it, accepting one, packages, and emergencies."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from publisher import clock
from publisher.channel import AlertShown, Device, Devices, Played
from publisher.console.media import file_response
from publisher.console.visitor import Id, Look, Posted, Signed, text_of, texts_of
from publisher.errors import InvalidError
from publisher.model.item import Item
from publisher.storage import queries
from publisher.workflow import machines, rules
from publisher.workflow.machines import Emergency

router = APIRouter()


@dataclass(frozen=True, kw_only=True)
class DeviceShown:
    """One screen, in words and colours."""

    id: str
    target: str
    device: Device
    tone: str
    word: str


@dataclass(frozen=True, kw_only=True)
class AlertRow:
    """One emergency with what the screens said."""

    target: str
    shown: AlertShown
    is_on: bool
    answered: int
    silent: tuple[str, ...]  # screens that have not shown it
    left: tuple[str, ...]  # screens that have not said that it is gone


@dataclass(frozen=True, kw_only=True)
class Refused:
    """What was typed into a form that was refused, and why."""

    id: str = ""  # of the form
    typed: dict[str, str] = field(default_factory=dict)
    fault: str = ""
    field: str = ""


@router.get("/screens")
def listed(visitor: Signed) -> Response:
    """Show how every screen is, as its player says."""
    with visitor.looking() as look:
        return _page(look)


@router.get("/screens/live")
def listed_live(visitor: Signed) -> Response:
    """Give what may have changed on the page since."""
    with visitor.looking() as look:
        return look.page("screens/list_live.html", **_facts(look))


def _page(look: Look, *, status: int = 200, refused: Refused | None = None) -> Response:
    return look.page("screens/list.html", status=status, **_facts(look, refused=refused))


def _facts(look: Look, *, refused: Refused | None = None) -> dict[str, Any]:
    channels = look.app.channels
    fleets = machines.fleets(channels)
    rows = [_alert(look, target, one) for target, many in machines.alerts(channels).items()
            for one in many]  # fmt: skip
    return {
        "fleets": {name: [_shown(name, one) for one in fleet.devices()]
                   for name, fleet in fleets.items()},
        "on_now": [row for row in rows if row.is_on],
        "reason": rules.may(look.person, "run_targets"),
        "may_end": rules.may(look.person, "end_alert"),
        "refused": refused or Refused(),
    }  # fmt: skip


def _shown(target: str, device: Device) -> DeviceShown:
    if device.is_offline:
        tone, word = "quiet", "没有网络"
    elif not device.is_accepted:
        tone, word = "look", "等待配对" if device.asks else "没有配对"
    elif device.trouble:
        tone, word = "bad", "需要处理"
    else:
        tone, word = "good", "在线"
    name = f"{target}-{device.name}"
    return DeviceShown(id=name, target=target, device=device, tone=tone, word=word)


@router.get("/screens/{target}/{name}/picture")
def picture(target: str, name: str, visitor: Signed) -> Response:
    """Give what is on a screen now."""
    fleet, known = machines.device(visitor.app.channels, target, name)
    file = fleet.picture(name)
    if file is None:
        raise HTTPException(404)
    return file_response(file, media_type="image/png", name=f"{known.label}.png")


@router.get("/screens/{target}/{name}/package")
def package(target: str, name: str, visitor: Signed) -> Response:
    """Give the package for a screen without network."""
    fleet, known = machines.device(visitor.app.channels, target, name)
    file = fleet.pack(name)
    return file_response(file, media_type="application/zip", name=f"{known.label}离线包.zip")


@router.post("/screens/{target}/{name}/pairing")
def accept(target: str, name: str, visitor: Signed, form: Posted) -> Response:
    """Accept the machine that shows the code."""
    code = text_of(form, "code")
    try:
        with visitor.acting() as (session, by):
            machines.accept(
                session, visitor.app.channels, target, name, code=code, by=by, at=clock.now()
            )
    except InvalidError as error:
        refused = Refused(id=f"{target}-{name}", typed={"code": code}, fault=error.message)
        with visitor.looking() as look:
            return _page(look, status=422, refused=refused)
    return RedirectResponse(f"/screens?done=accepted#{target}-{name}", status_code=303)


@router.post("/screens/{target}/{name}/release")
def release(target: str, name: str, visitor: Signed, form: Posted) -> Response:
    """Let a machine be a screen no more."""
    with visitor.acting() as (session, by):
        machines.release(session, visitor.app.channels, target, name, by=by, at=clock.now())
    return RedirectResponse(f"/screens?done=released#{target}-{name}", status_code=303)


@router.get("/emergency")
def emergency(visitor: Signed) -> Response:
    """Show the form for an emergency, and what became of the latest ones."""
    with visitor.looking() as look:
        return _emergency_page(look)


@router.get("/emergency/live")
def emergency_live(visitor: Signed) -> Response:
    """Give what may have changed on the page since."""
    with visitor.looking() as look:
        return look.page("screens/emergency_live.html", **_emergency_facts(look))


def _emergency_page(look: Look, *, status: int = 200, refused: Refused | None = None) -> Response:
    facts = _emergency_facts(look, refused=refused)
    return look.page("screens/emergency.html", status=status, **facts)


def _emergency_facts(look: Look, *, refused: Refused | None = None) -> dict[str, Any]:
    alerts = machines.alerts(look.app.channels)
    rows = [_alert(look, target, one) for target, many in alerts.items() for one in many]
    rows.sort(key=lambda row: row.shown.alert.begins_at, reverse=True)
    outlets = {
        target: [(each.name, each.label) for each in fleet.devices() if not each.is_offline]
        for target, fleet in machines.fleets(look.app.channels).items()
        if target in alerts
    }
    return {
        "outlets": outlets,
        "rows": rows,
        "may": rules.may(look.person, "alert"),
        "may_end": rules.may(look.person, "end_alert"),
        "styles": machines.STYLES,
        "minutes": machines.MINUTES,
        "refused": refused or Refused(),
    }


def _alert(look: Look, target: str, shown: AlertShown) -> AlertRow:
    is_on = shown.is_on(look.now)
    return AlertRow(
        target=target,
        shown=shown,
        is_on=is_on,
        answered=sum(answer.shown_at is not None for answer in shown.answers),
        silent=tuple(answer.label for answer in shown.answers if answer.shown_at is None),
        left=tuple(
            answer.label
            for answer in shown.answers
            if not is_on and answer.shown_at and answer.removed_at is None
        ),
    )


@router.post("/emergency/{target}")
def interrupt(target: str, visitor: Signed, form: Posted) -> Response:
    """Show an emergency now."""
    try:
        asked = _asked(form)
        with visitor.acting() as (session, by):
            alert = machines.prepare_alert(
                session, visitor.app.channels, target, asked, by=by, at=clock.now()
            )
    except InvalidError as error:
        typed = {name: text_of(form, name) for name in ("headline", "words", "style", "minutes")}
        refused = Refused(id=target, typed=typed, fault=error.message, field=error.field)
        with visitor.looking() as look:
            return _emergency_page(look, status=422, refused=refused)
    machines.show_alert(visitor.app.channels, target, alert, devices=asked.devices)
    return RedirectResponse("/emergency?done=alerted", status_code=303)


def _asked(form: FormData) -> Emergency:
    minutes = text_of(form, "minutes")
    return Emergency(
        headline=text_of(form, "headline"),
        words=text_of(form, "words"),
        style=text_of(form, "style"),
        minutes=int(minutes) if minutes.isdecimal() and len(minutes) < 5 else 0,
        devices=tuple(texts_of(form, "device")),
    )


@router.post("/emergency/{target}/{id}/end")
def end(target: str, id: str, visitor: Signed, form: Posted) -> Response:
    """End an emergency now."""
    with visitor.acting() as (session, by):
        machines.end_alert(session, visitor.app.channels, target, id, by=by, at=clock.now())
    return RedirectResponse("/emergency?done=alert_ended", status_code=303)


@router.get("/deliveries/{number}/plays")
def plays(number: Id, visitor: Signed) -> Response:
    """Show how often a delivery was on each screen, by day."""
    with visitor.looking() as look:
        delivery = queries.delivery(look.session, number)
        channel = look.app.channels.get(delivery.target)
        if not isinstance(channel, Devices):
            raise HTTPException(404)
        found = channel.plays(delivery.key)
        labels = {one.name: one.label for one in channel.devices()}
        days: dict[date, list[Played]] = {}
        for play in found:
            days.setdefault(play.day, []).append(play)
        return look.page(
            "screens/plays.html",
            delivery=delivery,
            title=look.session.get_one(Item, delivery.item_id).edition.title,
            days=days,
            labels=labels,
            total=sum(play.times for play in found),
        )
