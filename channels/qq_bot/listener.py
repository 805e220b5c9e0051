"""The address that the platform calls: who calls is checked, which groups there are is learned.

Source: the page on webhooks of bot.q.qq.com: Ed25519 with a key made of the bot's secret, over the
time stamp and the body; op 13 asks for proof of the address, op 0 brings an event.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from channels.qq_bot.groups import CLOSED, STATES, Groups
from publisher.channel import ASGIApp

SEED_BYTES = 32
WINDOW_S = 300  # between the platform's clock and ours
MAX_BYTES = 64 * 1024
EVENT, ACKNOWLEDGED, PROOF = 0, 12, 13
REFUSED = PlainTextResponse("", status_code=401)
UNREADABLE = PlainTextResponse("", status_code=400)


def key_of(secret: str) -> Ed25519PrivateKey:
    """Return the key that both sides make of the secret: repeated until it is long enough."""
    seed = secret.encode()
    while len(seed) < SEED_BYTES:
        seed *= 2
    return Ed25519PrivateKey.from_private_bytes(seed[:SEED_BYTES])


@dataclass(frozen=True, kw_only=True)
class Listener:
    """What answers the platform for one bot."""

    secret: str = field(repr=False)
    groups: Groups

    def app(self) -> ASGIApp:
        """Return the application."""
        return Starlette(routes=[Route("/{rest:path}", self.answer, methods=["POST"])])

    async def answer(self, request: Request) -> Response:
        """Answer one call; nothing that anybody sends makes it fail."""
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > MAX_BYTES:
                return PlainTextResponse("", status_code=413)
        if not self._is_theirs(request, body):
            return REFUSED
        try:
            said = json.loads(body)
        except ValueError:
            return UNREADABLE
        if not isinstance(said, dict) or not isinstance(said.get("d"), dict):
            return UNREADABLE
        if said.get("op") == PROOF:
            return self._proof(said["d"])
        if said.get("op") == EVENT:
            stamp = int(request.headers["X-Signature-Timestamp"])
            await run_in_threadpool(self._learn, str(said.get("t")), said["d"], at_s=stamp)
        return JSONResponse({"op": ACKNOWLEDGED})

    def _is_theirs(self, request: Request, body: bytes) -> bool:
        stamp = request.headers.get("X-Signature-Timestamp", "")
        if not stamp.isdecimal() or len(stamp) > 12 or abs(time.time() - int(stamp)) > WINDOW_S:
            return False
        try:
            signature = bytes.fromhex(request.headers.get("X-Signature-Ed25519", ""))
            key_of(self.secret).public_key().verify(signature, stamp.encode() + body)
        except (InvalidSignature, ValueError):
            return False
        return True

    def _proof(self, asked: dict[str, Any]) -> Response:
        """Show that we have the secret, as the platform asks when the address is entered."""
        token, stamp = str(asked.get("plain_token", "")), str(asked.get("event_ts", ""))
        signature = key_of(self.secret).sign(f"{stamp}{token}".encode()).hex()
        return JSONResponse({"plain_token": token, "signature": signature})

    def _learn(self, name: str, event: dict[str, Any], *, at_s: int) -> None:
        """Keep what an event says; by its signed time, so that a replay never is the latest."""
        state, openid = STATES.get(name), event.get("group_openid")
        if state is None or not isinstance(openid, str) or not 0 < len(openid) <= 64:
            return
        if name == "GROUP_AT_MESSAGE_CREATE" and self.groups.state(openid) == CLOSED:
            return  # it may answer there, and still not speak first
        self.groups.learn(openid, state, at_s=at_s)
