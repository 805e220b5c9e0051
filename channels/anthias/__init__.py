"""Anthias: one server on each screen, whose pictures are put up and taken down over HTTP.

It keeps no record of what it showed: what is proved is that the device lists the slide as playing.
API: /api/docs of the device, v2026.08.2; what it answers was seen on a real server.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import uuid4

from channels import _http
from channels._slides import slide
from publisher.channel import (
    Channel,
    Checks,
    Confirms,
    Content,
    Finds,
    Health,
    Receipt,
    Rendition,
    Shelf,
    Splits,
    Withdraws,
)
from publisher.errors import (
    ChannelError,
    ConfigError,
    CredentialsError,
    PermanentError,
    RetryableError,
    UnknownOutcomeError,
)

NAME = re.compile(r"[a-z0-9-]{1,40}")
KEY = re.compile(r"[A-Za-z0-9._-]{1,100}")
SIGN_IN = "屏幕不认这个账号：检查 username 和 password"
AWAY = "屏幕的播放机连不上：检查电源、网络和地址"


@dataclass(frozen=True, kw_only=True)
class Anthias(Channel, Splits, Confirms, Finds, Withdraws, Checks):
    """Some screens, or one of them."""

    label: ClassVar[str] = "Anthias 屏幕"
    typical_delay_s: ClassVar[float] = 5.0

    devices: dict[str, str]  # hall = "http://10.0.0.5"
    shelf: Shelf = field(repr=False)
    names: dict[str, str] = field(default_factory=dict)  # what people call them: hall = "大厅"
    username: str = ""  # empty: the device asks for none
    password: str = field(default="", repr=False)
    college_name: str = "泉州工程职业技术学院"
    slide_s: int = 12  # how long the slide stands in its turn
    days_without_end: int = 30  # it has to end: so long where the notice has no end
    excerpt_chars: int = 150
    timeout_s: float = _http.TIMEOUT_S

    def __post_init__(self) -> None:
        for name, address in self.devices.items():
            if not NAME.fullmatch(name) or not address.startswith(("http://", "https://")):
                raise ConfigError(
                    "屏幕名用小写字母、数字和连字符，地址以 http:// 或 https:// 开头", key="devices"
                )
        if not self.devices:
            raise ConfigError("至少要有一块屏幕", key="devices")
        if strange := sorted(set(self.names) - set(self.devices)):
            raise ConfigError(f"devices 里没有这块屏幕：{'、'.join(strange)}", key="names")
        if not 3 <= self.slide_s <= 600:
            raise ConfigError("应在 3 到 600 秒之间", key="slide_s")
        if not 1 <= self.days_without_end <= 365:
            raise ConfigError("应在 1 到 365 天之间", key="days_without_end")

    def parts(self) -> tuple[str, ...]:
        return tuple(self.devices)

    def part(self, name: str) -> Anthias:
        named = {name: self.names[name]} if name in self.names else {}
        return dataclasses.replace(self, devices={name: self.devices[name]}, names=named)

    def part_label(self, name: str) -> str:
        return self.names.get(name, name)

    def render(self, content: Content) -> Rendition:
        picture = slide.draw(content, college_name=self.college_name, most_chars=self.excerpt_chars)
        facts = {
            "from": content.publish_at.astimezone(UTC).isoformat() if content.publish_at else "",
            "until": content.expires_at.astimezone(UTC).isoformat() if content.expires_at else "",
        }
        return Rendition(body=picture, media_type="image/png", title=content.title, facts=facts)

    def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
        """Put the slide up, unless it is there: a second one of the name would be `name-1`."""
        if not KEY.fullmatch(key):
            raise PermanentError(f"a key that no asset can carry: {key!r}")
        with self.shelf.lock(f"anthias {self._address}"):
            try:
                there = self._asset(key)
                if there is not None:
                    return self._receipt(there)
                uploaded = self._upload(rendition.body)
            except UnknownOutcomeError as error:  # an upload that nothing names is not shown
                raise RetryableError(f"before the slide: {error}", advice=error.advice) from None
            wanted = self._wanted(rendition, key) | uploaded
            made = self._object(self._call("POST", "assets", wanted), status=201)
            if made.get("name") != key:
                return self._give_way(made, key)
        self._require_same(made, wanted)
        return self._receipt(made)

    def _wanted(self, rendition: Rendition, key: str) -> dict[str, Any]:
        begins = _moment(rendition.facts.get("from", "")) or datetime.now(UTC)
        ends = _moment(rendition.facts.get("until", "")) or begins + timedelta(
            days=self.days_without_end
        )
        return {
            "name": key,
            "start_date": begins.isoformat(),
            "end_date": ends.isoformat(),
            "duration": self.slide_s,
            "mimetype": "image",
            "is_enabled": True,
            "play_order": 0,
            "skip_asset_check": False,
        }

    def _upload(self, file: bytes) -> dict[str, Any]:
        mark = uuid4().hex
        head = (
            f'--{mark}\r\nContent-Disposition: form-data; name="file_upload"; filename="s.png"\r\n'
            "Content-Type: image/png\r\n\r\n"
        )
        body = head.encode() + file + f"\r\n--{mark}--\r\n".encode()
        answer = self._send(
            "POST", "file_asset", body, {"Content-Type": f"multipart/form-data; boundary={mark}"}
        )
        said = self._object(answer, status=200)
        return {"uri": said.get("uri", ""), "ext": said.get("ext", ".png")}

    def _give_way(self, made: Mapping[str, Any], key: str) -> Receipt:
        """Remove our slide that got another name: somebody was faster under this one."""
        self._remove(str(made.get("asset_id")))
        there = self._asset(key)
        if there is None:
            raise RetryableError(f"the device named it {made.get('name')}", after_s=10)
        return self._receipt(there)

    def _require_same(self, asset: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
        """Compare what stands there with what was asked for: it drops fields without a word."""
        for name in ("duration", "is_enabled", "mimetype"):
            if asset.get(name) != wanted[name]:
                raise UnknownOutcomeError(f"{name} is {asset.get(name)!r}")
        for name in ("start_date", "end_date"):
            if _moment(str(asset.get(name))) != _moment(wanted[name]):
                raise UnknownOutcomeError(
                    f"{name} is {asset.get(name)!r}", advice="屏幕记下的起止时间不对：检查它的时区"
                )

    def confirm(self, *, key: str, receipt: Receipt | None) -> Receipt | None:
        """Say whether the device lists the slide as playing; None: it has none of the name."""
        asset = self._asset(key)
        if asset is None:
            return None
        if not asset.get("is_active"):
            raise UnknownOutcomeError(
                "the asset is not active",
                advice="屏幕收下了，但没有列入播放：检查播放机的时钟，或有人停用了它",
            )
        return self._receipt(asset, evidence="屏幕已列入播放（这种播放机没有播放记录）")

    def find(self, rendition: Rendition, *, key: str) -> Receipt | None:
        return self.confirm(key=key, receipt=None)

    def withdraw(self, receipt: Receipt, *, reason: str) -> None:
        """Switch it off, which the viewer heeds at once, then delete it, and look."""
        number = receipt.remote_id.partition(":")[2]
        try:
            if not re.fullmatch("[0-9a-f]{32}", number):
                raise PermanentError(f"a receipt that names no asset: {receipt!r}")
            off = self._call("PATCH", f"assets/{number}", {"is_enabled": False})
            if off.status_code != 404:
                self._object(off, status=200)
            self._remove(number)
        except UnknownOutcomeError as error:  # twice does no harm
            raise RetryableError(str(error), after_s=10, advice=error.advice) from None

    def _remove(self, number: str) -> None:
        answer = self._call("DELETE", f"assets/{number}", None)
        if answer.status_code not in (204, 404):
            raise self._refusal(answer)

    def check(self) -> Health:
        """Ask each device for its list: /info can take more than a minute."""
        troubles = {}
        for name in self.devices:
            try:
                self.part(name)._assets()
            except CredentialsError as error:
                return Health(
                    is_reachable=True, is_signed_in=False, note=str(error), advice=error.advice
                )
            except ChannelError as error:
                troubles[self.part_label(name)] = error.advice or AWAY
        note = f"{len(self.devices)} 块屏幕，{len(self.devices) - len(troubles)} 块有回应"
        advice = "；".join(f"{name}：{trouble}" for name, trouble in troubles.items())
        return Health(
            is_reachable=len(troubles) < len(self.devices), is_signed_in=True, note=note,
            advice=advice,
        )  # fmt: skip

    def _asset(self, key: str) -> dict[str, Any] | None:
        return next((one for one in self._assets() if one.get("name") == key), None)

    def _assets(self) -> list[dict[str, Any]]:
        answer = self._call("GET", "assets", None)
        if answer.status_code != 200:
            raise self._refusal(answer)
        said = _json(answer)
        if not isinstance(said, list):
            raise UnknownOutcomeError("the list of assets is no list")
        return [one for one in said if isinstance(one, dict)]

    def _object(self, answer: _http.Answer, *, status: int) -> dict[str, Any]:
        said = _json(answer) if answer.status_code == status else None
        if isinstance(said, dict):
            return said
        raise self._refusal(answer)

    def _call(self, method: str, route: str, fields: Mapping[str, Any] | None) -> _http.Answer:
        body = None if fields is None else json.dumps(fields).encode()
        return self._send(method, route, body, {"Content-Type": "application/json"})

    def _send(
        self, method: str, route: str, body: bytes | None, headers: dict[str, str]
    ) -> _http.Answer:
        if self.username:
            signed = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
            headers = headers | {"Authorization": f"Basic {signed}"}
        return _http.send(
            method, f"{self._address}/api/v2/{route}", timeout_s=self.timeout_s, data=body,
            headers=headers,
        )  # fmt: skip

    def _refusal(self, answer: _http.Answer) -> ChannelError:
        """Sort an answer: a redirection leads to a page for people, and means no login."""
        status = answer.status_code
        message = f"HTTP {status}: {answer.content[:200].decode('utf-8', 'replace')}"
        if status in (301, 302, 303, 307, 308, 401, 403):
            return CredentialsError(f"HTTP {status}", advice=SIGN_IN)
        if status == 507:
            return RetryableError(message, after_s=600, advice="播放机的存储满了：请清理")
        if status in (429, 503):
            return RetryableError(message, after_s=60)
        if status == 500 and b"Could not retrieve file" in answer.content:
            return PermanentError(message)
        if 400 <= status < 500:
            return PermanentError(message, advice="播放机不收这个内容，请与系统管理员核对")
        return UnknownOutcomeError(message)

    def _receipt(self, asset: Mapping[str, Any], *, evidence: str = "") -> Receipt:
        said = evidence or "屏幕收下"
        return Receipt(remote_id=f"{self._device}:{asset.get('asset_id', '')}", evidence=said)

    @property
    def _device(self) -> str:
        if len(self.devices) > 1:
            raise PermanentError("several screens: ask the part of one of them")
        return next(iter(self.devices))

    @property
    def _address(self) -> str:
        return self.devices[self._device].rstrip("/")


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


def _json(answer: _http.Answer) -> object:
    try:
        said: object = json.loads(answer.content)
    except ValueError:
        raise UnknownOutcomeError(f"HTTP {answer.status_code} with no JSON") from None
    return said
