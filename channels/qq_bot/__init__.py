"""Group messages of an official QQ bot; not group notices, which its platform does not know.

What it sent cannot be read back: the id that it gave is all the evidence there is.
API: bot.q.qq.com/wiki, POST /app/getAppAccessToken and POST /v2/groups/{group_openid}/messages
"""

from __future__ import annotations

import dataclasses
import json
import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from channels import _group_words, _http, _quiet_hours
from channels.qq_bot.codes import NO_PERMISSION, NOT_MEMBER, error_of
from channels.qq_bot.groups import CLOSED, OUT, Groups
from channels.qq_bot.listener import Listener
from publisher.channel import (
    ASGIApp,
    Channel,
    Checks,
    Content,
    Event,
    Health,
    Paces,
    Receipt,
    Rendition,
    Reports,
    Rests,
    Shares,
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
    UnfitError,
    UnknownOutcomeError,
)

OPENID = re.compile(r"[A-Za-z0-9_-]{1,64}")
UNAUTHORIZED = 401
RENEWED_EARLIER_S = 55.0  # a new token is handed out in the last 60 s, both are valid


@dataclass(frozen=True, kw_only=True)
class QQBot(Channel, Splits, Shares, Paces, Rests, Withdraws, Checks, Reports):
    """One bot and the groups it writes to."""

    label = "QQ机器人"

    app_id: str
    client_secret: str = field(repr=False)
    groups: dict[str, str]  # what people call each group, by its openid
    shelf: Shelf = field(repr=False)
    folder: Path
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
        """Shape content as text; pictures are seen behind the link."""
        if content.images and not content.link:
            raise UnfitError(
                "机器人只发文字，这篇有图片又没有全文链接，请同时发布到官网", field="images"
            )
        text = _group_words.text(content, max_chars=self.max_chars, name="群消息")
        return Rendition(body=text.encode(), media_type="text/plain", title=content.title)

    def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
        """Send one message of the bot's own accord."""
        group = self._group()
        self._require_open(group)
        words = {"msg_type": 0, "content": rendition.body.decode()}
        answer = self._call("POST", f"/v2/groups/{group}/messages", words)
        said = _http.json_object(answer)
        name = said.get("id")
        if answer.status_code < 300 and isinstance(name, str) and name:
            return Receipt(remote_id=f"{group}:{name}", evidence=f"平台收下，消息编号 {name}")
        raise error_of(_code(said), status=answer.status_code)

    def _group(self) -> str:
        if len(self.groups) > 1:
            raise PermanentError("several groups: ask the part of one of them")
        (group,) = self.groups
        return group

    def _require_open(self, group: str) -> None:
        """Stop where the platform has told us that the group would not take it."""
        try:
            state = self._known.state(group)
        except (sqlite3.Error, OSError) as error:
            raise RetryableError(f"before sending: {error}", after_s=60) from error
        if state == OUT:
            raise PermanentError(f"the bot was taken out of {group}", advice=NOT_MEMBER)
        if state == CLOSED:
            raise PermanentError(f"{group} takes no message", advice=NO_PERMISSION)

    def withdraw(self, receipt: Receipt, *, reason: str) -> None:
        """Recall it, which the platform allows for two minutes; then only a person can."""
        group, _, name = receipt.remote_id.partition(":")
        where = self.groups.get(group, group)
        by_hand = f"请群主或管理员到“{where}”里撤回这条消息，再到这里登记"
        if not name:
            raise PermanentError("a message without a name", advice=by_hand)
        try:
            answer = self._call("DELETE", f"/v2/groups/{group}/messages/{name}")
        except UnknownOutcomeError as error:
            raise RetryableError(str(error), after_s=10, advice=by_hand) from None
        if answer.status_code == 429 or answer.status_code >= 500:  # twice recalled does no harm
            raise RetryableError(f"HTTP {answer.status_code}", after_s=10, advice=by_hand)
        if answer.status_code >= 300:
            raise PermanentError(f"not recalled: HTTP {answer.status_code}", advice=by_hand)

    def check(self) -> Health:
        """Ask for a token, and say which groups the platform has named that nobody configured."""
        try:
            self._token()
            known = self._known.all()
        except CredentialsError as error:
            return Health(
                is_reachable=True, is_signed_in=False, note=str(error), advice=error.advice
            )
        except (ChannelError, sqlite3.Error, OSError) as error:
            advice = "连不上机器人平台，请检查网络和 token_base"
            return Health(is_reachable=False, note=str(error), advice=advice)
        lost = [self.groups[one] for one in self.groups if known.get(one) in (OUT, CLOSED)]
        new = [one for one, state in known.items() if one not in self.groups and state != OUT]
        note = f"配置了 {len(self.groups)} 个群"
        if new:
            note += f"；还没有配置的群：{'、'.join(new)}"
        advice = (
            f"这些群现在收不到：{'、'.join(lost)}，请群主重新添加机器人或允许主动发言"
            if lost
            else ""
        )
        return Health(is_reachable=True, is_signed_in=True, note=note, advice=advice)

    def receiver(self, tell: Callable[[Event], None]) -> ASGIApp:
        """Learn of groups; no event is about a message of ours, so that nothing is told."""
        return Listener(secret=self.client_secret, groups=self._known).app()

    @property
    def _known(self) -> Groups:
        return Groups(folder=self.folder)

    def _call(self, method: str, path: str, words: object = None) -> _http.Answer:
        """Make one call; a token that is refused has sent nothing, and is renewed once."""
        refused = ""
        while True:
            token = self._token(instead_of=refused)
            headers = {"Content-Type": "application/json", "Authorization": f"QQBot {token}"}
            answer = _http.send(
                method,
                f"{self.api_base.rstrip('/')}{path}",
                timeout_s=self.timeout_s,
                data=None if words is None else json.dumps(words, ensure_ascii=False).encode(),
                headers=headers,
            )
            if answer.status_code != UNAUTHORIZED or refused:
                return answer
            refused = token

    def _token(self, *, instead_of: str = "") -> str:
        """Return the token, another one than that which was refused."""
        place = f"qq-bot-token-{self.app_id}"
        kept = self.shelf.read(place)
        if kept and kept != instead_of:
            return kept
        with self.shelf.lock(place):
            kept = self.shelf.read(place)
            return kept if kept and kept != instead_of else self._fetched(place)

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
