"""The channel status check: server, account, and the bot's standing in every group."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from channels.qq_notice import standing
from channels.qq_notice.failures import NO_SERVER, SIGN_IN
from channels.qq_notice.onebot import OneBot
from publisher.channel import Health
from publisher.errors import ChannelError, CredentialsError, RetryableError

UNREADABLE = "OneBot 服务的回答看不懂，请核对 base_url 是不是它的 HTTP 服务地址"


def health(onebot: OneBot, groups: tuple[str, ...], *, now: datetime) -> Health:
    """Ask for everything anew; a server that is down is an answer, not an error."""
    try:
        is_online, note = standing.is_online(onebot), _note(onebot)
        troubles = list(_troubles(onebot, groups, now=now)) if is_online else [SIGN_IN]
    except CredentialsError as error:
        return Health(is_reachable=True, is_signed_in=False, note=str(error), advice=error.advice)
    except RetryableError as error:
        return Health(is_reachable=False, note=str(error), advice=error.advice or NO_SERVER)
    except ChannelError as error:
        return Health(is_reachable=False, note=str(error), advice=error.advice or UNREADABLE)
    return Health(is_reachable=True, is_signed_in=is_online, note=note, advice="；".join(troubles))


def _note(onebot: OneBot) -> str:
    name, version = standing.software(onebot)
    account = standing.bot(onebot)
    return f"{name} {version}，账号 {account.nickname}（{account.user_id}）"


def _troubles(onebot: OneBot, groups: tuple[str, ...], *, now: datetime) -> Iterator[str]:
    """Name each group in which nothing can be published, and say what to do."""
    account, known = standing.bot(onebot), standing.groups(onebot)
    for group in groups:
        trouble = _trouble(onebot, group, bot=account, groups=known, now=now)
        if trouble:
            name = known.get(group, "")
            yield f"{name}（群 {group}）：{trouble}" if name else f"群 {group}：{trouble}"


def _trouble(
    onebot: OneBot,
    group: str,
    *,
    bot: standing.Bot,
    groups: dict[str, str],
    now: datetime,
) -> str:
    try:
        found = standing.obstacle(onebot, group, bot=bot, groups=groups, now=now)
    except (CredentialsError, RetryableError):
        raise
    except ChannelError as error:
        found = error
    return (found.advice or UNREADABLE) if found else ""
