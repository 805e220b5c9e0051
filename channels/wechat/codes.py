"""What each error code of WeChat means for a delivery, and what staff should do about it.

WeChat answers HTTP 200 to everything; only errcode counts. Its errmsg is decorated (rid, hint) and
changes, so nothing is read from it but the address that the whitelist lacks.
Source: the code lists of the pages named in the package's first lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from channels.wechat.times import until_tomorrow_s
from publisher.errors import (
    ChannelError,
    CredentialsError,
    PermanentError,
    RetryableError,
    SpentError,
    UnknownOutcomeError,
)

STALE_TOKEN = frozenset({40001, 40014, 42001})  # wrong or not the latest, malformed, expired
KEY_EXISTS = 45065  # this clientmsgid was taken before: accepted
NO_DRAFT = 40007  # media_id invalid: also what a draft that was already sent answers
NO_MESSAGE = 40059  # msg_id invalid; also seen right after a good send
NO_ARTICLE = 53600  # article_id invalid
NOT_DELETED = frozenset({40059, 40060, 40065, 40204})

Wait = Callable[[datetime], float]  # from now to seconds


@dataclass(frozen=True, kw_only=True)
class Reaction:
    """What to do about a code. `{ip}` in the advice is the address that WeChat refused."""

    error: type[ChannelError]
    advice: str
    wait: Wait | None = None  # None: no time is known


def _after(seconds: float) -> Wait:
    return lambda _now: seconds


def _table(*rows: tuple[tuple[int, ...], Reaction]) -> Mapping[int, Reaction]:
    return {code: reaction for codes, reaction in rows for code in codes}


def _no_entry(advice: str) -> Reaction:
    return Reaction(error=CredentialsError, advice=advice)


def _refused(advice: str) -> Reaction:
    return Reaction(error=PermanentError, advice=advice)


def _later(advice: str, wait: Wait) -> Reaction:
    return Reaction(error=RetryableError, advice=advice, wait=wait)


def _unsure(advice: str) -> Reaction:
    return Reaction(error=UnknownOutcomeError, advice=advice)


OUR_FAULT = _refused("微信说请求的格式不对，这是程序的问题，请把这条记录转给管理员")
PICTURE = _refused("微信不收其中一张图片，请把图片另存为 JPG（1 MB 以内）后重新插入")
AUDIENCE = _refused("群发对象不对，请核对这个发布目标的 tag_id")
WHITELIST = "请公众号管理员在“微信开发者平台”的 IP 白名单里加入 {ip}，约半分钟后生效"

REACTIONS: Mapping[int, Reaction] = _table(
    ((-1,), _later("微信繁忙，稍后自动再试", _after(30))),
    (tuple(STALE_TOKEN), _no_entry("微信不认访问令牌，请核对 appid 和 secret 后恢复这个发布目标")),
    ((41001,), _no_entry("访问令牌没有送到微信，请检查中间的代理")),
    ((40002,), _no_entry("取访问令牌的方式不对，请核对 appid 和 secret")),
    ((40013, 41002), _no_entry("appid 不对，请核对 targets.toml 里的 appid")),
    ((40125, 41004), _no_entry("AppSecret 不对，可能已重置，请更新 secret")),
    ((40243,), _no_entry("AppSecret 已被冻结，请管理员在“微信开发者平台”解冻")),
    ((40164,), _no_entry(WHITELIST)),
    ((89503,), _no_entry("请公众号管理员在微信里确认服务器 {ip} 的调用请求，再恢复这个发布目标")),
    ((89506,), _no_entry("管理员拒绝了服务器 {ip}，24 小时后才能再请求；请先与管理员说好")),
    ((89507,), _no_entry("管理员拒绝了服务器 {ip}，1 小时后才能再请求；请先与管理员说好")),
    ((50004, 50007), _no_entry("公众号被禁止取访问令牌或已冻结，请到公众号后台查看通知")),
    ((40003, 40031, 40032, 40130, 40152), AUDIENCE),
    ((43004, 64503), _refused("这个微信号还没有关注公众号，或名字不对，请先关注再试")),
    ((40004, 40005, 40006, 40009, 40137, 41005, 44001, 45001), PICTURE),
    ((NO_DRAFT,), _refused("微信找不到草稿或封面，请重试；若草稿刚被人发出，请先到后台核对")),
    ((40008, 40035, 43001, 43002, 44002, 44003, 47001), OUR_FAULT),
    ((NO_MESSAGE, 40060), _refused("微信找不到这次群发，请到公众号后台“发表记录”里手工删除")),
    ((40065, 40204), _refused("微信不许删除这次群发，请到公众号后台“发表记录”里手工删除")),
    ((40114,), _refused("文章序号不对，这是程序的问题，请转给管理员")),
    ((41039,), _refused("“阅读原文”的链接不合要求：官网页面须有公网能打开的地址")),
    ((45002,), _refused("正文太长，请精简正文，或写好摘要、全文放官网")),
    ((45003,), _refused("标题太长，请缩短标题")),
    ((45004,), _refused("摘要太长，请缩短摘要")),
    ((45110,), _refused("作者名太长，请缩短这个发布目标的 author")),
    ((45166,), _refused("正文里有微信不许的内容，请检查正文的链接、图片和格式")),
    ((53402,), _refused("封面裁剪不合要求，请换一张封面图")),
    ((45008,), _refused("一次群发的文章太多，请分几次发")),
    ((45009,), _later("今天的接口调用次数已用完，明天自动再试", until_tomorrow_s)),
    ((45011, 45066, 42010, 53501), _later("调用太快，一分钟后自动再试", _after(60))),
    (
        (45028,),
        Reaction(error=SpentError, advice="微信说没有群发次数了，到下一个可群发的时间自动再发"),
    ),
    ((45062,), _refused("公众号有广告合约，微信不许用接口群发，请在后台手工发表")),
    ((45067,), OUR_FAULT),
    ((48001,), _no_entry("公众号没有这个接口的权限（须已认证），请核对认证，或把 mode 改为 draft")),
    ((48003,), _no_entry("公众号管理员还没有同意群发协议，请到公众号后台同意")),
    ((48004, 50002), _no_entry("公众号的接口被封或账号受限，请到公众号后台查看通知")),
    ((53500,), _no_entry("公众号的发布功能被封，请到公众号后台查看通知")),
    ((48005,), _refused("素材正在自动回复或菜单里使用，不能删除")),
    ((48006,), _refused("本月清零接口次数的机会已用完，请等到明天")),
    ((48021, 53505), _refused("草稿在后台只是自动保存，请打开草稿、手工保存后再试")),
    ((53502, 53600), _unsure("微信找不到这次发布，请到公众号后台“发表记录”里核对")),
    ((53503,), _refused("草稿没有通过微信的检查，请在公众号后台打开草稿查看原因")),
    ((53504,), _refused("这篇草稿只能在公众号后台手工发表")),
    ((88000,), _refused("公众号没有留言功能，这是程序的问题，请转给管理员")),
    ((89504, 89505), _unsure("等公众号管理员在微信里确认群发，半小时内有效，请提醒管理员")),
    ((76021, 76022), OUR_FAULT),
)
# These answers to a push do not say whether it went out.
WHEN_PUSHING: Mapping[int, Reaction] = _table(
    ((-1,), _unsure("微信没有说清是否已群发，请到公众号后台“发表记录”里核对")),
    ((NO_DRAFT,), _unsure("草稿已不在：可能已经发出，也可能被人删除。请到“发表记录”里核对")),
)
UNLISTED = _refused("微信拒绝了，原因见记录；请转给管理员")
UNLISTED_PUSH = _unsure("微信的答复看不懂，请到公众号后台“发表记录”里核对是否已群发")


def reaction(code: int, *, is_push: bool) -> Reaction:
    """Return what to do about a code; is_push says that the call was the visible act."""
    if is_push:
        return WHEN_PUSHING.get(code) or REACTIONS.get(code, UNLISTED_PUSH)
    return REACTIONS.get(code, UNLISTED)


def error_of(code: int, errmsg: str, *, is_push: bool, now: datetime) -> ChannelError:
    """Return the error for a code; errmsg, with its rid, is kept for the record."""
    known = reaction(code, is_push=is_push)
    message = f"errcode {code}: {errmsg}"
    advice = known.advice.replace("{ip}", _address_in(errmsg))
    if known.error is SpentError:
        # by the day, also where a month has its limit: the next day asks again, and no push that
        # somebody made by hand silences the account for weeks
        return SpentError(message, period="day", advice=advice)
    if issubclass(known.error, RetryableError):
        after_s = known.wait(now) if known.wait else None
        return known.error(message, after_s=after_s, advice=advice)
    return known.error(message, advice=advice)


def _address_in(errmsg: str) -> str:
    found = re.search(r"\b\d{1,3}(?:\.\d{1,3}){3}\b", errmsg) or re.search(
        r"\b[0-9a-fA-F]*:[0-9a-fA-F:]+\b", errmsg
    )
    return found[0] if found else "（地址见记录）"
