"""Huidu (灰度) LED cards, over their local interface: signed JSON, no vendor's cloud.

A card keeps no record of what it showed: what is proved is that it lists our program and is lit.
API: cn.huidu.device.sdk, README of 2026-05; error texts beyond "failed" are not documented there.
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import formatdate
from typing import Any, ClassVar
from uuid import uuid4

from channels import _http
from channels._slides import shapes, slide
from publisher.channel import (
    CAMPUS_TIME,
    Channel,
    Checks,
    Confirms,
    Content,
    Finds,
    Health,
    Part,
    Receipt,
    Rendition,
    Shelf,
    Splits,
    Withdraws,
)
from publisher.errors import (
    ChannelError,
    ConfigError,
    PermanentError,
    RetryableError,
    UnknownOutcomeError,
)

CARD = re.compile(r"[A-Za-z0-9]+-D[A-Za-z0-9]+-[A-Za-z0-9]+")
KEY = re.compile(r"[A-Za-z0-9._-]{1,64}")
REFUSED = "控制卡不认我们的签名，或没有打开 HTTP 模式：检查 sdk_key、secret 和两边的时钟"
AWAY = "控制卡连不上：检查电源、网线和地址"
SUCCESS = "kSuccess"


@dataclass(frozen=True, kw_only=True)
class Huidu(Channel, Splits, Confirms, Finds, Withdraws, Checks):
    """Some cards behind one address, or one of them."""

    label: ClassVar[str] = "LED 屏"
    typical_delay_s: ClassVar[float] = 5.0

    base_url: str  # of the card, or of the vendor's gateway: "http://10.0.0.9:30080"
    cards: tuple[str, ...]  # "C16L-D00-A000F"
    sdk_key: str = field(repr=False)
    secret: str = field(repr=False)
    shelf: Shelf = field(repr=False)
    names: dict[str, str] = field(default_factory=dict)  # what people call them
    width: int = 1920  # pixels of the wall
    height: int = 160  # below a quarter of the width it is a strip, a line at a time
    line_s: int = 8  # how long each page stands
    days_without_end: int = 30  # it has to end: so long where the notice has no end
    college_name: str = "泉州工程职业技术学院"
    excerpt_chars: int = 150
    timeout_s: float = _http.TIMEOUT_S

    def __post_init__(self) -> None:
        if not self.base_url.startswith(("http://", "https://")):
            raise ConfigError("应是 http:// 或 https:// 地址", key="base_url")
        if not self.cards or not all(map(CARD.fullmatch, self.cards)):
            message = "写控制卡的编号，如 C16L-D00-A000F：只有工程卡（中间一组以 D 开头）能用"
            raise ConfigError(message, key="cards")
        if strange := sorted(set(self.names) - set(self.cards)):
            raise ConfigError(f"cards 里没有：{'、'.join(strange)}", key="names")
        if not 3 <= self.line_s <= 600:
            raise ConfigError("应在 3 到 600 秒之间", key="line_s")
        if not 1 <= self.days_without_end <= 365:
            raise ConfigError("应在 1 到 365 天之间", key="days_without_end")
        if self.width < 4 * self.height and (self.width, self.height) != (1920, 1080):
            message = "条屏的宽至少是高的 4 倍；大屏只支持 1920 x 1080"
            raise ConfigError(message, key="width")
        _ = self._shape

    @property
    def _shape(self) -> shapes.Shape:
        if (self.width, self.height) == (1920, 1080):
            return shapes.LANDSCAPE
        try:
            return shapes.shape_of(f"strip-{self.width}x{self.height}")
        except ConfigError:
            raise ConfigError("高至少 16 像素，宽最多 8192 像素", key="height") from None

    def parts(self) -> tuple[str, ...]:
        return self.cards

    def part(self, name: str) -> Huidu:
        named = {name: self.names[name]} if name in self.names else {}
        return dataclasses.replace(self, cards=(name,), names=named)

    def part_label(self, name: str) -> str:
        return self.names.get(name, name)

    def render(self, content: Content) -> Rendition:
        """Typeset it here, so that it looks the same on every card, whatever fonts it has."""
        first, *others = slide.pages(
            content,
            college_name=self.college_name,
            most_chars=self.excerpt_chars,
            shape=self._shape,
        )
        parts = tuple(
            Part(name=f"page-{n}.png", media_type="image/png", file=page, label=f"第 {n} 页")
            for n, page in enumerate(others, start=2)
        )
        facts = {
            "from": _day(content.publish_at),
            "until": _day(content.expires_at),
            "title": content.title,
        }
        return Rendition(
            body=first, media_type="image/png", title=content.title, parts=parts, facts=facts
        )

    def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
        """Append the program, unless it is there; never `replace`, which wipes the card."""
        if not KEY.fullmatch(key):
            raise PermanentError(f"a key that no program can carry: {key!r}")
        with self.shelf.lock(f"huidu {self.base_url} {self._card}"):
            try:
                there = key in self._programs()
                files = [rendition.body, *(part.file for part in rendition.parts)]
                items = [self._item(file, key, n) for n, file in enumerate(files, start=1)]
            except UnknownOutcomeError as error:  # a file that no program names is not shown
                raise RetryableError(f"before the program: {error}", advice=error.advice) from None
            if there:
                return self._receipt(key)
            self._act("append", [self._program(rendition, key, items)])
        return self._receipt(key)

    def _item(self, file: bytes, key: str, number: int) -> dict[str, Any]:
        """Upload one page under a name of its own; return how a program shows it."""
        md5 = hashlib.md5(file, usedforsecurity=False).hexdigest()
        name = f"{md5}.png"
        said = self._upload(name, file)
        if said.get("md5") != md5:
            raise UnknownOutcomeError(f"the card has another file for {key} {number}")
        return {
            "type": "image",
            "file": name,
            "fileMd5": md5,
            "fileSize": len(file),
            "fit": "fill",
            "effect": {"type": 0, "speed": 0, "hold": self.line_s * 1000},
        }

    def _program(
        self, rendition: Rendition, key: str, items: list[dict[str, Any]]
    ) -> dict[str, Any]:
        today = datetime.now(CAMPUS_TIME).date()
        start = rendition.facts.get("from") or today.isoformat()
        end = (
            rendition.facts.get("until")
            or (today + timedelta(days=self.days_without_end)).isoformat()
        )
        return {
            "name": rendition.facts.get("title", "")[:30],
            "type": "normal",
            "uuid": key,
            "playControl": {"date": [{"start": start, "end": end}]},
            "area": [{"x": 0, "y": 0, "width": self.width, "height": self.height, "item": items}],
        }

    def confirm(self, *, key: str, receipt: Receipt | None) -> Receipt | None:
        """Say whether the card lists our program and is lit; None: it does not list it."""
        if key not in self._programs():
            return None
        if self._status().get("screen.openStatus") != "true":
            raise UnknownOutcomeError(
                "the screen is dark", advice="控制卡收下了，但屏幕没有点亮：请打开屏幕"
            )
        return dataclasses.replace(
            self._receipt(key), evidence="控制卡已列入节目，屏幕亮着（这种卡没有播放记录）"
        )

    def find(self, rendition: Rendition, *, key: str) -> Receipt | None:
        return self.confirm(key=key, receipt=None)

    def withdraw(self, receipt: Receipt, *, reason: str) -> None:
        """Remove the program and look whether it is gone."""
        key = receipt.remote_id.partition(":")[2]
        if not KEY.fullmatch(key):
            raise PermanentError(f"a receipt that names no program: {receipt!r}")
        try:
            self._act("remove", [{"uuid": key}])
            if key in self._programs():
                raise RetryableError("the card lists it still", after_s=10)
        except UnknownOutcomeError as error:  # twice does no harm
            raise RetryableError(str(error), after_s=10, advice=error.advice) from None

    def check(self) -> Health:
        """Ask each card whether it is there and lit."""
        troubles = {}
        for name in self.cards:
            try:
                lit = self.part(name)._status().get("screen.openStatus") == "true"
                if not lit:
                    troubles[self.part_label(name)] = "屏幕没有点亮"
            except ChannelError as error:
                troubles[self.part_label(name)] = error.advice or AWAY
        advice = "；".join(f"{name}：{trouble}" for name, trouble in troubles.items())
        note = f"{len(self.cards)} 块 LED 屏，{len(self.cards) - len(troubles)} 块正常"
        return Health(is_reachable=len(troubles) < len(self.cards), note=note, advice=advice)

    def _programs(self) -> set[str]:
        """Return the uuids of what is on the card."""
        said = self._act("getAll", [])
        items = said.get("item") if isinstance(said, dict) else None
        if not isinstance(items, list):
            raise UnknownOutcomeError("the card does not list its programs")
        return {str(one.get("uuid")) for one in items if isinstance(one, dict)}

    def _status(self) -> Mapping[str, Any]:
        body = {"method": "getDeviceStatus", "id": self._card, "data": ["screen.openStatus"]}
        said = self._of_card(self._post(f"device/{self._card}", body))
        return said if isinstance(said, dict) else {}

    def _act(self, method: str, programs: list[dict[str, Any]]) -> object:
        """Do something with programs; success is said three times over."""
        body = {"method": method, "id": self._card, "data": programs}
        said = self._of_card(self._post(f"program/{self._card}", body))
        if method != "getAll" and said != SUCCESS:
            raise PermanentError(
                f"{method}: {said}", advice="控制卡没有收下这个节目，请与系统管理员核对"
            )
        return said

    def _of_card(self, said: Mapping[str, Any]) -> object:
        """Return what one card answered; a gateway answers for each."""
        rows = said.get("data")
        own = next(
            (row for row in rows if isinstance(row, dict) and row.get("id") == self._card), None
        ) if isinstance(rows, list) else None  # fmt: skip
        if own is None:
            raise UnknownOutcomeError(f"no answer of the card: {str(said)[:200]}")
        if own.get("message") != "ok":
            raise RetryableError(f"the card says {own.get('message')}", after_s=60, advice=AWAY)
        return own.get("data")

    def _post(self, route: str, body: Mapping[str, Any]) -> dict[str, Any]:
        content = json.dumps(body, ensure_ascii=False).encode()
        return self._send(route, content, signed=content, kind="application/json")

    def _upload(self, name: str, file: bytes) -> dict[str, Any]:
        mark = uuid4().hex
        head = (
            f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            "Content-Type: image/png\r\n\r\n"
        )
        content = head.encode() + file + f"\r\n--{mark}--\r\n".encode()
        said = self._send(
            "file/", content, signed=b"", kind=f"multipart/form-data; boundary={mark}"
        )
        rows = said.get("data")
        if not isinstance(rows, list) or len(rows) != 1 or rows[0].get("message") != "ok":
            raise UnknownOutcomeError(f"the upload answers {str(said)[:200]}")
        return dict(rows[0])

    def _send(self, route: str, content: bytes, *, signed: bytes, kind: str) -> dict[str, Any]:
        date = formatdate(usegmt=True)
        words = signed + f"{self.sdk_key}{date}".encode()
        headers = {
            "requestId": str(uuid4()),
            "sdkKey": self.sdk_key,
            "date": date,
            "sign": hmac.new(self.secret.encode(), words, hashlib.md5).hexdigest(),
            "Content-Type": kind,
        }
        answer = _http.send(
            "POST", f"{self.base_url.rstrip('/')}/api/{route}", timeout_s=self.timeout_s,
            data=content, headers=headers,
        )  # fmt: skip
        _http.raise_for_status(answer)
        said = _http.json_object(answer)
        if said.get("message") != "ok":  # with HTTP 200 too
            raise RetryableError(
                f"the card says {said.get('message')}", after_s=300, advice=REFUSED
            )
        return said

    def _receipt(self, key: str) -> Receipt:
        return Receipt(remote_id=f"{self._card}:{key}", evidence="控制卡收下")

    @property
    def _card(self) -> str:
        if len(self.cards) > 1:
            raise PermanentError("several cards: ask the part of one of them")
        return self.cards[0]


def _day(moment: datetime | None) -> str:
    """Return the day on the campus: a card knows days, not hours; we withdraw at the hour."""
    return moment.astimezone(CAMPUS_TIME).date().isoformat() if moment else ""
