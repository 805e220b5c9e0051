"""The title: what it ends with, how long it is, whether it says what kind of notice it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from publisher.screening.finding import Finding
from publisher.screening.wording.reading import Page

LONGEST = 60  # characters; beyond that a list of titles breaks in three lines
_KINDS = {"通知", "公示", "公告", "通告", "通报", "决定", "报告"}
_STOP = re.compile(r"[。，、；：,;:]$|[^.]\.$")
_CALL = re.compile(r"[！？!?]$")
_TWICE = re.compile(r"关于.*(?<!目)的的(?!确)|关于关于")
_FORWARDED = re.compile(r"转发|印发|批转|撤销|废止|取消|修改|更正|补充")


def find(page: Page) -> Iterator[Finding]:
    """Yield the slips of the title."""
    title, kind = page.notice.title.strip(), page.notice.kind
    line, official = page.title, kind in _KINDS
    if _STOP.search(title) or (official and _CALL.search(title)):
        yield line.finding("title_end", "warn", "末尾不用标点，请删去。")
    if len(title) > LONGEST:
        yield line.finding("title_length", "inform", f"超过 {LONGEST} 个字，请考虑缩短。")
    if official and title and kind not in title:
        yield line.finding("title_kind", "inform", f"没有写明“{kind}”，请核对文种或标题。")
    if _TWICE.search(title):
        yield line.finding("title_doubled", "warn", "有重复的“的”或“关于”，请删去一个。")
    if "通知的通知" in title and not _FORWARDED.search(title):
        yield line.finding("title_doubled", "warn", "写了两次“通知”，请删去一个。")
