"""A public account in front of the scripted outlet, and the answers that WeChat gives."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any

from PIL import Image as Picture

from channels.wechat import WeChat
from publisher.channel import Content, Image, Rendition
from tests.outlet import Outlet

SECRET = "sesame-open-sesame"
TOKEN = "80_token-of-the-test"
KEY = "delivery-7"
LINK = "https://www.example.edu.cn/info/2026/7.html"
PLACE = "wechat-access-token-wx0000000000000001"


class MemoryShelf:
    """A shelf of one process; times are not kept."""

    def __init__(self, **kept: str) -> None:
        self.kept = kept
        self.ttl_s: dict[str, float] = {}
        self._lock = threading.Lock()

    def read(self, key: str) -> str | None:
        return self.kept.get(key)

    def write(self, key: str, value: str, *, ttl_s: float) -> None:
        self.kept[key], self.ttl_s[key] = value, ttl_s
        if ttl_s <= 0:
            del self.kept[key]

    @contextmanager
    def lock(self, key: str) -> Iterator[None]:
        with self._lock:
            yield


def account(outlet: Outlet, **settings: Any) -> WeChat:
    """Return an account that already has a token, unless a shelf is given."""
    given: dict[str, Any] = {"shelf": MemoryShelf(**{PLACE: TOKEN}), "timeout_s": 5.0} | settings
    return WeChat(appid="wx0000000000000001", secret=SECRET, api_base=outlet.url, **given)


NOTICE = Content(
    title="关于东校区部分区域临时停电停水的通知",
    body="<p>因检修，周六 9:00 至 11:00 停水。</p>",
    summary="周六 9:00 至 11:00 停水。",
    link=LINK,
    department="后勤管理处",
    issued_on=date(2026, 11, 20),
    publish_at=datetime(2026, 11, 24, 0, 30, tzinfo=UTC),
)


def picture(width: int, height: int, *, form: str = "PNG", name: str = "a.png") -> Image:
    """Return a picture of one colour."""
    file = BytesIO()
    Picture.new("RGB", (width, height), "#446688").save(file, form)
    return Image(name=name, file=file.getvalue(), media_type=f"image/{form.lower()}", alt="图")


def draft_of(rendition: Rendition, **changed: object) -> dict[str, object]:
    """Return what draft/get says of a rendition, with WeChat's changes to the markup."""
    content = rendition.body.decode().replace('src="media:', 'data-src="http://mmbiz.qpic.cn/')
    article = {"title": rendition.title, "content": content.replace("<br>", "<br  />")} | changed
    return {"news_item": [article], "create_time": 1760000000}


def draft_of_all(*renditions: Rendition) -> dict[str, object]:
    """Return what draft/get says of a draft of several articles."""
    items = [draft_of(one)["news_item"][0] for one in renditions]  # type: ignore[index]
    return {"news_item": items}


def drafts_in_box(*keys: str) -> dict[str, object]:
    """Return what draft/batchget says of drafts with these keys."""
    items = [
        {
            "media_id": f"draft-of-{key}",
            "content": {"news_item": [{"title": "通知", "content_source_url": f"{LINK}?wx={key}"}]},
        }
        for key in keys
    ]
    return {"total_count": len(items), "item_count": len(items), "item": items}


def refusal(code: int, errmsg: str = "…", **more: object) -> dict[str, object]:
    return {"errcode": code, "errmsg": errmsg, **more}
