"""One call to WeChat, on the client of wechatpy, with every fault sorted.

The traps of wechatpy are closed here: no time limit, endless retry of a stale token, a token
address that cannot be set, and a body that is no JSON handed back as if it were a success.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import requests
from wechatpy import WeChatClient
from wechatpy.exceptions import WeChatClientException

from channels import _http
from channels.wechat import codes
from channels.wechat.token import Tokens
from publisher.channel import Shelf
from publisher.errors import ChannelError, RetryableError, UnknownOutcomeError

Answer = Mapping[str, Any]
PUSH = "message/mass/sendall"
PUBLISH = "freepublish/submit"
VISIBLE = frozenset({PUSH, PUBLISH})  # the calls that readers see


@contextmanager
def repeatable() -> Iterator[None]:
    """Say that a lost answer does no harm: what is called changes nothing that a reader sees."""
    try:
        yield
    except UnknownOutcomeError as error:
        raise RetryableError(str(error), advice=error.advice) from None


class _Client(WeChatClient):  # type: ignore[misc]  # wechatpy has no types
    """The client of wechatpy, pointed at a given host and without its own retry."""

    def __init__(self, appid: str, secret: str, *, api_base: str, timeout_s: float) -> None:
        limits = (_http.CONNECT_TIMEOUT_S, timeout_s)
        super().__init__(appid, secret, timeout=limits, auto_retry=False)
        self.API_BASE_URL = f"{api_base.rstrip('/')}/cgi-bin/"
        self._http = _http.session()

    def fetch_access_token(self, *, force: bool = False) -> Any:
        """Ask stable_token; wechatpy would ask the real host, whatever the base address."""
        message = {
            "grant_type": "client_credential",
            "appid": self.appid,
            "secret": self.secret,
            "force_refresh": force,
        }
        # params that are no dict keep wechatpy from adding the token that we are asking for
        return self.post("stable_token", params=(), data=message, allow_redirects=False)


@dataclass(frozen=True, kw_only=True)
class Account:
    """Who calls. Made anew for each use: its connection belongs to the thread."""

    api_base: str
    appid: str = field(repr=False)
    secret: str = field(repr=False)
    timeout_s: float  # between two bytes of an answer
    shelf: Shelf = field(repr=False)

    @cached_property
    def _client(self) -> _Client:
        return _Client(self.appid, self.secret, api_base=self.api_base, timeout_s=self.timeout_s)

    @cached_property
    def _tokens(self) -> Tokens:
        return Tokens(appid=self.appid, shelf=self.shelf, fetch=self._fetch_token)

    def call(
        self,
        method: str,
        path: str,
        *,
        expected: Collection[int] = (),
        params: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Answer:
        """Make one call, with one renewal of a stale token; expected codes are no errors."""
        query = dict(params or {}) | {"access_token": self._tokens.current()}
        answer = self._once(method, path, params=query, **options)
        if answer.get("errcode") in codes.STALE_TOKEN:
            query["access_token"] = self._tokens.renewed(query["access_token"])
            answer = self._once(method, path, params=query, **options)
        return self._checked(answer, expected=expected, is_push=path in VISIBLE)

    def _fetch_token(self, *, force: bool) -> Answer:
        with repeatable():
            return self._checked(_answer_of(self._client.fetch_access_token, force=force))

    def _once(self, method: str, path: str, **options: Any) -> Answer:
        """Make the call; a path that begins with "/" is not below /cgi-bin."""
        if path.startswith("/"):
            path = f"{self.api_base.rstrip('/')}{path}"
        call = self._client.get if method == "get" else self._client.post
        return _answer_of(call, path, allow_redirects=False, **options)

    def _checked(
        self, answer: Answer, *, expected: Collection[int] = (), is_push: bool = False
    ) -> Answer:
        code = answer.get("errcode", 0)
        if code and code not in expected:
            raise self.error_of(answer, is_push=is_push)
        return answer

    def error_of(self, refusal: Answer, *, is_push: bool = False) -> ChannelError:
        """Return the error that a refusal means; secrets that WeChat repeats are struck out."""
        errmsg = str(refusal.get("errmsg", ""))
        for hidden in (self.secret, self._tokens.kept(), self.appid):
            errmsg = errmsg.replace(hidden, "***") if hidden else errmsg
        return codes.error_of(
            refusal["errcode"],
            errmsg,
            is_push=is_push,
            now=datetime.now(UTC),
        )


def _answer_of(call: Callable[..., Any], *arguments: Any, **options: Any) -> Answer:
    """Return the JSON object that WeChat answered, a refusal too; else raise a ChannelError."""
    try:
        answer = call(*arguments, **options)
    except WeChatClientException as refusal:
        answer = refusal
    except requests.RequestException as error:
        raise _http.outcome_of(error) from None  # its text holds the address with the token
    except (TypeError, ValueError):
        raise UnknownOutcomeError("an answer whose errcode is no number") from None
    # sorted only here: below `except` the traceback would show the address with the token
    if isinstance(answer, WeChatClientException):
        _http.raise_for_status(answer.response)
        return _http.json_object(answer.response) | {"errcode": answer.errcode}
    if isinstance(answer, requests.Response):
        _http.raise_for_status(answer)
        raise UnknownOutcomeError(f"HTTP {answer.status_code} with a body that is no JSON")
    if not isinstance(answer, dict):
        raise UnknownOutcomeError("an answer that is no object")
    return answer
