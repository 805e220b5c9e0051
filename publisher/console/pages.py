"""From templates to pages."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from lucide.jinja import lucide
from markupsafe import Markup
from starlette.responses import HTMLResponse

from publisher import clock
from publisher.console import assets, words
from publisher.model.advice import advice
from publisher.schedule import times

HERE = Path(__file__).parent
STATIC = HERE / "static"


def page(template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """Return a page; a template that names what it was not given fails."""
    shown = {"now": clock.now(), "status": status} | context
    return HTMLResponse(_environment().get_template(template).render(shown), status_code=status)


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(
        advice=advice, asset=assets.address, icon=_icon, static=_static, words=words
    )
    made.filters.update(when=_when, spoken=_spoken)
    return made


@cache  # the library parses its archive anew for every icon
def _icon(name: str, size: int = 18) -> Markup:
    return Markup(lucide(name, size=size, aria_hidden="true", focusable="false"))


@cache
def _static(name: str) -> str:
    digest = sha256((STATIC / name).read_bytes()).hexdigest()
    return f"/static/{name}?v={digest[:12]}"


@pass_context
def _when(context: Context, moment: datetime | None) -> Markup:
    """Return a moment as people say it, with the exact one for machines and for a second look."""
    if moment is None:
        return Markup("")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        moment.isoformat(timespec="seconds"), times.say(moment), words.when(moment, context["now"])
    )


def _spoken(stored: str) -> str:
    """Return a moment that is kept as text as people say it."""
    return times.say(times.parse(stored, field="publish_at"))
