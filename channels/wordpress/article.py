"""The article as WordPress will have it: what is approved, and the mark by which it is known."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from pathlib import PurePath

from channels._mark import Mark
from channels._text import plain_text
from publisher.channel import Content, Part, Rendition
from publisher.errors import UnfitError

INDEX_NUMBER = re.compile(r"\w+-\w+-[0-9]{4}-\w+")
SUFFIXES = re.compile(r"\.[a-z0-9]{1,5}")


def compose(content: Content) -> Rendition:
    """Return the article with its files, or say what keeps it from the site."""
    if content.audience != "public":
        message = "这份稿件只对校内发布，网站人人可见：请去掉这个目标或改发布范围"
        raise UnfitError(message, field="audience")
    if not content.title.strip():
        raise UnfitError("标题是空的：请填写标题", field="title")
    if not plain_text(content.body):
        raise UnfitError("正文没有文字：请写明内容，只有图片的不能公开", field="body")
    _require_pictures(content)
    parts = [
        Part(name=image.name, media_type=image.media_type, file=image.file, label=image.alt)
        for image in content.images
    ]
    files = [
        Part(name=_name(n, file.name), media_type=file.media_type, file=file.file, label=file.name)
        for n, file in enumerate(content.attachments, start=1)
    ]
    body = "\n".join(filter(None, (_facts(content), content.body, _files(files))))
    return Rendition(
        body=body.encode(),
        media_type="text/html",
        title=content.title,
        parts=(*parts, *files),
        facts={
            "title": content.title,
            "summary": content.summary,
            "index_number": content.index_number,
            "category": content.category,
            "kind": content.kind,
            "first_picture": content.images[0].name if content.images else "",
        },
    )


def _require_pictures(content: Content) -> None:
    shown = set(re.findall(r'src="media:([^"]+)"', content.body))
    given = {image.name for image in content.images}
    if missing := "、".join(sorted(shown - given)):
        raise UnfitError(f"正文里的图片 {missing} 没有上传：请重新插入这张图片", field="images")


def _facts(content: Content) -> str:
    day = content.issued_on
    rows = {
        "索引号": content.index_number,
        "发布机构": content.department,
        "文号": content.document_number,
        "类别": content.category_name,
        "生成日期": f"{day.year}年{day.month}月{day.day}日" if day else "",
    }
    cells = [
        f'<tr><th scope="row">{label}</th><td>{html.escape(value)}</td></tr>'
        for label, value in rows.items()
        if value
    ]
    return f"<table><tbody>{''.join(cells)}</tbody></table>" if cells else ""


def _files(files: list[Part]) -> str:
    if not files:
        return ""
    links = [
        f'<li><a href="media:{part.name}">{html.escape(part.label)}</a></li>' for part in files
    ]
    return f"<h2>附件下载</h2>\n<ol>{''.join(links)}</ol>"


def _name(number: int, name: str) -> str:
    suffix = PurePath(name).suffix.lower()
    return f"file-{number}{suffix if SUFFIXES.fullmatch(suffix) else '.bin'}"


def slug_of(rendition: Rendition, key: str) -> str:
    """Return the name of the post in its address: stable through all editions, never the title."""
    index_number = rendition.facts.get("index_number", "")
    known = index_number if INDEX_NUMBER.fullmatch(index_number) else key
    return f"ann-{known.lower()}"


def with_mark(rendition: Rendition, addresses: Mapping[str, str], *, key: str) -> tuple[str, Mark]:
    """Return the content of the post: media by their addresses, inside the mark."""
    body = rendition.body.decode()
    for name, address in addresses.items():
        body = body.replace(f'="media:{name}"', f'="{html.escape(address)}"')
    mark = Mark.of(body, key=key)
    return mark.around(body), mark
