"""Whether a request that changes something was made by another site's page."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request


def is_foreign(request: Request) -> bool:
    """Whether a browser says so; programs that are no browser send neither header."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != request.headers.get("host")
