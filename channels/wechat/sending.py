"""The visible act in its three ways: a push, a quiet publication, a draft left to a person.

Source: message/mass/sendall, freepublish/submit. A push knows its key for 24 hours and answers a
second one with 45065; a publication has no key, so that one is never made again by itself.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from channels.wechat import codes, drafts
from channels.wechat.api import Api
from channels.wechat.client import repeatable
from channels.wechat.receipts import DRAFT, PUBLICATION, Article
from publisher.channel import CAMPUS_TIME, Receipt, Rendition
from publisher.errors import ChannelError, PermanentError, UnknownOutcomeError

KEY_LENGTH = 26  # clientmsgid takes 32 bytes; this is 130 bits of a digest in base32
GONE = {"SEND_FAIL", "DELETE"}
UNCLEAR = "微信没有说清是否已发出，请到公众号后台“发表记录”里核对"
TOUCHED = "草稿在公众号后台被改过（{fault}），没有发出。请删除那份草稿后重试"


class PushFailedError(PermanentError):
    """WeChat knows the key, and that push has failed or was deleted."""


@dataclass(frozen=True, kw_only=True)
class Audience:
    """Who gets a push, and what WeChat may do with a reprint."""

    tag_id: int | None  # followers with this tag; None: all of them
    send_ignore_reprint: bool

    def message(self, draft: str, key: str) -> Mapping[str, object]:
        """Return the push of a draft."""
        to_all: dict[str, object] = {"is_to_all": True}
        to_some: dict[str, object] = {"is_to_all": False, "tag_id": self.tag_id}
        return {
            "filter": to_all if self.tag_id is None else to_some,
            "mpnews": {"media_id": draft},
            "msgtype": "mpnews",
            "send_ignore_reprint": int(self.send_ignore_reprint),
            "clientmsgid": key,
        }


def key_of_push(appid: str, key: str) -> str:
    """Return the clientmsgid of a call, the same after any restart."""
    digest = hashlib.sha256(f"{appid}|{key}".encode()).digest()
    return base64.b32encode(digest).decode()[:KEY_LENGTH].lower()


def require_untouched(api: Api, draft: str, renditions: Sequence[Rendition]) -> None:
    """Raise PermanentError where someone has changed a draft since it was made.

    One that is gone may have been sent: then the key makes the repeat harmless.
    """
    with repeatable():
        there = api.draft(draft)
    fault = drafts.fault_of(there, renditions) if there else ""
    if fault:
        message = f"draft {draft} was changed since it was made: {fault}"
        raise PermanentError(message, advice=TOUCHED.format(fault=fault))


def push(api: Api, message: Mapping[str, object], *, count: int) -> list[Receipt]:
    """Send to the followers; return a receipt for each of the articles."""
    answer = api.push(message)
    message_id = str(answer.get("msg_id") or "")
    if not message_id.isdecimal():
        raise UnknownOutcomeError("a push was answered without msg_id", advice=UNCLEAR)
    if answer.get("errcode") == codes.KEY_EXISTS and _is_gone(api, message_id):
        raise PushFailedError(
            f"push {message_id} with the same key has failed or was deleted",
            advice="这次群发微信没有发成，或已被删除。请在公众号后台查看原因，修改后另发一版",
        )
    data = str(answer.get("msg_data_id") or "")
    day = datetime.now(UTC).astimezone(CAMPUS_TIME).strftime("%Y%m%d")
    return _receipts(Article(job=message_id, data=data, day=day), count)


def push_again(api: Api, message: Mapping[str, object], *, count: int) -> list[Receipt]:
    """Make the same push once more; only a known key tells anything of the first.

    Every other refusal, that of no allowance too, may be due to the first one having arrived.
    """
    try:
        return push(api, message, count=count)
    except PushFailedError:
        raise
    except ChannelError as error:
        raise UnknownOutcomeError(str(error), advice=error.advice or UNCLEAR) from None


def _is_gone(api: Api, message_id: str) -> bool:
    try:
        return api.push_status(message_id) in GONE
    except ChannelError:
        return False  # not known: the key that exists says that it was accepted


def publish(api: Api, draft: str, *, count: int) -> list[Receipt]:
    """Publish without telling the followers."""
    publish_id = str(api.publish(draft).get("publish_id") or "")
    if not publish_id.isdecimal():
        raise UnknownOutcomeError("a publication was answered without publish_id", advice=UNCLEAR)
    return _receipts(Article(job=publish_id, way=PUBLICATION), count)


def hand_over(draft: str, renditions: Sequence[Rendition]) -> list[Receipt]:
    """Leave the draft to a person, who sends it in the console."""
    awaits = "请到公众号后台发表：" + "；".join(
        f"{number}. {step}" for number, step in enumerate(steps(renditions[0].title), start=1)
    )
    return _receipts(Article(job=draft, way=DRAFT), len(renditions), awaits=awaits)


def steps(title: str) -> tuple[str, ...]:
    """Return what a person does with a draft."""
    return (
        "用管理员或运营者的微信扫码登录 mp.weixin.qq.com",
        f"点左边“内容管理”里的“草稿箱”，打开《{title}》所在的那份草稿，不要改动",
        "点“发表”，按学校的惯例选“群发通知”，用微信扫码确认",
        "发表之后到“发表记录”里打开文章，复制它的网址",
        "回到这里，填上网址，逐项打勾后提交",
    )


def _receipts(article: Article, count: int, *, awaits: str = "") -> list[Receipt]:
    return [
        Receipt(
            remote_id=str(
                Article(
                    job=article.job, way=article.way, data=article.data, place=place,
                    day=article.day,
                )
            ),
            awaits=awaits,
        )
        for place in range(1, count + 1)
    ]  # fmt: skip
