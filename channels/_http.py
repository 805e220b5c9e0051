"""HTTP as all channels use it: time limits on every call, no silent retry, every fault sorted.

The text of an exception may hold the URL, and a URL may hold a key; so errors are made anew here,
from None. Nothing of the environment is heeded, no proxy either, and no redirect is followed: it
would turn a POST into a GET, or show a sign-in page as success.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import math
import ssl
import threading
import time
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from http.client import HTTPConnection, HTTPException, HTTPMessage
from typing import Any
from urllib.parse import urlencode

import requests
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    SSLError,
)
from urllib3.util import parse_url

from channels import _connections
from channels._connections import Origin
from publisher.errors import (
    ChannelError,
    CredentialsError,
    PermanentError,
    RetryableError,
    UnknownOutcomeError,
)

CONNECT_TIMEOUT_S = 5.0
TIMEOUT_S = 20.0  # between two bytes of an answer
TOTAL_TIMES = 3  # request and whole answer may take so many times that
MAX_BYTES = 32 * 2**20  # of an answer; the largest is a page of our own site
PORTS = {"http": 80, "https": 443}
HEADERS = {"Accept": "*/*", "User-Agent": "yigao"}

NO_ADDRESS = "no address of an outlet"
NO_CONNECTION = "no connection: refused, too slow, or no such host"
NOT_TRUSTED = "the certificate of the outlet is not trusted"

_pool = _connections.Pool()
atexit.register(lambda: _pool.sweep(since=math.inf))
_of_thread = threading.local()


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What an outlet answered, whole."""

    status_code: int
    headers: HTTPMessage
    content: bytes


def send(
    method: str,
    url: str,
    *,
    timeout_s: float = TIMEOUT_S,
    params: dict[str, str] | None = None,
    data: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    """Make one call and return its answer, whatever its status; no answer is a ChannelError."""
    origin, path = _place(url)
    if params:
        path += ("&" if "?" in path else "?") + urlencode(params)
    connection = _pool.take(origin) or _connect(origin)
    try:
        _ask(connection, method, path, data, HEADERS | (headers or {}), timeout_s=timeout_s)
        answer = _answer(connection, timeout_s=timeout_s)
    except BaseException:
        connection.close()
        raise
    _pool.keep(origin, connection)
    return answer


@lru_cache(maxsize=1024)  # taking an address apart takes a third of a call
def _place(url: str) -> tuple[Origin, str]:
    """Return whom to call, and what to ask for there."""
    try:
        parts = parse_url(url)
    except HTTPError:
        raise PermanentError(NO_ADDRESS) from None
    if parts.scheme not in PORTS or not parts.host:
        raise PermanentError(NO_ADDRESS)
    host = parts.host.strip("[]")
    port = parts.port or PORTS[parts.scheme]
    return Origin(parts.scheme == "https", host, port), parts.request_uri


def _connect(origin: Origin) -> HTTPConnection:
    _pool.sweep()
    try:
        return _connections.connect(origin, timeout_s=CONNECT_TIMEOUT_S)
    except ssl.SSLCertVerificationError:
        raise PermanentError(NOT_TRUSTED) from None
    except ssl.SSLError as error:
        raise UnknownOutcomeError(f"no answer ({type(error).__name__})") from None
    except (OSError, UnicodeError):
        raise RetryableError(NO_CONNECTION) from None


def _ask(
    connection: HTTPConnection,
    method: str,
    path: str,
    body: bytes | None,
    headers: dict[str, str],
    *,
    timeout_s: float,
) -> None:
    if connection.sock.gettimeout() != timeout_s:
        connection.sock.settimeout(timeout_s)
    try:
        with contextlib.suppress(BrokenPipeError):  # it may have answered before it hung up
            connection.request(method, path, body=body, headers=headers)
    except OSError as error:
        raise UnknownOutcomeError(f"no answer ({type(error).__name__})") from None
    except (ValueError, HTTPException):  # all of it is looked at before the first byte leaves
        raise PermanentError("a header or an address that no request can carry") from None


def _answer(connection: HTTPConnection, *, timeout_s: float) -> Answer:
    """Read the answer to its end, or give up where it has none in time or in size."""
    until = time.monotonic() + TOTAL_TIMES * timeout_s
    try:
        with _connections.answer(connection, timeout_s=timeout_s, until=until) as response:
            content = _connections.content(response, at_most=MAX_BYTES)
    except ValueError:
        raise UnknownOutcomeError("an answer that does not end") from None
    except (OSError, HTTPException) as error:
        if time.monotonic() >= until:
            raise UnknownOutcomeError("an answer that does not end") from None
        raise UnknownOutcomeError(f"no answer ({type(error).__name__})") from None
    if response.headers.get("Content-Encoding", "identity") != "identity":
        content = _unpacked(content)
    return Answer(status_code=response.status, headers=response.headers, content=content)


def _unpacked(content: bytes) -> bytes:
    """Unpack what was packed although nobody asked for it, as some caches do."""
    unpack = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # 32: gzip or zlib, as its head says
    try:
        unpacked = unpack.decompress(content, MAX_BYTES)
    except zlib.error:
        raise UnknownOutcomeError("an answer that is packed in an unknown way") from None
    if not unpack.eof:
        raise UnknownOutcomeError("an answer that does not end")
    return unpacked


def post_json(
    url: str,
    message: object,
    *,
    timeout_s: float = TIMEOUT_S,
    headers: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Post message as UTF-8 JSON and return the JSON object that answers it."""
    body = json.dumps(message, ensure_ascii=False).encode()
    sent = {"Content-Type": "application/json"} | (headers or {})
    answer = send("POST", url, timeout_s=timeout_s, data=body, headers=sent)
    raise_for_status(answer)
    return json_object(answer)


def json_object(response: Answer | requests.Response) -> dict[str, Any]:
    """Return the JSON object in the answer; anything else is an unknown outcome.

    Decoded as UTF-8 whatever the header says: WeChat labels JSON as text/plain without charset.
    """
    try:
        answer = json.loads(response.content)
    except ValueError:
        raise UnknownOutcomeError(f"HTTP {response.status_code} with an unreadable body") from None
    if not isinstance(answer, dict):
        raise UnknownOutcomeError(f"HTTP {response.status_code} with a body that is no object")
    return answer


def raise_for_status(response: Answer | requests.Response) -> None:
    """Sort an HTTP status that is not a success, as guide section 10 does."""
    status = response.status_code
    if status < 300:
        return
    if status in (401, 403):
        raise CredentialsError(f"HTTP {status}")
    if status in (408, 425, 429, 503):
        raise RetryableError(f"HTTP {status}", after_s=_retry_after_s(response))
    if status < 500:  # 3xx too: we follow none
        raise PermanentError(f"HTTP {status}")
    raise UnknownOutcomeError(f"HTTP {status}")


def _retry_after_s(response: Answer | requests.Response) -> float | None:
    value = response.headers.get("Retry-After", "")
    if value.isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def session() -> requests.Session:
    """Return the session of this thread, for libraries that talk through one.

    It keeps connections and ignores proxy variables; limits and sorting are the caller's.
    """
    kept: requests.Session | None = getattr(_of_thread, "session", None)
    if kept is None:
        kept = _of_thread.session = requests.Session()
        kept.trust_env = False  # outlets are addressed directly, and the look-up costs each call
    return kept


def outcome_of(error: requests.RequestException) -> ChannelError:
    """Say what a failed request means for the delivery.

    requests.ConnectionError covers both a refused connection and one that broke
    after the request had gone out, so the cause decides, not the class. What is
    not proved to have stayed here is unknown.
    """
    if isinstance(error, requests.exceptions.ProxyError):
        return RetryableError("the proxy could not be reached")
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else None
    if isinstance(reason, (NewConnectionError, ConnectTimeoutError, NameResolutionError)):
        return RetryableError(NO_CONNECTION)
    if isinstance(reason, SSLError) and isinstance(
        reason.args[0] if reason.args else None, ssl.SSLCertVerificationError
    ):
        return PermanentError(NOT_TRUSTED)
    return UnknownOutcomeError(f"no answer ({type(error).__name__})")
