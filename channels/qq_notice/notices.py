"""The list of a group's notices, and how one of them is known again.

Most servers give a new notice no id in their answer, so it is found by its sender and its words.
QQ's clock is not ours: the time of publishing decides nothing where sender and words agree.
"""

from __future__ import annotations

import hashlib
import html
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from channels.qq_notice.onebot import OneBot, number
from publisher.errors import UnknownOutcomeError

DIGEST_CHARS = 12  # of SHA-256 in hexadecimal: 48 bits for the few notices of one group
LISTED = 20  # NapCat asks QQ for so many and no more (WebApi.getGroupNotice)


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One notice as the list shows it."""

    notice_id: str
    sender_id: str
    published_at_s: int  # Unix time, by QQ's clock
    text: str
    read_num: int | None  # people who read it, or pressed 收到; None: the server does not tell


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What a receipt remembers; written as group:notice:digest:moment."""

    group: str
    notice_id: str = ""  # "": not known yet
    digest: str = ""
    sent_at_s: int = 0  # Unix time, by our clock; 0: not known

    @property
    def is_known(self) -> bool:
        """Whether it names something that can be found."""
        return bool(self.notice_id or self.digest)

    def __str__(self) -> str:
        return f"{self.group}:{self.notice_id}:{self.digest}:{self.sent_at_s}"

    @classmethod
    def parse(cls, remote_id: str) -> Reference:
        """Read it back; what is missing, or no number, stays empty."""
        group, notice_id, digest, moment = (remote_id.split(":") + [""] * 4)[:4]
        sent_at_s = int(moment) if moment.isdecimal() else 0
        return cls(group=group, notice_id=notice_id, digest=digest, sent_at_s=sent_at_s)

    def among(self, notices: Iterable[Notice], *, sender_id: str) -> Notice | None:
        """Return the notice that is meant: by its id, where that is known, else by its words."""
        for notice in notices:
            if self.notice_id:
                if notice.notice_id == self.notice_id:
                    return notice
            elif notice.sender_id == sender_id and digest(notice.text) == self.digest:
                return notice
        return None


def listed(onebot: OneBot, group: str) -> list[Notice]:
    """Return the notices of a group; raise UnknownOutcomeError where the answer is no list."""
    found = onebot.call("_get_group_notice", group_id=group)
    if not isinstance(found, list):
        raise UnknownOutcomeError("_get_group_notice: the answer holds no list")
    return [_notice(item) for item in found if isinstance(item, dict)]


def _notice(item: dict[str, Any]) -> Notice:
    message = item.get("message")
    return Notice(
        notice_id=str(item.get("notice_id") or ""),
        sender_id=str(item.get("sender_id") or ""),
        published_at_s=number(item.get("publish_time")) or 0,
        text=str(message.get("text") or "") if isinstance(message, dict) else "",
        read_num=number(item.get("read_num")),
    )


def digest(text: str) -> str:
    """Return what stays the same however QQ hands a text back."""
    return hashlib.sha256(bare(text).encode()).hexdigest()[:DIGEST_CHARS]


def bare(text: str) -> str:
    """Return the words without escapes, white space, control and format characters.

    QQ may hand a text back escaped for HTML, with &nbsp; for blanks and with a control character
    before links. Unescaped until nothing changes, for a link may itself hold `&copy=1`.
    """
    while (plain := html.unescape(text)) != text:
        text = plain
    return "".join(
        character
        for character in text
        if not character.isspace() and not unicodedata.category(character).startswith("C")
    )
