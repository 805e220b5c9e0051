"""Group messages of an official QQ bot; not group notices, which its platform does not know.

What it sent cannot be read back: the id that it gave is all the evidence there is.
API: bot.q.qq.com/wiki, POST /app/getAppAccessToken and POST /v2/groups/{group_openid}/messages
"""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import dataclass, field
from datetime import datetime

from channels import _group_words, _http, _quiet_hours
from channels.qq_bot.codes import error_of
from publisher.channel import (
    Channel,
    Content,
    Paces,
    Receipt,
    Rendition,
    Rests,
    Shares,
    Shelf,
    Splits,
    Withdraws,
)
from publisher.errors import (
    ConfigError,
    PermanentError,
    RetryableError,
    UnknownOutcomeError,
)

OPENID = re.compile(r"[A-Za-z0-9_-]{1,64}")
RENEWED_EARLIER_S = 55.0  # a new token is handed out in the last 60 s, both are valid


@dataclass(frozen=True, kw_only=True)
class QQBot(Channel, Splits, Shares, Paces, Rests, Withdraws):
    """One bot and the groups it writes to."""

    label = "QQ机器人"

    app_id: str
    client_secret: str = field(repr=False)
    groups: dict[str, str]  # what people call each group, by its openid
    shelf: Shelf = field(repr=False)
    token_base: str = field(default="https://api.bot.qq.com", repr=False)
    api_base: str = "https://api.sgroup.qq.com"
    message_gap_s: float = 4.0  # the platform takes 20 a minute
    quiet_hours: tuple[str, ...] = ("22:30-07:00",)  # campus time; nothing is sent, all waits
    max_chars: int = 600
    timeout_s: float = 10.0  # at least 5: a slow answer may hide a success

    def __post_init__(self) -> None:
        if not self.groups or not all(map(OPENID.fullmatch, self.groups)):
            raise ConfigError("至少写一个群，键是群的 openid，值是群名", key="groups")
        for key in ("token_base", "api_base"):
            if not getattr(self, key).startswith(("http://", "https://")):
                raise ConfigError("应以 http:// 或 https:// 开头", key=key)
        if self.timeout_s < 5:
            raise ConfigError("至少 5 秒", key="timeout_s")
        if self.message_gap_s < 3:
            raise ConfigError("至少 3 秒，平台每分钟最多收 20 条", key="message_gap_s")
        _quiet_hours.spans(self.quiet_hours)

    def account(self) -> str:
        return f"qq-bot-{self.app_id}"

    def gap_s(self) -> float:
        return self.message_gap_s

    def rest_until(self, moment: datetime) -> datetime:
        return _quiet_hours.rest_until(moment, _quiet_hours.spans(self.quiet_hours))

    def parts(self) -> tuple[str, ...]:
        return tuple(self.groups)

    def part_label(self, name: str) -> str:
        return self.groups[name]

    def part(self, name: str) -> QQBot:
        return dataclasses.replace(self, groups={name: self.groups[name]})

    def render(self, content: Content) -> Rendition:
        """Shape content as text; pictures stay behind the link."""
        text = _group_words.text(content, max_chars=self.max_chars, name="群消息")
        return Rendition(body=text.encode(), media_type="text/plain", title=content.title)

    def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
        """Send one message of the bot's own accord."""
        if len(self.groups) > 1:
            raise PermanentError("several groups: ask the part of one of them")
        (group,) = self.groups
        token = self._token()
        answer = _http.send(
            "POST",
            f"{self.api_base.rstrip('/')}/v2/groups/{group}/messages",
            timeout_s=self.timeout_s,
            data=json.dumps({"msg_type": 0, "content": rendition.body.decode()}).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"QQBot {token}"},
        )
        said = _http.json_object(answer)
        name = said.get("id")
        if answer.status_code < 300 and isinstance(name, str) and name:
            return Receipt(remote_id=f"{group}:{name}", evidence=f"平台收下，消息编号 {name}")
        raise error_of(_code(said), status=answer.status_code)

    def withdraw(self, receipt: Receipt, *, reason: str) -> None:
        """Nobody but a person can, once two minutes are over."""
        where = "、".join(self.groups.values())
        raise PermanentError(
            "a message is recalled by a person",
            advice=f"请群主或管理员到“{where}”里撤回这条消息，再到这里登记",
        )

    def _token(self) -> str:
        place = f"qq-bot-token-{self.app_id}"
        if kept := self.shelf.read(place):
            return kept
        with self.shelf.lock(place):
            return self.shelf.read(place) or self._fetched(place)

    def _fetched(self, place: str) -> str:
        asked = {"appId": self.app_id, "clientSecret": self.client_secret}
        url = f"{self.token_base.rstrip('/')}/app/getAppAccessToken"
        try:
            said = _http.post_json(url, asked, timeout_s=self.timeout_s)
            token, life_s = said.get("access_token"), float(said.get("expires_in", 0))
            if not isinstance(token, str) or not token:
                raise error_of(_code(said), status=200)
        except (UnknownOutcomeError, TypeError, ValueError):
            raise RetryableError("no token; nothing was sent", after_s=60) from None
        if life_s > RENEWED_EARLIER_S:
            self.shelf.write(place, token, ttl_s=min(life_s, 7200) - RENEWED_EARLIER_S)
        return token


def _code(said: dict[str, object]) -> int:
    code = said.get("err_code") or said.get("code")
    return code if isinstance(code, int) else 0
