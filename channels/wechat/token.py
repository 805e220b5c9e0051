"""The access token of an account: fetched by one, used by all threads and processes.

Source: stable_token, which answers the same token and its remaining life for as long as it is
valid, so that a repeat is harmless; a forced renewal is allowed 20 times a day, 30 s apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from publisher.channel import Shelf
from publisher.errors import RetryableError

MARGIN_S = 300.0  # WeChat renews five minutes early, and so do we


class Fetch(Protocol):
    """Ask WeChat for the token."""

    def __call__(self, *, force: bool) -> Mapping[str, Any]: ...


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """The token of one account, kept on the shelf."""

    appid: str
    shelf: Shelf = field(repr=False)
    fetch: Fetch = field(repr=False)

    @property
    def _place(self) -> str:
        return f"wechat-access-token-{self.appid}"

    def kept(self) -> str:
        """Return the token on the shelf, nothing where there is none."""
        return self.shelf.read(self._place) or ""

    def current(self) -> str:
        """Return a token that should be good."""
        kept = self.kept()
        if kept:
            return kept
        with self.shelf.lock(self._place):
            return self.kept() or self._fetched(force=False)

    def renewed(self, refused: str) -> str:
        """Return another token than the one that WeChat refused.

        Somebody may have fetched it in the meantime. Where WeChat answers the same one again, it
        is made to give a new one, once.
        """
        with self.shelf.lock(self._place):
            kept = self.kept()
            if kept and kept != refused:
                return kept
            token = self._fetched(force=False)
            return token if token != refused else self._fetched(force=True)

    def _fetched(self, *, force: bool) -> str:
        answer = self.fetch(force=force)
        token, life_s = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not token or not isinstance(life_s, int | float):
            raise RetryableError("an answer without access_token", after_s=60)
        self.shelf.write(self._place, token, ttl_s=max(life_s - MARGIN_S, life_s / 2))
        return token
