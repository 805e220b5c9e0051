"""The machines of outlets: accepting one, letting one go, and interrupting all for an emergency.

Each act is a note; what a machine is told stands with its outlet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy.orm import Session

from publisher import screening
from publisher.channel import Alert, Alerts, AlertShown, Channel, Device, Devices
from publisher.errors import InvalidError, NotFoundError, UnfitError
from publisher.model.note import Note
from publisher.model.people import Person
from publisher.storage import notes
from publisher.workflow import rules

STYLES = {"full": "占满全屏", "banner": "屏幕上方的横幅"}
MINUTES = (10, 30, 60, 120, 240, 720)  # for how long an emergency stands, to choose from
SHOWN = 20  # alerts on one page


@dataclass(frozen=True, kw_only=True)
class Emergency:
    """What a person asks to be shown."""

    headline: str
    words: str = ""
    style: str = "full"  # one of STYLES
    minutes: int = 60
    devices: tuple[str, ...] = ()  # names within the target; none: all


def fleets(channels: Mapping[str, Channel]) -> dict[str, Devices]:
    """Return the targets that have machines of their own."""
    return {name: one for name, one in channels.items() if isinstance(one, Devices)}


def device(channels: Mapping[str, Channel], target: str, name: str) -> tuple[Devices, Device]:
    """Return a machine and its outlet; NotFoundError where there is none."""
    fleet = fleets(channels).get(target)
    found = next((one for one in fleet.devices() if one.name == name), None) if fleet else None
    if fleet is None or found is None:
        raise NotFoundError("没有这块屏幕")
    return fleet, found


def accept(
    session: Session,
    channels: Mapping[str, Channel],
    target: str,
    name: str,
    *,
    code: str,
    by: Person,
    at: datetime,
) -> None:
    """Accept the machine that shows this code."""
    rules.require(rules.may(by, "run_targets"))
    fleet, known = device(channels, target, name)
    try:
        fleet.accept(name, code)
    except UnfitError as error:
        raise InvalidError(str(error), field=error.field, code="wrong_code") from None
    _note(session, "accept_device", target, text=f"接受为“{known.label}”", by=by, at=at)


def release(
    session: Session,
    channels: Mapping[str, Channel],
    target: str,
    name: str,
    *,
    by: Person,
    at: datetime,
) -> None:
    """Let the machine be this place no more."""
    rules.require(rules.may(by, "run_targets"))
    fleet, known = device(channels, target, name)
    _note(session, "release_device", target, text=f"解除“{known.label}”的配对", by=by, at=at)
    session.flush()
    fleet.release(name)


def prepare_alert(
    session: Session,
    channels: Mapping[str, Channel],
    target: str,
    asked: Emergency,
    *,
    by: Person,
    at: datetime,
) -> Alert:
    """Put on record who lets an emergency be shown, on the word of one senior person.

    To be shown (`show_alert`) when that is committed. Personal data in it is refused as anywhere
    else; InvalidError names the field.
    """
    rules.require(rules.may(by, "alert"))
    outlet = _outlet(channels, target)
    if asked.style not in STYLES or asked.minutes not in MINUTES:
        raise InvalidError("请从给出的样式和时长里选", field="minutes", code="invalid")
    _screen(asked)
    alert = Alert(
        id=f"alert-{uuid4().hex}",
        headline=asked.headline.strip(),
        words=asked.words.strip(),
        style="banner" if asked.style == "banner" else "full",
        begins_at=at,
        ends_at=at + timedelta(minutes=asked.minutes),
    )
    try:
        outlet.require_fit(alert, devices=asked.devices)
    except UnfitError as error:
        raise InvalidError(str(error), field=error.field, code="unfit") from None
    said = f"{alert.headline}（{STYLES[asked.style]}，{asked.minutes} 分钟）"
    _note(session, "alert", target, text=said, by=by, at=at)
    return alert


def show_alert(
    channels: Mapping[str, Channel], target: str, alert: Alert, *, devices: tuple[str, ...]
) -> None:
    """Show a prepared emergency; twice is once."""
    _outlet(channels, target).alert(alert, devices=devices)


def end_alert(
    session: Session,
    channels: Mapping[str, Channel],
    target: str,
    id: str,
    *,
    by: Person,
    at: datetime,
) -> None:
    """End an emergency now; ending one that is over does no harm."""
    rules.require(rules.may(by, "end_alert"))
    outlet = _outlet(channels, target)
    known = {shown.alert.id: shown.alert for shown in outlet.alerts(SHOWN)}
    if id not in known:
        raise NotFoundError("没有这条紧急信息")
    outlet.end_alert(id)
    _note(session, "end_alert", target, text=known[id].headline, by=by, at=at)


def alerts(channels: Mapping[str, Channel]) -> dict[str, tuple[AlertShown, ...]]:
    """Return the latest emergencies of each target that can show one."""
    return {name: one.alerts(SHOWN) for name, one in channels.items() if isinstance(one, Alerts)}


def _outlet(channels: Mapping[str, Channel], target: str) -> Alerts:
    outlet = channels.get(target)
    if not isinstance(outlet, Alerts):
        raise NotFoundError("这个发布目标不能插播紧急信息")
    return outlet


def _screen(asked: Emergency) -> None:
    for field, text in (("headline", asked.headline), ("words", asked.words)):
        for finding in screening.screen({field: text}):
            if finding.action == "block":
                raise InvalidError(finding.message, field=field, code="personal_data")


def _note(session: Session, verb: str, target: str, *, text: str, by: Person, at: datetime) -> None:
    notes.append(session, Note(at=at, who=by.name, verb=verb, target=target, text=text))
