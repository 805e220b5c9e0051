"""Whether the site takes what we send: its interface, the account, the configured numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from channels.wordpress import terms
from channels.wordpress.api import Api
from channels.wordpress.codes import NO_ROUTE
from publisher.channel import Health
from publisher.errors import ChannelError, CredentialsError

AWAY = "连不上网站的接口：检查网络和 base_url"
NO_PASSWORDS = "网站没有开放应用程序密码：要用 https，或请网站管理员启用"
NO_PUBLISHING = "这个账号只能投稿，不能发布文章：请在 WordPress 里给它“作者”角色"
NO_UPLOADS = "这个账号不能上传文件：请在 WordPress 里给它“作者”角色"
TOO_MUCH = "这个账号可以发布任意代码（编辑或管理员）：请换成“作者”角色的账号"


def health(api: Api, asked: Mapping[str, Iterable[int]]) -> Health:
    """Ask the site; `asked` are the numbers of categories and tags in the settings."""
    try:
        site = api.about()
        if "wp/v2" not in (site.get("namespaces") or ()):
            return Health(is_reachable=False, note="no wp/v2", advice=NO_ROUTE)
        if "application-passwords" not in (site.get("authentication") or ()):
            return Health(is_reachable=True, is_signed_in=False, advice=NO_PASSWORDS)
        me = api.one("wp/v2/users/me", context="edit") or {}
        gone = terms.lacking(api, asked)
    except CredentialsError as error:
        return Health(is_reachable=True, is_signed_in=False, note=str(error), advice=error.advice)
    except ChannelError as error:
        return Health(is_reachable=False, note=str(error), advice=error.advice or AWAY)
    roles = "、".join(str(role) for role in me.get("roles") or ())
    return Health(
        is_reachable=True,
        is_signed_in=True,
        note=f"{site.get('name', '')}，账号 {me.get('name', '')}（{roles}）",
        advice=_rights(me) or (f"网站上没有{gone}：请改正设置" if gone else ""),
    )


def _rights(me: Mapping[str, Any]) -> str:
    may = me.get("capabilities")
    may = may if isinstance(may, dict) else {}
    if not may.get("publish_posts"):
        return NO_PUBLISHING
    if not may.get("upload_files"):
        return NO_UPLOADS
    return TOO_MUCH if may.get("unfiltered_html") else ""
