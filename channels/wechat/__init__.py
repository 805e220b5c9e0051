"""WeChat public account: one article, pushed to the followers.

Before the visible act everything is put into a draft; the push itself carries a key, so that WeChat
refuses a second one. What became of a push is asked afterwards: it is accepted long before it is
sent.
API: developers.weixin.qq.com/doc/subscription/api/ (base, material, draftbox, notify/message)
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar

from channels.wechat import codes, drafts, times
from channels.wechat.api import Api
from channels.wechat.client import Account, Answer, repeatable
from channels.wechat.rendering import Limits, rendition
from publisher.channel import (
    Channel,
    Checks,
    Confirms,
    Content,
    Health,
    Prepares,
    Ration,
    Rations,
    Receipt,
    Rendition,
    Shares,
    Shelf,
    Slots,
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

MODES = ("push",)
KEY_LENGTH = 26  # clientmsgid takes 32 bytes; this is 130 bits of a digest in base32
GONE = {"SEND_FAIL", "DELETE"}
NO_PUSH = "1"  # a msg_id that no push of ours has
DAY_S = 86400.0
BY_HAND = "请到公众号后台“发表记录”里手工删除"


@dataclass(frozen=True, kw_only=True)
class WeChat(Channel, Prepares, Confirms, Withdraws, Checks, Slots, Shares, Rations):
    """One public account. Its limits are those of the documents of 2026-09, in characters."""

    label: ClassVar[str] = "微信公众号"
    typical_delay_s: ClassVar[float] = 60.0

    appid: str
    secret: str = field(repr=False)
    shelf: Shelf = field(repr=False)
    api_base: str = "https://api.weixin.qq.com"
    mode: str = "push"
    push_times: tuple[str, ...] = ()  # "17:00", campus time; empty: as soon as due
    pushes_per_day: int = 0  # of the whole account; 0: as many as WeChat lets through
    pushes_per_month: int = 0  # the same
    author: str = ""
    account_kind: str = "subscription"  # or "service"
    tag_id: int | None = None  # followers with this tag; None: all of them
    send_ignore_reprint: bool = False  # True: WeChat may put the original in place of a reprint
    timeout_s: float = 20.0  # between two bytes of an answer; an upload takes three times that
    max_title: int = 32
    max_author: int = 16
    max_digest: int = 120
    max_content: int = 20000  # tags and attributes count; the number itself is too many

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ConfigError(f"不支持 {self.mode!r}，现在只能写 push（群发）", key="mode")
        if self.account_kind not in times.ACCOUNT_KINDS:
            sentence = "订阅号写 subscription，服务号写 service"
            raise ConfigError(f"{self.account_kind!r} 不对，{sentence}", key="account_kind")
        for key in ("pushes_per_day", "pushes_per_month"):
            if getattr(self, key) < 0:
                raise ConfigError("不能小于 0；0 表示不另设限制", key=key)
        if len(self.author) > self.max_author:
            raise ConfigError(f"作者名最多 {self.max_author} 个字，请缩短", key="author")
        times.push_times(self.push_times)

    def render(self, content: Content) -> Rendition:
        """Shape content as one article; see `rendering`."""
        limits = Limits(title=self.max_title, digest=self.max_digest, content=self.max_content)
        return rendition(content, limits=limits, author=self.author)

    def account(self) -> str:
        return self.appid

    def slot(self, moment: datetime) -> datetime:
        return times.slot(moment, times.push_times(self.push_times))

    def rations(self) -> tuple[Ration, ...]:
        rations = (
            Ration(sends=self.pushes_per_day, period="day"),
            Ration(sends=self.pushes_per_month, period="month"),
        )
        return tuple(ration for ration in rations if ration.sends)

    def prepare(self, rendition: Rendition, *, key: str) -> str:
        """Make the draft, or find the one that an earlier try made before its answer was lost.

        A draft that someone changed by hand is left alone, and another is made.
        """
        api = self._api()
        with repeatable():
            made = drafts.find(api, key=key)
            if made is None or drafts.fault_of(api.draft(made), rendition):
                made = drafts.add(api, rendition, key=key)
        return json.dumps({"draft": made})

    def deliver_prepared(self, rendition: Rendition, *, key: str, handle: str) -> Receipt:
        """Push the draft, unless someone has changed it since it was made."""
        api, draft = self._api(), json.loads(handle)["draft"]
        with repeatable():
            there = api.draft(draft)
        fault = drafts.fault_of(there, rendition) if there else ""
        if fault:
            raise PermanentError(
                f"draft {draft} was changed since it was made: {fault}",
                advice=f"草稿在公众号后台被改过（{fault}），没有群发。请删除那份草稿后重试",
            )
        # a draft that is gone may have been pushed: then the key makes the repeat harmless
        return self._receipt(api, api.push(self._message(draft, key)))

    def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
        handle = self.prepare(rendition, key=key)
        return self.deliver_prepared(rendition, key=key, handle=handle)

    def _message(self, draft: str, key: str) -> dict[str, object]:
        to_all: dict[str, object] = {"is_to_all": True}
        to_some: dict[str, object] = {"is_to_all": False, "tag_id": self.tag_id}
        return {
            "filter": to_all if self.tag_id is None else to_some,
            "mpnews": {"media_id": draft},
            "msgtype": "mpnews",
            "send_ignore_reprint": int(self.send_ignore_reprint),
            "clientmsgid": self._message_key(key),
        }

    def _message_key(self, key: str) -> str:
        digest = hashlib.sha256(f"{self.appid}|{key}".encode()).digest()
        return base64.b32encode(digest).decode()[:KEY_LENGTH].lower()

    def _receipt(self, api: Api, answer: Answer) -> Receipt:
        """Return the receipt of a push; its name is "msg_id:msg_data_id", or the first alone."""
        message_id = str(answer.get("msg_id") or "")
        if not message_id.isdecimal():
            raise UnknownOutcomeError(
                "a push was answered without msg_id",
                advice="微信没有说清是否已群发，请到公众号后台“发表记录”里核对",
            )
        if answer.get("errcode") == codes.KEY_EXISTS and _is_gone(api, message_id):
            raise PermanentError(
                f"push {message_id} with the same key has failed or was deleted",
                advice="这次群发微信没有发成，或已被删除。请在公众号后台查看原因，修改后另发一版",
            )
        data_id = str(answer.get("msg_data_id") or "")
        return Receipt(remote_id=f"{message_id}:{data_id}" if data_id else message_id)

    def confirm(self, *, key: str, receipt: Receipt | None) -> Receipt | None:
        """Ask what became of the push.

        Without a receipt nothing can be proved. The only question that WeChat answers with
        certainty is the same push once more, and that would send it where the first was lost.
        The draft proves nothing either: it stays for a while after a push, and a person can
        delete it. So the draft box serves for advice alone, and a person looks.

        The address of a pushed article is not told without a call-back; `url` stays empty.
        """
        message_id = _message_id(receipt) if receipt else ""
        with _proving_nothing():
            if receipt is None or not message_id:
                raise UnknownOutcomeError("a push without msg_id", advice=self._advice(key))
            status = self._api().push_status(message_id)
        if status == "SEND_SUCCESS":
            return replace(receipt, evidence=f"群发成功（微信消息号 {message_id}）")
        if status in GONE:
            return None
        raise UnknownOutcomeError(
            f"push {message_id}: {status or 'not known to WeChat yet'}",
            advice="微信还在群发或等管理员确认，稍后自动再查；超过半小时请到后台核对",
        )

    def _advice(self, key: str) -> str:
        found = drafts.find(self._api(), key=key)
        seen = "草稿还在草稿箱里，可能没有发出" if found else "草稿已不在草稿箱里，可能已经发出"
        return f"{seen}。请到公众号后台“发表记录”里核对，再登记结果"

    def withdraw(self, receipt: Receipt, *, reason: str) -> None:
        """Delete the article; its card stays in the chats, and says that it was deleted."""
        api, message_id = self._api(), _message_id(receipt)
        if not message_id:
            raise PermanentError("a push without msg_id cannot be deleted", advice=BY_HAND)
        with repeatable():
            answer = api.delete_push(message_id)
            status = api.push_status(message_id) if answer.get("errcode") else "DELETE"
        if status == "SENDING":
            advice = "微信还在群发，发完才能删除，稍后自动再删"
            raise RetryableError("the push is still under way", after_s=60, advice=advice)
        if status not in GONE:
            raise api.account.error_of(answer)

    def check(self) -> Health:
        """Ask for a token, the number of drafts, the calls left, and once a day for permission."""
        try:
            api = self._api()
            count, left = api.count_drafts(), api.push_calls_left()
            self._ask_permission(api)
        except CredentialsError as error:
            return Health(
                is_reachable=True, is_signed_in=False, note=str(error), advice=error.advice
            )
        except ChannelError as error:
            unreachable = "连不上微信，请检查服务器的网络和 api_base"
            return Health(
                is_reachable=bool(error.advice),  # only an answer with a code has one
                note=str(error),
                advice=error.advice or unreachable,
            )
        return Health(
            is_reachable=True,
            is_signed_in=True,
            quota_left=left,
            quota_unit="次群发接口调用（今日）",
            note=f"草稿箱有 {count} 篇",
            advice="" if left else "今天的群发接口次数已用完，明天恢复",
        )

    def _ask_permission(self, api: Api) -> None:
        """Raise CredentialsError where the account may not push.

        An account without certification makes drafts and is refused only by the push. Looking up
        a push that never was shows it beforehand; such calls are rationed, so once a day will do.
        """
        place = f"wechat-may-push-{self.appid}"
        if self.shelf.read(place):
            return
        try:
            api.push_status(NO_PUSH)
        except CredentialsError:
            raise
        except ChannelError:
            return  # says nothing of permission; asked again by the next check
        self.shelf.write(place, "yes", ttl_s=DAY_S)

    def _api(self) -> Api:
        account = Account(
            api_base=self.api_base,
            appid=self.appid,
            secret=self.secret,
            kind=self.account_kind,
            timeout_s=self.timeout_s,
            shelf=self.shelf,
        )
        return Api(account=account)


@contextmanager
def _proving_nothing() -> Iterator[None]:
    """Say that no error of a look-up tells whether the article is there."""
    try:
        yield
    except ChannelError as error:
        raise UnknownOutcomeError(str(error), advice=error.advice) from None


def _message_id(receipt: Receipt) -> str:
    """Return the msg_id of a receipt, nothing where a person registered it by hand."""
    message_id = receipt.remote_id.partition(":")[0]
    return message_id if message_id.isdecimal() else ""


def _is_gone(api: Api, message_id: str) -> bool:
    try:
        return api.push_status(message_id) in GONE
    except ChannelError:
        return False  # not known: the key that exists says that it was accepted
