"""What a refusal of a OneBot server means for a notice.

The servers share no error codes, so the words decide, and QQ's own code where one stands in them.
A refusal that is not known here proves neither that the notice is there nor that it is not.
Sources: NapCat 4.18, LLBot 8.1, SnowLuma 1.11, Lagrange.OneBot v1, go-cqhttp 1.2 (their texts);
mirai, GeneralMessageSenderProtocol.kt (QQ's codes 46, 110, 120, 299).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from publisher.errors import (
    ChannelError,
    CredentialsError,
    PermanentError,
    RetryableError,
    UnknownOutcomeError,
)

NO_SERVER = "连不上 OneBot 服务，请检查它是否在运行，以及 base_url 是否正确"
WRONG_TOKEN = "OneBot 服务不认这个访问令牌，请核对 access_token 与 OneBot 服务里的设置是否一致"
SIGN_IN = "QQ 机器人账号已掉线，请到 OneBot 服务的登录页面重新登录"
NOT_IN_GROUP = "机器人不在群里，请把机器人账号拉进群，并请群主设为管理员"
NOT_ADMIN = "机器人不是群主或管理员，发不了群公告，请群主把它设为管理员"
MUTED = "机器人被禁言，请群主或管理员解除禁言"
RESTRICTED = "QQ 限制了机器人账号，请在手机 QQ 上登录该账号按提示解除，解除前不要再用它发公告"
BAD_PICTURE = "OneBot 服务读不了公告的图片，请换一张图片或去掉图片后重新提交"
UPLOAD_FAILED = "公告图片没有传上去，会自动再试；反复失败请换一张图片"
TOO_FAST = "群里发得太快，会自动再试"
UNSUPPORTED = "OneBot 服务不支持群公告，请换用 NapCat、LLBot 等支持群公告的版本"
BAD_REQUEST = "OneBot 服务不接受公告的参数，请把它更新到最新版本，仍不行请联系维护人员"
LOOK = "不知道公告发出没有，系统会到群公告列表里核对；核对不了时请打开群公告看一眼"

KEPT_CHARS = 300  # of what the server said
_BASE64 = re.compile(r"(base64://)?[A-Za-z0-9+/=]{120,}")  # NapCat repeats a picture it refuses
_QQ_CODE = re.compile(r'"result":\s*(-?\d+)|\bcode=(-?\d+)')


@dataclass(frozen=True, kw_only=True)
class Rule:
    """The words in the text (a pattern, lower case), or one of the codes, mean this error."""

    kind: type[ChannelError]
    words: str
    codes: frozenset[int] = frozenset()  # QQ's own, or a retcode that says more than "failed"
    after_s: float | None = None
    advice: str

    def fits(self, text: str, codes: set[int]) -> bool:
        """Say whether this rule is about such a refusal."""
        return bool(re.search(self.words, text) or self.codes & codes)

    def error(self, message: str) -> ChannelError:
        """Make the error."""
        if issubclass(self.kind, RetryableError):
            return self.kind(message, after_s=self.after_s, advice=self.advice)
        return self.kind(message, advice=self.advice)


RULES = (  # the first that fits holds: a picture is uploaded before anything is published
    Rule(
        kind=PermanentError,
        words="image字段|image_not_found|获取图片文件失败",
        advice=BAD_PICTURE,
    ),
    Rule(
        kind=RetryableError,
        words="图片上传失败|上传群公告图片失败",
        after_s=60,
        advice=UPLOAD_FAILED,
    ),
    Rule(
        kind=UnknownOutcomeError,
        words="timeout|timed out|超时|undefined|未知错误",
        advice=LOOK,
    ),
    Rule(
        kind=CredentialsError,
        words="unauthorized|token verify failed",
        codes=frozenset({1401, 1403}),
        advice=WRONG_TOKEN,
    ),
    Rule(
        kind=CredentialsError,
        words="blocked by server",
        codes=frozenset({46}),
        advice=RESTRICTED,
    ),
    Rule(kind=CredentialsError, words="no login", advice=SIGN_IN),
    Rule(kind=RetryableError, words="禁言", codes=frozenset({120}), after_s=600, advice=MUTED),
    Rule(
        kind=RetryableError,
        words="每分钟只能",
        codes=frozenset({299}),
        after_s=90,
        advice=TOO_FAST,
    ),
    Rule(
        kind=PermanentError,
        words="不支持的api|api ?不存在|api_not_found|unknown action",
        codes=frozenset({404, 1404}),
        advice=UNSUPPORTED,
    ),
    Rule(
        kind=PermanentError,
        words="移出该群|群聊不存在|成员.*(不存在|未找到)|用户id.*不存在|(group|member)_not_found",
        codes=frozenset({110}),
        advice=NOT_IN_GROUP,
    ),
    Rule(
        kind=PermanentError,
        words="no permission|permission_denied|权限不足",
        advice=NOT_ADMIN,
    ),
    Rule(
        kind=PermanentError,
        words="schema compilation error",
        codes=frozenset({400, 1400}),
        advice=BAD_REQUEST,
    ),
)


def error_of(action: str, answer: Mapping[str, object], *, secret: str) -> ChannelError:
    """Sort an answer that is no success; the secret is kept out of what is repeated."""
    texts = [text.replace(secret, "…") for text in _texts(answer)]
    message = f"{action}: retcode {answer.get('retcode')}: {texts[0][:KEPT_CHARS]}"
    said = "\n".join(texts)
    codes = _codes(answer, said)
    for rule in RULES:
        if rule.fits(said.lower(), codes):
            return rule.error(message)
    return UnknownOutcomeError(message, advice=LOOK)


def _texts(answer: Mapping[str, object]) -> list[str]:
    """Return what it says, the plainest first; SnowLuma fills `wording` only, Lagrange nothing."""
    texts = (answer.get(key) for key in ("wording", "message", "msg"))
    said = [_BASE64.sub("…", text) for text in texts if isinstance(text, str) and text.strip()]
    return said or [""]


def _codes(answer: Mapping[str, object], text: str) -> set[int]:
    """Return QQ's code, which Lagrange puts in the retcode and the others in the text."""
    found = {int(code) for match in _QQ_CODE.findall(text) for code in match if code}
    retcode = answer.get("retcode")
    return found | ({retcode} if isinstance(retcode, int) else set())
