"""HTTP as all channels use it: time limits on every call, no silent retry, every fault sorted.

The text of a requests exception holds the URL, and a URL may hold a key; so errors are made anew
here, from None.
"""

from __future__ import annotations

import json
import ssl
import threading
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    SSLError,
)

from publisher.errors import (
    ChannelError,
    CredentialsError,
    PermanentError,
    RetryableError,
    UnknownOutcomeError,
)

CONNECT_TIMEOUT_S = 5.0
TIMEOUT_S = 20.0  # between two bytes of an answer
TOTAL_TIMES = 3  # a whole answer may take so many times that
MAX_BYTES = 32 * 2**20  # of an answer; the largest is a page of our own site
PIECE_BYTES = 65_536

_of_thread = threading.local()


def session() -> requests.Session:
    """Return the session of this thread; it keeps connections and ignores proxy variables."""
    kept: requests.Session | None = getattr(_of_thread, "session", None)
    if kept is None:
        kept = _of_thread.session = requests.Session()
        kept.trust_env = False  # outlets are addressed directly, and the look-up costs each call
    return kept


def send(
    method: str, url: str, *, timeout_s: float = TIMEOUT_S, **options: Any
) -> requests.Response:
    """Make one call and return its answer, whatever its status; no answer is a ChannelError."""
    # a redirect would turn a POST into a GET, or show a sign-in page as success
    options.setdefault("allow_redirects", False)
    try:
        response = session().request(
            method, url, timeout=(CONNECT_TIMEOUT_S, timeout_s), stream=True, **options
        )
    except requests.RequestException as error:
        raise outcome_of(error) from None
    _read(response, until=time.monotonic() + TOTAL_TIMES * timeout_s)
    return response


def _read(response: requests.Response, *, until: float) -> None:
    """Read the answer to its end, or give up where it has none in time or in size.

    The time limit of requests counts between two bytes; one that drips would hold us for ever.
    """
    body = bytearray()
    try:
        while piece := response.raw.read1(PIECE_BYTES, decode_content=True):
            body += piece
            if len(body) > MAX_BYTES or time.monotonic() > until:
                raise UnknownOutcomeError("an answer that does not end")
    except HTTPError as error:
        raise UnknownOutcomeError(f"no answer ({type(error).__name__})") from None
    finally:
        if not response.raw.isclosed():
            response.close()
    response._content = bytes(body)  # where requests keeps what it has read


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
    response = send("POST", url, timeout_s=timeout_s, data=body, headers=sent)
    raise_for_status(response)
    return json_object(response)


def json_object(response: requests.Response) -> dict[str, Any]:
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


def raise_for_status(response: requests.Response) -> None:
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


def _retry_after_s(response: requests.Response) -> float | None:
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
        return RetryableError("no connection: refused, too slow, or no such host")
    if isinstance(reason, SSLError) and isinstance(
        reason.args[0] if reason.args else None, ssl.SSLCertVerificationError
    ):
        return PermanentError("the certificate of the outlet is not trusted")
    return UnknownOutcomeError(f"no answer ({type(error).__name__})")
