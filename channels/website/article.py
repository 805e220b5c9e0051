"""The article: what is approved. Made from content alone, without clock, network or folder."""

from __future__ import annotations

import re
from functools import cache
from hashlib import sha256
from pathlib import PurePath

from jinja2 import Environment

from channels._text import plain_text
from channels.website.columns import Columns
from channels.website.kinds import kind_of
from channels.website.notice import place_of
from channels.website.words import environment
from publisher.channel import Attachment, Content, Image, Part, Rendition
from publisher.errors import UnfitError

SUMMARY_LENGTH = 120  # characters; search engines show about that much
IMAGE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def compose(content: Content, *, college_name: str, columns: Columns) -> Rendition:
    """Return the article with its files, or say what keeps it from the public site."""
    text = _checked(content)
    facts = _facts(content, text=text, college_name=college_name, columns=columns)
    pictures = [_picture(image) for image in content.images]
    files = [_file(number, file) for number, file in enumerate(content.attachments, start=1)]
    article = (
        _templates()
        .get_template("article.html")
        .render(
            facts=facts,
            issued_on=content.issued_on,
            expires_at=content.expires_at,
            body=_with_scrolling_tables(content.body),
            files=files,
        )
    )
    return Rendition(
        body=article.encode(),
        media_type="text/html",
        title=content.title,
        parts=(*pictures, *files),
        facts=facts,
    )


@cache
def _templates() -> Environment:
    return environment()


def _checked(content: Content) -> str:
    """Return the words of the body; UnfitError where the site cannot carry the content."""
    text = plain_text(content.body)
    if content.audience != "public":
        raise UnfitError(
            "这份稿件只对校内发布，官网人人可见：请去掉官网或改发布范围", field="audience"
        )
    if not content.title.strip():
        raise UnfitError("标题是空的：请填写标题", field="title")
    if not text:
        raise UnfitError("正文没有文字：请写明内容，只有图片的不能在官网公开", field="body")
    if place_of(content.index_number) is None:
        raise UnfitError("还没有索引号，官网按索引号安排网址：请先取得索引号", field="index_number")
    _check_pictures(content)
    return text


def _check_pictures(content: Content) -> None:
    shown = set(re.findall(r'src="media:([^"]+)"', content.body))
    given = {image.name for image in content.images}
    if missing := "、".join(sorted(shown - given)):
        raise UnfitError(f"正文里的图片 {missing} 没有上传：请重新插入这张图片", field="images")
    if unused := "、".join(sorted(given - shown)):
        raise UnfitError(f"图片 {unused} 没有放进正文：请插入正文或删去", field="images")
    if wrong := [name for name in given if not IMAGE_NAME.fullmatch(name)]:
        raise UnfitError(f"图片名 {wrong[0]} 不能用作网址：请重新插入这张图片", field="images")


def _facts(content: Content, *, text: str, college_name: str, columns: Columns) -> dict[str, str]:
    """Return what pages, lists and feeds say of the notice; empty: not known."""
    column = columns.of(content.category, content.kind)
    return {
        "index_number": content.index_number,
        "title": content.title,
        "summary": content.summary or _opening(text),
        "department": content.department or college_name,
        "category": content.category,
        "category_name": content.category_name or columns.names[column],
        "column": column,
        "kind": content.kind,
        "document_number": content.document_number,
        "issued_on": content.issued_on.isoformat() if content.issued_on else "",
        "publish_at": content.publish_at.isoformat() if content.publish_at else "",
        "expires_at": content.expires_at.isoformat() if content.expires_at else "",
        "audience": content.audience,
    }


def _with_scrolling_tables(body: str) -> str:
    """Return the body with each table in a box that a keyboard can scroll on a small screen."""
    box = '<div class="table" role="group" aria-label="表格" tabindex="0">'
    return body.replace("<table", f"{box}<table").replace("</table>", "</table></div>")


def _opening(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SUMMARY_LENGTH else line[: SUMMARY_LENGTH - 1] + "…"


def _picture(image: Image) -> Part:
    return Part(name=image.name, media_type=image.media_type, file=image.file, label=image.alt)


def _file(number: int, attachment: Attachment) -> Part:
    """Return an attachment under a name for addresses, which changes when the file changes."""
    digest = sha256(attachment.file).hexdigest()[:12]
    suffix = kind_of(PurePath(attachment.name).name).suffix
    return Part(
        name=f"file-{number}-{digest}{suffix}",
        media_type=attachment.media_type,
        file=attachment.file,
        label=attachment.name,
    )
