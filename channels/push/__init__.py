"""Signed HTTP push into a system that has no interface of its own: some lines on their side.

The same call twice has one effect, for the receiver knows each notice by its key; and it says, when
asked, what it has. Two receivers to copy stand in docs/receivers.
API: docs/outlets/push.md is the contract; signatures as in standardwebhooks.com, 1.0.0.
"""

from __future__ import annotations

import html
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import urlsplit

from channels import _http
from channels._mark import Mark
from channels.push import signature
from channels.push.notice import MIB, compose, digest_of, message_of
from channels.push.receiver import CONTRACT, Receiver, Said
from publisher.channel import (
    Channel,
    Checks,
    Confirms,
    Content,
    Finds,
    Health,
    Receipt,
    Rendition,
    Shelf,
    Withdraws,
)
from publisher.errors import (
    ChannelError,
    ConfigError,
    CredentialsError,
    PermanentError,
    RetryableError,
    UnknownOutcomeError,
)

KEY = re.compile(r"[A-Za-z0-9._-]{1,100}")
REMEMBERED_S = 90 * 86_400.0  # what was sent under a key; afterwards its key alone decides
CLOCKS_APART_S = 120.0  # the receiver refuses from 300 on
NOTHING_SENT = "对方没有给出有用的回答，稿件还没有送出，会自动再试"
TAKEN = "对方已用编号 {} 收过另一篇内容，没有覆盖它：请网站管理员核对接收程序的数据"
TAKEN_DOWN = "对方已经撤下了这篇稿件，没有再送：要重新发布，请提交新的版次"
REPLACED = "对方那里已经是更新的版次，没有用旧的覆盖它"
BY_HAND = "不知道是对方的哪一篇：请网站管理员撤下，再到这里登记"


@dataclass(frozen=True, kw_only=True)
class Push(Channel, Confirms, Finds, Withdraws, Checks):
    """One receiver."""

    label: ClassVar[str] = "推送"

    url: str  # of the receiver: "https://cms.example.edu.cn/receive"
    secret: str = field(repr=False)  # "whsec_…", the same on both sides
    shelf: Shelf = field(repr=False)
    old_secrets: tuple[str, ...] = field(default=(), repr=False)  # sign too, until all know the new
    max_file_mb: float = 20.0  # of one picture or attachment
    checks_page: bool = True  # also look for the mark on the public page
    page_hosts: tuple[str, ...] = ()  # of public pages, beside that of url: "www.example.edu.cn"
    timeout_s: float = _http.TIMEOUT_S

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise ConfigError("要写完整的网址，以 http:// 或 https:// 开头，不带密码", key="url")
        if parts.query or parts.fragment:
            raise ConfigError("网址里不能有 ? 或 #", key="url")
        for setting, secrets in (("secret", (self.secret,)), ("old_secrets", self.old_secrets)):
            for secret in secrets:
                if not secret.startswith(("env:", "file:")):  # not resolved where nothing is sent
                    signature.key_of(secret, setting=setting)
        for setting in ("max_file_mb", "timeout_s"):
            if getattr(self, setting) <= 0:
                raise ConfigError("应大于 0", key=setting)
        if any("/" in host or ":" in host for host in self.page_hosts):
            raise ConfigError("只写主机名，如 www.example.edu.cn", key="page_hosts")

    def render(self, content: Content) -> Rendition:
        """Return the article; facts and files travel beside it."""
        return compose(content, max_file_mb=self.max_file_mb)

    def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
        """Look what is there, hand over the files, which nobody sees, and then the notice."""
        if not KEY.fullmatch(key):
            raise PermanentError(f"a key that the contract does not allow: {key!r}")
        digest = digest_of(rendition)
        with self.shelf.lock("calls"):
            with _before_sending():
                there = self._receiver.ask(key)
                if there.state != "unknown":
                    _require_there(there, digest)
                    return _receipt(there, evidence="对方已有这篇稿件，没有重复发送")
                for part in rendition.parts:
                    self._receiver.keep(part)
            self.shelf.write(_place(key), digest, ttl_s=REMEMBERED_S)
            said = self._receiver.publish(message_of(rendition, key=key))
        if said.digest != digest:
            raise UnknownOutcomeError(f"the receiver took {said.digest}, {digest} was sent")
        _require_there(said, digest)
        return _receipt(said, evidence="对方收下了")

    def confirm(self, *, key: str, receipt: Receipt | None) -> Receipt | None:
        """Ask the receiver what it has, compare the digest, and look at the page it names."""
        with _looking():
            said = self._receiver.ask(key)
            if said.state != "published":
                return None  # a call still on its way does no harm: its key is known by then
            sent = self.shelf.read(_place(key))
            if sent is not None and said.digest != sent:
                message = f"the receiver has {said.digest} under {key}, {sent} was sent"
                raise UnknownOutcomeError(message, advice=TAKEN.format(key))
            return self._confirmed(said)

    def find(self, rendition: Rendition, *, key: str) -> Receipt | None:
        """Ask by the key; what has another digest there is not this one."""
        with _looking():
            said = self._receiver.ask(key)
            if said.state != "published" or said.digest != digest_of(rendition):
                return None
            return self._confirmed(said)

    def _confirmed(self, said: Said) -> Receipt:
        hosts = (urlsplit(self.url).hostname, *self.page_hosts)
        if not self.checks_page or not said.url:
            return _receipt(said, evidence="对方回答已发布，摘要一致")
        if urlsplit(said.url).hostname not in hosts:  # we open no address that nobody allowed
            return _receipt(said, evidence="对方回答已发布，摘要一致；网页在别的主机，没有打开看")
        self._require_seen(said)
        return _receipt(said, evidence="对方回答已发布，摘要一致，读者能打开网页")

    def _require_seen(self, said: Said) -> None:
        """Open the page as anybody, past the caches, and look for the mark."""
        query = {"check": f"{said.key}.{time.time_ns()}"}
        answer = _http.send("GET", said.url, timeout_s=self.timeout_s, params=query)
        mark = Mark.read(html.unescape(answer.content.decode("utf-8", "replace")))
        if answer.status_code != 200 or mark != Mark(key=said.key, digest=said.digest):
            raise UnknownOutcomeError(
                f"the page answers HTTP {answer.status_code}, without the mark",
                advice=f"对方说已发布，但读者打开 {said.url} 看不到它：请与网站管理员核对",
            )

    def withdraw(self, receipt: Receipt, *, reason: str) -> None:
        """Ask for it until the receiver says that it is gone; readers see the reason there."""
        key, _, number = receipt.remote_id.partition(" ")
        if not KEY.fullmatch(key):
            raise PermanentError(f"a receipt that names no notice: {receipt!r}", advice=BY_HAND)
        try:
            said = self._receiver.withdraw(key=key, number=number, reason=reason)
        except UnknownOutcomeError as error:  # twice withdrawn does no harm
            raise RetryableError(str(error), after_s=10, advice=error.advice) from error
        if said.state == "published":
            raise RetryableError("the receiver still shows it", after_s=60)

    def check(self) -> Health:
        """Ask whether the receiver is there, knows us, has our time and takes our files."""
        began_at_s = time.time()
        try:
            said = self._receiver.ping()
        except CredentialsError as error:
            return Health(
                is_reachable=True, is_signed_in=False, note=str(error), advice=error.advice
            )
        except ChannelError as error:
            advice = error.advice or "接收端没有回应：检查网络和 url"
            return Health(is_reachable=False, note=str(error), advice=advice)
        note = f"{said.get('name', '')}，约定第 {CONTRACT} 版"
        advice = self._advice(said, between=(began_at_s, time.time()))
        return Health(is_reachable=True, is_signed_in=True, note=note, advice=advice)

    def _advice(self, said: Mapping[str, Any], *, between: tuple[float, float]) -> str:
        """Return what would soon go wrong, from what the receiver tells of itself."""
        clock, most_bytes = said.get("time"), said.get("max_bytes")
        if isinstance(clock, (int, float)):
            apart_s = max(between[0] - clock, clock - between[1])
            if apart_s > CLOCKS_APART_S:
                return f"两边的时钟差 {apart_s:.0f} 秒，超过 300 秒对方就不收了：请校准时钟"
        if isinstance(most_bytes, (int, float)) and most_bytes < self.max_file_mb * MIB:
            takes = f"对方一次只收 {most_bytes / MIB:.1f} MB，这里允许 {self.max_file_mb:g} MB："
            return takes + "请网站管理员调大上限，或把 max_file_mb 改小"
        return ""

    @property
    def _receiver(self) -> Receiver:
        secrets = (self.secret, *self.old_secrets)
        return Receiver(url=self.url, secrets=secrets, timeout_s=self.timeout_s)


def _place(key: str) -> str:
    return f"sent {key}"


def _require_there(said: Said, digest: str) -> None:
    """Refuse what is not this notice, on view."""
    if said.state == "unknown":
        raise UnknownOutcomeError("the receiver took the notice, and does not know it")
    if said.digest != digest:
        message = f"the receiver has {said.digest} under {said.key}, not {digest}"
        raise PermanentError(message, advice=TAKEN.format(said.key))
    if said.state == "withdrawn":
        raise PermanentError("it was there, and was taken down", advice=TAKEN_DOWN)
    if said.state == "replaced":
        raise PermanentError("a newer edition is there", advice=REPLACED)


def _receipt(said: Said, *, evidence: str) -> Receipt:
    return Receipt(remote_id=f"{said.key} {said.id}".strip(), url=said.url, evidence=evidence)


@contextmanager
def _before_sending() -> Iterator[None]:
    """Whatever is lost in here, nothing has been sent that anybody sees."""
    try:
        yield
    except UnknownOutcomeError as error:
        advice = error.advice or NOTHING_SENT
        raise RetryableError(f"before the notice: {error}", advice=advice) from error


@contextmanager
def _looking() -> Iterator[None]:
    """A look that could not be taken proves neither that a notice is there nor that it is not."""
    try:
        yield
    except (RetryableError, PermanentError) as error:
        raise UnknownOutcomeError(f"not looked: {error}", advice=error.advice) from error
