"""The order in which the practice account looks at a call."""

from __future__ import annotations

import json

import pytest
import requests

from tests.channels.rehearsal.wechat.account import APPID, CREDENTIALS, Account
from tests.rehearsal import TIMEOUT_S, Rehearsal


@pytest.mark.parametrize("call", ["draft/add", "message/mass/sendall", "stable_token"])
def test_a_get_where_a_post_is_due_is_43002(account: Account, call: str) -> None:
    assert account.get(call, access_token="")["errcode"] == 43002


@pytest.mark.parametrize("call", ["token", "draft/count", "getcallbackip"])
def test_a_post_where_a_get_is_due_is_43001(account: Account, call: str) -> None:
    assert account.post(call, {})["errcode"] == 43001


def test_an_unknown_call_says_so(account: Account) -> None:
    assert account.post("draft/publish", {})["errcode"] == 40066


def test_the_token_is_looked_at_before_the_right(rehearsal: Rehearsal, account: Account) -> None:
    rehearsal.change("wechat", is_certified=False)

    assert account.send_raw("message/mass/get", {})["errcode"] == 41001
    assert account.post("message/mass/get", {})["errcode"] == 48001
    assert account.post("freepublish/get", {})["errcode"] == 48001
    assert "media_id" in account.post("draft/add", {"articles": [account.article()]})


def test_the_quota_is_looked_at_before_the_body(rehearsal: Rehearsal, account: Account) -> None:
    rehearsal.change("wechat", quotas={"draft/add": 1})

    first, second = account.post("draft/add", b""), account.post("draft/add", b"")

    assert (first["errcode"], second["errcode"]) == (44002, 45009)


@pytest.mark.parametrize(
    ("body", "errcode"),
    [(b"", 44002), (b"{", 47001), (b"[]", 47001), (b"\xff\xfe", 47001), (b"{}", 44003)],
)
def test_the_body_is_looked_at_before_the_fields(
    account: Account, body: bytes, errcode: int
) -> None:
    assert account.post("draft/add", body)["errcode"] == errcode


def test_refuses_escapes_of_characters(account: Account) -> None:
    escaped = json.dumps({"articles": [account.article()]}).encode()

    assert account.post("draft/add", escaped)["errcode"] == 47001


def test_a_lax_account_counts_an_escape_as_six_and_shows_it(
    rehearsal: Rehearsal, account: Account
) -> None:
    rehearsal.change("wechat", is_strict=False)
    five, six = (
        json.dumps({"articles": [account.article(title="放" * count, author="院")]}).encode()
        for count in (5, 6)
    )

    media_id = account.post("draft/add", five)["media_id"]

    [article] = account.post("draft/get", {"media_id": media_id})["news_item"]
    assert article["title"] == r"\u653e" * 5
    assert account.post("draft/add", six)["errcode"] == 45003


def test_a_backslash_that_the_author_wrote_is_no_escape(account: Account) -> None:
    media_id = account.draft(title=r"路径 C:\u653e")

    [article] = account.post("draft/get", {"media_id": media_id})["news_item"]
    assert article["title"] == r"路径 C:\u653e"


def test_some_answers_are_labelled_as_text(account: Account) -> None:
    body = json.dumps({"media_id": account.draft()}).encode()
    answer = requests.post(
        account.url("draft/get"),
        data=body,
        params={"access_token": account.token},
        timeout=TIMEOUT_S,
    )

    assert answer.headers["content-type"] == "text/plain"
    assert "放假" in answer.content.decode()


def test_names_the_addresses_of_its_call_backs(account: Account) -> None:
    assert account.get("getcallbackip") == {"ip_list": ["203.0.113.20", "203.0.113.21"]}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (45009, {"errcode": 45009}),
        ("-1", {"errcode": -1}),
        ({"errcode": 45065, "errmsg": "clientmsgid exist", "msg_id": 7}, {"msg_id": 7}),
    ],
)
def test_answers_any_code_that_a_fault_asks_for(
    rehearsal: Rehearsal, account: Account, value: object, expected: dict[str, int]
) -> None:
    media_id = account.draft()
    rehearsal.fault("wechat", "message/mass/sendall", "code", value=value)

    answer = account.push(media_id)

    assert expected.items() <= answer.items()
    assert rehearsal.visible("wechat")["articles"] == []
    assert account.push(media_id)["errcode"] == 0


def test_a_token_end_can_ask_for_the_whitelist(rehearsal: Rehearsal, account: Account) -> None:
    rehearsal.fault("wechat", "stable_token", "code", value=40164)

    answer = account.send_raw("stable_token", CREDENTIALS)

    assert answer["errcode"] == 40164
    assert "203.0.113.8" in answer["errmsg"]


def test_says_how_many_calls_are_left(account: Account) -> None:
    account.draft()

    answer = account.post("openapi/quota/get", {"cgi_path": "/cgi-bin/draft/add"})
    mass = account.post("openapi/quota/get", {"cgi_path": "/cgi-bin/message/mass/sendall"})

    assert answer["quota"] == {"daily_limit": 1000, "used": 1, "remain": 999}
    assert mass["rate_limit"] == {"call_count": 60, "refresh_second": 60}


@pytest.mark.parametrize("path", ["/cgi-bin/nothing", "draft/add", ""])
def test_knows_no_quota_of_an_unknown_path(account: Account, path: str) -> None:
    assert account.post("openapi/quota/get", {"cgi_path": path})["errcode"] == 76021


def test_the_sixty_first_call_of_a_minute_is_too_often(account: Account) -> None:
    answers = [account.post("message/mass/get", {"msg_id": 1})["errcode"] for _ in range(61)]

    assert answers.count(40059) >= 60, "a minute may turn in between"
    assert set(answers) <= {40059, 45011}


def test_quotas_end_with_the_day_in_shanghai_and_can_be_cleared(
    rehearsal: Rehearsal, account: Account
) -> None:
    rehearsal.change("wechat", quotas={"draft/count": 1})
    account.get("draft/count")
    used_up = account.get("draft/count")["errcode"]

    cleared = account.post("clear_quota", {"appid": APPID})

    assert used_up == 45009
    assert cleared == {"errcode": 0, "errmsg": "ok"}
    assert account.get("draft/count") == {"total_count": 0}


def test_the_eleventh_clearing_of_a_month_is_refused(account: Account) -> None:
    answers = [account.post("clear_quota", {"appid": APPID})["errcode"] for _ in range(11)]

    assert answers == [0] * 10 + [48006]
    assert account.post("clear_quota", {"appid": "wxother"})["errcode"] == 40013
