"""What the answers of WordPress mean for a delivery.

Its status alone misleads: a file that it refuses for good is HTTP 500, and what it does not know
it drops with HTTP 201. Source: answers of 6.1.9 and 6.8.12, and wp-includes/rest-api.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from publisher.errors import (
    ChannelError,
    CredentialsError,
    PermanentError,
    RetryableError,
    UnknownOutcomeError,
)

SIGN_IN = (
    "网站不认这个账号：检查 username 和 application_password（在 WordPress 的个人资料页可以新建"
    "应用程序密码）；都没有错时，请网站管理员让服务器放行 Authorization 请求头"
)
ROLE = "这个账号的权限不够：请在 WordPress 里给它“作者”角色"
FOREIGN = "这篇文章或文件属于别的账号：请在 WordPress 里把作者改成本账号，再重新发送"
FILE = "网站不收这个文件：请换成常见的格式，或请网站管理员放开这种类型"
TOO_BIG = "文件太大或没有传完整：请压缩文件，或请网站管理员调大上传限制（post_max_size 等）"
FIREWALL = "网站前面的防火墙可能拦下了这次请求：请网站管理员查看拦截记录并放行 wp-json"
NO_ROUTE = "没有找到接口：检查 base_url；没有开固定链接的网站请写 has_permalinks = false"
MOVED = "网站把请求转到了别的网址：base_url 请写最终的网址（注意 https 和 www）"
BUSY = "网站正忙或在维护，会自动再试"
NO_JSON = "接口回答的不是 JSON：请网站管理员检查插件和 PHP 报错"

CODES: Mapping[str, tuple[type[ChannelError], str]] = {
    "rest_cannot_create": (CredentialsError, ROLE),
    "rest_cannot_publish": (CredentialsError, ROLE),
    "rest_forbidden_context": (CredentialsError, ROLE),
    # what a wrong password is to WordPress: nobody, who may not ask for drafts; HTTP 400
    "rest_forbidden_status": (CredentialsError, SIGN_IN),
    "rest_cannot_edit": (PermanentError, FOREIGN),
    "rest_cannot_delete": (PermanentError, FOREIGN),
    "rest_cannot_assign_term": (PermanentError, "这个账号不能用设置的分类或标签：请换一个"),
    "rest_upload_sideload_error": (PermanentError, FILE),  # HTTP 500
    "rest_upload_no_content_disposition": (PermanentError, FILE),
    "rest_upload_invalid_disposition": (PermanentError, FILE),
    "rest_upload_no_data": (PermanentError, TOO_BIG),  # PHP throws away what is too long
    "rest_upload_file_too_big": (PermanentError, TOO_BIG),
    "rest_upload_limited_space": (PermanentError, "网站的空间用完了：请网站管理员清理"),
    "rest_upload_hash_mismatch": (RetryableError, "文件在路上损坏了，会自动再试"),  # 412
    "empty_content": (PermanentError, "网站说文章是空的：请写明标题和正文"),
    "rest_post_invalid_id": (PermanentError, "网站上没有这篇文章：可能有人把它彻底删除了"),
    "rest_no_route": (PermanentError, NO_ROUTE),
}
FIELDS: Mapping[str, str] = {
    "title": "标题",
    "content": "正文",
    "excerpt": "摘要",
    "categories": "分类（设置 categories、default_category）",
    "tags": "标签（设置 tags）",
    "featured_media": "特色图片",
}


def refusal(status: int, said: object) -> ChannelError:
    """Return what an error of WordPress means; `said` is its JSON, whatever it is."""
    known = said if isinstance(said, dict) else {}
    code = _code(known)
    message = f"HTTP {status} {code}: {str(known.get('message', ''))[:200]}"
    if status == 401:
        return CredentialsError(message, advice=SIGN_IN)
    if code in CODES:
        kind, advice = CODES[code]
        return kind(message, advice=advice)
    if status == 403:
        return CredentialsError(message, advice=ROLE)
    if status >= 500:
        return UnknownOutcomeError(message)
    if params := _params(known):
        named = "、".join(FIELDS.get(name, name) for name in params)
        return PermanentError(f"{message} {params}", advice=f"网站不收这些内容：{named}，请改正")
    return PermanentError(message)


def no_json(status: int) -> ChannelError:
    """Return what a page in place of JSON means: a proxy, a firewall, a site without REST."""
    message = f"HTTP {status} with no JSON"
    if status == 401:
        return CredentialsError(message, advice=SIGN_IN)
    if 300 <= status < 400:
        return PermanentError(message, advice=MOVED)
    if status == 404:
        return PermanentError(message, advice=NO_ROUTE)
    if status == 413:
        return PermanentError(message, advice=TOO_BIG)
    if 400 <= status < 500:
        return PermanentError(message, advice=FIREWALL)
    return UnknownOutcomeError(message, advice=NO_JSON)


def _code(said: Mapping[str, Any]) -> str:
    """Return the word for the error, or for the parameter where that one tells more."""
    data = said.get("data")
    details = data.get("details") if isinstance(data, dict) else None
    for detail in details.values() if isinstance(details, dict) else ():
        if isinstance(detail, dict) and detail.get("code") in CODES:
            return str(detail["code"])
    return str(said.get("code", ""))


def _params(said: Mapping[str, Any]) -> dict[str, str]:
    """Return what WordPress says of each parameter that it does not take."""
    data = said.get("data")
    params = data.get("params") if isinstance(data, dict) else None
    if isinstance(params, list):  # of rest_missing_callback_param
        return {str(name): "" for name in params}
    return {str(k): str(v)[:100] for k, v in params.items()} if isinstance(params, dict) else {}
