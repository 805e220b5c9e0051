"""QQ group notices (群公告), through a OneBot v11 server that somebody keeps signed in to QQ.

Its answers prove little: "ok" may publish nothing, "failed" may have published, and most servers
name no id. So the bot's standing is checked before, and the group's list of notices read after.
API: github.com/botuniverse/onebot-11, communication/http.md; napneko.github.io/develop/api
"""

from __future__ import annotations

import base64
import dataclasses
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from channels import _group_words, _quiet_hours
from channels.qq_notice import standing
from channels.qq_notice.board import BY_HAND, Board
from channels.qq_notice.failures import LOOK
from channels.qq_notice.health import health
from channels.qq_notice.notices import Notice, Reference, digest, listed
from channels.qq_notice.onebot import OneBot
from channels.qq_notice.records import Records, Sending
from publisher.channel import (
    Channel,
    Checks,
    Confirms,
    Content,
    Finds,
    Health,
    Paces,
    Receipt,
    Rendition,
    Rests,
    Shares,
    Splits,
    Withdraws,
)
from publisher.errors import (
    ChannelError,
    ConfigError,
    PermanentError,
    RetryableError,
    UnknownOutcomeError,
)

NOTHING_SENT = "OneBot 服务没有给出有用的回答，公告还没有发出，会自动再试"


@dataclass(frozen=True, kw_only=True)
class QQNotice(Channel, Splits, Shares, Paces, Rests, Confirms, Finds, Withdraws, Checks):
    """One account and the groups it publishes notices in."""

    label = "QQ群公告"
    typical_delay_s = 10.0

    base_url: str  # of the OneBot v11 HTTP server: "http://127.0.0.1:3000"
    access_token: str = field(repr=False)
    groups: tuple[int, ...]  # group numbers
    folder: Path
    notice_gap_s: float = 15.0  # between two notices of one account, ± a third
    quiet_hours: tuple[str, ...] = ("22:30-07:00",)  # campus time; nothing is sent, all waits
    max_chars: int = 600  # QQ's own limit is not known; NapCat puts the text in a URL
    pinned: bool = False
    confirm_required: bool = True  # members are shown a button 收到
    popup: bool = False
    new_members: bool = False  # shown to those who join later, too
    reads_back_after_s: float = 2.0  # from the answer to the look at the list
    timeout_s: float = 25.0  # the servers themselves wait 10 s and more for QQ

    def __post_init__(self) -> None:
        if not self.base_url.startswith(("http://", "https://")):
            raise ConfigError("应以 http:// 或 https:// 开头", key="base_url")
        try:
            self.account()
        except ValueError as error:
            raise ConfigError("端口不对，应是 1 到 65535 之间的数", key="base_url") from error
        if not self.access_token or not self.access_token.isascii() or " " in self.access_token:
            raise ConfigError("令牌不能为空，只能用英文字母、数字和符号", key="access_token")
        if not self.groups or len(set(self.groups)) < len(self.groups) or min(self.groups) <= 0:
            raise ConfigError("至少写一个群号，群号是正整数，不能重复", key="groups")
        _quiet_hours.spans(self.quiet_hours)
        for key in ("max_chars", "timeout_s"):
            if getattr(self, key) <= 0:
                raise ConfigError("应大于 0", key=key)
        for key in ("notice_gap_s", "reads_back_after_s"):
            if getattr(self, key) < 0:
                raise ConfigError("不能小于 0", key=key)

    def parts(self) -> tuple[str, ...]:
        return tuple(str(group) for group in self.groups)

    def part(self, name: str) -> QQNotice:
        return dataclasses.replace(self, groups=(int(name),))

    def account(self) -> str:
        """Return host and port of the server, which is signed in as one QQ account."""
        parts = urlsplit(self.base_url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        return f"{parts.hostname or ''}:{port}"

    def gap_s(self) -> float:
        return self.notice_gap_s * random.uniform(2 / 3, 4 / 3)

    def usual_gap_s(self) -> float:
        return self.notice_gap_s

    def rest_until(self, moment: datetime) -> datetime:
        return _quiet_hours.rest_until(moment, _quiet_hours.spans(self.quiet_hours))

    def render(self, content: Content) -> Rendition:
        text = _group_words.text(content, max_chars=self.max_chars)
        return Rendition(
            body=text.encode(),
            media_type="text/plain",
            title=content.title,
            parts=tuple(_group_words.picture(image) for image in content.images[:1]),
        )

    def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
        """Publish it in one group, unless a notice with the same words stands there already."""
        now = datetime.now(UTC)
        reference = Reference(
            group=self._group(),
            digest=digest(rendition.body.decode()),
            sent_at_s=int(now.timestamp()),
        )
        with _before_sending():
            bot = standing.require(self._onebot, reference.group, now=now)
            notice = self._listed(reference, sender_id=bot.user_id)
            if notice:  # a key cannot travel, so an earlier attempt is known by its words
                return _receipt(reference, notice, seen="群里已有这条公告，没有重复发布")
            self._records.write(key, _sending(reference, title=rendition.title))
        answer = self._onebot.call("_send_group_notice", **self._form(rendition))
        return self._read_back(reference, answer, sender_id=bot.user_id)

    def _group(self) -> str:
        if len(self.groups) != 1:
            raise PermanentError("a target of several groups is delivered part by part")
        return str(self.groups[0])

    def _listed(self, reference: Reference, *, sender_id: str) -> Notice | None:
        return reference.among(listed(self._onebot, reference.group), sender_id=sender_id)

    def _form(self, rendition: Rendition) -> dict[str, str]:
        """Return the parameters in the one form that all servers understand.

        Flags are the strings "0" and "1"; NapCat names two of them otherwise than LLBot, and
        `tip_window_type` 0 means that the window does pop up.
        """
        form = {
            "group_id": self._group(),
            "content": rendition.body.decode(),
            "pinned": _flag(self.pinned),
            "confirm_required": _flag(self.confirm_required),
            "is_show_edit_card": "0",
            "tip_window_type": _flag(not self.popup),
            "tip_window": _flag(self.popup),
            "type": "20" if self.new_members else "1",
            "send_new_member": _flag(self.new_members),
        }
        for part in rendition.parts[:1]:  # left out where there is none: NapCat takes no null
            form["image"] = "base64://" + base64.b64encode(part.file).decode()
        return form

    def _read_back(self, reference: Reference, answer: object, *, sender_id: str) -> Receipt:
        """Make the receipt; the server said yes, so a look that fails changes nothing."""
        named = _named(answer)
        reference = dataclasses.replace(reference, notice_id=named or "")
        time.sleep(self.reads_back_after_s)
        try:
            notice = self._listed(reference, sender_id=sender_id)
        except ChannelError:
            notice = None
        if notice:
            return _receipt(reference, notice)
        if named == "":  # go-cqhttp and Lagrange say so where QQ refused
            raise UnknownOutcomeError("ok with an empty notice id, and not listed", advice=LOOK)
        return Receipt(
            remote_id=str(reference), evidence="OneBot 服务已受理，群公告列表里暂时还没有看到"
        )

    def confirm(self, *, key: str, receipt: Receipt | None) -> Receipt | None:
        """Look into the group's list; what a lost answer was about is in our own records."""
        with _looking():
            sending = self._records.read(key)
            reference = _meant(receipt, sending)
            if reference is None:
                return None  # no attempt got as far as sending
            notice = self._board.find(reference, title=sending.title if sending else "")
        return _receipt(reference, notice) if notice else None

    def find(self, rendition: Rendition, *, key: str) -> Receipt | None:
        """Look for its words in the group's list; our records may be older than the list."""
        with _looking():
            sending = self._records.read(key)
            reference = Reference(
                group=self._group(),
                digest=digest(rendition.body.decode()),
                sent_at_s=sending.began_at_s if sending else 0,
            )
            notice = self._board.find(reference, title=rendition.title)
        return _receipt(reference, notice) if notice else None

    def withdraw(self, receipt: Receipt, *, reason: str) -> None:
        """Delete it and look whether it is gone; a group is shown no reason."""
        reference = Reference.parse(receipt.remote_id)
        if not reference.is_known:
            raise PermanentError("neither id nor words of the notice known", advice=BY_HAND)
        self._board.take_down(reference)

    def check(self) -> Health:
        return health(self._onebot, self.parts(), now=datetime.now(UTC))

    @property
    def _onebot(self) -> OneBot:
        return OneBot(
            base_url=self.base_url, access_token=self.access_token, timeout_s=self.timeout_s
        )

    @property
    def _board(self) -> Board:
        return Board(
            onebot=self._onebot,
            records=self._records,
            is_for_new_members=self.new_members,
            reads_back_after_s=self.reads_back_after_s,
        )

    @property
    def _records(self) -> Records:
        return Records(folder=self.folder)


def _flag(is_set: bool) -> str:
    return "1" if is_set else "0"


def _named(answer: object) -> str | None:
    """Return the id in the answer: None where the server never names one, "" where QQ refused."""
    named = answer.get("notice_id") if isinstance(answer, dict) else answer
    return named if isinstance(named, str) else None


def _sending(reference: Reference, *, title: str) -> Sending:
    return Sending(
        group=reference.group,
        digest=reference.digest,
        title=title,
        began_at_s=reference.sent_at_s,
    )


def _meant(receipt: Receipt | None, sending: Sending | None) -> Reference | None:
    """Return what is to be looked up, by the receipt or by our own records; None: nothing was."""
    reference = Reference.parse(receipt.remote_id if receipt else "")
    if reference.is_known:
        return reference
    if sending:
        return Reference(group=sending.group, digest=sending.digest, sent_at_s=sending.began_at_s)
    if receipt:
        raise UnknownOutcomeError("neither id nor words of the notice known", advice=BY_HAND)
    return None


def _receipt(reference: Reference, notice: Notice, *, seen: str = "群公告列表中可见") -> Receipt:
    known = dataclasses.replace(reference, notice_id=notice.notice_id)
    read = "" if notice.read_num is None else f"，已读 {notice.read_num}"
    return Receipt(remote_id=str(known), evidence=seen + read)


@contextmanager
def _before_sending() -> Iterator[None]:
    """Whatever is lost in here, the notice has not left."""
    try:
        yield
    except (UnknownOutcomeError, sqlite3.Error, OSError) as error:
        raise RetryableError(f"before sending: {error}", advice=NOTHING_SENT) from error


@contextmanager
def _looking() -> Iterator[None]:
    """A look that could not be taken proves neither that a notice is there nor that it is not."""
    try:
        yield
    except (RetryableError, PermanentError) as error:
        raise UnknownOutcomeError(f"not looked: {error}", advice=error.advice) from error
    except (sqlite3.Error, OSError) as error:
        raise UnknownOutcomeError(f"not looked: {error}") from error
