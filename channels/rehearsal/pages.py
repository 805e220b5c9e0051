"""Pages for people: the front page, and the switches that both outlets have."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from channels.rehearsal.faults import ANY_CALL, UnknownFaultError
from channels.rehearsal.origin import is_foreign
from channels.rehearsal.outlet import Outlet
from publisher.channel import CAMPUS_TIME

HERE = Path(__file__).parent
STATIC = HERE / "static"
POLICY = (
    "default-src 'self'; style-src 'self'; script-src 'self'; img-src 'self' data:;"
    " base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, kw_only=True)
class Knob:
    """A setting that the page offers."""

    name: str
    label: str
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()  # value and words; empty: a number


def said(moment: float) -> str:
    """Return a moment as people say it: "2026年11月24日 8:30"."""
    local = datetime.fromtimestamp(moment, CAMPUS_TIME)
    return f"{local.year}年{local.month}月{local.day}日 {local.hour}:{local.minute:02}"


_environment = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters["said"] = said


def page(template: str, *, status: int = 200, **values: object) -> Response:
    """Return a page with the headers that all pages have."""
    content = _environment.get_template(template).render(**values)
    return HTMLResponse(content, status, headers=HEADERS)


def not_found() -> Response:
    """Return the page for an address behind which there is nothing."""
    return page("missing.html", status=404)


def switches(outlet: Outlet, knobs: tuple[Knob, ...]) -> dict[str, Any]:
    """Return what the template of the switches needs."""
    settings = outlet.settings()
    return {
        "outlet": outlet.name,
        "knobs": [(knob, getattr(settings, knob.name)) for knob in knobs],
        "active": outlet.faults.active(),
        "calls": [ANY_CALL, *sorted(outlet.faults.calls)],
        "kinds": outlet.faults.kinds,
    }


def switch_routes(
    outlet: Outlet, *, knobs: tuple[Knob, ...], again: Callable[[str], Response]
) -> list[Route]:
    """Return where the forms of the switches go; `again` shows the page with what was wrong."""

    def turn(act: Callable[[dict[str, str]], None]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            return await _turned(request, act, outlet=outlet, again=again)

        return endpoint

    def change(form: dict[str, str]) -> None:
        outlet.change({knob.name: form[knob.name] for knob in knobs if knob.name in form})

    def add(form: dict[str, str]) -> None:
        times = form.get("times", "1").strip()
        outlet.faults.add(
            form.get("call", ""),
            form.get("kind", ""),
            times=_number(times),
            value=_value(form.get("value", "").strip()),
        )

    def clear(form: dict[str, str]) -> None:
        fault_id = form.get("id", "")
        outlet.faults.clear(_number(fault_id))

    return [
        Route(f"/{outlet.name}/settings", turn(change), methods=["POST"]),
        Route(f"/{outlet.name}/faults", turn(add), methods=["POST"]),
        Route(f"/{outlet.name}/faults/cleared", turn(clear), methods=["POST"]),
    ]


async def _turned(
    request: Request,
    act: Callable[[dict[str, str]], None],
    *,
    outlet: Outlet,
    again: Callable[[str], Response],
) -> Response:
    if is_foreign(request):
        return page("foreign.html", status=403)
    try:
        await run_in_threadpool(act, await form_of(request))
    except UnknownFaultError as error:
        return await run_in_threadpool(again, str(error))
    except ValidationError:
        return await run_in_threadpool(again, "设置没有改：请填写不小于 0 的数字")
    return RedirectResponse(f"/{outlet.name}/", 303, headers=HEADERS)


async def form_of(request: Request) -> dict[str, str]:
    """Return the fields of a plain form."""
    sent = parse_qs((await request.body()).decode(errors="replace"), keep_blank_values=True)
    return {name: values[-1] for name, values in sent.items()}


def _number(text: str) -> int | None:
    """Return a whole number; None where the field is empty, 0 where it holds none."""
    if not text:
        return None
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else 0


def _value(text: str) -> object:
    """Return what stands in the field of a fault's value: JSON if it is, else the text."""
    if not text:
        return None
    try:
        value: object = json.loads(text)
    except ValueError:
        return text
    return value


async def front(request: Request) -> Response:
    """Show what the rehearsal is for, and the way in."""
    return page("index.html", base=str(request.base_url).rstrip("/"))
