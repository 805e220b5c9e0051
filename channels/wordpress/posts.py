"""Posts of the site: found by name, number or mark, and compared with what was asked for."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from channels.wordpress.api import POSTS, Api
from channels.wordpress.article import Mark, words_of
from channels.wordpress.codes import FIELDS

MARK_LOST = (
    "网站去掉了正文里的标记（data-yigao），无法核对这篇文章：请网站管理员检查过滤内容的插件，"
    "并人工核对这篇文章"
)
WORDS_DIFFER = "网站上的正文与审核通过的不一致：请立即核对这篇文章，看是谁改了它"
DROPPED = "网站没有照单收下：{}。请到 WordPress 里补上并核对设置，再到这里核实"
STATES = {
    "draft": "草稿",
    "pending": "待审",
    "private": "私密",
    "future": "定时",
    "trash": "回收站",
}


@dataclass(frozen=True, kw_only=True)
class Post:
    """A post as the site has it."""

    id: int
    slug: str
    status: str
    link: str
    content: str  # as it is kept, not as it is shown
    fields: Mapping[str, Any]  # all that the site said

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Post:
        """Take the answer apart; it was asked for with context=edit."""
        return cls(
            id=int(said["id"]),
            slug=str(said.get("slug", "")),
            status=str(said.get("status", "")),
            link=str(said.get("link", "")),
            content=str(_raw(said, "content") or ""),
            fields=said,
        )

    @property
    def mark(self) -> Mark | None:
        return Mark.read(self.content)

    @property
    def is_shown(self) -> bool:
        return self.status == "publish"

    @property
    def state(self) -> str:
        """Return the status in the words of the back office."""
        return STATES.get(self.status, self.status)

    def lacks(self, wanted: Mapping[str, Any]) -> tuple[str, ...]:
        """Return what was asked for and is not there, in Chinese, with the setting's name."""
        there = {name: _raw(self.fields, name) for name in FIELDS}
        return tuple(
            word
            for name, word in FIELDS.items()
            if name in wanted and name != "content" and not _agrees(wanted[name], there[name])
        )

    def has_its_words(self) -> bool:
        """Whether words and addresses are those that the mark was made for."""
        mark = self.mark
        return mark is not None and words_of(self.content) == mark.words


def named(api: Api, slug: str) -> Post | None:
    """Return the post of this name, in the bin too; None: there is none.

    Asked in two calls, for status=any leaves the bin out, and there the name has an ending.
    """
    for status, name in (("any", slug), ("trash", f"{slug}__trashed")):
        for row in api.rows(POSTS, context="edit", slug=name, status=status):
            if row.get("slug") == name:
                return Post.of(row)
    return None


def numbered(api: Api, number: str) -> Post | None:
    """Return the post of this number; None: it was deleted for good, or is no number."""
    if not number.isdecimal():
        return None
    said = api.one(f"{POSTS}/{number}", context="edit")
    return Post.of(said) if said else None


def marked(api: Api, key: str, edition: str) -> Post | None:
    """Return a post that carries the mark of a delivery, whatever it is called now."""
    for row in api.rows(POSTS, context="edit", search=edition, status="any"):
        post = Post.of(row)
        if post.mark is not None and (post.mark.key, post.mark.edition) == (key, edition):
            return post
    return None


def _raw(said: Mapping[str, Any], name: str) -> Any:
    value = said.get(name)
    return value.get("raw", "") if isinstance(value, dict) else value


def _agrees(wanted: object, there: object) -> bool:
    if isinstance(wanted, list) and isinstance(there, list):
        return set(wanted) == set(there)
    if isinstance(wanted, str) and isinstance(there, str):
        return html.unescape(wanted).split() == html.unescape(there).split()
    return wanted == there
