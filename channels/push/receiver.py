"""The receiver as we see it: signed calls, and what each of its answers means.

An answer counts only as a JSON object with our contract's number in it: a firewall, a proxy or the
content management system itself may answer in the receiver's place.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from channels import _http
from channels.push import signature
from channels.push.notice import megabytes
from publisher.channel import Part
from publisher.errors import (
    CredentialsError,
    PermanentError,
    RetryableError,
    UnknownOutcomeError,
)

CONTRACT = 1
DONE = (200, 201)
STATES = ("published", "withdrawn", "replaced", "unknown")
REFUSED = "对方不认我们的签名：两边的 secret 要一样，时钟不能差 5 分钟以上"
FORBIDDEN = "对方的网站或防火墙拦下了这次请求，接收程序没有收到：请网站管理员放行这个地址"
MOVED = "接收端的网址不对：检查 url，要写最后的地址，不能靠跳转"
TOO_LARGE = (
    "{} 有 {}，对方的服务器不收这么大的请求：请压缩，"
    "或请网站管理员调大上限（接收程序的，和它前面 nginx 的 client_max_body_size）"
)


@dataclass(frozen=True, kw_only=True)
class Said:
    """What the receiver has under a key, in its own words."""

    state: str  # one of STATES
    key: str
    digest: str = ""
    url: str = ""  # empty where it named none that a browser opens
    id: str = ""

    @classmethod
    def of(cls, answer: Mapping[str, Any], *, key: str) -> Said:
        """Read an answer; UnknownOutcomeError where it is about something else."""
        said = {name: str(answer.get(name) or "") for name in ("state", "key", "digest", "id")}
        if said["state"] not in STATES or said["key"] != key:
            raise UnknownOutcomeError(f"the receiver answers for something else: {dict(answer)}")
        url = str(answer.get("url") or "")
        return cls(url=url if url.startswith(("http://", "https://")) else "", **said)


@dataclass(frozen=True, kw_only=True)
class Receiver:
    """One address, with the secrets that sign what goes there."""

    url: str
    secrets: tuple[str, ...] = field(repr=False)
    timeout_s: float

    def keep(self, part: Part) -> None:
        """Hand over one file, which nobody sees yet; again does no harm."""
        digest = sha256(part.file).hexdigest()
        answer = self._call(
            "POST",
            urlencode({"file": digest}),
            part.file,
            id=f"file.{digest}",
            media_type=part.media_type,
        )
        what = f"“{part.label or part.name}”"
        if self._json(answer, what=what, size_bytes=len(part.file)).get("sha256") != digest:
            raise UnknownOutcomeError(f"the receiver has another file for {part.name}")

    def publish(self, notice: Mapping[str, Any]) -> Said:
        """Hand over a notice: the one visible act."""
        return self._act("published", str(notice["key"]), notice)

    def withdraw(self, *, key: str, number: str, reason: str) -> Said:
        """Have a notice taken down; again does no harm."""
        return self._act("withdrawn", key, {"key": key, "id": number, "reason": reason})

    def _act(self, act: str, key: str, said: Mapping[str, Any]) -> Said:
        message = {
            "type": f"notice.{act}",
            "timestamp": datetime.now(UTC).isoformat(timespec="microseconds"),
            "data": said,
        }
        body = json.dumps(message, ensure_ascii=False).encode()
        # the id is the same on every attempt, so that a repeat is known as one
        answer = self._call("POST", "", body, id=f"{key}.{act}", media_type="application/json")
        return Said.of(self._json(answer, what="正文", size_bytes=len(body)), key=key)

    def ask(self, key: str) -> Said:
        """Ask what is there under a key."""
        answer = self._call("GET", urlencode({"key": key}), b"", id=_question(key))
        return Said.of(self._json(answer), key=key)

    def ping(self) -> dict[str, Any]:
        """Ask whether the receiver is there and knows us."""
        return self._json(self._call("GET", urlencode({"ping": "1"}), b"", id=_question("ping")))

    def _call(
        self, method: str, query: str, body: bytes, *, id: str, media_type: str = ""
    ) -> _http.Answer:
        signed = signature.headers(
            self.secrets, id=id, at=int(time.time()), payload=body or query.encode()
        )
        return _http.send(
            method,
            f"{self.url}?{query}" if query else self.url,
            timeout_s=self.timeout_s,
            data=body or None,
            headers=signed | ({"Content-Type": media_type} if media_type else {}),
        )

    def _json(self, answer: _http.Answer, *, what: str = "", size_bytes: int = 0) -> dict[str, Any]:
        """Return the receiver's own words, or say what their absence means.

        `what` of so many bytes was handed over; empty: this was a question.
        """
        said = _own_words(answer)
        status = answer.status_code
        if said is not None and (status in DONE or _is_unknown(status, said)):
            return said
        detail = str((said or {}).get("detail", ""))
        message = f"HTTP {status}: {detail or answer.content[:200].decode('utf-8', 'replace')}"
        if status == 413:
            raise PermanentError(message, advice=TOO_LARGE.format(what, megabytes(size_bytes)))
        if status == 401 or (status == 403 and said is not None):
            raise CredentialsError(message, advice=REFUSED)
        if status == 403 and not what:  # a firewall that refuses one notice only is below
            raise CredentialsError(message, advice=FORBIDDEN)
        if status == 429 or (status == 503 and said is not None):
            raise RetryableError(message, after_s=_http.retry_after_s(answer) or 60.0)
        if 400 <= status < 500 and said is not None:
            raise PermanentError(message, advice=f"对方不收：{detail}")
        if 300 <= status < 400 or status in (404, 405):
            raise PermanentError(message, advice=MOVED)
        if 400 <= status < 500:
            raise PermanentError(message, advice=FORBIDDEN)
        raise UnknownOutcomeError(message)


def _own_words(answer: _http.Answer) -> dict[str, Any] | None:
    try:
        said = json.loads(answer.content)
    except ValueError:
        return None
    is_ours = isinstance(said, dict) and said.get("contract") == CONTRACT
    return dict(said) if is_ours else None


def _is_unknown(status: int, said: Mapping[str, Any]) -> bool:
    """Whether a 404 is the receiver's own word for what it never had."""
    return status == 404 and said.get("state") == "unknown"


def _question(what: str) -> str:
    return f"ask.{what}.{time.time_ns()}"  # may be asked again and again
