"""The article as WordPress will have it: what is approved, and the mark by which it is known."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import PurePath

from lxml import html as pages

from channels._text import plain_text
from publisher.channel import Content, Part, Rendition
from publisher.errors import UnfitError

# A name that WordPress keeps as it is: what else there is in a slug becomes a hyphen, or is
# percent-encoded, and 200 bytes are kept.
SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
MAX_SLUG = 150
MARK = re.compile(r'data-yigao="([A-Za-z0-9._-]+) ([0-9a-f]{64}) ([0-9a-f]{64})"')
SUFFIX = re.compile(r"\.[a-z0-9]{1,5}")
# What WordPress makes something else of when it shows a text: curly quotes, dashes, dots, smileys,
# "2x4", (tm), [shortcodes], addresses that stand alone. As entities they pass by unchanged.
TOUCHED = re.compile(r"""["'`\[\]():-]|\.(?=\.)|(?<=\.)\.|(?<=\d)x(?=\d)""")


@dataclass(frozen=True, kw_only=True)
class Mark:
    """What stands in a post of ours: which delivery, which edition, and which words.

    More than the mark of other channels has, for two installations may write to one site.
    """

    key: str
    edition: str  # sha256 of what was approved, files and all
    words: str  # sha256 of the words, and of the addresses of pictures and links

    @classmethod
    def read(cls, content: str) -> Mark | None:
        """Return the mark in a post, or on its page; None: there is none."""
        found = MARK.search(content)
        return cls(key=found[1], edition=found[2], words=found[3]) if found else None


def compose(content: Content) -> Rendition:
    """Return the article with its files, or say what keeps it from the site."""
    _require_fit(content)
    pictures = [
        Part(name=image.name, media_type=image.media_type, file=image.file, label=image.alt)
        for image in content.images
    ]
    files = [
        Part(name=_name(n, file.name), media_type=file.media_type, file=file.file, label=file.name)
        for n, file in enumerate(content.attachments, start=1)
    ]
    body = "\n".join(filter(None, (_facts(content), content.body, _files(files)))).encode()
    facts = {
        "summary": content.summary,
        "index_number": content.index_number,
        "category": content.category,
        "kind": content.kind,
        "first_picture": content.images[0].name if content.images else "",
    }
    return Rendition(
        body=body,
        media_type="text/html",
        title=content.title,
        parts=(*pictures, *files),
        facts=facts | {"digest": _edition(content, body, (*pictures, *files))},
    )


def _require_fit(content: Content) -> None:
    if content.audience != "public":
        message = "这份稿件只对校内发布，网站人人可见：请去掉这个目标或改发布范围"
        raise UnfitError(message, field="audience")
    if not content.title.strip():
        raise UnfitError("标题是空的：请填写标题", field="title")
    if not plain_text(content.body):
        raise UnfitError("正文没有文字：请写明内容，只有图片的不能公开", field="body")
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


def _files(files: Sequence[Part]) -> str:
    if not files:
        return ""
    links = [
        f'<li><a href="media:{part.name}">{html.escape(part.label)}</a></li>' for part in files
    ]
    return f"<h2>附件下载</h2>\n<ol>{''.join(links)}</ol>"


def _name(number: int, name: str) -> str:
    suffix = PurePath(name).suffix.lower()
    return f"file-{number}{suffix if SUFFIX.fullmatch(suffix) else '.bin'}"


def _edition(content: Content, body: bytes, parts: Sequence[Part]) -> str:
    """Return a digest of all that a reader gets; each piece has one of its own, of one length."""
    pieces = [content.title.encode(), content.summary.encode(), body]
    for part in parts:
        pieces += [part.name.encode(), part.label.encode(), part.file]
    return sha256(b"".join(sha256(piece).digest() for piece in pieces)).hexdigest()


def has_number(rendition: Rendition) -> bool:
    """Whether its name comes from the index number, which all editions of an item share."""
    return _number(rendition) != ""


def slug_of(rendition: Rendition, key: str) -> str:
    """Return the name of the post in its address: stable through all editions, never the title."""
    return f"ann-{_number(rendition) or re.sub(r'[^a-z0-9]+', '-', key.lower()).strip('-')}"


def _number(rendition: Rendition) -> str:
    number = rendition.facts.get("index_number", "").lower()
    return number if SLUG.fullmatch(number) and len(number) <= MAX_SLUG else ""


def with_mark(rendition: Rendition, addresses: Mapping[str, str], *, key: str) -> str:
    """Return the content of the post: files by their addresses, all of it inside the mark."""
    body = rendition.body.decode()
    for name, address in addresses.items():
        body = body.replace(f'="media:{name}"', f'="{html.escape(address)}"')
    digests = f"{rendition.facts.get('digest', '')} {words_of(body)}"
    pieces = re.split(r"(<[^>]*>)", body)
    pieces[::2] = [_shielded(words) for words in pieces[::2]]
    return f'<div data-yigao="{key} {digests}">\n{"".join(pieces)}\n</div>'


def line_of(text: str) -> str:
    """Return plain text as a title or an excerpt, which are HTML to WordPress."""
    return _shielded(html.escape(text, quote=False))


def _shielded(words: str) -> str:
    return TOUCHED.sub(lambda found: f"&#{ord(found[0])};", words)


def words_of(content: str) -> str:
    """Return a digest of words and addresses: tags may be tidied on the way, these may not."""
    root = pages.fragment_fromstring(content, create_parent="div")
    addresses = [link for _, _, link, _ in root.iterlinks()]
    words = "".join(plain_text(content).split())
    return sha256("\n".join([words, *addresses]).encode()).hexdigest()
