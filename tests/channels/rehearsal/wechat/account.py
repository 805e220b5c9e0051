"""A caller of the practice WeChat account, in raw HTTP as the platform's pages describe it."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from typing import Any

import requests
from PIL import Image

from tests.rehearsal import TIMEOUT_S, Rehearsal

APPID, SECRET = "wxrehearsal0000001", "rehearsal-secret"
CREDENTIALS = {"grant_type": "client_credential", "appid": APPID, "secret": SECRET}


def picture(kind: str = "PNG", *, size_bytes: int = 0) -> bytes:
    """Return a small picture, filled up behind its end to that size."""
    file = io.BytesIO()
    Image.new("RGB", (9, 4), "navy").save(file, kind)
    return file.getvalue().ljust(size_bytes, b"\0")


@dataclass
class Account:
    """Calls the API as a program of the college would."""

    rehearsal: Rehearsal
    token: str = field(default="")

    def __post_init__(self) -> None:
        self.token = self.token or self.send_raw("stable_token", CREDENTIALS)["access_token"]

    def url(self, call: str) -> str:
        """Return the address of a call."""
        root = call if call.startswith("datacube/") else f"cgi-bin/{call}"
        return f"{self.rehearsal.url}/wechat/{root}"

    def send_raw(self, call: str, body: object, **query: str) -> dict[str, Any]:
        """Post UTF-8 JSON (bytes as they are) and return the answer, always with status 200."""
        content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        return _object(requests.post(self.url(call), data=content, params=query, timeout=TIMEOUT_S))

    def post(self, call: str, body: object) -> dict[str, Any]:
        """Post JSON with the token."""
        return self.send_raw(call, body, access_token=self.token)

    def get(self, call: str, **query: str) -> dict[str, Any]:
        """Get with the token."""
        asked = {"access_token": self.token} | query
        return _object(requests.get(self.url(call), params=asked, timeout=TIMEOUT_S))

    def upload(
        self, call: str, file: bytes, *, name: str | None = "cover.png", **query: str
    ) -> dict[str, Any]:
        """Post a file in the field `media`."""
        asked = {"access_token": self.token} | query
        files = {"media": (name, file)}
        return _object(requests.post(self.url(call), params=asked, files=files, timeout=TIMEOUT_S))

    def cover(self) -> str:
        """Upload a cover and return its permanent id."""
        answer = self.upload("material/add_material", picture(), type="image")
        return str(answer["media_id"])

    def article(self, **changes: object) -> dict[str, Any]:
        """Return an article as draft/add takes it."""
        article: dict[str, Any] = {
            "article_type": "news",
            "title": "关于国庆放假安排的通知",
            "author": "学院办公室",
            "digest": "10月1日至7日放假",
            "content": '<section style="margin:0"><p style="color:#333">放假七天</p></section>',
            "content_source_url": "https://www.example.edu.cn/notice/123.html?wx=a1",
            "need_open_comment": 0,
            "only_fans_can_comment": 0,
        }
        return (
            article
            | {"thumb_media_id": changes.pop("thumb_media_id", "") or self.cover()}
            | (changes)
        )

    def draft(self, **changes: object) -> str:
        """Add a draft of one article and return its media_id."""
        answer = self.post("draft/add", {"articles": [self.article(**changes)]})
        return str(answer["media_id"])

    def push(self, media_id: str, client_id: str = "") -> dict[str, Any]:
        """Send a draft to all followers."""
        body: dict[str, Any] = {
            "filter": {"is_to_all": True},
            "mpnews": {"media_id": media_id},
            "msgtype": "mpnews",
            "send_ignore_reprint": 0,
        }
        return self.post("message/mass/sendall", body | _named(client_id))


def _named(client_id: str) -> dict[str, str]:
    return {"clientmsgid": client_id} if client_id else {}


def _object(answer: requests.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = json.loads(answer.content)
    return body
