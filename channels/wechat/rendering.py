"""From content to the rendition of an article: what fits, what is left to the website, what not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO

import segno
from lxml.html import HtmlElement

from channels.wechat import article, cover, pictures, tables
from publisher.channel import Content, Part, Rendition
from publisher.errors import UnfitError

MAX_BYTES = 1_000_000  # one below "1 MB" in either meaning
MAX_LINK_BYTES = 1024 - 64  # content_source_url takes 1 KB; the key of the delivery is added to it


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What WeChat takes, in characters."""

    title: int
    digest: int
    content: int  # this many are too many


def rendition(content: Content, *, limits: Limits, author: str) -> Rendition:
    """Return the article; raise UnfitError where WeChat cannot carry it."""
    _check_words(content, limits)
    shown = _pictures(content)
    wide = Tables()
    body = article.full(content, {name: part.name for name, part in shown.items()}, draw=wide.draw)
    facts = {
        "author": author,
        "digest": content.summary,
        "content_source_url": content.link,
        "cover": cover.NAME,
        **cover.CROPS,
    }
    parts = (*shown.values(), *wide.parts)
    if _is_too_long(body, limits):
        body, parts = _abridged(content, limits, length=article.length(body)), ()
        facts["abridged"] = article.FULL_TEXT
    return Rendition(
        body=body.encode(),
        media_type="text/html",
        title=content.title,
        parts=(cover.part(content), *parts, *_code(content)),
        facts=facts,
    )


@dataclass
class Tables:
    """Pictures of the wide tables of one article, as they are asked for."""

    parts: list[Part] = field(default_factory=list)

    def draw(self, table: HtmlElement, caption: str) -> list[str]:
        """Return the names of the pictures of a table, none where it stays a table."""
        files = tables.drawn(table, caption=caption) or ()
        label = f"表格：{caption}" if caption else "表格"
        new = [
            Part(name=f"table-{number}.png", media_type="image/png", file=file, label=label)
            for number, file in enumerate(files, start=len(self.parts) + 1)
        ]
        self.parts += new
        return [part.name for part in new]


def _code(content: Content) -> tuple[Part, ...]:
    """Return the QR code of the full text where attachments wait there."""
    if not content.attachments or not content.link:
        return ()
    file = BytesIO()
    segno.make(content.link, error="m", micro=False).save(file, kind="png", scale=8, border=2)
    label = f"二维码：{content.link}"
    return (Part(name=article.CODE, media_type="image/png", file=file.getvalue(), label=label),)


def _is_too_long(body: str, limits: Limits) -> bool:
    return article.length(body) >= limits.content or len(body.encode()) >= MAX_BYTES


def _check_words(content: Content, limits: Limits) -> None:
    if content.audience != "public":
        sentence = "此件只限校内，公众号文章人人可见，请去掉这个发布目标"
        raise UnfitError(sentence, field="audience")
    if not content.title.strip():
        raise UnfitError("没有标题，请填写标题", field="title")
    if len(content.title) > limits.title:
        raise UnfitError(_too_long("标题", content.title, limits.title), field="title")
    if len(content.summary) > limits.digest:
        raise UnfitError(_too_long("摘要", content.summary, limits.digest), field="summary")
    if not article.words(content.body) and "<img" not in content.body:
        raise UnfitError("没有正文，请填写正文", field="body")
    if len(content.link.encode()) > MAX_LINK_BYTES:
        raise UnfitError("官网页面的地址太长，微信的“阅读原文”放不下", field="link")


def _too_long(field: str, text: str, limit: int) -> str:
    return f"{field}有 {len(text)} 个字，公众号最多 {limit} 个，请缩短公众号用的{field}"


def _pictures(content: Content) -> Mapping[str, Part]:
    """Return the pictures that the body shows, by their name in the content."""
    shown = [image for image in content.images if f'"media:{image.name}"' in content.body]
    return {
        image.name: pictures.part(image, f"picture-{number}")
        for number, image in enumerate(shown, start=1)
    }


def _abridged(content: Content, limits: Limits, *, length: int) -> str:
    """Return summary and 阅读原文 in place of a text that is too long, where there are both."""
    short = article.abridged(content) if content.link and content.summary else ""
    if short and not _is_too_long(short, limits):
        return short
    raise UnfitError(
        f"正文连同格式有 {length} 个字符，公众号文章须少于 {limits.content} 个。"
        "请同时发布到官网并填写摘要（会改发摘要，全文用“阅读原文”打开），或精简正文",
        field="body",
    )
