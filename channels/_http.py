"""HTTP as all channels use it: time limits on every call, no silent retry, every fault sorted.

The text of an exception may hold the URL, and a URL may hold a key; so errors are made anew here,
from None. Nothing of the environment is heeded, no proxy either, and no redirect is followed: it
would turn a POST into a GET, or show a sign-in page as success.
"""

from __future__ import annotations

import json
import ssl
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

import requests
from requests.exceptions import InvalidHeader, InvalidSchema, InvalidURL, MissingSchema
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationValueError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    SSLError,
)

from channels import _patience
from publisher.errors import (
    ChannelError,
    CredentialsError,
    PermanentError,
    RetryableError,
    UnknownOutcomeError,
)

CONNECT_TIMEOUT_S = 5.0
TIMEOUT_S = 20.0  # between two bytes of an answer
MAX_BYTES = 32 * 2**20  # of an answer; the largest is a page of our own site

NO_CONNECTION = "no connection: refused, too slow, or no such host"
NOT_TRUSTED = "the certificate of the outlet is not trusted"
UNSENDABLE = (InvalidURL, InvalidSchema, MissingSchema, InvalidHeader, LocationValueError)

# A session would look for proxies, cookies and redirects around each call, and take longer for
# that than the call itself: so the requests are prepared once, and sent by the adapter.
_adapter = _patience.Patient()
_of_thread = threading.local()


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What an outlet answered, whole."""

    status_code: int
    headers: CaseInsensitiveDict[str]
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
    limit = time.monotonic() + _patience.TOTAL_TIMES * timeout_s
    try:
        request = _request(method, url, params, data, headers)
        with _patience.until(limit):
            response = _adapter.send(
                request, stream=True, timeout=(CONNECT_TIMEOUT_S, timeout_s), proxies={}
            )
            content = _content(response, until=limit)
    except UNSENDABLE:  # all of it is looked at before the first byte leaves
        raise PermanentError("a header or an address that no request can carry") from None
    except requests.RequestException as error:
        if time.monotonic() >= limit:
            raise UnknownOutcomeError("an answer that does not end") from None
        raise outcome_of(error) from None
    return Answer(status_code=response.status_code, headers=response.headers, content=content)


def _request(
    method: str,
    url: str,
    params: dict[str, str] | None,
    data: bytes | None,
    headers: dict[str, str] | None,
) -> requests.PreparedRequest:
    prepared = _blank(method, url).copy()
    if params:
        prepared.prepare_url(url, params)
    if headers:
        prepared.prepare_headers(headers | {"Accept": "*/*", "User-Agent": "yigao"})
    if data is not None:
        prepared.prepare_body(data, None)
    return prepared


@lru_cache(maxsize=1024)  # taking an address apart takes a third of a call
def _blank(method: str, url: str) -> requests.PreparedRequest:
    headers = {"Accept": "*/*", "User-Agent": "yigao"}
    return requests.Request(method, url, headers=headers).prepare()


def _content(response: requests.Response, *, until: float) -> bytes:
    """Read the answer to its end, or give up where it has none in time or in size."""
    try:
        content: bytes = response.raw.read(MAX_BYTES + 1, decode_content=True)
    except HTTPError as error:
        response.close()
        ends = "an answer that does not end" if time.monotonic() >= until else "no answer"
        raise UnknownOutcomeError(f"{ends} ({type(error).__name__})") from None
    if len(content) > MAX_BYTES:
        response.close()
        raise UnknownOutcomeError("an answer that does not end")
    response.raw.release_conn()
    return content


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
        raise RetryableError(f"HTTP {status}", after_s=retry_after_s(response))
    if status < 500:  # 3xx too: we follow none
        raise PermanentError(f"HTTP {status}")
    raise UnknownOutcomeError(f"HTTP {status}")


def retry_after_s(response: Answer | requests.Response) -> float | None:
    """Return the seconds, or the time until the date, in Retry-After; None: neither is there."""
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

    It keeps connections, ignores proxy variables and waits for no answer for ever; sorting is the
    caller's.
    """
    kept: requests.Session | None = getattr(_of_thread, "session", None)
    if kept is None:
        kept = _of_thread.session = requests.Session()
        kept.trust_env = False  # outlets are addressed directly, and the look-up costs each call
        for scheme in ("http://", "https://"):
            kept.mount(scheme, _adapter)
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
