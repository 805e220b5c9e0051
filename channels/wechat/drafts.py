"""Drafts: made once for a push, found again after a lost answer, compared before they go out.

The address behind 阅读原文 carries the key of the delivery, which is how a draft is found again;
a draft without such an address cannot be found and is made anew, which nobody sees.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from lxml import html

from channels.wechat.api import Api
from channels.wechat.article import words
from channels.wechat.uploads import Uploads
from publisher.channel import Part, Rendition
from publisher.errors import PermanentError

Keys = Sequence[str]  # of the deliveries, in the order of their renditions

CROPS = ("pic_crop_235_1", "pic_crop_1_1")  # facts that a rendition may have
COVER = "微信不收封面图，请重试；仍不行请换一张封面"
KEY_NAME = "wx"  # in the query of the address behind 阅读原文
PAGE, PAGES = 20, 3  # the newest sixty drafts; ours was made within the last hours


def with_key(address: str, key: str) -> str:
    """Return the address with the key of the delivery in its query; no address stays none."""
    if not address:
        return ""
    parts = urlsplit(address)
    mark = urlencode({KEY_NAME: key})
    return urlunsplit(parts._replace(query=f"{parts.query}&{mark}" if parts.query else mark))


def find(api: Api, *, key: str) -> str | None:
    """Return the media_id of the newest draft that carries the key."""
    for media_id, article in _newest(api):
        if carries(article, key):
            return media_id
    return None


def carries(article: Mapping[str, Any], key: str) -> bool:
    """Say whether an article is that of a delivery."""
    query = urlsplit(str(article.get("content_source_url", ""))).query
    return (KEY_NAME, key) in parse_qsl(query)


def _newest(api: Api) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for page in range(PAGES):
        answer = api.drafts(offset=page * PAGE, count=PAGE)
        items = answer.get("item") or []
        for item in items:
            for article in item.get("content", {}).get("news_item") or []:
                yield str(item["media_id"]), article
        if len(items) < PAGE:
            return


def add(api: Api, uploads: Uploads, renditions: Sequence[Rendition], *, keys: Keys) -> str:
    """Upload the pictures, make one draft of all, read it back, and return its media_id."""
    media_id = api.add_draft(_articles(uploads, renditions, keys))
    if media_id is None:  # a cover was deleted in the console since it was uploaded
        for rendition in renditions:
            uploads.forget_cover(_cover(rendition))
        media_id = api.add_draft(_articles(uploads, renditions, keys))
    if media_id is None:
        raise PermanentError("draft/add does not take a cover that it has just given", advice=COVER)
    fault = fault_of(api.draft(media_id), renditions)
    if fault:
        raise PermanentError(
            f"draft {media_id} reads otherwise than it was sent: {fault}",
            advice=f"微信改动了草稿（{fault}），没有发出。请在公众号后台打开草稿核对，修改正文后重发",
        )
    return media_id


def _articles(
    uploads: Uploads, renditions: Sequence[Rendition], keys: Keys
) -> list[dict[str, object]]:
    return [
        _article(uploads, rendition, key, is_alone=len(renditions) == 1)
        for rendition, key in zip(renditions, keys, strict=True)
    ]


def _cover(rendition: Rendition) -> Part:
    return next(part for part in rendition.parts if part.name == rendition.facts["cover"])


def _article(
    uploads: Uploads, rendition: Rendition, key: str, *, is_alone: bool
) -> dict[str, object]:
    content = rendition.body.decode()
    for part in rendition.parts:
        if f'"media:{part.name}"' in content:
            address = uploads.picture(part)
            content = content.replace(f'"media:{part.name}"', f'"{_quoted(address)}"')
    facts = rendition.facts
    made: dict[str, object] = {
        "article_type": "news",
        "title": rendition.title,
        "author": facts["author"],
        "digest": facts["digest"] if is_alone else "",  # beside others it is not shown
        "content": content,
        "content_source_url": with_key(facts["content_source_url"], key),
        "thumb_media_id": uploads.cover(_cover(rendition)),
        "need_open_comment": 0,
        "only_fans_can_comment": 0,
    }
    return made | {name: facts[name] for name in CROPS if name in facts}


def _quoted(address: str) -> str:
    return address.replace("&", "&amp;").replace('"', "&quot;")


def fault_of(draft: Mapping[str, Any] | None, renditions: Sequence[Rendition]) -> str:
    """Return in Chinese how a draft differs from what was approved, nothing where it does not.

    WeChat rewrites the markup, so only what a reader sees is compared: titles, words, the number of
    pictures, and the order. Someone may also have changed the draft by hand since.
    """
    articles = (draft or {}).get("news_item") or []
    if len(articles) != len(renditions):
        return f"应有 {len(renditions)} 篇文章，现有 {len(articles)} 篇"
    for place, (article, rendition) in enumerate(zip(articles, renditions, strict=True), start=1):
        if fault := _fault_of_one(article, rendition):
            return f"第 {place} 篇{fault}" if len(renditions) > 1 else fault
    return ""


def _fault_of_one(article: Mapping[str, Any], rendition: Rendition) -> str:
    sent, there = rendition.body.decode(), str(article.get("content", ""))
    title = str(article.get("title", ""))
    if rendition.title not in (title, unescape(title)):  # WeChat may escape it
        return "标题不同"
    if words(there) != words(sent):
        return "正文文字不同"
    if _pictures(there) != _pictures(sent):
        return f"应有 {_pictures(sent)} 张图片，现有 {_pictures(there)} 张"
    return ""


def _pictures(fragment: str) -> int:
    """Count the pictures that have an address; WeChat moves it to data-src."""
    if not re.search("<img", fragment):
        return 0
    shown = html.fragment_fromstring(fragment, create_parent="div").iter("img")
    return sum(1 for picture in shown if picture.get("data-src") or picture.get("src"))
