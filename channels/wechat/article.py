"""A notice as WeChat shows it: one fragment of HTML whose every style is inline.

WeChat keeps no style sheet, class or id, and unwraps every link that leaves its own site. So links
become numbered notes, lists become marked paragraphs, wide tables become pictures, and attachments
are named and left to the page behind 阅读原文 and a QR code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from css_inline import inline_fragment
from lxml import html
from lxml.html import HtmlElement

from channels import _text
from channels.wechat.lists import flatten_lists
from publisher.channel import Content
from publisher.errors import UnfitError

KEPT_LINKS = "mp.weixin.qq.com"  # articles of public accounts may be linked
ADDRESS_LENGTH = 200  # room for the address of an uploaded picture, in characters
WIDE_FROM_COLUMNS = 6  # a phone shows five columns of Chinese without breaking every word
COLUMN_PX = 72
FULL_TEXT = "全文请点击文末“阅读原文”。"
ATTACHMENTS = "附件请点击文末“阅读原文”，或长按识别二维码，在官网页面下载："
CODE = "qr.png"  # the part with the address of the full text
CODE_PX = 150
WIDE = "表格较宽，点击图片可放大查看"
WIDE_WITH_LINK = "表格较宽，点击图片可放大，也可点击文末“阅读原文”在官网查看"

Draw = Callable[[HtmlElement, str], Sequence[str]]  # a wide table and its caption to part names


def full(content: Content, pictures: Mapping[str, str], *, draw: Draw) -> str:
    """Return the whole notice; pictures maps a picture's name to that of its part.

    `draw` makes pictures of a table that is too wide; none: it stays a table.
    """
    root = _parsed(content.body)
    _name_pictures(root, pictures)
    notes = _notes(root)
    flatten_lists(root)
    _mend_tables(root, content, draw)
    _number(root, content)
    _offer_attachments(root, content)
    _list_notes(root, notes)
    return _inlined(root)


def abridged(content: Content) -> str:
    """Return the summary and where the rest is, for a notice that is too long."""
    root = _parsed("")
    _number(root, content)
    _add(root, "p", text=content.summary)
    _add(_add(root, "section", kind="box"), "p", kind="more", text=FULL_TEXT)
    _offer_attachments(root, content)
    return _inlined(root)


def length(article: str) -> int:
    """Return what WeChat will count, in characters: tags, attributes and picture addresses too."""
    return len(article) + ADDRESS_LENGTH * article.count("<img ")


def _parsed(fragment: str) -> HtmlElement:
    root = html.fragment_fromstring(fragment, create_parent="section")
    root.set("class", "article")
    return root


def _add(parent: HtmlElement, tag: str, *, kind: str = "", text: str = "") -> HtmlElement:
    child = html.Element(tag)
    if kind:
        child.set("class", kind)
    child.text = text or None
    parent.append(child)
    return child


def _name_pictures(root: HtmlElement, pictures: Mapping[str, str]) -> None:
    for picture in root.iter("img"):
        name = picture.get("src", "").removeprefix("media:")
        if name not in pictures:
            raise UnfitError(f"正文里的图片“{name}”没有上传，请重新插入这张图片", field="images")
        picture.set("src", f"media:{pictures[name]}")
        parent = picture.getparent()
        if parent is not None and parent.tag == "p" and not parent.text_content().strip():
            parent.set("class", "figure")


def _notes(root: HtmlElement) -> list[str]:
    """Unwrap the links that WeChat would unwrap, and return the addresses they had."""
    notes: list[str] = []
    for link in list(root.iter("a")):
        address = link.get("href", "")
        if urlsplit(address).hostname == KEPT_LINKS:
            continue
        shown = address.removeprefix("mailto:").removeprefix("tel:")
        if not _says(link.text_content(), shown):
            if shown not in notes:
                notes.append(shown)
            _add(link, "sup", text=f"[{notes.index(shown) + 1}]")
        link.drop_tag()
    return notes


def _says(text: str, address: str) -> bool:
    """Tell whether the words of a link already are its address."""
    bare = address.split("://")[-1].rstrip("/")
    return bare in text


def _mend_tables(root: HtmlElement, content: Content, draw: Draw) -> None:
    for table in list(root.iter("table")):
        parent = table.getparent()
        if parent is None or _is_inner(table):
            continue
        frame = html.Element("section")
        frame.set("class", "scroll")
        frame.tail, table.tail = table.tail, None
        parent.replace(table, frame)
        caption = " ".join(one.text_content().strip() for one in table.findall("caption"))
        columns = max(map(_columns, table.iter("tr")), default=0)
        if columns >= WIDE_FROM_COLUMNS and (names := draw(table, caption)):
            _show_pictures(frame, names, caption, has_link=bool(content.link))
        else:
            _show_table(frame, table, caption, columns)


def _is_inner(table: HtmlElement) -> bool:
    return any(above.tag == "table" for above in table.iterancestors())


def _show_pictures(
    frame: HtmlElement, names: Sequence[str], caption: str, *, has_link: bool
) -> None:
    frame.set("class", "figure")
    for number, name in enumerate(names, start=1):
        shown = html.Element("img")
        shown.set("src", f"media:{name}")
        page = f"（第 {number} 张，共 {len(names)} 张）" if len(names) > 1 else ""
        shown.set("alt", f"表格：{caption or '见官网全文'}{page}")
        frame.append(shown)
    _add(frame, "p", kind="note", text=WIDE_WITH_LINK if has_link else WIDE)


def _show_table(frame: HtmlElement, table: HtmlElement, caption: str, columns: int) -> None:
    if caption:
        _add(frame, "p", kind="caption", text=caption)
    for one in table.findall("caption"):
        table.remove(one)
    frame.append(table)
    if columns >= WIDE_FROM_COLUMNS:
        table.set("style", f"min-width:{columns * COLUMN_PX}px")


def _columns(row: HtmlElement) -> int:
    spans = (cell.get("colspan", "1") for cell in row.iterchildren("td", "th"))
    return sum(int(span) if span.isdecimal() else 1 for span in spans)


def _number(root: HtmlElement, content: Content) -> None:
    """Put 发文字号 on top where the author's words do not have it."""
    if content.document_number and content.document_number not in root.text_content():
        line = _add(root, "p", kind="number", text=content.document_number)
        line.tail, root.text = root.text, None
        root.insert(0, line)


def _offer_attachments(root: HtmlElement, content: Content) -> None:
    if not content.attachments:
        return
    if not content.link:
        raise UnfitError(
            "公众号文章不能带附件，要靠“阅读原文”指向官网页面；请同时发布到官网，或去掉附件",
            field="attachments",
        )
    box = _add(root, "section", kind="box")
    _add(box, "p", kind="label", text=ATTACHMENTS)
    for number, attachment in enumerate(content.attachments, start=1):
        size = _size(len(attachment.file))
        _add(box, "p", kind="item", text=f"{number}. {attachment.name}（{size}）")
    code = _add(_add(box, "p", kind="code"), "img")
    code.set("src", f"media:{CODE}")
    code.set("alt", "二维码：官网上的全文和附件")
    code.set("style", f"width:{CODE_PX}px;height:{CODE_PX}px")


def _size(size_bytes: int) -> str:
    if size_bytes < 2**20:
        return f"{max(1, round(size_bytes / 2**10))} KB"
    return f"{size_bytes / 2**20:.1f} MB"


def _list_notes(root: HtmlElement, notes: list[str]) -> None:
    if not notes:
        return
    box = _add(root, "section", kind="box")
    _add(box, "p", kind="label", text="引用链接")
    for number, address in enumerate(notes, start=1):
        _add(box, "p", kind="small", text=f"[{number}] {address}")


def _inlined(root: HtmlElement) -> str:
    fragment = html.tostring(root, encoding="unicode")
    styled = inline_fragment(fragment, _style(), minify_css=True, load_remote_stylesheets=False)
    tree = html.fragment_fromstring(styled)
    for element in _elements(tree):
        element.attrib.pop("class", None)
        element.attrib.pop("id", None)
    return str(html.tostring(tree, encoding="unicode"))


def _elements(tree: HtmlElement) -> Iterator[HtmlElement]:
    return (element for element in tree.iter() if isinstance(element.tag, str))


@cache
def _style() -> str:
    return Path(__file__).with_name("article.css").read_text(encoding="utf-8")


def words(fragment: str) -> str:
    """Return the letters of a fragment without any space, to compare two forms of one text."""
    return "".join(_text.plain_text(fragment).split())
