"""What an article must be, and what the platform makes of it."""

from __future__ import annotations

import ipaddress
import re
from typing import Any
from urllib.parse import urlsplit

from lxml import etree, html

from channels.rehearsal.wechat import media
from channels.rehearsal.wechat.desk import Desk, Refusal, text

Article = dict[str, Any]

MAX_TITLE, MAX_AUTHOR, MAX_DIGEST = 32, 16, 120  # characters
MAX_CONTENT = 20_000  # characters with all tags: fewer than that, and so never near 1 MB
MAX_SOURCE_URL_BYTES = 1024
MAX_NEWSPIC_IMAGES = 20
DIGEST_FROM_TEXT = 54  # characters of the text, where no digest is given
CROP = re.compile(r"(?:0(?:\.\d{1,6})?|1(?:\.0{1,6})?)(?:_(?:0(?:\.\d{1,6})?|1(?:\.0{1,6})?)){3}")
DROPPED = ("script", "style", "link", "iframe", "object", "embed", "form", "input", "meta", "base")
OWN_LINK = re.compile(r"https?://mp\.weixin\.qq\.com/")


def checked(desk: Desk, given: object) -> Article:
    """Return one article as it is kept; Refusal where it breaks a rule."""
    if not isinstance(given, dict):
        raise Refusal(47001)
    kind = text(given, "article_type") or "news"
    if kind not in ("news", "newspic"):
        raise Refusal(40035, "invalid parameter: article_type")
    _check_lengths(given)
    _check_source(desk, text(given, "content_source_url"))
    _check_crops(given)
    common: Article = {
        "article_type": kind,
        "title": text(given, "title"),
        "author": text(given, "author"),
        "content_source_url": text(given, "content_source_url"),
        "show_cover_pic": 0,
    } | _comments(desk, given)
    return common | (_news(desk, given) if kind == "news" else _newspic(desk, given))


def _check_lengths(given: dict[str, Any]) -> None:
    if not text(given, "title"):
        raise Refusal(40035, "invalid parameter: title")
    if len(text(given, "title")) > MAX_TITLE:
        raise Refusal(45003)
    if len(text(given, "author")) > MAX_AUTHOR:
        raise Refusal(45110)
    if len(text(given, "digest")) > MAX_DIGEST:
        raise Refusal(45004)
    if not text(given, "content"):
        raise Refusal(44003)
    if len(text(given, "content")) >= MAX_CONTENT:
        raise Refusal(45002)


def _check_source(desk: Desk, url: str) -> None:
    if not url:
        return
    try:
        parts = urlsplit(url)
    except ValueError:
        raise Refusal(41039) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Refusal(41039)
    if len(url.encode()) > MAX_SOURCE_URL_BYTES:
        raise Refusal(41039)
    if not desk.settings.takes_local_links and _is_local(parts.hostname):
        raise Refusal(41039)


def _is_local(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host


def _check_crops(given: dict[str, Any]) -> None:
    for key in ("pic_crop_235_1", "pic_crop_1_1"):
        crop = text(given, key)
        if crop and not CROP.fullmatch(crop):
            raise Refusal(53402)


def _comments(desk: Desk, given: dict[str, Any]) -> Article:
    switches = {key: given.get(key, 0) for key in ("need_open_comment", "only_fans_can_comment")}
    if any(value not in (0, 1) for value in switches.values()):
        raise Refusal(40035)
    if any(switches.values()) and not desk.settings.has_comments:
        raise Refusal(88000)
    return switches


def _news(desk: Desk, given: dict[str, Any]) -> Article:
    cover = media.permanent(desk, text(given, "thumb_media_id"))
    content = rewritten(desk, text(given, "content"))
    digest = text(given, "digest") or _words(content)[:DIGEST_FROM_TEXT]
    crops = {key: text(given, key) for key in ("pic_crop_235_1", "pic_crop_1_1") if key in given}
    return crops | {
        "digest": digest,
        "content": content,
        "thumb_media_id": cover["id"],
        "thumb_url": media.address(cover),
    }


def _newspic(desk: Desk, given: dict[str, Any]) -> Article:
    info = given.get("image_info")
    images = info.get("image_list") if isinstance(info, dict) else None
    if not isinstance(images, list) or not 1 <= len(images) <= MAX_NEWSPIC_IMAGES:
        raise Refusal(40035, "invalid parameter: image_info")
    covers = [media.permanent(desk, _image_id(image)) for image in images]
    return {
        "digest": text(given, "digest"),
        "content": _words(text(given, "content")),
        "image_info": {"image_list": [{"image_media_id": cover["id"]} for cover in covers]},
        "image_urls": [media.address(cover) for cover in covers],
        "thumb_media_id": covers[0]["id"],
        "thumb_url": media.address(covers[0]),
    }


def _image_id(image: object) -> str:
    return text(image, "image_media_id") if isinstance(image, dict) else ""


def as_read_back(article: Article, *, has_content: bool = True) -> Article:
    """Return an article as draft/get and its like show it."""
    hidden = {"image_urls"} | (set() if has_content else {"content"})
    return {key: value for key, value in article.items() if key not in hidden}


def rewritten(desk: Desk, content: str) -> str:
    """Return the body as the platform keeps it.

    Scripts and foreign pictures go, links become their words, `src` becomes `data-src` of another
    size, and `<br>` becomes `<br  />`; inline styles stay. Reading back and sending again drifts.
    """
    try:
        root = html.fragment_fromstring(content, create_parent="div")
    except (etree.ParserError, ValueError):
        raise Refusal(45166) from None
    for element in list(root.iter()):
        if not isinstance(element.tag, str) or element.tag in DROPPED:
            _drop(element)
            continue
        for name in [name for name in element.attrib if name.lower().startswith("on")]:
            del element.attrib[name]
        if element.tag == "a" and not OWN_LINK.match(element.get("href", "")):
            element.drop_tag()
        elif element.tag == "img":
            _rewrite_image(desk, element)
    inner: str = html.tostring(root, encoding="unicode")
    return inner.removeprefix("<div>").removesuffix("</div>").replace("<br>", "<br  />")


def _drop(element: Any) -> None:
    if element.getparent() is not None:
        html.HtmlElement.drop_tree(element)


def _rewrite_image(desk: Desk, element: Any) -> None:
    source = element.attrib.pop("src", "")
    found = media.ADDRESS.match(source)
    if not found or not media.is_ours(desk, source):
        element.drop_tree()
        return
    element.set("data-src", f"{found[0]}/640?from=appmsg")


def _words(content: str) -> str:
    """Return the words of HTML or of plain text, blanks folded."""
    if not content.strip():
        return ""
    root = html.fragment_fromstring(content, create_parent="div")
    return " ".join(str(root.text_content()).split())
