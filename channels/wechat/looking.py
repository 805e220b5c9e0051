"""What became of it: pushes and publications are accepted long before they are out.

Source: message/mass/get, freepublish/get (publish_status 0 to 6). The address of a pushed article
is told only by a call-back, or the next day by the statistics.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from channels.wechat import addresses, drafts, events
from channels.wechat.api import Api
from channels.wechat.budget import LOOKS, Budget
from channels.wechat.receipts import DRAFT, PUBLICATION, Article, article_of
from channels.wechat.sending import GONE, steps
from publisher.channel import Receipt, Shelf
from publisher.errors import ChannelError, UnknownOutcomeError

SPENT = "今天向微信查询结果的次数已用完，明天自动再查；急需请到公众号后台“发表记录”里核对"
RUNNING = "微信还在处理或等管理员确认，稍后自动再查；超过半小时请到后台核对"
HOUR_S, DAY_S = 3600.0, 86400.0
# after an hour, when the platform's own checks are through; the next day, when the statistics tell
# the address; and once more
WATCHES_S = (HOUR_S, DAY_S, 3 * DAY_S)
SHARED_S = 5.0  # so long the answer about a push holds for its other articles
FOUND = "0"  # the job of a publication that was found in the list
NEWEST = 20  # publications that are looked through for a lost one
PUBLISHED, IN_PROGRESS = 0, 1
FAILED = {2: "原创声明没有通过", 3: "发布失败", 4: "平台审核没有通过"}
TAKEN_AWAY = {5, 6}  # all articles deleted by the user, or blocked by the platform


@dataclass(frozen=True, kw_only=True)
class Looks:
    """Questions to one account, within its share of the calls."""

    api: Api
    shelf: Shelf = field(repr=False)
    publishes: bool = False  # a lost call may be among the publications

    @property
    def _budget(self) -> Budget:
        appid = self.api.account.appid
        return Budget(appid=appid, kind="look", most=LOOKS, shelf=self.shelf)

    def look(self, receipt: Receipt | None, *, key: str) -> Receipt | None:
        """Return what is there, None where certainly nothing is; else raise UnknownOutcomeError."""
        article = article_of(receipt)
        with proving_nothing():
            if receipt is None or article is None:
                return self._without_receipt(key)
            if article.way == DRAFT:
                return self._in_hand(article)
            if was_deleted(self.shelf, self.api.account.appid, article):
                return None
            if article.way == PUBLICATION:
                return self._published(receipt, article)
            return self._pushed(receipt, article)

    def _spend(self) -> None:
        if not self._budget.take():
            raise UnknownOutcomeError("the looks of the day are used up", advice=SPENT)

    def _status(self, job: str) -> str | None:
        """Return the state of a push; the articles of one push share the question."""
        place = f"wechat-status-{self.api.account.appid}-{job}"
        if known := self.shelf.read(place):
            return known
        self._spend()
        status = self.api.push_status(job)
        if status:
            self.shelf.write(place, status, ttl_s=SHARED_S)
        return status

    def _pushed(self, receipt: Receipt, article: Article) -> Receipt | None:
        status = self._status(article.job)
        if status in GONE:
            return None
        if status != "SEND_SUCCESS":
            told = events.told(self.shelf, self.api.account.appid, article.job)
            advice = told.advice if told and told.advice else RUNNING
            raise UnknownOutcomeError(
                f"push {article.job}: {status or 'not known to WeChat yet'}", advice=advice
            )
        evidence = f"群发成功（微信消息号 {article.job}）"
        return replace(receipt, url=receipt.url or self._address(article), evidence=evidence)

    def _address(self, article: Article) -> str:
        """Return the address of a pushed article, nothing where it is not known yet."""
        told = events.told(self.shelf, self.api.account.appid, article.job)
        if told and (address := told.addresses.get(article.place or 1)):
            return address
        return addresses.of(self.api, self.shelf, article)

    def _published(self, receipt: Receipt, article: Article) -> Receipt | None:
        self._spend()
        if article.job == FOUND:
            return self._listed(receipt, article)
        answer = self.api.publication(article.job)
        status = answer.get("publish_status")
        if status == PUBLISHED:
            return _as_published(receipt, article, answer)
        if status in FAILED or status in TAKEN_AWAY:
            return None
        raise UnknownOutcomeError(f"publication {article.job}: {status}", advice=RUNNING)

    def _listed(self, receipt: Receipt, article: Article) -> Receipt | None:
        """Look at a publication whose publish_id was lost with its answer."""
        there = self.api.published_articles(article.data)
        place = article.place or 1
        if len(there) < place or there[place - 1].get("is_deleted"):
            return None
        return replace(receipt, evidence="在已发布的文章里看到")

    def _in_hand(self, article: Article) -> Receipt | None:
        """Nothing proves what a person did with a draft; the draft box serves for advice alone."""
        there = self.api.draft(article.job)
        items = (there or {}).get("news_item") or []
        if items:
            todo = "；".join(steps(str(items[0].get("title", ""))))
            raise UnknownOutcomeError("the draft waits for a person", advice=f"等人发表：{todo}")
        advice = "草稿已不在草稿箱里，多半已经发表。请到“发表记录”里核对，登记文章的网址"
        raise UnknownOutcomeError("the draft is not in the box", advice=advice)

    def _without_receipt(self, key: str) -> Receipt | None:
        """After a lost answer: a publication is found by its key, a push by the repeat alone.

        The draft proves nothing: it stays for a while after a push, and a person can delete it.
        """
        if self.publishes and (found := self._among_publications(key)):
            return found
        box = drafts.find(self.api, key=key)
        seen = "草稿还在草稿箱里，可能没有发出" if box else "草稿已不在草稿箱里，可能已经发出"
        advice = f"{seen}。请到公众号后台“发表记录”里核对，再登记结果"
        raise UnknownOutcomeError("a call without an answer", advice=advice)

    def _among_publications(self, key: str) -> Receipt | None:
        if not self._budget.take():
            return None
        for item in self.api.publications(count=NEWEST).get("item") or []:
            articles = item.get("content", {}).get("news_item") or []
            for place, article in enumerate(articles, start=1):
                if drafts.carries(article, key):
                    named = Article(
                        job=FOUND,
                        way=PUBLICATION,
                        data=str(item.get("article_id", "")),
                        place=place,
                    )
                    url = str(article.get("url") or "")
                    return Receipt(remote_id=str(named), url=url, evidence="在已发布列表里看到")
        return None


def _as_published(receipt: Receipt, article: Article, answer: Mapping[str, Any]) -> Receipt:
    place = article.place or 1
    items = answer.get("article_detail", {}).get("item") or []
    url = next((str(one.get("article_url")) for one in items if one.get("idx") == place), "")
    named = replace(article, data=str(answer.get("article_id") or article.data), place=place)
    return Receipt(
        remote_id=str(named),
        url=url or receipt.url,
        evidence=f"已发布，没有推送（微信发布号 {article.job}）",
    )


def was_deleted(shelf: Shelf, appid: str, article: Article) -> bool:
    """Say whether WeChat has confirmed that it deleted an article.

    Of one article among several nothing else tells: the state is that of the whole push.
    """
    return shelf.read(place_of_deletion(appid, article)) is not None


def place_of_deletion(appid: str, article: Article) -> str:
    """Return where on the shelf a deletion is kept."""
    return f"wechat-deleted-{appid}-{article.way}{article.job}-{article.place}"[:100]


def watch_after_s(looks: int) -> float | None:
    """Return when to look again at what was confirmed, after so many looks since."""
    return WATCHES_S[looks] if looks < len(WATCHES_S) else None


@contextmanager
def proving_nothing() -> Iterator[None]:
    """Say that no error of a look-up tells whether the article is there."""
    try:
        yield
    except ChannelError as error:
        raise UnknownOutcomeError(str(error), advice=error.advice) from None
