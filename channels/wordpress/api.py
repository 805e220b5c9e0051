"""Calls to the REST interface of WordPress.

API: developer.wordpress.org/rest-api/using-the-rest-api
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from channels import _http
from channels.wordpress.codes import BUSY, NO_JSON, no_json, refusal
from publisher.errors import RetryableError, UnknownOutcomeError

POSTS, PAGES, MEDIA = "wp/v2/posts", "wp/v2/pages", "wp/v2/media"
GONE = {"rest_post_invalid_id", "rest_already_trashed"}  # 404 and 410: taken away already
BUSY_FOR_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What WordPress answered: HTTP status, and the JSON, whatever it is."""

    status: int
    said: Any
    headers: Mapping[str, str]

    @property
    def code(self) -> str:
        """WordPress's own word for an error, empty where there is none."""
        return str(self.said.get("code", "")) if isinstance(self.said, dict) else ""

    @property
    def is_gone(self) -> bool:
        """Whether what was asked for is away, certainly."""
        return self.status in (404, 410) and self.code in GONE

    def thing(self) -> dict[str, Any]:
        """Return the object in it; raise what a refusal means, unknown where it has no number."""
        if self.status >= 300:
            raise refusal(self.status, self.said)
        if not isinstance(self.said, dict) or not isinstance(self.said.get("id"), int):
            raise UnknownOutcomeError(f"HTTP {self.status} with no object", advice=NO_JSON)
        return self.said


@dataclass(frozen=True, kw_only=True)
class Api:
    """One account of one site."""

    base_url: str
    username: str
    password: str = field(repr=False)
    has_permalinks: bool = True
    timeout_s: float = _http.TIMEOUT_S

    def about(self) -> dict[str, Any]:
        """Return what the site says of itself: name, namespaces, ways to sign in."""
        reply = self.call("GET", "")
        if reply.status >= 300:
            raise refusal(reply.status, reply.said)
        if not isinstance(reply.said, dict):
            raise UnknownOutcomeError("the site says nothing of itself", advice=NO_JSON)
        return reply.said

    def one(self, route: str, **params: str) -> dict[str, Any] | None:
        """Return one object, None where it is certain that there is none."""
        reply = self.call("GET", route, params=params)
        return None if reply.is_gone else reply.thing()

    def rows(self, route: str, **params: str) -> list[dict[str, Any]]:
        """Return a list, all of it: WordPress gives 100 rows at the most."""
        found: list[dict[str, Any]] = []
        page, pages = 1, 1
        while page <= pages:
            reply = self.call("GET", route, params=params | {"per_page": "100", "page": str(page)})
            if reply.status >= 300:
                raise refusal(reply.status, reply.said)
            if not isinstance(reply.said, list):
                raise UnknownOutcomeError(f"{route} is no list", advice=NO_JSON)
            found += [row for row in reply.said if isinstance(row, dict)]
            total = reply.headers.get("X-WP-TotalPages", "1")
            page, pages = page + 1, int(total) if total.isdecimal() else 1
        return found

    def post(self, route: str, fields: Mapping[str, object]) -> dict[str, Any]:
        """Make or change something; return the object that there is now."""
        body = json.dumps(fields, ensure_ascii=False).encode()
        return self.call("POST", route, body=body, kind="application/json").thing()

    def delete(self, route: str, *, force: bool = False) -> None:
        """Move something into the bin, or for good; what is away already counts as done."""
        reply = self.call("DELETE", route, params={"force": "true"} if force else {})
        if reply.status >= 300 and not reply.is_gone:
            raise refusal(reply.status, reply.said)

    def upload(
        self, name: str, file: bytes, *, media_type: str, md5: str, fields: Mapping[str, str]
    ) -> dict[str, Any]:
        """Upload a file under an ASCII name; return the object of the library.

        The fields travel in the address, for the body is the file.
        """
        return self.call(
            "POST",
            MEDIA,
            params=fields,
            body=file,
            kind=media_type,
            more={"Content-Disposition": f'attachment; filename="{name}"', "Content-MD5": md5},
        ).thing()

    def call(
        self,
        method: str,
        route: str,
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        kind: str = "",
        more: Mapping[str, str] | None = None,
    ) -> Reply:
        """Make one call and return its answer, whatever its status but 429 and 503."""
        signed = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        headers = {"Authorization": f"Basic {signed}", **(more or {})}
        if kind:
            headers["Content-Type"] = kind
        answer = _http.send(
            method,
            self._url(route, params or {}),
            timeout_s=self.timeout_s,
            data=body,
            headers=headers,
        )
        if answer.status_code in (429, 503):
            raise _busy(answer)
        try:
            said = json.loads(answer.content)
        except ValueError:
            raise no_json(answer.status_code) from None
        return Reply(status=answer.status_code, said=said, headers=answer.headers)

    def _url(self, route: str, params: Mapping[str, str]) -> str:
        base = self.base_url.rstrip("/")
        if self.has_permalinks:
            return f"{base}/wp-json/{route}" + (f"?{urlencode(params)}" if params else "")
        return f"{base}/?{urlencode({'rest_route': f'/{route}', **params})}"


def _busy(answer: _http.Answer) -> RetryableError:
    """Return the error with the time that the site asked for; it did nothing."""
    try:
        _http.raise_for_status(answer)
    except RetryableError as error:
        after_s = BUSY_FOR_S if error.after_s is None else error.after_s
        return RetryableError(str(error), after_s=after_s, advice=BUSY)
    return RetryableError(f"HTTP {answer.status_code}", after_s=BUSY_FOR_S, advice=BUSY)
