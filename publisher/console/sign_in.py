"""Signing in and out."""

from __future__ import annotations

import math
import time
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Form, Query, Request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.responses import RedirectResponse, Response

from publisher import clock
from publisher.app import App
from publisher.console import pages, security, words
from publisher.console.visitor import Posted, Signed, printable
from publisher.workflow import people

router = APIRouter()

WINDOW_MIN = 15
ADDRESS_FACTOR = 5  # a whole office may sit behind one address
MAX_NAME = 64  # characters, as workflow/people.py has it
WRONG = "姓名或密码不对，请核对后再试。忘记密码请找系统管理员"


class Locks:
    """Failed attempts of the last quarter of an hour, for each account and each address.

    They are kept in memory: a restart opens every door.
    """

    def __init__(self, attempts: int) -> None:
        self._window = MovingWindowRateLimiter(MemoryStorage())
        self._account = RateLimitItemPerMinute(attempts, WINDOW_MIN, namespace="account")
        self._address = RateLimitItemPerMinute(
            attempts * ADDRESS_FACTOR, WINDOW_MIN, namespace="address"
        )

    def enter(self, name: str, address: str) -> int:
        """Count an attempt before it is looked at; return for how many minutes none is taken."""
        if not self._window.test(self._address, address):
            return self._closed_min(self._address, address)
        if not self._window.hit(self._account, _key(name)):
            return self._closed_min(self._account, _key(name))
        return 0

    def _closed_min(self, limit: RateLimitItemPerMinute, key: str) -> int:
        seconds = self._window.get_window_stats(limit, key).reset_time - time.time()
        return max(1, math.ceil(seconds / 60))

    def blame(self, address: str) -> None:
        """Count a failure against the address that it came from."""
        self._window.hit(self._address, address)

    def forget(self, name: str) -> None:
        """Open the door of an account to whoever has just proved to own it."""
        self._window.clear(self._account, _key(name))


def _key(name: str) -> str:
    return name.strip()[:MAX_NAME].casefold()


Next = Annotated[str, Query(alias="next")]


def _app(request: Request) -> App:
    app: App = request.app.state.installation
    return app


Installed = Annotated[App, Depends(_app)]


@router.get("/")
def home() -> Response:
    """Go to the work list."""
    return RedirectResponse("/agenda", status_code=303)


@router.get("/sign-in")
def ask(app: Installed, wanted: Next = "", done: Annotated[str, Query()] = "") -> Response:
    """Ask who it is."""
    return _page(app, wanted=wanted, done=words.DONE.get(done, ""))


@router.post("/sign-in")
def sign_in(
    request: Request,
    app: Installed,
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    wanted: Annotated[str, Form(alias="next")] = "",
) -> Response:
    """Begin a session for whoever knows the password."""
    locks: Locks = request.app.state.locks
    address = request.client.host if request.client else ""
    name = printable(name)
    if minutes := locks.enter(name, address):
        sentence = f"密码错误次数太多，请 {minutes} 分钟后再试，或联系系统管理员"
        return _page(app, status=429, fault=sentence, name=name, wanted=wanted)
    lasts = timedelta(hours=app.settings.sign_in.session_h)
    with app.database.reads() as session:  # checking takes long and must not hold the write lock
        person = people.verify(session, name, password=password)
    if person is None:
        locks.blame(address)
        return _page(app, status=401, fault=WRONG, name=name, wanted=wanted)
    locks.forget(name)
    with app.database.sessions.begin() as session:
        person = people.named(session, person.name)
        cookie = people.sign_in(session, person, at=clock.now(), lasts=lasts)
    answer = RedirectResponse(_inside(wanted), status_code=303)
    seconds = int(lasts.total_seconds())
    security.give_cookie(answer, cookie, lasts_s=seconds, is_https=_is_https(app))
    return answer


@router.post("/sign-out")
def sign_out(visitor: Signed, form: Posted) -> Response:
    """End the session."""
    with visitor.acting() as (session, _):
        people.sign_out(session, visitor.cookie, at=clock.now())
    answer = RedirectResponse("/sign-in?done=signed_out", status_code=303)
    security.take_cookie(answer, is_https=_is_https(visitor.app))
    return answer


def _page(
    app: App,
    *,
    status: int = 200,
    fault: str = "",
    name: str = "",
    wanted: str = "",
    done: str = "",
) -> Response:
    return pages.page(
        "sign_in/page.html",
        status=status,
        college=app.settings.college.name,
        fault=fault,
        name=name[:MAX_NAME],
        wanted=_inside(wanted),
        done=done,
    )


def _inside(address: str) -> str:
    """Return an address of this console; for any other one the front page."""
    parts = urlsplit(address)
    is_ours = address.startswith("/") and not address.startswith(("//", "/\\")) and not parts.netloc
    return address if is_ours and address.isprintable() else "/agenda"


def _is_https(app: App) -> bool:
    return app.settings.console_url.startswith("https://")
