"""Every refusal that the servers are known to word, and what it means."""

from __future__ import annotations

import pytest

from channels.qq_notice.failures import KEPT_CHARS, error_of
from publisher.errors import (
    ChannelError,
    CredentialsError,
    PermanentError,
    RetryableError,
    UnknownOutcomeError,
)

NT_EVENT = (
    "EventChecker Failed: NTEvent serviceAndMethod:NodeIKernelMsgService/sendMsg "
    "ListenerName:NodeIKernelMsgListener/onMsgInfoListUpdate EventRet:\n"
)
MOVED_OUT = '{\n    "result": 110,\n    "errMsg": "发送失败，你已被移出该群，请重新加群。"\n}\n'
TIMEOUT = NT_EVENT.replace("EventChecker Failed", "Timeout")


def refusal(retcode: int = 200, **texts: str) -> ChannelError:
    answer: dict[str, object] = {"status": "failed", "retcode": retcode, "data": None}
    return error_of("_send_group_notice", answer | texts, secret="sesame")


@pytest.mark.parametrize(
    ("text", "retcode", "expected"),
    [
        # not an administrator
        ("设置群公告失败,错误信息:no permission", 200, PermanentError),
        ("设置群公告失败, 错误信息: no permission", 200, PermanentError),
        ("权限不足", 100, PermanentError),
        # the server does not know why
        ("设置群公告失败: 未知错误(Cookie过期或权限不足)", 100, UnknownOutcomeError),
        ("设置群公告失败,错误信息:undefined", 200, UnknownOutcomeError),
        ("设置群公告失败,错误信息:系统繁忙", 200, UnknownOutcomeError),
        ("获取公告失败", 200, UnknownOutcomeError),
        ("", 200, UnknownOutcomeError),
        ("", -1, UnknownOutcomeError),
        ("", 9000, UnknownOutcomeError),
        # signed out
        ("设置群公告失败,错误信息:no login [errcode:1:0]", 200, CredentialsError),
        # not in the group
        (NT_EVENT + MOVED_OUT, 200, PermanentError),
        ("群聊不存在", 100, PermanentError),
        ("群(123456789)成员10001不存在", 200, PermanentError),
        ("Uin2Uid Error: 用户ID 10001 不存在", 200, PermanentError),
        ("群成员未找到", 200, PermanentError),
        ("", 110, PermanentError),
        # muted, too often
        (NT_EVENT + '{\n    "result": 120,\n    "errMsg": ""\n}\n', 200, RetryableError),
        ("当前处于被禁言状态", 200, RetryableError),
        ("发送消息失败 (code=120): ", 200, RetryableError),
        ("", 120, RetryableError),
        (NT_EVENT + '{"result": 299, "errMsg": "本群每分钟只能发5条消息"}', 200, RetryableError),
        # restricted
        (NT_EVENT + '{"result": 46, "errMsg": ""}', 200, CredentialsError),
        ("send group message failed: blocked by server", 100, CredentialsError),
        # no proof either way
        (TIMEOUT + "{}\n", 200, UnknownOutcomeError),
        (TIMEOUT + '{"result": 0, "errMsg": ""}', 200, UnknownOutcomeError),
        ("waitForSelfEcho timeout", 200, UnknownOutcomeError),
        # pictures
        ("群公告xx设置失败,image字段可能格式不正确", 200, PermanentError),
        ("获取图片文件失败, 错误信息: ENOENT", 200, PermanentError),
        ("IMAGE_NOT_FOUND", 100, PermanentError),
        ("群公告xx设置失败,图片上传失败 ， 错误信息:undefined", 200, RetryableError),
        ("上传群公告图片失败, 错误信息: timeout", 200, RetryableError),
        # token
        ("unauthorized", 1401, CredentialsError),
        ("token verify failed!", 1403, CredentialsError),
        # parameters
        ("Schema compilation error: Expected required property", 400, PermanentError),
        ("$.pinned expected boolean | string but got 1", 400, PermanentError),
        ("", 1400, PermanentError),
        # action
        ("不支持的Api _send_group_notice", 200, PermanentError),
        ("_send_group_notice API 不存在", 404, PermanentError),
        ("unknown action", 1404, PermanentError),
        ("API不存在", 404, PermanentError),
        ("", 404, PermanentError),
    ],
)
def test_sorts_every_known_refusal(text: str, retcode: int, expected: type[ChannelError]) -> None:
    error = refusal(retcode, message=text, wording=text)

    assert type(error) is expected
    assert error.advice


@pytest.mark.parametrize(
    "texts",
    [
        {"wording": "权限不足"},
        {"message": "权限不足"},
        {"wording": "", "message": "权限不足", "msg": "SEND_NOTICE_ERROR"},
        {"msg": "PERMISSION_DENIED"},
        {"wording": "不行", "message": "不行", "msg": "PERMISSION_DENIED"},
    ],
)
def test_reads_every_text_that_says_something(texts: dict[str, str]) -> None:
    assert type(refusal(100, **texts)) is PermanentError


@pytest.mark.parametrize(("text", "after_s"), [('{"result": 299}', 90), ('{"result": 120}', 600)])
def test_says_when_to_try_again(text: str, after_s: float) -> None:
    error = refusal(wording=text)

    assert isinstance(error, RetryableError)
    assert error.after_s == after_s


def test_keeps_neither_the_secret_nor_a_picture_nor_much_else() -> None:
    error = refusal(wording="sesame base64://" + "QUJD" * 9999 + "很" * 2000)

    assert "sesame" not in str(error)
    assert "QUJD" not in str(error)
    assert len(str(error)) < KEPT_CHARS + 60
