"""Taking down: the page dies, the card in the followers' chats stays and says so.

Source: message/mass/delete (only what was sent by this interface, articles from 1) and
freepublish/delete; both are rationed to 10 a day for a new account, and cannot be undone.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from channels.wechat.api import Api
from channels.wechat.budget import DELETIONS, Budget
from channels.wechat.client import repeatable
from channels.wechat.looking import place_of_deletion, was_deleted
from channels.wechat.receipts import DRAFT, PUBLICATION, Article, article_of
from channels.wechat.sending import GONE
from publisher.channel import Receipt, Shelf
from publisher.errors import ChannelError, PermanentError, RetryableError

KEPT_S = 30 * 86400.0
STEPS = (
    "请人工删除：1. 登录 mp.weixin.qq.com；2. 打开“内容管理”里的“发表记录”；"
    "3. 找到这篇文章，点“删除”，扫码确认；4. 回到这里登记"
)
BY_HAND = f"这篇文章程序删不了。{STEPS}"
SPENT = f"今天用接口删除的次数（{DELETIONS} 次）已用完，明天自动再删；急需请现在删。{STEPS}"
IN_HAND = "这篇由人在后台发表：还没发就删掉草稿箱里的草稿，已经发了就在“发表记录”里删除，再来登记"


@dataclass(frozen=True, kw_only=True)
class TakeDown:
    """Deletions on one account, within its ration."""

    api: Api
    shelf: Shelf = field(repr=False)

    def withdraw(self, receipt: Receipt) -> None:
        """Delete the one article; the others of its push stay."""
        article = article_of(receipt)
        if article is None:
            raise PermanentError("an article without a name cannot be deleted", advice=BY_HAND)
        if article.way == DRAFT:
            raise PermanentError("a person has it in hand", advice=IN_HAND)
        appid = self.api.account.appid
        if was_deleted(self.shelf, appid, article):
            return
        with repeatable():
            if article.way == PUBLICATION:
                self._publication(article)
            else:
                self._push(article)
        self.shelf.write(place_of_deletion(appid, article), "yes", ttl_s=KEPT_S)

    def _push(self, article: Article) -> None:
        status = self._status(article.job)
        if status in GONE:
            return
        if status == "SENDING":
            advice = "微信还在群发，发完才能删除，稍后自动再删"
            raise RetryableError("the push is still under way", after_s=60, advice=advice)
        self._spend()
        answer = self.api.delete_push(article.job, place=article.place)
        if answer.get("errcode"):
            raise self.api.account.error_of(answer)

    def _status(self, job: str) -> str | None:
        """Return the state of a push, so that no deletion is spent in vain; None: not known."""
        try:
            return self.api.push_status(job)
        except ChannelError:
            return None  # the deletion is asked for all the same

    def _publication(self, article: Article) -> None:
        if not article.data:
            advice = "微信还没有发布完，稍后自动再删"
            raise RetryableError("article_id is not known yet", after_s=60, advice=advice)
        self._spend()
        self.api.delete_publication(article.data, place=article.place or 1)

    def _spend(self) -> None:
        appid = self.api.account.appid
        if not Budget(appid=appid, kind="delete", most=DELETIONS, shelf=self.shelf).take():
            raise PermanentError("the deletions of the day are used up", advice=SPENT)
