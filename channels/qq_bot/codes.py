"""What the codes of the official QQ bot platform mean for a delivery.

Source: its error tables as transcribed by third parties; unlisted codes prove nothing.
"""

from __future__ import annotations

from publisher.errors import (
    ChannelError,
    CredentialsError,
    PermanentError,
    RetryableError,
    UnknownOutcomeError,
)

NOT_MEMBER = "机器人不在这个群里，请群主重新添加机器人"
NO_PERMISSION = "请群主在群设置里打开“机器人主动在群聊内发言”"
ADDRESS = "文中网址的域名没有在机器人平台登记，请登记已备案的域名"
TOO_OFTEN = "发得太频繁，会自动再试"

CODES: dict[int, tuple[type[ChannelError], str]] = {
    100001: (RetryableError, TOO_OFTEN),
    100016: (CredentialsError, "机器人的 AppID 或密钥不对，请核对"),
    22009: (RetryableError, TOO_OFTEN),
    40034100: (RetryableError, TOO_OFTEN),
    40034101: (PermanentError, NOT_MEMBER),
    40054003: (PermanentError, NOT_MEMBER),
    40034102: (PermanentError, NO_PERMISSION),
    40034105: (PermanentError, NO_PERMISSION),
    40054002: (PermanentError, "机器人在这个群里被禁言，请群主解除"),
    40054005: (UnknownOutcomeError, "平台说内容重复，请到群里看是否已经发出"),
    40054007: (PermanentError, "文字太长，请缩短摘要"),
    304003: (PermanentError, ADDRESS),
    40054010: (PermanentError, ADDRESS),
    40054016: (RetryableError, "机器人不在线，请在机器人平台检查"),
    304018: (RetryableError, "机器人不在线，请在机器人平台检查"),
    1100100: (PermanentError, "被平台的安全规则拦下，请在机器人平台查看原因"),
    1100101: (PermanentError, "平台认为内容敏感，请修改文字"),
    11265: (CredentialsError, "机器人被平台封禁，请在机器人平台申诉"),
}


def error_of(code: int, *, status: int) -> ChannelError:
    """Return the error of one answer; nothing that the platform wrote is repeated."""
    message = f"HTTP {status}, code {code}"
    if found := CODES.get(code):
        kind, advice = found
        return kind(message, advice=advice)
    if status in (401, 403):
        return CredentialsError(message, advice="平台不认机器人的身份，请核对 AppID 和密钥")
    if status == 429:
        return RetryableError(message, advice=TOO_OFTEN)
    return UnknownOutcomeError(message, advice="请到群里看是否已经发出")
