"""WeChat public account: articles pushed to the followers, published quietly, or left to a person.

Before the visible act everything is put into a draft; a push carries a key, so that WeChat refuses
a second one. What became of it is asked afterwards: it is accepted long before it is out.
API: developers.weixin.qq.com/doc/subscription/api/ (base, material, draftbox, notify/message)
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from secrets import token_hex
from typing import ClassVar

from channels.wechat import drafts, looking, sending, times
from channels.wechat.api import Api
from channels.wechat.callbacks import Receiver
from channels.wechat.client import Account, repeatable
from channels.wechat.looking import Looks
from channels.wechat.probe import Probe
from channels.wechat.rendering import Limits, rendition
from channels.wechat.sending import Audience
from channels.wechat.taking_down import TakeDown
from channels.wechat.uploads import Uploads
from publisher.channel import (
    ASGIApp,
    Assists,
    Bundles,
    Channel,
    Checks,
    Confirms,
    Content,
    Event,
    Health,
    Previews,
    Ration,
    Rations,
    Receipt,
    Rendition,
    Repeats,
    Reports,
    Shares,
    Shelf,
    Slots,
    Watches,
    Withdraws,
)
from publisher.errors import ChannelError, ConfigError, CredentialsError, UnknownOutcomeError

MODES = {"push": "群发", "publish": "只发布成链接，不推送", "draft": "存成草稿，由人发表"}
MOST_ARTICLES = 8
AES_KEY_LENGTH = 43
NAME_LENGTH = 10  # hexadecimal digits: no two accounts of a college will have the same
NOT_REPEATED = "微信没有说清是否已发布，请到公众号后台“发表记录”里核对，再登记结果"
# What WeChat allows when nothing else is set: (a day, a month); a service account may push four
# times a month to each follower, and once a day to all
ALLOWED = {"subscription": (1, 0), "service": (1, 4)}


@dataclass(frozen=True, kw_only=True)
class WeChat(
    Channel,
    Bundles,
    Repeats,
    Confirms,
    Watches,
    Withdraws,
    Checks,
    Previews,
    Assists,
    Reports,
    Slots,
    Shares,
    Rations,
):
    """One public account. Its limits are those of the documents of 2026-09, in characters."""

    label: ClassVar[str] = "微信公众号"
    typical_delay_s: ClassVar[float] = 60.0

    appid: str = field(repr=False)
    secret: str = field(repr=False)
    shelf: Shelf = field(repr=False)
    api_base: str = "https://api.weixin.qq.com"
    mode: str = "push"  # or "publish", "draft"
    push_times: tuple[str, ...] = ()  # "17:00", campus time; empty: as soon as due
    pushes_per_day: int | None = None  # of the whole account; None: as WeChat allows, 0: no limit
    pushes_per_month: int | None = None  # the same
    reserve_per_day: int = 0  # of these, kept for what is urgent
    reserve_per_month: int = 0  # the same
    author: str = ""
    account_kind: str = "subscription"  # or "service"
    tag_id: int | None = None  # followers with this tag; None: all of them
    send_ignore_reprint: bool = False  # True: WeChat may put the original in place of a reprint
    person: str = ""  # who finishes drafts, in draft mode
    callback_token: str = field(default="", repr=False)  # empty: no call-backs
    callback_aes_key: str = field(default="", repr=False)  # EncodingAESKey; empty: plain mode
    timeout_s: float = 20.0  # between two bytes of an answer; an upload takes three times that
    max_title: int = 32
    max_author: int = 16
    max_digest: int = 120
    max_content: int = 20000  # tags and attributes count; the number itself is too many
    max_bundle: int = field(init=False, default=MOST_ARTICLES)

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            there_are = "、".join(f"{mode}（{meaning}）" for mode, meaning in MODES.items())
            raise ConfigError(f"不支持 {self.mode!r}，可以写 {there_are}", key="mode")
        if self.account_kind not in times.ACCOUNT_KINDS:
            sentence = "订阅号写 subscription，服务号写 service"
            raise ConfigError(f"{self.account_kind!r} 不对，{sentence}", key="account_kind")
        for key in ("pushes_per_day", "pushes_per_month", "reserve_per_day", "reserve_per_month"):
            if (getattr(self, key) or 0) < 0:
                raise ConfigError("不能小于 0；0 表示不另设限制", key=key)
        if len(self.author) > self.max_author:
            raise ConfigError(f"作者名最多 {self.max_author} 个字，请缩短", key="author")
        if self.callback_aes_key and len(self.callback_aes_key) != AES_KEY_LENGTH:
            message = f"EncodingAESKey 有 {AES_KEY_LENGTH} 个字符，请从公众号后台原样复制"
            raise ConfigError(message, key="callback_aes_key")
        times.push_times(self.push_times)
        if self.mode == "publish":  # one that is refused must not hold up others
            object.__setattr__(self, "max_bundle", 1)
        if self.mode != "push":  # which alone knows its key
            object.__setattr__(self, "repeat_within_s", 0.0)

    def render(self, content: Content) -> Rendition:
        """Shape content as one article; see `rendering`."""
        limits = Limits(title=self.max_title, digest=self.max_digest, content=self.max_content)
        return rendition(content, limits=limits, author=self.author)

    def account(self) -> str:
        """Return a name made of the appid, which itself stands in no log and no alarm."""
        name = hashlib.sha256(self.appid.encode()).hexdigest()[:NAME_LENGTH]
        return name if self.mode == "push" else f"{name}/{self.mode}"

    def slot(self, moment: datetime) -> datetime:
        return times.slot(moment, times.push_times(self.push_times))

    def rations(self) -> tuple[Ration, ...]:
        """Return what the account may push, by hand or by us; quiet publications cost nothing."""
        if self.mode == "publish":
            return ()
        daily, monthly = ALLOWED[self.account_kind]
        per_day = daily if self.pushes_per_day is None else self.pushes_per_day
        per_month = monthly if self.pushes_per_month is None else self.pushes_per_month
        rations = (
            Ration(sends=per_day, period="day", reserve=self.reserve_per_day),
            Ration(sends=per_month, period="month", reserve=self.reserve_per_month),
        )
        return tuple(ration for ration in rations if ration.sends)

    def prepare_bundle(self, renditions: Sequence[Rendition], *, key: str) -> str:
        """Make the draft, or find the one that an earlier try made before its answer was lost.

        A draft that someone changed by hand is left alone, and another is made.
        """
        api, keys = self._api(), _keys(key, len(renditions))
        with repeatable():
            made = drafts.find(api, key=keys[0])
            if made is None or drafts.fault_of(api.draft(made), renditions):
                made = drafts.add(api, self._uploads(api), renditions, keys=keys)
        return json.dumps({"draft": made})

    def deliver_bundle(
        self, renditions: Sequence[Rendition], *, key: str, handle: str
    ) -> Sequence[Receipt | ChannelError]:
        """Push or publish the draft, unless someone has changed it since; or hand it over."""
        api, draft = self._api(), json.loads(handle)["draft"]
        sending.require_untouched(api, draft, renditions)
        count = len(renditions)
        if self.mode == "draft":
            return sending.hand_over(draft, renditions)
        if self.mode == "publish":
            return sending.publish(api, draft, count=count)
        return sending.push(api, self._message(draft, key), count=count)

    def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
        handle = self.prepare_bundle([rendition], key=key)
        [outcome] = self.deliver_bundle([rendition], key=key, handle=handle)
        if isinstance(outcome, ChannelError):
            raise outcome
        return outcome

    def repeat(
        self, renditions: Sequence[Rendition], *, key: str, handle: str
    ) -> Sequence[Receipt | ChannelError]:
        """Push the very same draft with the same key; WeChat answers a second one with 45065."""
        if self.mode != "push":
            raise UnknownOutcomeError("only a push knows its key", advice=NOT_REPEATED)
        api, draft = self._api(), json.loads(handle)["draft"]
        there = api.draft(draft)
        if there and (fault := drafts.fault_of(there, renditions)):
            advice = sending.TOUCHED.format(fault=fault)
            raise UnknownOutcomeError(f"draft {draft} was changed: {fault}", advice=advice)
        return sending.push_again(api, self._message(draft, key), count=len(renditions))

    def _message(self, draft: str, key: str) -> dict[str, object]:
        audience = Audience(tag_id=self.tag_id, send_ignore_reprint=self.send_ignore_reprint)
        return dict(audience.message(draft, sending.key_of_push(self.appid, key)))

    def confirm(self, *, key: str, receipt: Receipt | None) -> Receipt | None:
        """Ask what became of it; see `looking`."""
        publishes = self.mode == "publish"
        with looking.proving_nothing():
            return Looks(api=self._api(), shelf=self.shelf, publishes=publishes).look(
                receipt, key=key
            )

    def watch_after_s(self, looks: int) -> float | None:
        return looking.watch_after_s(looks)

    def withdraw(self, receipt: Receipt, *, reason: str) -> None:
        """Delete the article; its card stays in the chats, and says that it was deleted."""
        TakeDown(api=self._api(), shelf=self.shelf).withdraw(receipt)

    def steps(self, rendition: Rendition) -> tuple[str, ...]:
        return sending.steps(rendition.title) if self.mode == "draft" else ()

    def assignee(self) -> str:
        return self.person

    def preview(self, renditions: Sequence[Rendition], *, to: str) -> None:
        """Show the same articles as a draft of their own, which is deleted afterwards."""
        api, name = self._api(), f"preview-{token_hex(8)}"
        with repeatable():
            keys = _keys(name, len(renditions))
            draft = drafts.add(api, self._uploads(api), renditions, keys=keys)
            try:
                api.preview(draft, to=to)
            finally:
                api.delete_draft(draft)

    def receiver(self, tell: Callable[[Event], None]) -> ASGIApp:
        """Answer WeChat's call-backs; see `callbacks`. Without a token nobody is believed."""
        return Receiver(
            appid=self.appid,
            token=self.callback_token,
            aes_key=self.callback_aes_key,
            shelf=self.shelf,
            tell=tell,
        ).app()

    def check(self) -> Health:
        """Ask for a token, the number of drafts, the calls left, and what the account may do."""
        try:
            api = self._api()
            count = api.count_drafts()
            abilities = Probe(api=api, shelf=self.shelf).abilities()
            left = api.push_calls_left() if self.mode == "push" else None
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
        spent = "今天的群发接口次数已用完，明天恢复" if left == 0 else ""
        return Health(
            is_reachable=True,
            is_signed_in=True,
            quota_left=left,
            quota_unit="次群发接口调用（今日）" if left is not None else "",
            note=f"{abilities.sentence()}；草稿箱有 {count} 篇",
            advice=abilities.advice(self.mode) or spent,
        )

    def _uploads(self, api: Api) -> Uploads:
        return Uploads(api=api, shelf=self.shelf)

    def _api(self) -> Api:
        account = Account(
            api_base=self.api_base,
            appid=self.appid,
            secret=self.secret,
            timeout_s=self.timeout_s,
            shelf=self.shelf,
        )
        return Api(account=account)


def _keys(key: str, count: int) -> list[str]:
    """Return the keys under which the core looks for the articles of a bundle."""
    return [f"{key}.{place}" for place in range(1, count + 1)]
