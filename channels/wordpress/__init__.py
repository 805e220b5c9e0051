"""Posts of a WordPress site, written through its REST interface with an application password.

A post is known by its slug, which comes from the index number, and by a mark in its content, which
names the delivery. A newer edition takes the place of the older one under the same address.
API: developer.wordpress.org/rest-api/reference/posts, …/media, …/users; application passwords:
make.wordpress.org/core/2020/11/05. Behaviour seen on 6.1.9.
"""

from __future__ import annotations

import hashlib
import html
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from channels import _http
from channels._mark import Mark, digest_of
from channels.wordpress.api import Api
from channels.wordpress.article import compose, slug_of, with_mark
from publisher.channel import (
    Channel,
    Checks,
    Confirms,
    Content,
    Finds,
    Health,
    Part,
    Receipt,
    Rendition,
    Shelf,
    Withdraws,
)
from publisher.errors import (
    ChannelError,
    ConfigError,
    CredentialsError,
    PermanentError,
    RetryableError,
    UnknownOutcomeError,
)

KEY = re.compile(r"[A-Za-z0-9._-]{1,100}")
POSTS, MEDIA = "wp/v2/posts", "wp/v2/media"


@dataclass(frozen=True, kw_only=True)
class WordPress(Channel, Confirms, Finds, Withdraws, Checks):
    """One author of one site."""

    label: ClassVar[str] = "WordPress"

    base_url: str  # of the site: "https://www.example.edu.cn"
    username: str
    application_password: str = field(repr=False)
    folder: Path
    shelf: Shelf = field(repr=False)
    categories: dict[str, int] = field(default_factory=dict)  # "03" or a kind -> id of a category
    default_category: int = 0  # for what has none above; 0: the site's own default
    tags: tuple[int, ...] = ()
    has_permalinks: bool = True  # False: the site has addresses of the form /?p=1
    timeout_s: float = _http.TIMEOUT_S

    def __post_init__(self) -> None:
        parts = urlsplit(self.base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
            raise ConfigError("要写完整的网址，以 http:// 或 https:// 开头", key="base_url")
        if not self.username.strip() or ":" in self.username:
            raise ConfigError("应是 WordPress 的登录名", key="username")
        numbers = [*self.categories.values(), *self.tags]
        if any(number <= 0 for number in numbers) or self.default_category < 0:
            raise ConfigError("分类和标签写它们在 WordPress 里的编号（ID）", key="categories")

    def render(self, content: Content) -> Rendition:
        return compose(content)

    def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
        """Create the post, or put this edition in the place of the older one."""
        if not KEY.fullmatch(key):
            raise PermanentError(f"a key that no post can carry: {key!r}")
        slug = slug_of(rendition, key)
        with self.shelf.lock(f"wordpress {self.base_url}"):
            try:
                there = self._post(slug)
                if there is not None and self._is(there, key) and there["status"] == "publish":
                    return self._receipt(there)
                wanted = self._wanted(rendition)
                media = self._media(rendition.parts)
            except UnknownOutcomeError as error:  # nothing that anybody sees has been sent yet
                raise RetryableError(f"before sending: {error}", advice=error.advice) from None
            content, mark = with_mark(
                rendition, {name: one["source_url"] for name, one in media.items()}, key=key
            )
            first = rendition.facts.get("first_picture", "")
            wanted |= {
                "slug": slug,
                "title": html.escape(rendition.title, quote=False),  # "<A>" would be dropped
                "content": content,
                "excerpt": html.escape(rendition.facts.get("summary", ""), quote=False),
                "status": "publish",
                "featured_media": media[first]["id"] if first in media else 0,
            }
            self._note(key, slug=slug, digest=mark.digest, wanted=wanted)
            route = f"{POSTS}/{there['id']}" if there is not None else POSTS
            post = self._api.post(route, wanted)
            if post.get("slug") != slug:
                post = self._give_way(post, slug, key)
        return self._receipt(post)

    def _post(self, slug: str) -> dict[str, Any] | None:
        """Return the post of this name, in the bin too; None: there is none."""
        params = {"context": "edit", "slug": slug}
        for each in self._api.rows(POSTS, **params, status="any"):
            if each.get("slug") == slug:
                return each
        binned = params | {"slug": f"{slug}__trashed"}
        return next(iter(self._api.rows(POSTS, **binned, status="trash")), None)

    def _wanted(self, rendition: Rendition) -> dict[str, Any]:
        """Return categories and tags; PermanentError where the site has them not.

        WordPress drops what it does not know without a word, so it is asked before.
        """
        facts = rendition.facts
        category = self.categories.get(
            facts.get("category", "")[:2], self.categories.get(facts.get("kind", ""), 0)
        )
        chosen = category or self.default_category
        wanted: dict[str, Any] = {"categories": [chosen]} if chosen else {}
        if self.tags:
            wanted["tags"] = list(self.tags)
        for name, word in (("categories", "分类"), ("tags", "标签")):
            asked = [str(number) for number in wanted.get(name, [])]
            if not asked:
                continue
            rows = self._api.rows(f"wp/v2/{name}", include=",".join(asked))
            lacking = set(asked) - {str(row.get("id")) for row in rows}
            if lacking:
                raise PermanentError(
                    f"{name} {sorted(lacking)} are not there",
                    advice=f"网站上没有编号为 {'、'.join(sorted(lacking))} 的{word}，还没有发出："
                    f"请改正 {name} 后重新发送",
                )
        return wanted

    def _media(self, parts: Sequence[Part]) -> dict[str, dict[str, Any]]:
        """Return each file in the site's library, uploading what is not there yet."""
        return {part.name: self._medium(part) for part in parts}

    def _medium(self, part: Part) -> dict[str, Any]:
        digest = hashlib.sha256(part.file).hexdigest()[:24]
        slug, suffix = f"ann-{digest}", Path(part.name).suffix
        for row in self._api.rows(MEDIA, slug=slug, context="edit"):
            if row.get("slug") == slug and row.get("source_url"):
                return row
        md5 = hashlib.md5(part.file, usedforsecurity=False).hexdigest()  # as WordPress compares it
        made = self._api.upload(f"{slug}{suffix}", part.file, media_type=part.media_type, md5=md5)
        fields = {"alt_text": part.label, "title": part.label, "slug": slug}
        return self._api.post(f"{MEDIA}/{made['id']}", fields)

    def _give_way(self, post: Mapping[str, Any], slug: str, key: str) -> dict[str, Any]:
        """Remove our post that got another name, for somebody was faster under this one."""
        self._api.delete(f"{POSTS}/{post['id']}", force=True)
        rival = self._post(slug)
        if rival is not None and self._is(rival, key):
            return rival
        raise RetryableError(
            f"another post has the name {slug}",
            after_s=10,
            advice=f"网站上有别的文章占用了网址 {slug}：请在 WordPress 里改它的别名",
        )

    def confirm(self, *, key: str, receipt: Receipt | None) -> Receipt | None:
        """Read the post back, field by field, and then its page as any reader gets it."""
        known = self._noted(key)
        if known is None and receipt is None:
            return None  # what is sent is noted before
        post = self._by_number(receipt) if receipt else None
        if post is None and known is not None:
            post = self._post(str(known["slug"]))
        if post is None or post.get("status") == "trash" or not self._is(post, key):
            return None
        if post.get("status") != "publish":
            raise UnknownOutcomeError(
                f"the post is {post.get('status')}",
                advice="文章在 WordPress 里不是“已发布”：请到后台看是谁改了它",
            )
        self._require_same(post, known)
        self._require_seen(post, key)
        return self._receipt(post, evidence="文章已发布，正文一致，网页能打开")

    def _by_number(self, receipt: Receipt) -> dict[str, Any] | None:
        if not receipt.remote_id.isdecimal():
            return None
        reply = self._api.get(f"{POSTS}/{receipt.remote_id}", context="edit")
        if reply.status == 404 and reply.code == "rest_post_invalid_id":
            return None
        self._api.require(reply)
        return reply.said if isinstance(reply.said, dict) else None

    def _require_same(self, post: Mapping[str, Any], known: Mapping[str, Any] | None) -> None:
        """Compare what stands there with what was asked for; what was dropped is named."""
        raw = str(_raw(post, "content"))
        mark = Mark.read(raw)
        if mark is None or digest_of(raw) != mark.digest:
            raise UnknownOutcomeError(
                "the words differ", advice="网站上的正文与审核通过的不一致：请立即核对这篇文章"
            )
        wanted = known["wanted"] if known else {}
        names = {
            "title": "标题",
            "categories": "分类",
            "tags": "标签",
            "featured_media": "特色图片",
        }
        lost = [
            word
            for name, word in names.items()
            if name in wanted and not _agrees(wanted[name], _raw(post, name))
        ]
        if lost:
            raise UnknownOutcomeError(
                f"dropped: {lost}",
                advice=f"网站没有照单收下：{'、'.join(lost)}。请到 WordPress 里补上，再到这里核实",
            )

    def _require_seen(self, post: Mapping[str, Any], key: str) -> None:
        link = str(post.get("link", ""))
        answer = _http.send("GET", link, timeout_s=self.timeout_s, params={"check": key})
        text = answer.content.decode("utf-8", "replace")
        mark = Mark.read(text)
        if answer.status_code != 200 or mark is None or mark.key != key:
            raise UnknownOutcomeError(
                f"the page answers HTTP {answer.status_code}, without the mark",
                advice=f"文章已发布，但读者打开 {link} 看不到它：检查缓存插件和网站设置",
            )

    def find(self, rendition: Rendition, *, key: str) -> Receipt | None:
        """Look under the name that the rendition has, whatever our own notes know."""
        post = self._post(slug_of(rendition, key))
        if post is None or post.get("status") == "trash" or not self._is(post, key):
            return None
        return self.confirm(key=key, receipt=Receipt(remote_id=str(post["id"])))

    def withdraw(self, receipt: Receipt, *, reason: str) -> None:
        """Move the post into the bin, from where a person can bring it back."""
        if not receipt.remote_id.isdecimal():
            raise PermanentError(
                f"a receipt that names no post: {receipt!r}",
                advice="不知道是哪篇文章：请到 WordPress 后台把它移到回收站，再到这里登记",
            )
        try:
            self._api.delete(f"{POSTS}/{receipt.remote_id}", force=False)
        except UnknownOutcomeError as error:  # twice in the bin does no harm
            raise RetryableError(str(error), after_s=10, advice=error.advice) from None

    def check(self) -> Health:
        """Ask whether the site takes application passwords, and what the account may do."""
        try:
            root = self._api.get("")
            self._api.require(root)
            me = self._api.get("wp/v2/users/me", context="edit")
            self._api.require(me)
        except CredentialsError as error:
            return Health(
                is_reachable=True, is_signed_in=False, note=str(error), advice=error.advice
            )
        except ChannelError as error:
            advice = error.advice or "连不上网站的接口：检查网络和 base_url"
            return Health(is_reachable=False, note=str(error), advice=advice)
        said = root.said if isinstance(root.said, dict) else {}
        return Health(
            is_reachable=True,
            is_signed_in=True,
            note=f"{said.get('name', '')}，账号 {me.said.get('name', '')}",
            advice=_advice(said, me.said),
        )

    def _is(self, post: Mapping[str, Any], key: str) -> bool:
        mark = Mark.read(str(_raw(post, "content")))
        return mark is not None and mark.key == key

    def _receipt(self, post: Mapping[str, Any], *, evidence: str = "") -> Receipt:
        said = evidence or f"网站收下，文章编号 {post['id']}"
        return Receipt(remote_id=str(post["id"]), url=str(post.get("link", "")), evidence=said)

    def _note(self, key: str, **facts: object) -> None:
        """Keep what is about to be sent, so that it can be looked up whatever happens."""
        path = self._notes / f"{key}.json"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_suffix(".unfinished")
            with unfinished.open("w", encoding="utf-8") as file:
                wanted = {k: v for k, v in dict(facts["wanted"]).items() if k != "content"}  # type: ignore[call-overload]
                json.dump(facts | {"wanted": wanted}, file, ensure_ascii=False)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
        except OSError as error:
            advice = "数据目录写不进去：检查磁盘空间和权限"
            raise RetryableError(f"before sending: {error}", advice=advice) from error

    def _noted(self, key: str) -> dict[str, Any] | None:
        try:
            text = (self._notes / f"{key}.json").read_text(encoding="utf-8")
            found: dict[str, Any] = json.loads(text)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise UnknownOutcomeError(f"our own note cannot be read: {error}") from error
        return found

    @property
    def _notes(self) -> Path:
        return self.folder / "sent"

    @cached_property
    def _api(self) -> Api:
        return Api(
            base_url=self.base_url,
            username=self.username,
            password=self.application_password,
            has_permalinks=self.has_permalinks,
            timeout_s=self.timeout_s,
        )


def _raw(post: Mapping[str, Any], name: str) -> object:
    value = post.get(name)
    return value.get("raw", "") if isinstance(value, dict) else value


def _agrees(wanted: object, there: object) -> bool:
    if isinstance(wanted, list) and isinstance(there, list):
        return set(wanted) == set(there)
    if isinstance(wanted, str) and isinstance(there, str):
        return html.unescape(wanted) == html.unescape(there)  # it may escape "&" once more
    return wanted == there


def _advice(site: Mapping[str, Any], me: Mapping[str, Any]) -> str:
    ways = site.get("authentication")
    if not isinstance(ways, dict) or "application-passwords" not in ways:
        return "网站没有开放应用程序密码：要用 https，或请网站管理员启用"
    may = me.get("capabilities")
    may = may if isinstance(may, dict) else {}
    if not may.get("publish_posts") or not may.get("upload_files"):
        return "这个账号不能发布文章或上传文件：请在 WordPress 里给它“作者”角色"
    if may.get("unfiltered_html"):
        return "这个账号可以发布任意代码（编辑或管理员）：请换成“作者”角色的账号"
    return ""
