"""Before a request is read: who sends it, and how much of it may come in.

What goes wrong behind it without a name is logged here and answered without details.
"""

from __future__ import annotations

import traceback

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from publisher.api import problems
from publisher.api.problems import Refusal
from publisher.app import App
from publisher.workflow import people

log = structlog.get_logger()

CALLER = "publisher.person_id"  # key in the scope of a request
OPEN_TO_ALL = "/openapi.json"
MIB = 2**20
MAX_JSON_BYTES = 4 * MIB  # a notice is text; its pictures are uploaded one by one
FORM_BYTES = MIB  # fields and separators of a form, beside its file


class Gate:
    """Lets in whoever shows the token of an active person, with no more than may be carried."""

    def __init__(self, app: ASGIApp, *, installation: App) -> None:
        self._inner, self._installation = app, installation
        sizes = installation.settings.documents
        largest = max(sizes.max_word_mb, sizes.max_attachment_mb, sizes.max_picture_mb)
        self._max_form_bytes = int(largest * MIB) + FORM_BYTES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it before anything of it is read."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        answer = _Answer(send)
        try:
            await self._enter(scope, receive, answer)
        except Refusal as refusal:
            await problems.of_refusal(refusal)(scope, receive, answer)
        except Exception:  # nothing of what went wrong inside may be read outside
            if answer.has_begun:
                raise
            where = f"{scope['method']} {scope['path']}"
            log.error("unforeseen", where=where, traceback=traceback.format_exc())
            await problems.unforeseen()(scope, receive, answer)

    async def _enter(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        if scope["path"].removeprefix(scope.get("root_path", "")) != OPEN_TO_ALL:
            scope[CALLER] = await run_in_threadpool(self._person_id, headers)
        limit = self._limit(headers)
        if _declared_bytes(headers) > limit:
            raise _too_large(limit)
        await self._inner(scope, _counted(receive, limit), send)

    def _person_id(self, headers: Headers) -> int:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise _stranger("请在请求头 Authorization 里写 Bearer 和令牌", code="no_token")
        with self._installation.database.reads() as session:
            person = people.of_token(session, token.strip())
        if person is None:
            sentence = "令牌不对、已收回或主人已停用，请用 publisher tokens create 生成新的"
            raise _stranger(sentence, code="bad_token", says=', error="invalid_token"')
        return person.id

    def _limit(self, headers: Headers) -> int:
        is_form = headers.get("content-type", "").lower().startswith("multipart/")
        return self._max_form_bytes if is_form else MAX_JSON_BYTES


class _Answer:
    """Sends an answer that no cache keeps and no browser guesses about."""

    def __init__(self, send: Send) -> None:
        self._send, self.has_begun = send, False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.has_begun = True
            headers = MutableHeaders(scope=message)
            headers["Cache-Control"] = "no-store"
            headers["X-Content-Type-Options"] = "nosniff"
        await self._send(message)


def _stranger(sentence: str, *, code: str, says: str = "") -> Refusal:
    challenge = {"WWW-Authenticate": f'Bearer realm="publisher"{says}'}
    return Refusal(401, sentence, code=code, headers=challenge)


def _declared_bytes(headers: Headers) -> int:
    declared = headers.get("content-length", "")
    return int(declared) if declared.isascii() and declared.isdecimal() else 0


def _counted(receive: Receive, limit: int) -> Receive:
    """Read on as long as the request is within its limit, whatever it declared."""
    taken = 0

    async def read() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > limit:
            raise _too_large(limit)
        return message

    return read


def _too_large(limit: int) -> Refusal:
    sentence = f"请求超过 {limit / MIB:g} MB，请缩小文件或分开上传"
    return Refusal(413, sentence, code="too_large")
