"""The pages of the screens: the player, its list of slides, its reports, and an index."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from channels.screens.alerts import Board, cap
from channels.screens.changes import Changes
from channels.screens.pairing import Pairing, PairingError
from channels.screens.playback import Playback
from channels.screens.reports import MOST_BYTES, ReportError, heartbeat_of, nonce_of, reports_of
from channels.screens.store import Entry, Store
from publisher.channel import Alert, ASGIApp

HERE = Path(__file__).parent
STATIC = HERE / "static"
STATIC_NAMES = frozenset(path.name for path in STATIC.iterdir())
TEMPLATES = Environment(
    loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined
)
RESERVED = frozenset({"files", "static"})  # paths beside those of the screens
TYPES = {".js": "text/javascript", ".css": "text/css"}
FOREVER = "public, max-age=31536000, immutable"  # the address of a slide is its content
COOKIE = "screen_token"
COOKIE_LIVES_S = 400 * 86400  # as long as browsers allow; set anew at each sign of life
ALERT_PREFIX = "alert-"  # of the key under which a player speaks of an alert
SAFETY = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " img-src 'self' data: blob:; connect-src 'self'; worker-src 'self'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What the players of one target go by."""

    screens: Mapping[str, str]  # what people call each of them
    college_name: str
    poll_s: float
    has_pairing: bool
    black_out: tuple[str, ...]  # "22:30-06:30", campus time
    sender: str  # of alerts, as CAP names it
    logo: Path | None = None


def pages(setting: Setting, *, store: Store) -> ASGIApp:
    """Return the application."""
    made = _Pages(setting=setting, store=store)
    return Starlette(
        routes=[
            Route("/", made.index),
            Route("/alert.cap.xml", made.cap),
            Route("/worker.js", made.worker),
            Route("/logo", made.logo),
            Route("/static/{name}", made.static),
            Route("/files/{digest}.png", made.file),
            Route("/{screen}", made.player),
            Route("/{screen}/pairing", made.pair, methods=["POST"]),
            Route("/{screen}/manifest.json", made.manifest),
            Route("/{screen}/events", made.events),
            Route("/{screen}/reports", made.reports, methods=["POST"]),
            Route("/{screen}/heartbeat", made.heartbeat, methods=["POST"]),
        ],
        exception_handlers={404: made.missing, ReportError: _refused},
    )


@dataclass(frozen=True, kw_only=True)
class _Pages:
    setting: Setting
    store: Store
    changes: Changes = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "changes", Changes(self.store))

    @property
    def _playback(self) -> Playback:
        return Playback(store=self.store)

    @property
    def _board(self) -> Board:
        return Board(store=self.store)

    @property
    def _pairing(self) -> Pairing:
        return Pairing(store=self.store)

    def index(self, request: Request) -> Response:
        return self._page(request, "index.html")

    def player(self, request: Request) -> Response:
        if request.path_params["screen"] not in self.setting.screens:
            return self._page(request, "missing.html", status=404)
        if self.setting.has_pairing and request.url.query == "preview":
            return self._page(request, "no_preview.html", status=403)
        return self._page(request, "player.html")

    def missing(self, request: Request, error: Exception) -> Response:
        return self._page(request, "missing.html", status=404)

    def worker(self, request: Request) -> Response:
        return _static("worker.js")

    def static(self, request: Request) -> Response:
        return _static(request.path_params["name"])

    def logo(self, request: Request) -> Response:
        if self.setting.logo is None:
            raise HTTPException(404)
        kind = "image/svg+xml" if self.setting.logo.suffix.lower() == ".svg" else "image/png"
        return Response(self.setting.logo.read_bytes(), media_type=kind, headers=SAFETY)

    def cap(self, request: Request) -> Response:
        """Give the alert that stands, or the end of the latest one."""
        latest, now = self._board.latest(1), datetime.now(UTC)
        if not latest:
            raise HTTPException(404)
        content = cap(latest[0], sender=self.setting.sender, at=now)
        return Response(content, media_type="application/cap+xml", headers=SAFETY)

    def file(self, request: Request) -> Response:
        file = self.store.file(request.path_params["digest"], at=datetime.now(UTC))
        if file is None:
            raise HTTPException(404)
        return Response(file, media_type="image/png", headers=SAFETY | {"Cache-Control": FOREVER})

    async def pair(self, request: Request) -> Response:
        screen, body = self._named(request), await _json_body(request)
        return await run_in_threadpool(self._pair, request, screen, nonce_of(body))

    def _pair(self, request: Request, screen: str, nonce: str) -> Response:
        """Give the code to be shown or, once a person has accepted it, the token."""
        now = datetime.now(UTC)
        if not self.setting.has_pairing or self._is_known(request, screen):
            return Response(status_code=204, headers=SAFETY)
        try:
            code = self._pairing.ask(screen, nonce, at=now)
            if code is not None:
                return JSONResponse({"code": code}, 202, headers=SAFETY)
            agent = request.headers.get("user-agent", "")
            address = request.client.host if request.client else ""
            token = self._pairing.take(screen, nonce, agent=agent, address=address, at=now)
        except PairingError as error:
            raise ReportError(str(error), status=429) from None
        answer = Response(status_code=204, headers=SAFETY)
        self._set_token(request, answer, screen, token)
        return answer

    def manifest(self, request: Request) -> Response:
        """Answer what stands on a screen, or 304 where the player knows it; always the time."""
        screen, now = self._screen(request), datetime.now(UTC)
        version, entries = self.store.listed(screen, at=now)
        alert = self._board.on(screen, at=now)
        known = {
            "version": version,
            "items": [item(entry) for entry in entries],
            "alert": _alert(alert) if alert else None,
            "black_out": list(self.setting.black_out),
        }
        tag = f'"{hashlib.sha256(json.dumps(known).encode()).hexdigest()[:32]}"'
        headers = SAFETY | {"ETag": tag, "Server-Time": iso(now)}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return JSONResponse(known | {"now": iso(now)}, headers=headers)

    async def events(self, request: Request) -> Response:
        """Tell the player at once when there is something new."""
        screen = await run_in_threadpool(self._screen, request)
        headers = SAFETY | {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(
            self.changes.of(screen), media_type="text/event-stream", headers=headers
        )

    async def reports(self, request: Request) -> Response:
        body = await _json_body(request)
        screen = await run_in_threadpool(self._screen, request)
        await run_in_threadpool(self._take_reports, screen, body)
        return Response(status_code=204)

    def _take_reports(self, screen: str, body: bytes) -> None:
        """Take all of them or, where something is wrong, none."""
        reports, now = reports_of(body), datetime.now(UTC)
        slides = [report for report in reports if not report.key.startswith(ALERT_PREFIX)]
        unknown = self._playback.unknown(screen, {report.key for report in slides})
        if unknown:
            raise ReportError(f"这块屏幕上没有过这条内容：{unknown[0]}")
        self._playback.report(screen, slides, at=now)
        for report in reports:
            if report.key.startswith(ALERT_PREFIX) and report.event != "downloaded":
                self._board.say(screen, report.key, report.event, at=min(report.from_at, now))

    async def heartbeat(self, request: Request) -> Response:
        body = await _json_body(request)
        screen = await run_in_threadpool(self._screen, request)
        await run_in_threadpool(self._take_heartbeat, screen, body)
        answer = Response(status_code=204)
        token = request.cookies.get(COOKIE, "")
        if self.setting.has_pairing:
            self._set_token(request, answer, screen, token)
        return answer

    def _take_heartbeat(self, screen: str, body: bytes) -> None:
        self._playback.beat(screen, heartbeat_of(body), at=datetime.now(UTC))

    def _set_token(self, request: Request, answer: Response, screen: str, token: str) -> None:
        # a page's script never sees it, and no page of another site can use it
        answer.set_cookie(
            COOKIE,
            token,
            max_age=COOKIE_LIVES_S,
            path=f"{request.scope.get('root_path', '')}/{screen}",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )

    def _screen(self, request: Request) -> str:
        """Return the screen that a machine speaks for; where one must be accepted, only that."""
        screen = self._named(request)
        if self.setting.has_pairing and not self._is_known(request, screen):
            raise ReportError("这台设备还没有配对，或者已经换成另一台", status=401)
        return screen

    def _named(self, request: Request) -> str:
        screen: str = request.path_params["screen"]
        if screen not in self.setting.screens:
            raise ReportError("没有这块屏幕，请核对地址里的屏幕名", status=404)
        return screen

    def _is_known(self, request: Request, screen: str) -> bool:
        token = request.cookies.get(COOKIE, "")
        return bool(token) and self._pairing.is_known(screen, token)

    def _page(self, request: Request, template: str, *, status: int = 200) -> Response:
        screen = request.path_params.get("screen", "")
        values = {
            "root": request.scope.get("root_path", ""),
            "screens": self.setting.screens,
            "screen": screen,
            "called": self.setting.screens.get(screen, screen),
            "college": self.setting.college_name,
            "poll_s": self.setting.poll_s,
            "has_pairing": self.setting.has_pairing,
            "has_logo": self.setting.logo is not None,
            "is_pack": False,
        }
        text = TEMPLATES.get_template(template).render(values)
        return HTMLResponse(text, status_code=status, headers=SAFETY)


def _static(name: str) -> Response:
    path = STATIC / name
    if path.name not in STATIC_NAMES:
        raise HTTPException(404)
    return Response(path.read_bytes(), media_type=TYPES[path.suffix], headers=SAFETY)


def item(entry: Entry) -> dict[str, object]:
    """Return a slide as the list of a player has it."""
    return {
        "key": entry.key,
        "files": [f"files/{digest}.png" for digest in entry.files],
        "from": iso(entry.begins_at),
        "until": iso(entry.ends_at),
        "duration_s": entry.duration_s,
        "priority": entry.priority,
        "title": entry.title,
    }


def _alert(alert: Alert) -> dict[str, object]:
    return {
        "id": alert.id,
        "headline": alert.headline,
        "words": alert.words,
        "style": alert.style,
        "from": iso(alert.begins_at),
        "until": iso(alert.ends_at),
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
    code = "not_paired" if error.status == 401 else "invalid_report"
    problem = {"status": error.status, "code": code, "detail": error.message}
    return JSONResponse(
        problem, status_code=error.status, media_type="application/problem+json", headers=SAFETY
    )


def iso(moment: datetime | None) -> str:
    """Return a moment in UTC with milliseconds; empty for none."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds") if moment else ""
