"""Addresses of pushed articles, as the statistics of the next day tell them.

Source: datacube/getarticletotaldetail, which lists the articles of a past day as
"msg_data_id_place" with content_url. All articles of a
day share the question.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta

from channels.wechat.api import Api
from channels.wechat.receipts import Article
from publisher.channel import CAMPUS_TIME, Shelf
from publisher.errors import ChannelError

READY = time(9)  # campus time of the next day; the statistics are made overnight
ASKED_AGAIN_S = 6 * 3600.0  # they may come late, and some articles later than others


def of(api: Api, shelf: Shelf, article: Article) -> str:
    """Return the address of an article, nothing where it is not known; never raise for it."""
    if not article.data or not article.day or not _is_ready(article.day):
        return ""
    place = f"wechat-addresses-{api.account.appid}-{article.day}"
    known = shelf.read(place)
    if known is None:
        known = json.dumps(_asked(api, article.day))
        shelf.write(place, known, ttl_s=ASKED_AGAIN_S)
    addresses: dict[str, str] = json.loads(known)
    return addresses.get(f"{article.data}_{article.place or 1}", "")


def _is_ready(day: str) -> bool:
    pushed = datetime.strptime(day, "%Y%m%d").replace(tzinfo=CAMPUS_TIME)
    ready = datetime.combine(pushed.date() + timedelta(days=1), READY, tzinfo=CAMPUS_TIME)
    return datetime.now(UTC) >= ready


def _asked(api: Api, day: str) -> dict[str, str]:
    try:
        answer = api.statistics(f"{day[:4]}-{day[4:6]}-{day[6:]}")
    except ChannelError:
        return {}  # an account may not be allowed to see them; the article is there all the same
    rows = [row for row in answer.get("list") or [] if isinstance(row, dict)]
    return {
        str(row["msgid"]): str(row["content_url"])
        for row in rows
        if row.get("msgid") and str(row.get("content_url", "")).startswith("http")
    }
