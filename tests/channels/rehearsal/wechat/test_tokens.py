"""Access tokens of the practice account."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.channels.rehearsal.wechat.account import CREDENTIALS, Account
from tests.rehearsal import TIMEOUT_S, Rehearsal


def old_token(account: Account, **changes: str) -> dict[str, Any]:
    answer = requests.get(account.url("token"), params=CREDENTIALS | changes, timeout=TIMEOUT_S)
    body: dict[str, Any] = answer.json()
    return body


def is_good(account: Account, token: str) -> bool:
    return "total_count" in account.get("draft/count", access_token=token)


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({"grant_type": "password"}, 40002),
        ({"appid": ""}, 41002),
        ({"secret": ""}, 41004),
        ({"appid": "wx0000000000000001"}, 40013),
        ({"secret": "wrong"}, 40125),
    ],
)
def test_refuses_wrong_credentials(account: Account, changes: dict[str, str], errcode: int) -> None:
    for answer in (
        account.send_raw("stable_token", CREDENTIALS | changes),
        old_token(account, **changes),
    ):
        assert answer["errcode"] == errcode
        assert " rid: " in answer["errmsg"]


def test_the_secret_can_be_changed(rehearsal: Rehearsal, account: Account) -> None:
    rehearsal.change("wechat", appid="wxother", secret="other")

    given = account.send_raw("stable_token", CREDENTIALS | {"appid": "wxother", "secret": "other"})

    assert given["access_token"]


def test_the_stable_token_stays_with_the_seconds_that_are_left(
    rehearsal: Rehearsal, account: Account
) -> None:
    rehearsal.change("wechat", clock_offset_s=1000)

    answer = account.send_raw("stable_token", CREDENTIALS)

    assert answer["access_token"] == account.token
    assert 6100 < answer["expires_in"] <= 6200


def test_the_stable_token_is_renewed_five_minutes_before_its_end(
    rehearsal: Rehearsal, account: Account
) -> None:
    rehearsal.change("wechat", clock_offset_s=7200 - 299)

    answer = account.send_raw("stable_token", CREDENTIALS)

    assert answer["access_token"] != account.token
    assert is_good(account, account.token)
    assert is_good(account, answer["access_token"])


def test_a_forced_stable_token_ends_the_one_before_at_once(account: Account) -> None:
    answer = account.send_raw("stable_token", CREDENTIALS | {"force_refresh": True})

    assert not is_good(account, account.token)
    assert is_good(account, answer["access_token"])


def test_a_second_force_within_thirty_seconds_is_too_often(
    rehearsal: Rehearsal, account: Account
) -> None:
    forced = CREDENTIALS | {"force_refresh": True}
    account.send_raw("stable_token", forced)

    at_once = account.send_raw("stable_token", forced)
    rehearsal.change("wechat", clock_offset_s=31)
    later = account.send_raw("stable_token", forced)

    assert at_once["errcode"] == 45011
    assert later["expires_in"] == 7200


def test_the_twenty_first_force_of_a_day_is_refused(rehearsal: Rehearsal, account: Account) -> None:
    answers = []
    for number in range(21):
        rehearsal.change("wechat", clock_offset_s=40 * number)
        answers.append(account.send_raw("stable_token", CREDENTIALS | {"force_refresh": True}))

    assert [answer.get("errcode") for answer in answers] == [None] * 20 + [45009]


def test_the_old_way_makes_a_new_token_each_time(rehearsal: Rehearsal, account: Account) -> None:
    first = old_token(account)["access_token"]
    second = old_token(account)["access_token"]
    good_at_first = is_good(account, first)
    rehearsal.change("wechat", clock_offset_s=301)

    assert good_at_first
    assert account.get("draft/count", access_token=first)["errcode"] == 40001
    assert is_good(account, second)
    assert is_good(account, account.token), "the two families know nothing of each other"


@pytest.mark.parametrize(
    ("token", "errcode"),
    [("", 41001), ("nonsense", 40014), ("80_" + "a" * 128, 40001)],
)
def test_refuses_a_wrong_token(account: Account, token: str, errcode: int) -> None:
    assert account.get("draft/count", access_token=token)["errcode"] == errcode


def test_a_token_ends_after_two_hours(rehearsal: Rehearsal, account: Account) -> None:
    rehearsal.change("wechat", clock_offset_s=7190)
    before = is_good(account, account.token)
    rehearsal.change("wechat", clock_offset_s=7201)

    assert before
    assert account.get("draft/count")["errcode"] == 42001
