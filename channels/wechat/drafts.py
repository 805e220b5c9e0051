"""Drafts: made once for a delivery, found again after a lost answer, compared before they go out.

The address behind 阅读原文 carries the key of the delivery, which is how a draft is found again;
a draft without such an address cannot be found and is made anew, which nobody sees.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from lxml import html

from channels.wechat.api import Api
from channels.wechat.article import words
from publisher.channel import Rendition
from publisher.errors import PermanentError

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
        query = urlsplit(str(article.get("content_source_url", ""))).query
        if (KEY_NAME, key) in parse_qsl(query):
            return media_id
    return None


def _newest(api: Api) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for page in range(PAGES):
        answer = api.drafts(offset=page * PAGE, count=PAGE)
        items = answer.get("item") or []
        for item in items:
            for article in item.get("content", {}).get("news_item") or []:
                yield str(item["media_id"]), article
        if len(items) < PAGE:
            return


def add(api: Api, rendition: Rendition, *, key: str) -> str:
    """Upload the pictures, make the draft, read it back, and return its media_id."""
    cover = next(part for part in rendition.parts if part.name == rendition.facts["cover"])
    media_id = api.add_draft(
        _article(api, rendition, key) | {"thumb_media_id": api.upload_cover(cover)}
    )
    fault = fault_of(api.draft(media_id), rendition)
    if fault:
        raise PermanentError(
            f"draft {media_id} reads otherwise than it was sent: {fault}",
            advice=f"微信改动了草稿（{fault}），没有群发。请在公众号后台打开草稿核对，修改正文后重发",
        )
    return media_id


def _article(api: Api, rendition: Rendition, key: str) -> dict[str, object]:
    content = rendition.body.decode()
    for part in rendition.parts:
        if f'"media:{part.name}"' in content:
            address = api.upload_picture(part)
            content = content.replace(f'"media:{part.name}"', f'"{_quoted(address)}"')
    return {
        "article_type": "news",
        "title": rendition.title,
        "author": rendition.facts["author"],
        "digest": rendition.facts["digest"],
        "content": content,
        "content_source_url": with_key(rendition.facts["content_source_url"], key),
        "need_open_comment": 0,
        "only_fans_can_comment": 0,
    }


def _quoted(address: str) -> str:
    return address.replace("&", "&amp;").replace('"', "&quot;")


def fault_of(draft: Mapping[str, Any] | None, rendition: Rendition) -> str:
    """Return in Chinese how a draft differs from what was approved, nothing where it does not.

    WeChat rewrites the markup, so only what a reader sees is compared: the title, the words and
    the number of pictures. Someone may also have changed the draft by hand since.
    """
    articles = (draft or {}).get("news_item") or []
    if len(articles) != 1:
        return f"应有 1 篇文章，现有 {len(articles)} 篇"
    article, sent = articles[0], rendition.body.decode()
    there = str(article.get("content", ""))
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
