"""What WeChat reported of a job by itself, kept on the shelf for the looks. No event is proof.

Source: MASSSENDJOBFINISH and PUBLISHJOBFINISH. One item is a mapping and several are a list, an
empty element is None, numbers are words, and words may hold line breaks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from publisher.channel import Shelf

KEPT_S = 30 * 86400.0
REASONS = {  # err(n) of MASSSENDJOBFINISH
    "10001": "涉嫌广告",
    "20001": "涉嫌政治",
    "20002": "涉嫌色情",
    "20004": "涉嫌社会",
    "20006": "涉嫌违法犯罪",
    "20008": "涉嫌欺诈",
    "20013": "涉嫌版权",
    "21000": "涉嫌其他问题",
    "22000": "涉嫌互推",
    "30001": "原创校验出错",
    "30002": "原创校验判定不能群发",
    "30003": "原创校验判定为转载，且没有允许改发原文",
    "40001": "管理员拒绝了群发",
    "40002": "管理员半小时没有确认",
}


@dataclass(frozen=True, kw_only=True)
class Told:
    """What was reported of one job."""

    is_success: bool
    advice: str = ""  # why it failed, and what to do; or who it did not reach
    addresses: Mapping[int, str] = field(default_factory=dict)  # by place, from 1


def keep(shelf: Shelf, appid: str, job: str, told: Told) -> None:
    """Keep it for the looks."""
    facts = {
        "is_success": told.is_success,
        "advice": told.advice,
        "addresses": {str(place): address for place, address in told.addresses.items()},
    }
    shelf.write(_place(appid, job), json.dumps(facts), ttl_s=KEPT_S)


def told(shelf: Shelf, appid: str, job: str) -> Told | None:
    """Return what was reported of a job, None where nothing was."""
    kept = shelf.read(_place(appid, job))
    if kept is None:
        return None
    facts = json.loads(kept)
    addresses = {int(place): address for place, address in facts["addresses"].items()}
    return Told(is_success=facts["is_success"], advice=facts["advice"], addresses=addresses)


def _place(appid: str, job: str) -> str:
    return f"wechat-event-{appid}-{job}"


def of_push(event: Mapping[str, Any]) -> Told:
    """Read MASSSENDJOBFINISH."""
    status = re.sub(r"\s|（|）|[()]", "", str(event.get("Status") or "")).lower()
    code = re.sub(r"\D", "", status)
    if status == "sendsuccess":
        sent = _number(event.get("SentCount"))
        advice = "微信说群发成功，但没有送达任何关注者，请到后台核对" if sent == 0 else ""
        return Told(is_success=True, advice=advice, addresses=_addresses(event, "ArticleUrlResult"))
    reason = REASONS.get(code, f"微信说 {event.get('Status') or '没有发成'}")
    places = _refused_places(event)
    which = f"（第 {'、'.join(places)} 篇）" if places else ""
    advice = f"群发失败：{reason}{which}。请在公众号后台查看，修改后另发一版"
    return Told(is_success=False, advice=advice)


def of_publication(event: Mapping[str, Any]) -> tuple[str, Told]:
    """Read PUBLISHJOBFINISH; return the publish_id with it."""
    facts = fields(event.get("PublishEventInfo"))
    job = str(facts.get("publish_id") or "").strip()
    if _number(facts.get("publish_status")) == 0:
        items = _list(fields(facts.get("article_detail")).get("item"))
        return job, Told(is_success=True, addresses=_by_place(items, "idx", "article_url"))
    places = [str(one) for one in _list(facts.get("fail_idx"))]
    which = f"（第 {'、'.join(places)} 篇）" if places else ""
    return job, Told(is_success=False, advice=f"微信没有发布出来{which}，请在公众号后台查看原因")


def _addresses(event: Mapping[str, Any], name: str) -> dict[int, str]:
    items = _list(fields(fields(event.get(name)).get("ResultList")).get("item"))
    return _by_place(items, "ArticleIdx", "ArticleUrl")


def _refused_places(event: Mapping[str, Any]) -> list[str]:
    result = fields(event.get("CopyrightCheckResult"))
    items = [fields(one) for one in _list(fields(result.get("ResultList")).get("item"))]
    return [str(one.get("ArticleIdx")) for one in items if _number(one.get("CheckState")) == 3]


def _by_place(items: list[Any], place: str, address: str) -> dict[int, str]:
    rows = [fields(one) for one in items]
    found = {_number(one.get(place)): str(one.get(address) or "").strip() for one in rows}
    return {place: url for place, url in found.items() if place and url.startswith("http")}


def fields(value: object) -> Mapping[str, Any]:
    """Return the fields of an element; none where it is empty, or holds words."""
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def _number(value: object) -> int | None:
    words = str(value).strip()
    return int(words) if words.isdecimal() else None
