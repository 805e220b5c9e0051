"""Every documented error code, once as the answer to a look-up and once as that to the push."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from channels.wechat.codes import REACTIONS, WHEN_PUSHING, error_of
from publisher.errors import (
    ChannelError,
    CredentialsError,
    PermanentError,
    RetryableError,
    SpentError,
    UnknownOutcomeError,
)
from tests.channels.wechat.scene import KEY, NOTICE, account, draft_of, refusal
from tests.outlet import Outlet

NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
DOCUMENTED: dict[type[ChannelError], tuple[int, ...]] = {
    RetryableError: (-1, 45009, 45011, 45066, 42010, 53501),
    SpentError: (45028,),
    CredentialsError: (
        *(40001, 40014, 42001, 40002, 40013, 40125, 41002, 41004, 40243),
        *(40164, 89503, 89506, 89507, 48001, 48003, 48004, 50002, 53500),
    ),
    PermanentError: (
        *(40003, 40031, 40032, 40130, 40152, 40005, 40006, 40009, 40137, 41005, 45001, 40007),
        *(40008, 40035, 44002, 44003, 47001, 40059, 40060, 40065, 40204),
        *(40114, 41039, 45002, 45003, 45004, 45110, 45166, 53402, 45008, 45062, 45067),
        *(48005, 48006, 48021, 53505, 53503, 53504, 88000, 43004, 64503),
    ),
    UnknownOutcomeError: (53502, 53600, 89504, 89505),
}
CASES = [(code, expected) for expected, codes in DOCUMENTED.items() for code in codes]


def error(code: int, errmsg: str = "…", *, is_push: bool = False) -> ChannelError:
    return error_of(code, errmsg, is_push=is_push, now=NOON)


@pytest.mark.parametrize(("code", "expected"), CASES)
def test_every_documented_code_is_sorted(
    outlet: Outlet, code: int, expected: type[ChannelError]
) -> None:
    wechat = account(outlet)
    rendition = wechat.render(NOTICE)
    if code in (40001, 40014, 42001):
        outlet.answers(body=refusal(code))
        outlet.answers(body={"access_token": "80_another", "expires_in": 7200})
    outlet.answers(body=refusal(code, "said rid: 6900aaaa"))

    with pytest.raises(ChannelError) as raised:
        wechat.prepare_bundle([rendition], key=KEY)

    is_repeatable = expected is UnknownOutcomeError  # a draft that nobody sees
    assert type(raised.value) is (RetryableError if is_repeatable else expected)
    assert f"errcode {code}: said rid: 6900aaaa" in str(raised.value)
    assert raised.value.advice


@pytest.mark.parametrize(("code", "expected"), CASES)
def test_every_documented_code_is_sorted_as_an_answer_to_the_push(
    outlet: Outlet, code: int, expected: type[ChannelError]
) -> None:
    wechat = account(outlet)
    rendition = wechat.render(NOTICE)
    outlet.answers(body=draft_of(rendition))
    if code in (40001, 40014, 42001):
        outlet.answers(body=refusal(code))
        outlet.answers(body={"access_token": "80_another", "expires_in": 7200})
    outlet.answers(body=refusal(code))

    with pytest.raises(ChannelError) as raised:
        wechat.deliver_bundle([rendition], key=KEY, handle='{"draft": "draft-1"}')

    assert type(raised.value) is (UnknownOutcomeError if code in WHEN_PUSHING else expected)
    assert raised.value.advice


def test_every_advice_is_a_chinese_sentence_without_a_gap() -> None:
    for code in REACTIONS:
        advice = error(code, "invalid ip 203.0.113.8, not in whitelist").advice

        assert "{" not in advice
        assert any("一" <= character <= "龥" for character in advice), code


@pytest.mark.parametrize("code", [40164, 89503, 89506, 89507])
@pytest.mark.parametrize(
    ("errmsg", "address"),
    [
        ("invalid ip 203.0.113.8 ipv6 ::ffff:203.0.113.8, not in whitelist", "203.0.113.8"),
        ("invalid ip 2001:db8::8, not in whitelist", "2001:db8::8"),
        ("not in whitelist", "（地址见记录）"),
    ],
)
def test_the_address_that_the_whitelist_lacks_is_named(
    code: int, errmsg: str, address: str
) -> None:
    assert address in error(code, errmsg).advice


@pytest.mark.parametrize(
    ("code", "after_s"),
    [(-1, 30), (45011, 60), (45066, 60), (42010, 60), (53501, 60), (45009, 12 * 3600 + 300)],
)
def test_a_repeatable_code_says_when(code: int, after_s: float) -> None:
    raised = error(code)

    assert isinstance(raised, RetryableError)
    assert raised.after_s == after_s


def test_an_account_without_a_push_left_has_used_up_its_day() -> None:
    raised = error(45028, "has no masssend quota", is_push=True)

    assert isinstance(raised, SpentError)
    assert raised.period == "day"


def test_an_unlisted_code_is_final_before_the_push_and_unknown_after_it() -> None:
    assert type(error(123456)) is PermanentError
    assert type(error(123456, is_push=True)) is UnknownOutcomeError
