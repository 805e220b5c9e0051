"""What an account may do, asked without doing it.

Source: drafts are open to all accounts, freepublish and mass send to certified ones (48001). A
list of one publication and the look at a push that never was are refused just as the acts would
be. Both are rationed, so an answer is kept for a day.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from channels.wechat.api import Api
from publisher.channel import Shelf
from publisher.errors import ChannelError, CredentialsError

NO_PUSH = "1"  # a msg_id that no push of ours has
A_DAY_S = 86400.0
AGAIN_S = 3600.0  # where it may not: somebody may be certifying it just now
YES = "yes"
NAMES = {"push": "群发", "publish": "发布（不推送）", "draft": "存草稿"}


@dataclass(frozen=True, kw_only=True)
class Abilities:
    """For each way, empty where the account may, else the reason in Chinese."""

    why_not: dict[str, str]

    def sentence(self) -> str:
        """Return what the account can do, and why not the rest."""
        can = [NAMES[way] for way, reason in self.why_not.items() if not reason]
        said = f"这个账号能{'、'.join(can)}" if can else "这个账号什么都不能做"
        cannot = [f"不能{NAMES[way]}：{reason}" for way, reason in self.why_not.items() if reason]
        return "；".join([said, *cannot])

    def advice(self, mode: str) -> str:
        """Return what to do where the configured mode is not among them."""
        if not self.why_not[mode]:
            return ""
        others = [way for way, reason in self.why_not.items() if not reason]
        instead = f"，或把 targets.toml 里的 mode 改为 {others[0]}" if others else ""
        return f"账号不能{NAMES[mode]}（{self.why_not[mode]}）。请到公众号后台核对认证{instead}"


@dataclass(frozen=True, kw_only=True)
class Probe:
    """Asks one account."""

    api: Api
    shelf: Shelf = field(repr=False)

    def abilities(self) -> Abilities:
        """Return what the account may do; that it may keep drafts is known by now."""
        return Abilities(
            why_not={
                "push": self._ask("push", lambda: self.api.push_status(NO_PUSH)),
                "publish": self._ask("publish", lambda: self.api.publications(count=1)),
                "draft": "",
            }
        )

    def _ask(self, way: str, call: Callable[[], object]) -> str:
        place = f"wechat-may-{way}-{self.api.account.appid}"
        known = self.shelf.read(place)
        if known is not None:
            return "" if known == YES else known
        try:
            call()
        except CredentialsError as error:
            self.shelf.write(place, error.advice or str(error), ttl_s=AGAIN_S)
            return error.advice or str(error)
        except ChannelError:
            return ""  # says nothing of permission; asked again by the next check
        self.shelf.write(place, YES, ttl_s=A_DAY_S)
        return ""
