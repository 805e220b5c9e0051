"""For whoever keeps it running: is it well (/healthz), and its numbers (/metrics). No token."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, Router

from publisher import clock
from publisher.alarms import troubles
from publisher.alarms.watch import HEART, kind_of
from publisher.app import App
from publisher.model.target import EVERYTHING, Pause
from publisher.model.words import paused
from publisher.storage import queries, vitals

log = structlog.get_logger()

PULSE_S = 60.0  # it beats every 15 seconds: four beats missed are a stop
WARNINGS = (
    "breaker",
    "overdue",
    "restored",
)  # a person is needed; nothing is wrong with this installation
SEEN_BY_TICKER = ("database",)  # what only the ticker measures; its alarm tells the others
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
        facts = troubles.seen(session, app.works, app.settings, now=now)
        alarms = {alarm.key: alarm.text for alarm in vitals.open_alarms(session)}
        stopped = session.get(Pause, EVERYTHING)
    age_s = _age_s(beat_at, now=now)
    wrong = troubles.of(facts) | {key: alarms[key] for key in SEEN_BY_TICKER if key in alarms}
    mild = WARNINGS + (("worker",) if facts.works_on else ())
    problems = [text for key, text in wrong.items() if kind_of(key) not in mild]
    warnings = [text for key, text in wrong.items() if kind_of(key) in mild]
    if stopped is not None:
        warnings.insert(0, paused(stopped.scope, stopped.because))
    if expects_ticker and (age_s is None or abs(age_s) > PULSE_S):
        problems.insert(0, "定时器没有在运行，请重启 publisher serve")
    return {
        "database": "slow" if "database" in wrong else "ok",
        "ticker_age_s": age_s,
        "stuck_lanes": sorted(facts.stuck),
        "disk_free_mb": round(facts.disk.free_mb) if facts.disk else None,
        "problems": problems,
        "warnings": warnings,
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
        """Read them; all are over what is open, none grows with history."""
        now = clock.now()
        with self._app.database.reads() as session:
            counts = vitals.open_counts(session)
            overdue = vitals.overdue(session, now=now)
            stuck = troubles.stuck_lanes(session, self._app.works, now=now)
            age_s = _age_s(queries.last_beat(session, HEART), now=now)
            alarms = Counter(kind_of(alarm.key) for alarm in vitals.open_alarms(session))
            halted = vitals.open_breakers(session)
            pauses = queries.pauses(session)
            due_at = vitals.oldest_due_at(session)
        waits_s = max(0.0, (now - due_at).total_seconds()) if due_at else 0.0
        yield _labelled(
            "publisher_deliveries",
            "Deliveries that are not final, by state.",
            state={str(state): count for state, count in counts.items()},
        )
        yield _gauge("publisher_deliveries_overdue", "Past their deadline; need a person.", overdue)
        yield _gauge("publisher_oldest_due_age_seconds", "Since the oldest was due.", waits_s)
        yield _labelled(
            "publisher_alarms",
            "Alarms that are open, by kind.",
            kind=dict.fromkeys(troubles.KINDS, 0) | alarms,
        )
        yield _gauge("publisher_breakers_open", "Accounts that are spared.", len(halted))
        yield _gauge("publisher_pauses", "Pauses set by people.", len(pauses))
        yield _gauge("publisher_lanes_stuck", "Lanes that let due deliveries lie.", len(stuck))
        busy = len(self._app.lanes.busy())
        yield _gauge("publisher_lanes_busy", "Lanes at work in this process.", busy)
        free = troubles.disk(self._app.settings).free_mb * troubles.MIB
        yield _gauge("publisher_disk_free_bytes", "Free below data/ of this process.", free)
        if age_s is not None:
            yield _gauge("publisher_ticker_age_seconds", "Since the ticker's last beat.", age_s)


def _gauge(name: str, means: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, means, value=value)


def _labelled(name: str, means: str, **values: Mapping[str, int]) -> GaugeMetricFamily:
    """Return a number for each value of one label."""
    [(label, by_value)] = values.items()
    family = GaugeMetricFamily(name, means, labels=[label])
    for value, count in by_value.items():
        family.add_metric([value], count)
    return family
