"""The pages of the screens: the player, its list of slides, its reports, and an index."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from channels.screens.playback import Playback
from channels.screens.reports import MOST_BYTES, ReportError, heartbeat_of, reports_of
from channels.screens.store import Entry
from publisher.channel import ASGIApp

HERE = Path(__file__).parent
STATIC = HERE / "static"
STATIC_NAMES = frozenset(path.name for path in STATIC.iterdir())
TEMPLATES = Environment(
    loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined
)
RESERVED = frozenset({"files", "static"})  # paths beside those of the screens
TYPES = {".js": "text/javascript", ".css": "text/css"}
FOREVER = "public, max-age=31536000, immutable"  # the address of a slide is its content
SAFETY = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " img-src 'self' data:; connect-src 'self'; worker-src 'self'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def pages(
    screens: Mapping[str, str], *, college_name: str, poll_s: float, playback: Playback
) -> ASGIApp:
    """Return the application; `screens` says what people call each of them."""
    made = _Pages(screens=screens, college_name=college_name, poll_s=poll_s, playback=playback)
    return Starlette(
        routes=[
            Route("/", made.index),
            Route("/worker.js", made.worker),
            Route("/static/{name}", made.static),
            Route("/files/{digest}.png", made.file),
            Route("/{screen}", made.player),
            Route("/{screen}/manifest.json", made.manifest),
            Route("/{screen}/reports", made.reports, methods=["POST"]),
            Route("/{screen}/heartbeat", made.heartbeat, methods=["POST"]),
        ],
        exception_handlers={404: made.missing, ReportError: _refused},
    )


@dataclass(frozen=True, kw_only=True)
class _Pages:
    screens: Mapping[str, str]
    college_name: str
    poll_s: float
    playback: Playback

    def index(self, request: Request) -> Response:
        return self._page(request, "index.html")

    def player(self, request: Request) -> Response:
        if request.path_params["screen"] not in self.screens:
            return self._page(request, "missing.html", status=404)
        return self._page(request, "player.html")

    def missing(self, request: Request, error: Exception) -> Response:
        return self._page(request, "missing.html", status=404)

    def worker(self, request: Request) -> Response:
        return _static("worker.js")

    def static(self, request: Request) -> Response:
        return _static(request.path_params["name"])

    def file(self, request: Request) -> Response:
        file = self.playback.store.file(request.path_params["digest"], at=datetime.now(UTC))
        if file is None:
            raise HTTPException(404)
        return Response(file, media_type="image/png", headers=SAFETY | {"Cache-Control": FOREVER})

    def manifest(self, request: Request) -> Response:
        """Answer what stands on a screen, or 304 where the player knows it; always the time."""
        screen, now = self._screen(request), datetime.now(UTC)
        version, entries = self.playback.store.listed(screen, at=now)
        known = {"version": version, "items": [_item(entry) for entry in entries]}
        tag = f'"{hashlib.sha256(json.dumps(known).encode()).hexdigest()[:32]}"'
        headers = SAFETY | {"ETag": tag, "Server-Time": _iso(now)}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return JSONResponse(known | {"now": _iso(now)}, headers=headers)

    async def reports(self, request: Request) -> Response:
        screen, body = self._screen(request), await _json_body(request)
        await run_in_threadpool(self._take_reports, screen, body)
        return Response(status_code=204)

    def _take_reports(self, screen: str, body: bytes) -> None:
        """Take all of them or, where something is wrong, none."""
        reports = reports_of(body)
        unknown = self.playback.unknown(screen, {report.key for report in reports})
        if unknown:
            raise ReportError(f"这块屏幕上没有过这条内容：{unknown[0]}")
        self.playback.report(screen, reports, at=datetime.now(UTC))

    async def heartbeat(self, request: Request) -> Response:
        screen, body = self._screen(request), await _json_body(request)
        await run_in_threadpool(self._take_heartbeat, screen, body)
        return Response(status_code=204)

    def _take_heartbeat(self, screen: str, body: bytes) -> None:
        self.playback.beat(screen, heartbeat_of(body), at=datetime.now(UTC))

    def _screen(self, request: Request) -> str:
        screen: str = request.path_params["screen"]
        if screen not in self.screens:
            raise ReportError("没有这块屏幕，请核对地址里的屏幕名", status=404)
        return screen

    def _page(self, request: Request, template: str, *, status: int = 200) -> Response:
        screen = request.path_params.get("screen", "")
        values = {
            "root": request.scope.get("root_path", ""),
            "screens": self.screens,
            "screen": screen,
            "called": self.screens.get(screen, screen),
            "college": self.college_name,
            "poll_s": self.poll_s,
        }
        text = TEMPLATES.get_template(template).render(values)
        return HTMLResponse(text, status_code=status, headers=SAFETY)


def _static(name: str) -> Response:
    path = STATIC / name
    if path.name not in STATIC_NAMES:
        raise HTTPException(404)
    return Response(path.read_bytes(), media_type=TYPES[path.suffix], headers=SAFETY)


def _item(entry: Entry) -> dict[str, object]:
    return {
        "key": entry.key,
        "file": f"files/{entry.file}.png",
        "sha256": entry.file,
        "from": _iso(entry.begins_at),
        "until": _iso(entry.ends_at),
        "duration_s": entry.duration_s,
        "title": entry.title,
    }


async def _json_body(request: Request) -> bytes:
    # a page of another origin can post anything but JSON without being asked first
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise ReportError("内容应是 JSON（Content-Type: application/json）", status=415)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise ReportError(f"内容超过 {MOST_BYTES // 1024} KB", status=413)
    return bytes(body)


async def _refused(request: Request, error: Exception) -> Response:
    """Answer as RFC 9457 does: the sentence is for people, the status for programs."""
    if not isinstance(error, ReportError):
        raise error
    problem = {"status": error.status, "code": "invalid_report", "detail": error.message}
    return JSONResponse(
        problem, status_code=error.status, media_type="application/problem+json", headers=SAFETY
    )


def _iso(moment: datetime | None) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds") if moment else ""
