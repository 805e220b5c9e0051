"""The notice board of one group: find a notice, be certain that it is not there, take it down."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from channels.qq_notice import standing
from channels.qq_notice.failures import NOT_IN_GROUP, SIGN_IN
from channels.qq_notice.notices import LISTED, Notice, Reference, bare, digest, listed
from channels.qq_notice.onebot import OneBot
from channels.qq_notice.records import Records
from publisher.errors import ChannelError, RetryableError, UnknownOutcomeError

CLOCKS_APART_S = 600  # how far our clock and QQ's may differ
LIST_AGAIN_S = 30.0
LLBOT = ("llonebot", "llbot")  # it kept the old name
LISTS_ALL = (*LLBOT, "lagrange", "go-cqhttp")  # also the notices for new members
BY_HAND = "请打开群公告核对，需要时由群主或管理员手动处理"
STILL_THERE = "公告还在群里，会自动再试；请确认机器人仍是管理员，或由群主手动删除"


@dataclass(frozen=True, kw_only=True)
class Board:
    """What members of the group see under 群公告, as far as the server shows it."""

    onebot: OneBot
    records: Records
    is_for_new_members: bool  # NapCat and SnowLuma do not list such notices
    reads_back_after_s: float

    def find(self, reference: Reference, *, title: str = "") -> Notice | None:
        """Return the notice; None only where it is certain that it is not there.

        Raise UnknownOutcomeError where that is not certain, also where a notice of the bot has
        the same title and words that nobody sent: QQ may have changed ours.
        """
        notices = listed(self.onebot, reference.group)
        sender_id = "" if reference.notice_id else standing.bot(self.onebot).user_id
        notice = reference.among(notices, sender_id=sender_id)
        if notice is None:
            self._require_sight(reference, notices)
            if title and not reference.notice_id:
                self._require_unlike(reference, notices, sender_id=sender_id, title=title)
        return notice

    def _require_sight(self, reference: Reference, notices: list[Notice]) -> None:
        if not standing.is_online(self.onebot):  # go-cqhttp then lists nothing
            raise UnknownOutcomeError("the account is off line", advice=SIGN_IN)
        if reference.group not in standing.groups(self.onebot):
            raise UnknownOutcomeError("the bot is not in the group", advice=NOT_IN_GROUP)
        oldest_s = min((notice.published_at_s for notice in notices), default=0)
        if len(notices) >= LISTED and oldest_s > reference.sent_at_s:
            raise UnknownOutcomeError("older than all that is listed", advice=BY_HAND)
        if self.is_for_new_members and not self._software().startswith(LISTS_ALL):
            raise UnknownOutcomeError("notices for new members are not listed", advice=BY_HAND)

    def _require_unlike(
        self, reference: Reference, notices: list[Notice], *, sender_id: str, title: str
    ) -> None:
        since_s = reference.sent_at_s - CLOCKS_APART_S
        for notice in notices:
            is_ours = notice.sender_id == sender_id and notice.published_at_s >= since_s
            is_like = bare(notice.text).startswith(bare(f"【{title}】"))
            if is_ours and is_like and not self._was_sent(reference.group, notice.text):
                raise UnknownOutcomeError(
                    "a notice with the same title and other words is there",
                    advice="群里有一条标题相同、文字不同的公告，" + BY_HAND,
                )

    def _was_sent(self, group: str, text: str) -> bool:
        """Say whether these are the words of another delivery, say an earlier edition."""
        return self.records.knows(group, digest(text))

    def take_down(self, reference: Reference) -> None:
        """Delete the notice and look whether it is gone; gone already counts as done."""
        if not reference.notice_id:
            notice = self.find(reference)
            if notice is None:
                return
            reference = replace(reference, notice_id=notice.notice_id)
        refusal = self._delete(reference)
        time.sleep(self.reads_back_after_s)
        if self.find(reference):
            raise refusal or RetryableError(
                "deleted, but still listed", after_s=LIST_AGAIN_S, advice=STILL_THERE
            )

    def _delete(self, reference: Reference) -> ChannelError | None:
        """Return the refusal, if any: only the list tells; NapCat says yes to everything."""
        is_llbot = self._software().startswith(LLBOT)
        action = "_delete_group_notice" if is_llbot else "_del_group_notice"
        try:
            self.onebot.call(action, group_id=reference.group, notice_id=reference.notice_id)
        except ChannelError as error:
            return error
        return None

    def _software(self) -> str:
        return standing.software(self.onebot)[0].lower()
