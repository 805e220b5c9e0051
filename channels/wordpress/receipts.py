"""What a post proves: its number, whose it is, and what was dropped on the way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels.wordpress.posts import DROPPED, MARK_LOST, WORDS_DIFFER, Post
from publisher.channel import Receipt


def number_in(receipt: Receipt) -> str:
    """Return the number of the post: "5:delivery-7" is post 5 as long as it is of delivery 7."""
    return receipt.remote_id.partition(":")[0]


def receipt_of(
    post: Post, key: str, *, wanted: Mapping[str, Any] | None = None, seen: str = ""
) -> Receipt:
    """Make the receipt; what was dropped on the way is in it, for the post is there."""
    awaits = "" if post.is_shown else f"文章在 WordPress 里是“{post.state}”：请到后台发布它"
    faults = []
    if wanted is not None and (lost := post.lacks(wanted)):
        faults.append(DROPPED.format("、".join(lost)))
    if wanted is not None and post.mark is None:
        faults.append(MARK_LOST)
    elif wanted is not None and not post.has_its_words():
        faults.append(WORDS_DIFFER)
    said = "；".join(faults) or seen or f"网站收下，文章编号 {post.id}，各项与送出的一致"
    return Receipt(remote_id=f"{post.id}:{key}", url=post.link, evidence=said, awaits=awaits)
