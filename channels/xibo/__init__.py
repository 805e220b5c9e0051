"""Xibo CMS: one picture in its library and one event in its schedule, proved by its statistics.

A success says little: a refused upload is HTTP 200, an unknown route HTTP 500, a list is cut at ten
rows. So everything is looked up before it is made, and read back afterwards.
API: the product's own /swagger.json, 4.5.1; what it answers was seen on a real server.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode
from uuid import uuid4
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from channels import _http
from channels._slides import slide
from publisher.channel import (
    Channel,
    Checks,
    Confirms,
    Content,
    Finds,
    Health,
    Prepares,
    Receipt,
    Rendition,
    Shelf,
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

KEY = re.compile(r"[A-Za-z0-9._-]{1,50}")
FORM = "%Y-%m-%d %H:%M:%S"  # in the zone of the CMS; ISO 8601 is refused
MEDIA_EVENT = "7"
PER_PAGE = 100
RENEWED_EARLIER_S = 60
URGENT_PRIORITY = 5
SIGN_IN = "Xibo 不认这个应用：检查 client_id 和 client_secret"
RIGHTS = (
    "这个应用的权限不够：在 Xibo 里勾选 design、designDelete、displays、schedule、scheduleDelete"
)


@dataclass(frozen=True, kw_only=True)
class Xibo(Channel, Prepares, Confirms, Finds, Withdraws, Checks):
    """One display group, or several, of one CMS."""

    label: ClassVar[str] = "Xibo 大屏"
    typical_delay_s: ClassVar[float] = 300.0  # players without push ask every five minutes

    api_base: str  # "https://xibo.example.edu.cn/api"
    client_id: str
    client_secret: str = field(repr=False)
    display_groups: tuple[int, ...]  # ids; a single display has a group of its own
    shelf: Shelf = field(repr=False)
    cms_timezone: str = "Asia/Shanghai"
    confirm_share: float = 1.0  # of the displays that must have shown it
    days_without_end: int = 30  # it has to end: so long where the notice has no end
    silent_after_s: float = 900.0  # without contact, a display counts as off
    college_name: str = "泉州工程职业技术学院"
    excerpt_chars: int = 150
    timeout_s: float = _http.TIMEOUT_S

    def __post_init__(self) -> None:
        if not self.api_base.startswith(("http://", "https://")):
            raise ConfigError("应是 http:// 或 https:// 地址，以 /api 结尾", key="api_base")
        if not self.display_groups or any(number <= 0 for number in self.display_groups):
            raise ConfigError("至少写一个显示组的编号", key="display_groups")
        if not 0 < self.confirm_share <= 1:
            raise ConfigError("应大于 0，最多是 1", key="confirm_share")
        if not 1 <= self.days_without_end <= 365:
            raise ConfigError("应在 1 到 365 天之间", key="days_without_end")
        try:
            ZoneInfo(self.cms_timezone)
        except (ZoneInfoNotFoundError, ValueError):
            raise ConfigError("没有这个时区，如 Asia/Shanghai", key="cms_timezone") from None

    def render(self, content: Content) -> Rendition:
        picture = slide.draw(content, college_name=self.college_name, most_chars=self.excerpt_chars)
        is_urgent = slide.URGENT in content.title + content.kind
        facts = {
            "from": content.publish_at.astimezone(UTC).isoformat() if content.publish_at else "",
            "until": content.expires_at.astimezone(UTC).isoformat() if content.expires_at else "",
            "priority": str(URGENT_PRIORITY if is_urgent else 0),
        }
        return Rendition(body=picture, media_type="image/png", title=content.title, facts=facts)

    def prepare(self, rendition: Rendition, *, key: str) -> str:
        """Put the picture into the library under the delivery's key; nobody sees it there."""
        if not KEY.fullmatch(key):
            raise PermanentError(f"a key that no medium can carry: {key!r}")
        with self.shelf.lock(f"xibo {self.api_base}"):
            there = self._medium(key)
            if there is None:
                there = self._upload(key, rendition.body)
        md5 = hashlib.md5(rendition.body, usedforsecurity=False).hexdigest()
        if there.get("md5") != md5:
            raise PermanentError(
                f"another file has the name {key}",
                advice="Xibo 的媒体库里有同名的别的文件：请在那里改名或删除它",
            )
        return str(there["mediaId"])

    def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
        return self.deliver_prepared(rendition, key=key, handle=self.prepare(rendition, key=key))

    def deliver_prepared(self, rendition: Rendition, *, key: str, handle: str) -> Receipt:
        """Put it into the schedule, unless it is there: a second event would play as well."""
        with self.shelf.lock(f"xibo {self.api_base}"):
            try:
                there = self._event(key)
            except UnknownOutcomeError as error:
                raise RetryableError(f"before the event: {error}", advice=error.advice) from None
            if there is not None:
                return self._receipt(there, key)
            wanted = self._wanted(rendition, key, handle)
            said = self._json("POST", "schedule", fields=wanted)
        made = said.get("data", said) if isinstance(said, dict) else {}
        if not isinstance(made, dict) or not made.get("eventId"):
            raise UnknownOutcomeError(f"the schedule answers {str(said)[:200]}")
        self._require_same(made, wanted)
        return self._receipt(made, key)

    def _wanted(self, rendition: Rendition, key: str, handle: str) -> list[tuple[str, str]]:
        facts = rendition.facts
        begins = _moment(facts.get("from", "")) or datetime.now(UTC)
        ends = _moment(facts.get("until", "")) or begins + timedelta(days=self.days_without_end)
        groups = [("displayGroupIds[]", str(number)) for number in self.display_groups]
        return [
            ("eventTypeId", MEDIA_EVENT),
            ("mediaId", handle),
            ("name", key),
            ("fromDt", self._in_cms(begins)),
            ("toDt", self._in_cms(ends)),
            ("isPriority", facts.get("priority", "0")),
            *groups,
        ]

    def _in_cms(self, moment: datetime) -> str:
        return moment.astimezone(ZoneInfo(self.cms_timezone)).strftime(FORM)

    def _require_same(self, made: Mapping[str, Any], wanted: list[tuple[str, str]]) -> None:
        """Compare window and groups with what was asked for; a wrong zone shows here."""
        asked = dict(wanted)
        for name in ("fromDt", "toDt"):
            stamp = made.get(name)
            if not isinstance(stamp, int | float):
                continue
            if self._in_cms(datetime.fromtimestamp(stamp, UTC)) != asked[name]:
                raise UnknownOutcomeError(
                    f"{name} is {stamp}", advice="Xibo 记下的时间不对：检查 cms_timezone"
                )
        groups = {one.get("displayGroupId") for one in made.get("displayGroups", [])}
        if groups and groups != set(self.display_groups):
            raise UnknownOutcomeError(f"the groups are {groups}")

    def confirm(self, *, key: str, receipt: Receipt | None) -> Receipt | None:
        """Say how many displays have shown it, by the statistics of the CMS."""
        event = self._event(key)
        if event is None:
            return None
        medium = self._medium(key)
        if medium is None:
            raise UnknownOutcomeError(
                "the medium is gone", advice="媒体库里的图片不见了：请在 Xibo 里核对这个日程"
            )
        displays = self._displays()
        rows = self._rows("stats", type="Media", fromDt=self._in_cms(EPOCH),
                          toDt=self._in_cms(datetime.now(UTC) + timedelta(days=1)))  # fmt: skip
        number = medium.get("mediaId")
        played = {row.get("displayId") for row in rows if row.get("mediaId") == number}
        shown = [name for number, name in displays.items() if number in played]
        missing = [name for number, name in displays.items() if number not in played]
        if not displays or len(shown) < math.ceil(self.confirm_share * len(displays)):
            advice = (
                f"{len(shown)}/{len(displays)} 块屏幕有播放记录，还没有的：{'、'.join(missing)}"
            )
            if not rows:
                advice += "。一条记录也没有：请在 Xibo 的显示设置里打开统计"
            raise UnknownOutcomeError("not shown yet", advice=advice)
        rest = f"，还没有的：{'、'.join(missing)}" if missing else ""
        evidence = f"{len(shown)}/{len(displays)} 块屏幕有播放记录{rest}"
        return self._receipt(event, key, evidence=evidence)

    def find(self, rendition: Rendition, *, key: str) -> Receipt | None:
        return self.confirm(key=key, receipt=None)

    def withdraw(self, receipt: Receipt, *, reason: str) -> None:
        """Delete event and picture, look whether the schedule has it no more, ask to collect."""
        number, _, key = receipt.remote_id.partition(":")
        if not number.isdecimal() or not KEY.fullmatch(key):
            raise PermanentError(f"a receipt that names no event: {receipt!r}")
        try:
            self._delete(f"schedule/{number}")
            medium = self._medium(key)
            if medium is not None:
                self._delete(f"library/{medium['mediaId']}", forceDelete="1")
            if self._event(key) is not None:
                raise RetryableError("the schedule has it still", after_s=10)
            for group in self.display_groups:
                self._collect(group)
        except UnknownOutcomeError as error:  # twice does no harm
            raise RetryableError(str(error), after_s=10, advice=error.advice) from None

    def _collect(self, group: int) -> None:
        """Ask the players to look at once; without push they look within five minutes."""
        answer = self._send("POST", f"displaygroup/{group}/action/collectNow")
        if answer.status_code >= 300 and answer.status_code != 422:  # 422: there is no push
            raise RetryableError(f"collectNow: HTTP {answer.status_code}", after_s=30)

    def check(self) -> Health:
        """Ask for the displays; name those that are silent."""
        try:
            rows = self._rows("display")
        except CredentialsError as error:
            return Health(
                is_reachable=True, is_signed_in=False, note=str(error), advice=error.advice
            )
        except ChannelError as error:
            advice = error.advice or "Xibo 连不上：检查网络和 api_base"
            return Health(is_reachable=False, note=str(error), advice=advice)
        zone = ZoneInfo(self.cms_timezone)
        silent = [
            str(row.get("display"))
            for row in rows
            if _age_s(row.get("lastAccessed"), zone) > self.silent_after_s
        ]
        advice = f"没有联系的屏幕：{'、'.join(silent)}，请检查电源和网络" if silent else ""
        note = f"{len(rows)} 块屏幕，{len(rows) - len(silent)} 块在线"
        return Health(is_reachable=True, is_signed_in=True, note=note, advice=advice)

    def _displays(self) -> dict[int, str]:
        """Return the displays that are meant: the members of a group are not told, so all of them
        where a group is no display's own."""
        rows = self._rows("display")
        own = {row.get("displayGroupId"): row for row in rows}
        if all(number in own for number in self.display_groups):
            rows = [own[number] for number in self.display_groups]
        return {int(row["displayId"]): str(row.get("display")) for row in rows}

    def _medium(self, key: str) -> dict[str, Any] | None:
        rows = self._rows("library", media=key)  # a part of the name is enough for it
        return next((row for row in rows if row.get("name") == key), None)

    def _event(self, key: str) -> dict[str, Any] | None:
        rows = self._rows("schedule", name=key)
        return next((row for row in rows if row.get("name") == key), None)

    def _upload(self, key: str, file: bytes) -> dict[str, Any]:
        mark = uuid4().hex
        head = (
            f'--{mark}\r\nContent-Disposition: form-data; name="name"\r\n\r\n{key}\r\n'
            f'--{mark}\r\nContent-Disposition: form-data; name="files"; filename="{key}.png"\r\n'
            "Content-Type: image/png\r\n\r\n"
        )
        body = head.encode() + file + f"\r\n--{mark}--\r\n".encode()
        kind = f"multipart/form-data; boundary={mark}"
        answer = self._send("POST", "library", body=body, kind=kind)
        said = self._said(answer)
        rows = said.get("files") if isinstance(said, dict) else None
        if not isinstance(rows, list) or len(rows) != 1:
            raise UnknownOutcomeError(f"the upload answers {str(said)[:200]}")
        if error := rows[0].get("error"):  # with HTTP 200
            raise PermanentError(f"the upload is refused: {error}",
                                 advice=f"Xibo 不收这张图片：{error}")  # fmt: skip
        return dict(rows[0])

    def _delete(self, route: str, **params: str) -> None:
        answer = self._send("DELETE", route, params=params)
        if answer.status_code not in (204, 200, 404):
            raise self._refusal(answer)

    def _rows(self, route: str, **params: str) -> list[dict[str, Any]]:
        """Return all rows of a list; without `length` there would be ten."""
        found: list[dict[str, Any]] = []
        while True:
            paged = params | {"start": str(len(found)), "length": str(PER_PAGE)}
            answer = self._send("GET", route, params=paged)
            said = self._said(answer)
            if not isinstance(said, list):
                raise UnknownOutcomeError(f"{route} is no list")
            found += [row for row in said if isinstance(row, dict)]
            total = str(answer.headers.get("X-Total-Count", len(found)))
            if not said or len(found) >= int(total if total.isdecimal() else len(found)):
                return found

    def _json(self, method: str, route: str, *, fields: list[tuple[str, str]]) -> object:
        kind = "application/x-www-form-urlencoded"
        return self._said(self._send(method, route, body=urlencode(fields).encode(), kind=kind))

    def _said(self, answer: _http.Answer) -> object:
        if answer.status_code >= 300:
            raise self._refusal(answer)
        try:
            said: object = json.loads(answer.content)
        except ValueError:
            raise UnknownOutcomeError(f"HTTP {answer.status_code} with no JSON") from None
        return said

    def _send(
        self,
        method: str,
        route: str,
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        kind: str = "",
    ) -> _http.Answer:
        """Make one call; a token that is refused has done nothing, and is renewed once."""
        refused = ""
        while True:
            token = self._token(instead_of=refused)
            headers = {"Authorization": f"Bearer {token}"}
            if kind:
                headers["Content-Type"] = kind
            answer = _http.send(
                method, self._url(route), timeout_s=self.timeout_s, data=body, headers=headers,
                params=dict(params or {}),
            )  # fmt: skip
            if answer.status_code != 401 or refused:
                return answer
            refused = token

    def _token(self, *, instead_of: str = "") -> str:
        place = f"xibo-token {self.api_base}"
        kept = self.shelf.read(place)
        if kept and kept != instead_of:
            return kept
        fields = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
        }
        try:
            answer = _http.send(
                "POST", self._url("authorize/access_token"), timeout_s=self.timeout_s,
                data=urlencode(fields).encode(),
                headers={"Content-Type": "application/x-www-form-urlencoded"},
            )  # fmt: skip
            said = self._said(answer)
        except UnknownOutcomeError as error:
            raise RetryableError(f"no token: {error}", after_s=60) from None
        token = said.get("access_token") if isinstance(said, dict) else None
        if not isinstance(token, str) or not token:
            raise RetryableError("no token in the answer", after_s=60)
        life_s = said.get("expires_in", 0) if isinstance(said, dict) else 0
        self.shelf.write(place, token, ttl_s=max(1.0, float(life_s) - RENEWED_EARLIER_S))
        return token

    def _url(self, route: str) -> str:
        return f"{self.api_base.rstrip('/')}/{route}"

    def _refusal(self, answer: _http.Answer) -> ChannelError:
        """Sort an error by what its body says: the status of an unknown route is 500."""
        status = answer.status_code
        try:
            said = json.loads(answer.content)
        except ValueError:
            said = {}
        named = said.get("error") if isinstance(said, dict) else None
        words = str(said.get("message", "")) if isinstance(said, dict) else ""
        message = f"HTTP {status} {named}: {words[:200]}"
        if status == 401:
            return CredentialsError(f"HTTP 401 {named}", advice=SIGN_IN)
        if status == 403:
            return CredentialsError(message, advice=RIGHTS)
        if status in (429, 503):
            return RetryableError(message, after_s=60)
        if status == 500 and named in (404, 405):
            return PermanentError(message, advice="没有这个接口：检查 api_base，要以 /api 结尾")
        if 300 <= status < 500:
            return PermanentError(message, advice=f"Xibo 不收：{words}" if words else "")
        return UnknownOutcomeError(message)

    def _receipt(self, event: Mapping[str, Any], key: str, *, evidence: str = "") -> Receipt:
        return Receipt(
            remote_id=f"{event['eventId']}:{key}", evidence=evidence or "Xibo 已列入日程"
        )


EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _age_s(text: object, zone: ZoneInfo) -> float:
    """Return how long ago a moment of the CMS was; endless where it is none."""
    try:
        moment = datetime.strptime(str(text), FORM).replace(tzinfo=zone)
    except ValueError:
        return math.inf
    return (datetime.now(UTC) - moment).total_seconds()
