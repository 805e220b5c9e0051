"""For whoever keeps it running: is it well (/healthz), and its numbers (/metrics). No token."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, Router

from publisher import clock
from publisher.app import App
from publisher.schedule.places import places
from publisher.storage import queries, vitals

log = structlog.get_logger()

HEART = "ticker"  # the name of its beat
PULSE_S = 60.0  # it beats every 15 seconds: four beats missed are a stop
LATE = timedelta(seconds=120)  # a lane that is free takes what is due within a second or two
FRESH = {"Cache-Control": "no-store"}


def router(app: App, *, expects_ticker: bool = True) -> Router:
    """Return both addresses; without a ticker to expect, its silence is no fault."""
    routes = [
        Route("/healthz", healthz(app, expects_ticker=expects_ticker)),
        Route("/metrics", metrics(app)),
    ]
    return Router(routes=routes)


def healthz(app: App, *, expects_ticker: bool = True) -> Callable[[Request], Response]:
    """Return the view that answers 200, or 503 and what is wrong."""

    def answer(request: Request) -> Response:
        try:
            report = _report(app, now=clock.now(), expects_ticker=expects_ticker)
        except SQLAlchemyError as error:
            log.error("the database does not answer", error=type(error).__name__)
            report = {"database": "failing", "problems": ["数据库打不开，请检查磁盘和数据库服务"]}
        is_well = not report["problems"]
        words = {"status": "ok" if is_well else "failing", **report}
        return JSONResponse(words, 200 if is_well else 503, FRESH)

    return answer


def _report(app: App, *, now: datetime, expects_ticker: bool) -> dict[str, object]:
    with app.database.reads() as session:
        beat_at = queries.last_beat(session, HEART)
        stuck = vitals.stuck_lanes(session, now=now, since=now - LATE, places=places(app.channels))
    age_s = _age_s(beat_at, now=now)
    problems = [f"发布目标 {lane} 到时间的投递没有发出，请看日志或重启" for lane in stuck]
    if expects_ticker and (age_s is None or abs(age_s) > PULSE_S):
        problems.insert(0, "定时器没有在运行，请重启 publisher serve")
    return {
        "database": "ok",
        "ticker_age_s": age_s,
        "stuck_lanes": stuck,
        "problems": problems,
    }


def _age_s(beat_at: datetime | None, *, now: datetime) -> float | None:
    return None if beat_at is None else round((now - beat_at).total_seconds(), 3)


def metrics(app: App) -> Callable[[Request], Response]:
    """Return the view of the numbers, in the text form of Prometheus."""
    registry = CollectorRegistry()
    registry.register(_Numbers(app))

    def answer(request: Request) -> Response:
        try:
            text = generate_latest(registry)
        except SQLAlchemyError as error:
            log.error("the database does not answer", error=type(error).__name__)
            return PlainTextResponse("the database does not answer\n", 503, FRESH)
        return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST, **FRESH})

    return answer


class _Numbers(Collector):
    """The numbers of this moment, read when somebody asks."""

    def __init__(self, app: App) -> None:
        self._app = app

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Name nothing beforehand, so that registering asks the database nothing."""
        return iter(())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Read them."""
        now = clock.now()
        with self._app.database.reads() as session:
            counts = vitals.open_counts(session)
            overdue = vitals.overdue(session, now=now)
            stuck = vitals.stuck_lanes(
                session, now=now, since=now - LATE, places=places(self._app.channels)
            )
            age_s = _age_s(queries.last_beat(session, HEART), now=now)
        by_state = GaugeMetricFamily(
            "publisher_deliveries", "Deliveries that are not final, by state.", labels=["state"]
        )
        for state, count in counts.items():
            by_state.add_metric([state], count)
        yield by_state
        yield _gauge("publisher_deliveries_overdue", "Past their deadline; need a person.", overdue)
        yield _gauge("publisher_lanes_stuck", "Lanes that let due deliveries lie.", len(stuck))
        busy = len(self._app.lanes.busy())
        yield _gauge("publisher_lanes_busy", "Lanes at work in this process.", busy)
        if age_s is not None:
            yield _gauge("publisher_ticker_age_seconds", "Since the ticker's last beat.", age_s)


def _gauge(name: str, means: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, means, value=value)
