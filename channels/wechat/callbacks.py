"""The address that WeChat calls: who calls is checked, what is told is kept, the answer is quick.

Source: the page on receiving event pushes: SHA-1 over token, timestamp and nonce; AES with a key of
43 characters; `success` within 5 s, else up to three repeats. Call-backs are optional: the looks
are complete without them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from lxml import etree
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import InvalidAppIdException, InvalidSignatureException
from wechatpy.utils import check_signature

from channels.wechat import events
from channels.wechat.receipts import PUBLICATION
from publisher.channel import ASGIApp, Event, Shelf

WINDOW_S = 600.0  # between WeChat's clock and ours, beside its three repeats
REMEMBERED_S = 86400.0
MAX_BYTES = 256 * 1024  # an event with eight articles has a few kilobytes
PUSHED = "MASSSENDJOBFINISH"
PUBLISHED = {"PUBLISHJOBFINISH", "FREEPUBLISHJOBFINISH"}
DONE = PlainTextResponse("success")


class _NotTheirsError(Exception):
    """The call is not WeChat's, or cannot be read; the number is the HTTP status."""

    def __init__(self, status: int) -> None:
        super().__init__()
        self.status = status


@dataclass(frozen=True, kw_only=True)
class Receiver:
    """What answers WeChat for one account."""

    appid: str
    token: str = field(repr=False)
    aes_key: str = field(repr=False)  # empty: plain mode
    shelf: Shelf = field(repr=False)
    tell: Callable[[Event], None] = field(repr=False)

    def app(self) -> ASGIApp:
        """Return the application."""
        route = Route("/{rest:path}", self.answer, methods=["GET", "POST"])
        return Starlette(routes=[route])

    async def answer(self, request: Request) -> Response:
        """Answer one call; nothing that anybody sends makes it fail."""
        if not self.token:
            return PlainTextResponse("", status_code=404)
        try:
            if request.method == "GET":
                return self._greeting(request)
            words = await _body(request)
            await run_in_threadpool(self._take, request, words)
        except _NotTheirsError as error:
            return PlainTextResponse("", status_code=error.status)
        return DONE

    def _greeting(self, request: Request) -> Response:
        self._require_signature(request)
        return PlainTextResponse(request.query_params.get("echostr", ""))

    def _require_signature(self, request: Request) -> None:
        given = request.query_params
        try:
            check_signature(
                self.token,
                given.get("signature", ""),
                given.get("timestamp", ""),
                given.get("nonce", ""),
            )
        except InvalidSignatureException:
            raise _NotTheirsError(403) from None
        _require_fresh(given.get("timestamp", ""))

    def _take(self, request: Request, words: bytes) -> None:
        self._require_signature(request)
        call = self._place_of_call(request)
        event = self._read(request, words)
        if self.shelf.read(call) is not None:
            return  # in plain mode the signature says nothing of the body: it serves once
        if event.get("MsgType") == "event" and self._is_new(event):
            self._believe(event)
        self.shelf.write(call, "taken", ttl_s=2 * WINDOW_S)  # older ones are refused

    def _believe(self, event: dict[str, Any]) -> None:
        if event.get("Event") == PUSHED:
            self._push(event)
        elif event.get("Event") in PUBLISHED:
            self._publication(event)
        self.shelf.write(self._place(event), "told", ttl_s=REMEMBERED_S)

    def _read(self, request: Request, words: bytes) -> dict[str, Any]:
        is_aes = request.query_params.get("encrypt_type") == "aes"
        if self.aes_key and not is_aes:
            raise _NotTheirsError(403)  # a plain event where secret ones are agreed on
        text = self._decrypted(request, words) if self.aes_key else words
        return _parsed(text)

    def _decrypted(self, request: Request, words: bytes) -> bytes:
        given = request.query_params
        crypto = WeChatCrypto(self.token, self.aes_key, self.appid)
        try:
            text = crypto.decrypt_message(
                words, given.get("msg_signature", ""), given.get("timestamp", ""),
                given.get("nonce", ""),
            )  # fmt: skip
        except (InvalidSignatureException, InvalidAppIdException):
            raise _NotTheirsError(403) from None
        except Exception:  # noqa: BLE001  # what is no cipher text fails in many ways
            raise _NotTheirsError(400) from None
        return text if isinstance(text, bytes) else str(text).encode()

    def _place_of_call(self, request: Request) -> str:
        given = request.query_params
        signed = f"{given.get('timestamp', '')}-{given.get('nonce', '')}"
        return f"wechat-nonce-{self.appid}-{signed}"[:100]

    def _is_new(self, event: dict[str, Any]) -> bool:
        return self.shelf.read(self._place(event)) is None

    def _place(self, event: dict[str, Any]) -> str:
        facts = events.fields(event.get("PublishEventInfo"))
        job = event.get("MsgID") or facts.get("publish_id") or ""
        status = facts.get("publish_status") or ""  # one publication reports more than once
        return f"wechat-call-{self.appid}-{event.get('CreateTime')}-{job}-{status}"[:100]

    def _push(self, event: dict[str, Any]) -> None:
        job = str(event.get("MsgID") or "").strip()
        if not job.isdecimal():
            return
        told = events.of_push(event)
        events.keep(self.shelf, self.appid, job, told)
        at = _moment(event)
        self.tell(Event(remote_id=job, at=at, is_send=told.is_success, text=told.advice))

    def _publication(self, event: dict[str, Any]) -> None:
        job, told = events.of_publication(event)
        if not job.isdecimal():
            return
        events.keep(self.shelf, self.appid, job, told)
        self.tell(Event(remote_id=f"{PUBLICATION}{job}", at=_moment(event), text=told.advice))


async def _body(request: Request) -> bytes:
    words = b""
    async for piece in request.stream():
        words += piece
        if len(words) > MAX_BYTES:
            raise _NotTheirsError(413)
    return words


def _parsed(words: bytes) -> dict[str, Any]:
    """Return the fields of an event: what is repeated becomes a list; entities stay unread."""
    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        root = etree.fromstring(words, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise _NotTheirsError(400) from None
    found = _fields(root)
    if not isinstance(found, dict):
        raise _NotTheirsError(400)
    return found


def _fields(element: etree._Element) -> Any:
    children = [one for one in element if isinstance(one.tag, str)]
    if not children:
        return element.text
    found: dict[str, Any] = {}
    for child in children:
        value = _fields(child)
        if child.tag in found:
            before = found[child.tag]
            found[child.tag] = [*(before if isinstance(before, list) else [before]), value]
        else:
            found[child.tag] = value
    return found


def _require_fresh(timestamp: str) -> None:
    now = datetime.now(UTC).timestamp()
    if not timestamp.isdecimal() or len(timestamp) > 12 or abs(now - int(timestamp)) > WINDOW_S:
        raise _NotTheirsError(403)


def _moment(event: dict[str, Any]) -> datetime:
    created = str(event.get("CreateTime") or "")
    if not created.isdecimal() or len(created) > 12:
        return datetime.now(UTC)
    return datetime.fromtimestamp(int(created), UTC)
