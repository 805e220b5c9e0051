"""One token for all threads, and one renewal where WeChat refuses it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from urllib.parse import parse_qs, urlsplit

import pytest

from publisher.errors import ChannelError, CredentialsError, RetryableError
from tests.channels.wechat.scene import PLACE, SECRET, TOKEN, MemoryShelf, account, refusal
from tests.outlet import Outlet, Request

COUNT = {"total_count": 3}
QUOTA = {"errcode": 0, "quota": {"remain": 93}}


def token_of(request: Request) -> str:
    return parse_qs(urlsplit(request.path).query)["access_token"][0]


def fetches(outlet: Outlet) -> list[Request]:
    return [request for request in outlet.requests if "stable_token" in request.path]


def test_asks_for_the_stable_token_and_keeps_it_a_little_less_long(outlet: Outlet) -> None:
    shelf = MemoryShelf()
    outlet.answers(body={"access_token": "80_new", "expires_in": 7200})
    outlet.answers(body=COUNT)
    outlet.answers(body=QUOTA)

    account(outlet, shelf=shelf).check()

    assert outlet.requests[0].json == {
        "grant_type": "client_credential",
        "appid": "wx0000000000000001",
        "secret": SECRET,
        "force_refresh": False,
    }
    assert outlet.requests[0].path == "/cgi-bin/stable_token"
    assert token_of(outlet.requests[1]) == "80_new"
    assert shelf.kept[PLACE] == "80_new"
    assert shelf.ttl_s[PLACE] == 6900


@pytest.mark.parametrize(("left_s", "ttl_s"), [(601, 301), (600, 300), (599, 299.5), (60, 30)])
def test_a_token_near_its_end_is_kept_for_half_of_the_rest(
    outlet: Outlet, left_s: int, ttl_s: float
) -> None:
    shelf = MemoryShelf()
    outlet.answers(body={"access_token": "80_old", "expires_in": left_s})
    outlet.answers(body=COUNT)
    outlet.answers(body=QUOTA)

    account(outlet, shelf=shelf).check()

    assert shelf.ttl_s[PLACE] == ttl_s


def test_two_threads_fetch_one_token(outlet: Outlet) -> None:
    shelf = MemoryShelf()
    outlet.answers(body={"access_token": "80_new", "expires_in": 7200})
    outlet.answers(body=COUNT | QUOTA)
    start = Barrier(2)

    def ask() -> bool:
        start.wait()
        return account(outlet, shelf=shelf).check().is_well

    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(ask) for _ in range(2)]

    assert all(answer.result() for answer in asked)
    assert len(fetches(outlet)) == 1


@pytest.mark.parametrize("code", [40001, 40014, 42001])
def test_a_refused_token_is_renewed_and_the_call_repeated_once(outlet: Outlet, code: int) -> None:
    outlet.answers(body=refusal(code))
    outlet.answers(body={"access_token": "80_new", "expires_in": 7200})
    outlet.answers(body=COUNT)
    outlet.answers(body=QUOTA)

    health = account(outlet).check()

    assert health.is_well
    assert [token_of(outlet.requests[n]) for n in (0, 2)] == [TOKEN, "80_new"]
    assert not outlet.requests[1].json["force_refresh"]


def test_a_renewal_is_forced_only_where_the_same_token_comes_back(outlet: Outlet) -> None:
    outlet.answers(body=refusal(40001))
    outlet.answers(body={"access_token": TOKEN, "expires_in": 5000})
    outlet.answers(body={"access_token": "80_forced", "expires_in": 7200})
    outlet.answers(body=COUNT)
    outlet.answers(body=QUOTA)

    health = account(outlet).check()

    assert health.is_well
    assert [request.json["force_refresh"] for request in fetches(outlet)] == [False, True]
    assert token_of(outlet.requests[3]) == "80_forced"


def test_a_token_that_another_process_renewed_is_used(outlet: Outlet) -> None:
    shelf = MemoryShelf(**{PLACE: TOKEN})
    wechat = account(outlet, shelf=shelf)
    tokens = wechat._api().account._tokens
    shelf.write(PLACE, "80_of_another", ttl_s=7200)

    assert tokens.renewed(TOKEN) == "80_of_another"
    assert not outlet.requests


def test_a_token_refused_twice_is_the_end(outlet: Outlet) -> None:
    outlet.answers(body=refusal(40001))
    outlet.answers(body={"access_token": "80_new", "expires_in": 7200})
    outlet.answers(body=refusal(40001))

    with pytest.raises(CredentialsError):
        account(outlet)._api().count_drafts()

    assert len(outlet.requests) == 3


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (refusal(40125, "invalid appsecret"), CredentialsError),
        ({"errcode": 40243}, CredentialsError),
        (refusal(45011), RetryableError),
        (refusal(-1), RetryableError),
        ({}, RetryableError),
        ({"access_token": ""}, RetryableError),
        ({"access_token": "80_new", "expires_in": "soon"}, RetryableError),
        (b"<html>", RetryableError),
        (b"", RetryableError),
    ],
)
def test_no_token_is_certainly_no_delivery(
    outlet: Outlet, body: object, expected: type[ChannelError]
) -> None:
    outlet.answers(body=body)

    with pytest.raises(expected):
        account(outlet, shelf=MemoryShelf())._api().push({})

    assert [request.path for request in outlet.requests] == ["/cgi-bin/stable_token"]


def test_a_token_that_does_not_come_in_time_is_certainly_no_delivery(outlet: Outlet) -> None:
    outlet.answers_late(1.0, {"access_token": "80_new", "expires_in": 7200})

    with pytest.raises(RetryableError):
        account(outlet, shelf=MemoryShelf(), timeout_s=0.2)._api().push({})
