"""The outlets of the benches: a sink that takes what it is sent, and can be asked for it."""

from __future__ import annotations

from dataclasses import dataclass

from channels import _http
from publisher.channel import Channel, Confirms, Content, Receipt, Rendition, Splits
from publisher.errors import UnknownOutcomeError
from tests.bench.raw import BODY, headers

RENDITION = Rendition(body=BODY, media_type="application/json", title="停水通知")

PLACES = 1_000


@dataclass(frozen=True, kw_only=True)
class Post(Channel):
    """An account that takes one post after another."""

    label = "测速"

    url: str

    def render(self, content: Content) -> Rendition:
        return RENDITION

    def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
        answer = _http.send("POST", self.url, data=rendition.body, headers=headers(key))
        _http.raise_for_status(answer)
        if _http.json_object(answer).get("ok") is not True:
            raise UnknownOutcomeError("an answer that says neither yes nor no")
        return Receipt(remote_id=key)


@dataclass(frozen=True, kw_only=True)
class Seen(Post, Confirms):
    """An account that can be asked what it has."""

    def confirm(self, *, key: str, receipt: Receipt | None) -> Receipt | None:
        answer = _http.send("GET", f"{self.url}/_posts/{key}")
        if answer.status_code == 404:
            return None
        _http.raise_for_status(answer)
        return Receipt(remote_id=key, evidence="已收到")


@dataclass(frozen=True, kw_only=True)
class Places(Post, Splits):
    """An account with many places."""

    def parts(self) -> tuple[str, ...]:
        return tuple(f"place-{number}" for number in range(PLACES))

    def part(self, name: str) -> Channel:
        return self
