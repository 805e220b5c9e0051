"""What travels: the facts of an edition, its words inside their mark, its files by digest."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from hashlib import sha256
from pathlib import PurePath
from typing import Any

from channels._mark import Mark
from channels._text import plain_text
from publisher.channel import Content, Part, Rendition
from publisher.errors import UnfitError

MIB = 2**20
SUFFIX = re.compile(r"\.[a-z0-9]{1,5}")
PICTURE = re.compile(r'src="media:([^"]+)"')
FACTS = (
    "index_number",
    "title",
    "summary",
    "kind",
    "category",
    "category_name",
    "department",
    "document_number",
    "issued_on",
    "publish_at",
    "expires_at",
    "link",
)


def compose(content: Content, *, max_file_mb: float) -> Rendition:
    """Return the article as the receiver will get it; UnfitError where it cannot be carried."""
    _require_fit(content, max_file_mb=max_file_mb)
    pictures = [
        Part(name=image.name, media_type=image.media_type, file=image.file, label=image.alt)
        for image in content.images
    ]
    files = [
        Part(
            name=_name(number, each.name),
            media_type=each.media_type,
            file=each.file,
            label=each.name,
        )
        for number, each in enumerate(content.attachments, start=1)
    ]
    facts = {name: _text(getattr(content, name)) for name in FACTS}
    return Rendition(
        body=content.body.encode(),
        media_type="text/html",
        title=content.title,
        parts=(*pictures, *files),
        facts=facts | {"pictures": str(len(pictures))},
    )


def _require_fit(content: Content, *, max_file_mb: float) -> None:
    if content.audience != "public":
        message = "这份稿件只对校内发布，对方网站人人可见：请去掉这个目标或改发布范围"
        raise UnfitError(message, field="audience")
    if not content.title.strip():
        raise UnfitError("标题是空的：请填写标题", field="title")
    if not plain_text(content.body):
        raise UnfitError("正文没有文字：请写明内容", field="body")
    shown = set(PICTURE.findall(content.body))
    if missing := "、".join(sorted(shown - {image.name for image in content.images})):
        raise UnfitError(f"正文里的图片 {missing} 没有上传：请重新插入", field="images")
    for field, files in (
        ("images", [(image.alt or image.name, image.file) for image in content.images]),
        ("attachments", [(each.name, each.file) for each in content.attachments]),
    ):
        for name, file in files:
            if not file:
                raise UnfitError(f"“{name}”是空文件：请重新上传", field=field)
            if len(file) > max_file_mb * MIB:
                message = f"“{name}”有 {megabytes(len(file))}，对方只收 {max_file_mb:g} MB："
                raise UnfitError(message + "请压缩或分成几个", field=field)


def _name(number: int, name: str) -> str:
    suffix = PurePath(name).suffix.lower()
    return f"file-{number}{suffix if SUFFIX.fullmatch(suffix) else '.bin'}"


def _text(value: object) -> str:
    isoformat = getattr(value, "isoformat", None)
    return str(isoformat()) if isoformat else str(value or "")


def digest_of(rendition: Rendition) -> str:
    """Return the sha256 of all that readers get: facts, words and files, not the key."""
    whole = _facts(rendition) | {"body_html": rendition.body.decode()}
    line = json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(line.encode()).hexdigest()


def message_of(rendition: Rendition, *, key: str) -> dict[str, Any]:
    """Return `data` of "notice.published", as docs/outlets/push.md has it."""
    mark = Mark(key=key, digest=digest_of(rendition))
    return {
        "key": key,
        "digest": mark.digest,
        **_facts(rendition),
        "body_html": mark.around(rendition.body.decode()),
    }


def _facts(rendition: Rendition) -> dict[str, Any]:
    pictures = int(rendition.facts.get("pictures", "0"))
    return {
        **{name: rendition.facts.get(name, "") for name in FACTS},
        "images": [
            _file(part) | {"name": part.name, "alt": part.label}
            for part in rendition.parts[:pictures]
        ],
        "attachments": _attachments(rendition.parts[pictures:]),
    }


def _attachments(parts: Sequence[Part]) -> list[dict[str, Any]]:
    return [_file(part) | {"name": part.label} for part in parts]  # as a reader sees it


def _file(part: Part) -> dict[str, Any]:
    return {
        "sha256": sha256(part.file).hexdigest(),
        "media_type": part.media_type,
        "size_bytes": len(part.file),
    }


def megabytes(size_bytes: int) -> str:
    """Return a size as people read it: "3.2 MB", never less than 0.1."""
    return f"{max(0.1, size_bytes / MIB):.1f} MB"
