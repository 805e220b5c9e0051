"""Door 2: people, by browser. Pages that work without scripts; scripts only keep them fresh."""

from __future__ import annotations

import structlog
from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from publisher.app import App
from publisher.console import (
    agenda,
    alarms,
    assets,
    calendar,
    comparisons,
    deliveries,
    editor,
    faults,
    items,
    media,
    pages,
    plans,
    previews,
    records,
    reviews,
    screens,
    sign_in,
    targets,
)
from publisher.console.guard import Guard
from publisher.console.previews import Shapes
from publisher.console.sign_in import Locks

log = structlog.get_logger()


def build(app: App) -> FastAPI:
    """Return the console of one installation."""
    console = FastAPI(title="一稿", openapi_url=None)
    console.state.installation = app
    console.state.locks = Locks(app.settings.sign_in.attempts_per_15_min)
    console.state.shapes = Shapes()
    if fault := assets.fault():
        log.warning("editor", fault=fault)
    faults.install(console)
    console.add_middleware(Guard, settings=app.settings)
    console.mount("/static", StaticFiles(directory=pages.STATIC))
    for module in (
        assets, sign_in, agenda, editor, items, reviews, records, comparisons, previews,
        calendar, plans, deliveries, targets, screens, alarms, media
    ):  # fmt: skip
        console.include_router(module.router)
    return console
