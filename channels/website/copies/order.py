"""In which order files go to a copy, so that no page there names what is not there."""

from __future__ import annotations

import re

MEDIA = re.compile(r"info/[^/]+/[^/]+/.+")
PAGE = re.compile(r"info/[^/]+/[^/]+\.html")
FRONT = {"index.html", "feed.xml", "feed.json", "sitemap.xml", "search/months.json"}
FIRST, NEW_PAGES, PAGES, LISTS, FRONTS, TOMBSTONES, LAST = range(7)


def rank_of(
    name: str, *, is_new: bool = False, is_gone: bool = False, is_tombstone: bool = False
) -> int:
    """Return the place in the order: files, pages, lists, front; then what comes down."""
    if is_gone:
        return LAST  # nothing names it any more
    if is_tombstone:
        return TOMBSTONES  # lists first, so that no list names a page that is gone
    if PAGE.fullmatch(name):
        return NEW_PAGES if is_new else PAGES  # those beside a new page name it
    if MEDIA.fullmatch(name) or name.startswith("assets/"):
        return FIRST
    return FRONTS if name in FRONT else LISTS
