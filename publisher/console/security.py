"""The session cookie, where a form was posted from, and what a page signs for its next request.

Signatures are made with the session cookie as their key: a form is good for one session, and the
server keeps no secret for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from itsdangerous import BadSignature, URLSafeSerializer
from starlette.responses import Response

COOKIE = "yigao_session"
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_FORM, _FILE = "console form", "console file"  # salts: one signature never stands for the other
_PROOF = "form"


def give_cookie(response: Response, cookie: str, *, lasts_s: int, is_https: bool) -> None:
    """Let the browser keep the session; scripts and other sites never see it."""
    response.set_cookie(
        COOKIE, cookie, max_age=lasts_s, path="/", secure=is_https, httponly=True, samesite="lax"
    )


def take_cookie(response: Response, *, is_https: bool) -> None:
    """Let the browser forget the session."""
    response.delete_cookie(COOKIE, path="/", secure=is_https, httponly=True, samesite="lax")


def is_from_here(headers: Mapping[str, str], *, console_url: str) -> bool:
    """Say whether a request that changes something was sent by a page of this console.

    Browsers say so in Sec-Fetch-Site; without TLS they leave it out, and Origin speaks. A request
    with neither is nobody's form.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = urlsplit(headers.get("origin", ""))
    if not origin.netloc:
        return False
    return origin.netloc in (headers.get("host"), urlsplit(console_url).netloc)


def form_token(cookie: str) -> str:
    """Return what a form of this session carries."""
    return str(URLSafeSerializer(cookie, salt=_FORM).dumps(_PROOF))


def is_form_token(cookie: str, token: str) -> bool:
    """Say whether a form was made for this session."""
    return bool(_opened(cookie, token, salt=_FORM) == _PROOF)


def seal_file(cookie: str, *, digest: str, name: str) -> str:
    """Return a token for an uploaded file that a form carries until it is saved."""
    return str(URLSafeSerializer(cookie, salt=_FILE).dumps([digest, name]))


def open_file(cookie: str, token: str) -> tuple[str, str] | None:
    """Return digest and name of a file that this session was given, None for anything else."""
    found = _opened(cookie, token, salt=_FILE)
    return (found[0], found[1]) if isinstance(found, list) else None


def _opened(cookie: str, token: str, *, salt: str) -> Any:
    try:
        return URLSafeSerializer(cookie, salt=salt).loads(token)
    except BadSignature:
        return None
