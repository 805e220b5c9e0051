"""A channel to tests/engines/outlet.py: one account a target.

API: tests/engines/outlet.py
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import requests

from publisher.channel import (
    Channel,
    Checks,
    Confirms,
    Content,
    Health,
    Receipt,
    Rendition,
    Withdraws,
)
from publisher.errors import CredentialsError, RetryableError, UnknownOutcomeError

TIMEOUT_S = 60.0
_own = threading.local()


@dataclass(frozen=True, kw_only=True)
class Sink(Channel, Confirms, Withdraws, Checks):
    label = "水槽"
    typical_delay_s = 1.0

    url: str
    account: str

    def render(self, content: Content) -> Rendition:
        return Rendition(body=content.title.encode(), media_type="text/plain")

    def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
        status = self._ask("POST", key, rendition.body)
        if status == 401:
            raise CredentialsError("who are you?")
        if status == 503:
            raise RetryableError("busy")
        return Receipt(remote_id=key, url=f"{self.url}/{self.account}/{key}")

    def confirm(self, *, key: str, receipt: Receipt | None) -> Receipt | None:
        return Receipt(remote_id=key, evidence="看到了") if self._ask("GET", key) == 200 else None

    def withdraw(self, receipt: Receipt, *, reason: str) -> None:
        self._ask("DELETE", receipt.remote_id)

    def check(self) -> Health:
        return Health(is_reachable=True)

    def _ask(self, method: str, key: str, body: bytes = b"") -> int:
        session = _own.__dict__.setdefault("session", requests.Session())
        session.trust_env = False
        try:
            answer = session.request(
                method, f"{self.url}/{self.account}/{key}", data=body, timeout=TIMEOUT_S
            )
        except requests.RequestException as error:
            raise UnknownOutcomeError(type(error).__name__) from None
        return int(answer.status_code)
