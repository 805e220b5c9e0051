"""Signed HTTP push into a system that has no interface of its own: some lines on their side.

The same call twice has one effect, for the receiver knows each notice by its key; and it says, when
asked, what it has. Two receivers to copy stand in docs/receivers.
API: docs/outlets/push.md is the contract; signatures as in standardwebhooks.com, 1.0.0.
"""

from __future__ import annotations

import html
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import PurePath
from typing import Any, ClassVar
from urllib.parse import urlencode, urlsplit

from channels import _http
from channels._mark import Mark
from channels._text import plain_text
from channels.push import signature
from publisher.channel import (
    Channel,
    Checks,
    Confirms,
    Content,
    Finds,
    Health,
    Part,
    Receipt,
    Rendition,
    Withdraws,
)
from publisher.errors import (
    ChannelError,
    ConfigError,
    CredentialsError,
    PermanentError,
    RetryableError,
    UnfitError,
    UnknownOutcomeError,
)

CONTRACT = 1
SUFFIX = re.compile(r"\.[a-z0-9]{1,5}")
MIB = 2**20
FACTS = (
    "title",
    "summary",
    "index_number",
    "kind",
    "category",
    "category_name",
    "department",
    "document_number",
    "issued_on",
    "publish_at",
    "expires_at",
    "link",
)
REFUSED = "对方不认我们的签名：两边的 secret 要一样，时钟不能差 5 分钟以上"


@dataclass(frozen=True, kw_only=True)
class Push(Channel, Confirms, Finds, Withdraws, Checks):
    """One receiver."""

    label: ClassVar[str] = "推送"

    url: str  # of the receiver: "https://cms.example.edu.cn/receive"
    secret: str = field(repr=False)  # "whsec_…", the same on both sides
    max_file_mb: float = 20.0  # of one picture or attachment
    checks_page: bool = True  # also look for the mark on the public page
    timeout_s: float = _http.TIMEOUT_S

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
            raise ConfigError("要写完整的网址，以 http:// 或 https:// 开头，不带 ?", key="url")
        if not self.secret.startswith(("env:", "file:")):  # not resolved where nothing is sent
            signature.key_of(self.secret)
        if self.max_file_mb <= 0:
            raise ConfigError("应大于 0", key="max_file_mb")

    def render(self, content: Content) -> Rendition:
        """Return the article; facts and files travel beside it."""
        self._require_fit(content)
        pictures = [
            Part(name=image.name, media_type=image.media_type, file=image.file, label=image.alt)
            for image in content.images
        ]
        files = [
            Part(name=_name(n, each.name), media_type=each.media_type, file=each.file,
                 label=each.name)
            for n, each in enumerate(content.attachments, start=1)
        ]  # fmt: skip
        facts = {name: _text(getattr(content, name)) for name in FACTS}
        return Rendition(
            body=content.body.encode(),
            media_type="text/html",
            title=content.title,
            parts=(*pictures, *files),
            facts=facts | {"pictures": str(len(pictures))},
        )

    def _require_fit(self, content: Content) -> None:
        if content.audience != "public":
            message = "这份稿件只对校内发布，对方网站人人可见：请去掉这个目标或改发布范围"
            raise UnfitError(message, field="audience")
        if not content.title.strip():
            raise UnfitError("标题是空的：请填写标题", field="title")
        if not plain_text(content.body):
            raise UnfitError("正文没有文字：请写明内容", field="body")
        shown = set(re.findall(r'src="media:([^"]+)"', content.body))
        if missing := "、".join(sorted(shown - {image.name for image in content.images})):
            raise UnfitError(f"正文里的图片 {missing} 没有上传：请重新插入", field="images")
        for name, file in [*((i.alt, i.file) for i in content.images),
                           *((a.name, a.file) for a in content.attachments)]:  # fmt: skip
            if len(file) > self.max_file_mb * MIB:
                message = f"“{name}”超过 {self.max_file_mb:g} MB，对方不收，请压缩或分开"
                raise UnfitError(message, field="attachments")

    def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
        """Hand over the files, which nobody sees, and then the notice."""
        try:
            for part in rendition.parts:
                self._hand_over(part)
        except UnknownOutcomeError as error:
            raise RetryableError(f"before the notice: {error}", advice=error.advice) from None
        said = self._post("published", key, self._notice(rendition, key=key))
        mark = Mark.of(rendition.body.decode(), key=key)
        if said.get("key") != key or said.get("digest") != mark.digest:
            raise UnknownOutcomeError(f"the receiver answers for something else: {said}")
        return _receipt(said, evidence="对方收下")

    def _hand_over(self, part: Part) -> None:
        digest = sha256(part.file).hexdigest()
        query = urlencode({"file": digest})
        answer = self._call("POST", query, part.file, id=f"file.{digest}", kind=part.media_type)
        if self._said(answer).get("sha256") != digest:
            raise UnknownOutcomeError(f"the receiver has another file for {part.name}")

    def _notice(self, rendition: Rendition, *, key: str) -> dict[str, Any]:
        """Return what travels: facts, words inside their mark, and the files by digest."""
        body = rendition.body.decode()
        mark = Mark.of(body, key=key)
        pictures = int(rendition.facts.get("pictures", "0"))
        files = [
            {
                "name": part.name,
                "label": part.label,
                "media_type": part.media_type,
                "sha256": sha256(part.file).hexdigest(),
                "role": "picture" if number < pictures else "attachment",
            }
            for number, part in enumerate(rendition.parts)
        ]
        facts = {name: rendition.facts.get(name, "") for name in FACTS}
        return {
            "key": key,
            "digest": mark.digest,
            "body_html": mark.around(body),
            "files": files,
            **facts,
        }

    def confirm(self, *, key: str, receipt: Receipt | None) -> Receipt | None:
        """Ask the receiver what it has, and look at the page that it names."""
        said = self._ask(key)
        state = said.get("state")
        if state in ("unknown", "withdrawn", "replaced"):
            return None
        if state != "published" or said.get("key") != key:
            raise UnknownOutcomeError(f"the receiver says: {said}")
        if self.checks_page and said.get("url"):
            self._require_seen(str(said["url"]), key, str(said.get("digest")))
        return _receipt(said, evidence="对方确认已发布")

    def find(self, rendition: Rendition, *, key: str) -> Receipt | None:
        """Ask by the key: the receiver's records are its own."""
        return self.confirm(key=key, receipt=None)

    def _require_seen(self, url: str, key: str, digest: str) -> None:
        answer = _http.send("GET", url, timeout_s=self.timeout_s, params={"check": key})
        mark = Mark.read(html.unescape(answer.content.decode("utf-8", "replace")))
        if answer.status_code != 200 or mark != Mark(key=key, digest=digest):
            raise UnknownOutcomeError(
                f"the page answers HTTP {answer.status_code}, without the mark",
                advice=f"对方说已发布，但读者打开 {url} 看不到它：请与网站管理员核对",
            )

    def withdraw(self, receipt: Receipt, *, reason: str) -> None:
        key, _, number = receipt.remote_id.partition(" ")
        try:
            said = self._post("withdrawn", key, {"key": key, "id": number, "reason": reason})
        except UnknownOutcomeError as error:  # twice withdrawn does no harm
            raise RetryableError(str(error), after_s=10, advice=error.advice) from None
        if said.get("state") not in ("withdrawn", "unknown", "replaced"):
            raise RetryableError(f"the receiver says: {said}", after_s=60)

    def check(self) -> Health:
        """Ask whether the receiver is there, knows us and speaks this contract."""
        try:
            said = self._said(self._call("GET", urlencode({"ping": "1"}), b"", id=_now_id("ping")))
        except CredentialsError as error:
            return Health(
                is_reachable=True, is_signed_in=False, note=str(error), advice=error.advice
            )
        except ChannelError as error:
            advice = error.advice or "接收端没有回应：检查网络和 url"
            return Health(is_reachable=False, note=str(error), advice=advice)
        same = said.get("contract") == CONTRACT
        advice = "" if same else "接收端的约定版本不同：请更新对方的接收程序"
        return Health(
            is_reachable=True, is_signed_in=True, note=str(said.get("name", "")), advice=advice
        )

    def _post(self, act: str, key: str, data: Mapping[str, Any]) -> dict[str, Any]:
        message = {"type": f"notice.{act}", "contract": CONTRACT, "data": data}
        body = json.dumps(message, ensure_ascii=False).encode()
        # the same on every attempt: by it the receiver knows a repeat
        answer = self._call("POST", "", body, id=f"{key}.{act}", kind="application/json")
        return self._said(answer)

    def _ask(self, key: str) -> dict[str, Any]:
        answer = self._call("GET", urlencode({"key": key}), b"", id=_now_id(key))
        return self._said(answer)

    def _call(
        self, method: str, query: str, body: bytes, *, id: str, kind: str = ""
    ) -> _http.Answer:
        signed = signature.headers(
            self.secret, id=id, at=int(time.time()), payload=body or query.encode()
        )
        return _http.send(
            method,
            f"{self.url}?{query}" if query else self.url,
            timeout_s=self.timeout_s,
            data=body or None,
            headers=signed | ({"Content-Type": kind} if kind else {}),
        )

    def _said(self, answer: _http.Answer) -> dict[str, Any]:
        """Return the receiver's JSON; what is not of the contract proves nothing."""
        status = answer.status_code
        try:
            said = json.loads(answer.content)
        except ValueError:
            said = None
        is_ours = isinstance(said, dict) and said.get("contract") == CONTRACT
        if status < 300 and is_ours:
            return dict(said)
        message = f"HTTP {status}: {answer.content[:200].decode('utf-8', 'replace')}"
        if status in (401, 403):
            raise CredentialsError(message, advice=REFUSED)
        if status == 429 or (status == 503 and is_ours):
            raise RetryableError(message, after_s=60)
        if 400 <= status < 500 and is_ours:
            raise PermanentError(message, advice=f"对方不收：{said.get('detail', '')}")
        if 300 <= status < 400 or status == 404:
            raise PermanentError(message, advice="接收端的网址不对：检查 url")
        if 400 <= status < 500:
            raise PermanentError(message, advice="对方的网站或防火墙不收：请与网站管理员核对")
        raise UnknownOutcomeError(message)


def _receipt(said: Mapping[str, Any], *, evidence: str) -> Receipt:
    number = str(said.get("id", ""))
    remote_id = f"{said['key']} {number}".strip()
    return Receipt(remote_id=remote_id, url=str(said.get("url", "")), evidence=evidence)


def _now_id(what: str) -> str:
    return f"{what}.{time.time_ns()}"  # a question may be asked again and again


def _text(value: object) -> str:
    isoformat = getattr(value, "isoformat", None)
    return str(isoformat()) if isoformat else str(value or "")


def _name(number: int, name: str) -> str:
    suffix = PurePath(name).suffix.lower()
    return f"file-{number}{suffix if SUFFIX.fullmatch(suffix) else '.bin'}"
