"""Posts of a WordPress site, written through its REST interface with an application password.

A post is known by its slug, which comes from the index number, and by a mark in its content, which
names delivery and edition. A newer edition takes the place of the older one under one address.
API: developer.wordpress.org/rest-api/reference/posts, …/media, …/users; application passwords:
make.wordpress.org/core/2020/11/05. Behaviour seen on 6.1.9.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from channels import _http
from channels.wordpress import library, posts, terms
from channels.wordpress.api import POSTS, Api
from channels.wordpress.article import Mark, compose, has_number, line_of, slug_of, with_mark
from channels.wordpress.health import health
from channels.wordpress.notes import Note, Notes
from channels.wordpress.posts import DROPPED, MARK_LOST, WORDS_DIFFER, Post
from channels.wordpress.receipts import number_in, receipt_of
from publisher.channel import (
    Channel,
    Checks,
    Confirms,
    Content,
    Finds,
    Health,
    Receipt,
    Rendition,
    Shares,
    Shelf,
    Withdraws,
)
from publisher.errors import (
    ChannelError,
    ConfigError,
    PermanentError,
    RetryableError,
    UnknownOutcomeError,
)

KEY = re.compile(r"[A-Za-z0-9._-]{1,100}")
NOTHING_SENT = "网站没有给出有用的回答，文章还没有发出，会自动再试"
TAKEN = "网址 {} 已被另一篇文章占用，没有覆盖它：请在 WordPress 里改它的别名或彻底删除它"
BY_HAND = "不知道是哪篇文章：请到 WordPress 后台把它移到回收站，再到这里登记"
RIVAL_AFTER_S = 10.0


@dataclass(frozen=True, kw_only=True)
class WordPress(Channel, Shares, Confirms, Finds, Withdraws, Checks):
    """One author of one site."""

    label: ClassVar[str] = "WordPress"

    base_url: str  # of the site: "https://www.example.edu.cn"
    username: str
    application_password: str = field(repr=False)
    folder: Path
    shelf: Shelf = field(repr=False)
    categories: dict[str, int] = field(default_factory=dict)  # "0307", "03" or a kind -> its ID
    default_category: int = 0  # for what has none above; 0: the site's own default
    tags: tuple[int, ...] = ()
    has_permalinks: bool = True  # False: the site has addresses of the form /?p=1
    settles_s: float = 60.0  # a request whose answer was lost may be at work for so long
    timeout_s: float = _http.TIMEOUT_S

    def __post_init__(self) -> None:
        parts = urlsplit(self.base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError("要写完整的网址，以 http:// 或 https:// 开头", key="base_url")
        if parts.query or parts.fragment:
            raise ConfigError("网址里不能有 ? 或 #", key="base_url")
        if not self.username.strip() or ":" in self.username:
            raise ConfigError("应是 WordPress 的登录名", key="username")
        if not self.application_password.strip():
            raise ConfigError("不能为空", key="application_password")
        for key, numbers in (("categories", self.categories.values()), ("tags", self.tags)):
            if any(number <= 0 for number in numbers):
                raise ConfigError("写它们在 WordPress 里的编号（ID），是正整数", key=key)
        if self.default_category < 0:
            raise ConfigError("写分类在 WordPress 里的编号（ID）", key="default_category")
        if self.timeout_s <= 0:
            raise ConfigError("应大于 0", key="timeout_s")
        if self.settles_s < 0:
            raise ConfigError("不能小于 0", key="settles_s")

    def account(self) -> str:
        """Return host and path of the site: names of posts and files are one to a site."""
        parts = urlsplit(self.base_url)
        return f"{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/').replace('/', '_')}"

    def render(self, content: Content) -> Rendition:
        return compose(content)

    def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
        """Create the post, or put this edition in the place of the older one."""
        if not KEY.fullmatch(key):
            raise PermanentError(f"a key that no post can carry: {key!r}")
        slug = slug_of(rendition, key)
        with self.shelf.lock(f"wordpress {self.account()}"):
            with _before_sending():
                there = posts.named(self._api, slug)
                if there is not None and there.is_shown and _is(there, rendition, key):
                    return receipt_of(there, key, seen="网站上已有这篇文章，没有重复发布")
                if there is not None:
                    _require_ours(there, rendition, key)
                wanted = self._wanted(rendition, key=key, slug=slug)
            edition = rendition.facts.get("digest", "")
            self._notes.write(key, slug=slug, edition=edition, wanted=wanted)
            return self._send(there, wanted, key=key)

    def _wanted(self, rendition: Rendition, *, key: str, slug: str) -> dict[str, Any]:
        """Return the fields of the post, once the site has all that they name."""
        terms_of = self._terms(rendition)
        if gone := terms.lacking(self._api, terms_of):
            advice = f"网站上没有{gone}，文章还没有发出：请改正设置后重新发送"
            raise PermanentError(f"terms that are not there: {terms_of}", advice=advice)
        files = library.stored(self._api, rendition.parts)
        addresses = {name: str(file["source_url"]) for name, file in files.items()}
        first = rendition.facts.get("first_picture", "")
        return {
            "slug": slug,
            "title": line_of(rendition.title),
            "content": with_mark(rendition, addresses, key=key),
            "excerpt": line_of(rendition.facts.get("summary", "")),
            "status": "publish",  # never "future": WordPress publishes those when somebody visits
            "featured_media": files[first]["id"] if first in files else 0,
            **terms_of,
        }

    def _terms(self, rendition: Rendition) -> dict[str, list[int]]:
        facts = rendition.facts
        category = self.default_category
        if number := terms.chosen(
            self.categories, number=facts.get("category", ""), kind=facts.get("kind", "")
        ):
            category = number
        asked = {"categories": [category] if category else [], "tags": list(self.tags)}
        return {name: numbers for name, numbers in asked.items() if numbers}

    def _send(self, there: Post | None, wanted: Mapping[str, Any], *, key: str) -> Receipt:
        """Do the one visible act, and look at what came of it."""
        route = POSTS if there is None else f"{POSTS}/{there.id}"
        post = Post.of(self._api.post(route, wanted))
        if post.slug != wanted["slug"]:
            return self._give_way(post, str(wanted["slug"]), key=key, is_new=there is None)
        if there is not None:
            self._clear_away(library.names_in(there.content) - library.names_in(post.content))
        return receipt_of(post, key, wanted=wanted)

    def _clear_away(self, names: set[str]) -> None:
        """Remove the files that only the older edition had; the new one is out already."""
        try:
            library.remove(self._api, names)
        except ChannelError:
            return  # they are asked for again when the post is withdrawn

    def _give_way(self, post: Post, slug: str, *, key: str, is_new: bool) -> Receipt:
        """Take away our post that got another name, for somebody was faster under this one."""
        route = f"{POSTS}/{post.id}"
        try:
            self._api.delete(route, force=is_new)
        except UnknownOutcomeError:  # a lost answer; deleting twice does no harm
            self._api.delete(route, force=is_new)
        with _before_sending():
            rival = posts.named(self._api, slug)
        if rival is not None and rival.is_shown and rival.mark and rival.mark.key == key:
            return receipt_of(rival, key, seen="同一篇文章已由另一次发送发布，没有重复")
        raise RetryableError(
            f"the name {slug} became {post.slug}", after_s=RIVAL_AFTER_S, advice=TAKEN.format(slug)
        )

    def confirm(self, *, key: str, receipt: Receipt | None) -> Receipt | None:
        """Read the post back, field by field, and then its page as any reader gets it."""
        with _looking():
            note = self._notes.read(key)
            if note is None and receipt is None:
                return None  # what is sent is noted before
            post = self._there(key, note, receipt)
            if post is None:
                self._require_settled(note, receipt)
                return None
            return self._confirmed(post, note, key=key)

    def _there(self, key: str, note: Note | None, receipt: Receipt | None) -> Post | None:
        """Return the post of a delivery; None: it is away, or another one has its place."""
        found = posts.numbered(self._api, number_in(receipt)) if receipt else None
        if found is None and note is not None:
            found = posts.named(self._api, note.slug)
        if found is not None and found.mark is not None and not _is_it(found.mark, key, note):
            found = None
        if found is None and note is not None:
            found = posts.marked(self._api, key, note.edition)
        return None if found is not None and found.status == "trash" else found

    def _require_settled(self, note: Note | None, receipt: Receipt | None) -> None:
        """Nothing is there for certain once no request of ours can be at work any more."""
        if receipt is None and note is not None and time.time() < note.sent_at_s + self.settles_s:
            raise UnknownOutcomeError("not there, but the request may still be at work")

    def _confirmed(self, post: Post, note: Note | None, *, key: str) -> Receipt:
        if post.mark is None:
            raise UnknownOutcomeError("the mark is gone", advice=MARK_LOST)
        if not post.is_shown:
            advice = f"文章在 WordPress 里是“{post.state}”，读者看不到：请到后台看是谁改了它"
            raise UnknownOutcomeError(f"the post is {post.status}", advice=advice)
        if not post.has_its_words():
            raise UnknownOutcomeError("the words differ", advice=WORDS_DIFFER)
        if note is not None and (lost := post.lacks(note.wanted)):
            raise UnknownOutcomeError(f"dropped: {lost}", advice=DROPPED.format("、".join(lost)))
        self._require_seen(post, key)
        return receipt_of(post, key, seen="文章已发布，各项与送出的一致，读者能打开")

    def _require_seen(self, post: Post, key: str) -> None:
        """Open the page as anybody, past the caches, and look for the mark."""
        answer = _http.send("GET", post.link, timeout_s=self.timeout_s, params={"check": key})
        mark = Mark.read(answer.content.decode("utf-8", "replace"))
        if answer.status_code != 200 or mark != post.mark:
            raise UnknownOutcomeError(
                f"the page answers HTTP {answer.status_code}, without the mark",
                advice=f"文章已发布，但读者打开 {post.link} 看不到它：检查缓存插件和网站设置",
            )

    def find(self, rendition: Rendition, *, key: str) -> Receipt | None:
        """Look under the name that the rendition has, whatever our own notes know."""
        with _looking():
            post = posts.named(self._api, slug_of(rendition, key))
            if post is None or post.status == "trash":
                return None
            if post.mark is not None and not _is(post, rendition, key):
                return None
            return self._confirmed(post, self._notes.read(key), key=key)

    def withdraw(self, receipt: Receipt, *, reason: str) -> None:
        """Move the post into the bin, and its files out of the library; no reason is shown."""
        number, key = number_in(receipt), receipt.remote_id.partition(":")[2]
        if not number.isdecimal():
            raise PermanentError(f"a receipt that names no post: {receipt!r}", advice=BY_HAND)
        try:
            post = posts.numbered(self._api, number)
            if post is None or (post.mark is not None and key and post.mark.key != key):
                return  # deleted for good, or a newer edition stands in its place
            self._api.delete(f"{POSTS}/{number}")
            if post.mark is not None:
                library.remove(self._api, library.names_in(post.content))
        except UnknownOutcomeError as error:  # all of it may be done twice
            raise RetryableError(str(error), after_s=10, advice=error.advice) from error

    def check(self) -> Health:
        numbers = {*self.categories.values(), self.default_category} - {0}
        return health(self._api, {"categories": numbers, "tags": self.tags})

    @cached_property
    def _api(self) -> Api:
        return Api(
            base_url=self.base_url,
            username=self.username,
            password=self.application_password,
            has_permalinks=self.has_permalinks,
            timeout_s=self.timeout_s,
        )

    @property
    def _notes(self) -> Notes:
        return Notes(folder=self.folder / "sent")


def _is_it(mark: Mark, key: str, note: Note | None) -> bool:
    """Whether a mark is that of a delivery; another installation may have a key like ours."""
    return mark.key == key and (note is None or mark.edition == note.edition)


def _is(post: Post, rendition: Rendition, key: str) -> bool:
    mark = post.mark
    return mark is not None and (mark.key, mark.edition) == (key, rendition.facts.get("digest"))


def _require_ours(there: Post, rendition: Rendition, key: str) -> None:
    """Refuse to write over a post that is not ours: a person's, or another installation's."""
    if there.mark is not None and (has_number(rendition) or _is(there, rendition, key)):
        return
    raise PermanentError(f"the name {there.slug} is taken", advice=TAKEN.format(there.link))


@contextmanager
def _before_sending() -> Iterator[None]:
    """Whatever is lost in here, nothing has been sent that anybody sees."""
    try:
        yield
    except UnknownOutcomeError as error:
        advice = error.advice or NOTHING_SENT
        raise RetryableError(f"before sending: {error}", advice=advice) from error


@contextmanager
def _looking() -> Iterator[None]:
    """A look that could not be taken proves neither that a post is there nor that it is not."""
    try:
        yield
    except (RetryableError, PermanentError) as error:
        raise UnknownOutcomeError(f"not looked: {error}", advice=error.advice) from error
