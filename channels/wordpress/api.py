"""Calls to the REST interface of WordPress, and what its answers mean.

A success says little: what it does not know it drops, and still answers 201. An error says little
too: a file that it does not take is HTTP 500. API: developer.wordpress.org/rest-api/reference
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from channels import _http
from publisher.errors import (
    ChannelError,
    CredentialsError,
    PermanentError,
    RetryableError,
    UnknownOutcomeError,
)

LOST = {"rest_post_invalid_id", "rest_already_trashed"}  # of a deletion: done already
SIDELOAD = "rest_upload_sideload_error"  # the file is refused for good, though it is HTTP 500
SIGN_IN = "检查 username 和 application_password：在 WordPress 的个人资料页可以新建应用程序密码"
RIGHTS = "这个账号的权限不够：请在 WordPress 里给它“作者”角色"
FIELDS: Mapping[str, str] = {"title": "标题", "content": "正文", "excerpt": "摘要"}


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


@dataclass(frozen=True, kw_only=True)
class Api:
    """One account of one site."""

    base_url: str
    username: str
    password: str = field(repr=False)
    has_permalinks: bool = True
    timeout_s: float = _http.TIMEOUT_S

    def get(self, route: str, **params: str) -> Reply:
        """Ask; an answer that cannot be read is an UnknownOutcomeError."""
        return self.call("GET", route, params=params)

    def rows(self, route: str, **params: str) -> list[dict[str, Any]]:
        """Ask for a list, all of it: WordPress gives 100 rows at the most."""
        found: list[dict[str, Any]] = []
        page, pages = 1, 1
        while page <= pages:
            reply = self.call("GET", route, params=params | {"per_page": "100", "page": str(page)})
            self.require(reply)
            if not isinstance(reply.said, list):
                raise UnknownOutcomeError(f"{route} is no list")
            found += [row for row in reply.said if isinstance(row, dict)]
            total = reply.headers.get("X-WP-TotalPages", "1")
            page, pages = page + 1, int(total) if total.isdecimal() else 1
        return found

    def post(self, route: str, fields: Mapping[str, object]) -> dict[str, Any]:
        """Change something; return the object that there is now."""
        body = json.dumps(fields, ensure_ascii=False).encode()
        reply = self.call("POST", route, body=body, kind="application/json")
        self.require(reply)
        if not isinstance(reply.said, dict) or "id" not in reply.said:
            raise UnknownOutcomeError(f"{route} answers no object")
        return reply.said

    def delete(self, route: str, *, force: bool) -> None:
        """Take something away; what is away already counts as done."""
        params = {"force": "true"} if force else {}
        reply = self.call("DELETE", route, params=params)
        if reply.status in (404, 410) and reply.code in LOST:
            return
        self.require(reply)

    def upload(self, name: str, file: bytes, *, media_type: str, md5: str) -> dict[str, Any]:
        """Upload a file under an ASCII name; return the object of the library."""
        reply = self.call(
            "POST",
            "wp/v2/media",
            body=file,
            kind=media_type,
            more={"Content-Disposition": f'attachment; filename="{name}"', "Content-MD5": md5},
        )
        if reply.code == SIDELOAD:
            advice = f"网站不收这个文件（{name}）：请换成常见的格式，或请网站管理员放开这种类型"
            raise PermanentError(f"{name} is refused: {reply.said}", advice=advice)
        self.require(reply)
        if not isinstance(reply.said, dict) or "source_url" not in reply.said:
            raise UnknownOutcomeError("the upload answers no object")
        return reply.said

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
        """Make one call and return its answer, whatever its status."""
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
        try:
            said = json.loads(answer.content)
        except ValueError:
            raise self._unreadable(answer) from None
        return Reply(status=answer.status_code, said=said, headers=answer.headers)

    def _url(self, route: str, params: Mapping[str, str]) -> str:
        base = self.base_url.rstrip("/")
        if self.has_permalinks:
            return f"{base}/wp-json/{route}" + (f"?{urlencode(params)}" if params else "")
        return f"{base}/?{urlencode({'rest_route': f'/{route}', **params})}"

    def _unreadable(self, answer: _http.Answer) -> ChannelError:
        """Say what a page in place of JSON means: a proxy, a firewall, a site without REST."""
        status = answer.status_code
        message = f"HTTP {status} with no JSON"
        if status in (401, 403):
            return CredentialsError(message, advice=SIGN_IN)
        if status == 404 and self.has_permalinks:
            advice = "没有找到接口：检查 base_url；没有开固定链接的网站请写 has_permalinks = false"
            return PermanentError(message, advice=advice)
        if status in (429, 503):
            return RetryableError(message, after_s=60)
        return UnknownOutcomeError(message)

    def require(self, reply: Reply) -> None:
        """Return where WordPress agreed; else say what its refusal means."""
        if reply.status < 300:
            return
        raise refusal(reply)


def refusal(reply: Reply) -> ChannelError:
    """Sort an error of WordPress by its status, and say what it names."""
    said = f"HTTP {reply.status} {reply.code}: {_message(reply)}"
    if reply.status == 401 or _is_unknown_to_it(reply):
        return CredentialsError(said, advice=SIGN_IN)
    if reply.status == 403:
        return CredentialsError(said, advice=RIGHTS)
    if reply.status == 429:
        return RetryableError(said, after_s=60)
    if reply.status in (500, 502, 503, 504):
        return UnknownOutcomeError(said)
    named = "、".join(FIELDS.get(name, name) for name in _wrong(reply))
    advice = f"网站不收这些内容：{named}" if named else ""
    return PermanentError(said, advice=advice)


def _is_unknown_to_it(reply: Reply) -> bool:
    """Whether drafts and the bin are hidden from us: with a wrong password we are nobody."""
    data = reply.said.get("data") if isinstance(reply.said, dict) else None
    details = data.get("details") if isinstance(data, dict) else None
    status = details.get("status") if isinstance(details, dict) else None
    return isinstance(status, dict) and status.get("code") == "rest_forbidden_status"


def _message(reply: Reply) -> str:
    return str(reply.said.get("message", ""))[:200] if isinstance(reply.said, dict) else ""


def _wrong(reply: Reply) -> Sequence[str]:
    data = reply.said.get("data") if isinstance(reply.said, dict) else None
    params = data.get("params") if isinstance(data, dict) else None
    return list(params) if isinstance(params, dict) else []
