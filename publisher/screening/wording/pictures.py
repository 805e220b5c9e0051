"""Pictures that say nothing to a reader who does not see them."""

from __future__ import annotations

from collections.abc import Iterator

from publisher.screening.finding import Finding
from publisher.screening.wording.reading import Page


def find(page: Page) -> Iterator[Finding]:
    """Yield a warning for each picture without alternative text."""
    for number, alternative in enumerate(page.alternatives, start=1):
        if not alternative.strip():
            yield Finding(
                rule="picture_alt",
                action="warn",
                place=f"body 第 {number} 张图片",
                message=f"正文第 {number} 张图片没有替代文字，请写一句话说明图中内容。",
            )
