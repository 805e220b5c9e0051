"""Around every request: where it comes from, how large it is, and the headers of the answer.

What goes wrong inside without a name is logged here and answered without details.
"""

from __future__ import annotations

import traceback

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from publisher.console import faults, security
from publisher.settings import Settings

log = structlog.get_logger()

MIB = 2**20
FORM_BYTES = 4 * MIB  # a form without files: a long notice has 200 KB of words
FILES_AT_ONCE = 4  # files of the largest size in one form
MOST_DRAINED_BYTES = 2**30  # a browser shows our answer only once it could send everything
POLICY = (
    "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; "
    "frame-ancestors 'self'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    # not no-referrer: that would make browsers post our own forms with "Origin: null"
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
STATIC = ("/static/", "/assets/")
FOR_STATIC = "public, max-age=31536000, immutable"  # their addresses carry a digest


class Guard:
    """Stands before the console."""

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self._inner, self._console_url = app, settings.console_url
        sizes = settings.documents
        largest = max(sizes.max_word_mb, sizes.max_attachment_mb, sizes.max_picture_mb)
        self._upload_bytes = FILES_AT_ONCE * int(largest * MIB) + FORM_BYTES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it before anything of it is read."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        answer = _Answer(send, is_static=scope["path"].startswith(STATIC))
        try:
            await self._enter(scope, receive, answer)
        except Exception:  # nothing of what went wrong inside may be read outside
            if answer.has_begun:
                raise
            where = f"{scope['method']} {scope['path']}"
            # as text: what stands in local variables, a cookie among them, must not be printed
            log.error("unforeseen", where=where, traceback=traceback.format_exc())
            await faults.page(500)(scope, receive, answer)

    async def _enter(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        if scope["method"] not in security.SAFE_METHODS and not security.is_from_here(
            headers, console_url=self._console_url
        ):
            await faults.page(403, faults.FROM_ELSEWHERE)(scope, receive, send)
            return
        is_upload = headers.get("content-type", "").lower().startswith("multipart/")
        limit = self._upload_bytes if is_upload else FORM_BYTES
        if _declared_bytes(headers) > limit:
            await _drain(receive)
            await faults.page(413, _too_large(limit))(scope, receive, send)
            return
        await self._inner(scope, _counted(receive, limit), send)


class _Answer:
    """Sends an answer with the headers that it does not set itself."""

    def __init__(self, send: Send, *, is_static: bool) -> None:
        self._send, self.has_begun = send, False
        self._is_static = is_static

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.has_begun = True
            headers = MutableHeaders(scope=message)
            if self._is_static and message["status"] in (200, 304):
                headers["Cache-Control"] = FOR_STATIC
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await self._send(message)


def _declared_bytes(headers: Headers) -> int:
    declared = headers.get("content-length", "")
    return int(declared) if declared.isascii() and declared.isdecimal() else 0


async def _drain(receive: Receive) -> None:
    drained, has_more = 0, True
    while has_more and drained <= MOST_DRAINED_BYTES:
        message = await receive()
        drained += len(message.get("body", b""))
        has_more = message.get("more_body", False)


def _counted(receive: Receive, limit: int) -> Receive:
    """Read on as long as the request is within its limit, whatever it declared."""
    taken = 0

    async def read() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > limit:
            raise HTTPException(413, _too_large(limit))
        return message

    return read


def _too_large(limit: int) -> str:
    return f"一次最多上传 {limit / MIB:.0f} MB，请压缩文件或分几次上传"
