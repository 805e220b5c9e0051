"""How the bot stands: on line, in the group, allowed to publish there, not muted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from channels.qq_notice.failures import NOT_ADMIN, NOT_IN_GROUP, SIGN_IN
from channels.qq_notice.onebot import OneBot, number
from publisher.channel import CAMPUS_TIME
from publisher.errors import (
    ChannelError,
    CredentialsError,
    PermanentError,
    RetryableError,
    UnknownOutcomeError,
)

PUBLISHERS = {"owner", "admin"}
ROLE_AGAIN_S = 60.0
ROLE_NOT_TOLD = "OneBot 服务还没有读到机器人在群里的身份，会自动再试；一直如此请重启 OneBot 服务"


@dataclass(frozen=True, kw_only=True)
class Bot:
    """The account that is signed in."""

    user_id: str
    nickname: str


def bot(onebot: OneBot) -> Bot:
    """Return the account; the servers know it while they are off line, too."""
    found = _mapping(onebot, "get_login_info")
    user_id = str(found.get("user_id") or "")
    if not user_id:
        raise UnknownOutcomeError("get_login_info: no user_id")
    return Bot(user_id=user_id, nickname=str(found.get("nickname") or ""))


def is_online(onebot: OneBot) -> bool:
    """Say whether QQ has the account; `good` is hard-wired in NapCat and LLBot."""
    return _mapping(onebot, "get_status").get("online") is True


def software(onebot: OneBot) -> tuple[str, str]:
    """Return name and version of the server: "NapCat.Onebot", "LLOneBot", "SnowLuma" …"""
    found = _mapping(onebot, "get_version_info")
    return str(found.get("app_name") or ""), str(found.get("app_version") or "")


def groups(onebot: OneBot) -> dict[str, str]:
    """Return the names of the bot's groups by their numbers."""
    found = onebot.call("get_group_list")
    if not isinstance(found, list):
        raise UnknownOutcomeError("get_group_list: the answer holds no list")
    return {
        str(group.get("group_id")): str(group.get("group_name") or "")
        for group in found
        if isinstance(group, dict)
    }


def require(onebot: OneBot, group: str, *, now: datetime) -> Bot:
    """Return the bot where it may publish a notice now; raise what keeps it from that."""
    if not is_online(onebot):
        # of the whole account: all its groups wait, with one alarm, until it is signed in again
        raise CredentialsError("the account is off line", advice=SIGN_IN)
    found = groups(onebot)
    account = bot(onebot)
    reason = obstacle(onebot, group, bot=account, groups=found, now=now)
    if reason:
        raise reason
    return account


def obstacle(
    onebot: OneBot, group: str, *, bot: Bot, groups: Mapping[str, str], now: datetime
) -> ChannelError | None:
    """Return what keeps the bot from publishing in a group; None: nothing.

    Asked before every notice: sending where the bot is muted gets accounts banned.
    """
    if group not in groups:
        return PermanentError(f"the bot is not in group {group}", advice=NOT_IN_GROUP)
    member = _mapping(
        onebot, "get_group_member_info", group_id=group, user_id=bot.user_id, no_cache="true"
    )
    role = member.get("role")
    if not role:  # NapCat leaves it out until it has loaded the members
        return RetryableError(
            f"the role in group {group} is not told",
            after_s=ROLE_AGAIN_S,
            advice=ROLE_NOT_TOLD,
        )
    if role not in PUBLISHERS:
        return PermanentError(f"role in group {group}: {role}", advice=NOT_ADMIN)
    return _mute(number(member.get("shut_up_timestamp")), group=group, now=now)


def _mute(until_s: int | None, *, group: str, now: datetime) -> ChannelError | None:
    """Say until when the bot itself is muted; a mute of the whole group spares administrators."""
    if until_s is None or until_s <= now.timestamp():
        return None
    until = datetime.fromtimestamp(until_s, UTC).astimezone(CAMPUS_TIME)
    moment = f"{until.year}年{until.month}月{until.day}日 {until.hour}:{until.minute:02}"
    return RetryableError(
        f"muted in group {group}",
        after_s=until_s - now.timestamp(),
        advice=f"机器人在群里被禁言到 {moment}，请群主解除禁言，或等到那时自动再试",
    )


def _mapping(onebot: OneBot, action: str, **params: str) -> Mapping[str, object]:
    found = onebot.call(action, **params)
    if not isinstance(found, dict):
        raise UnknownOutcomeError(f"{action}: the answer holds no object")
    return found
