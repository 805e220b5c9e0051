from __future__ import annotations

import pytest
from starlette.responses import Response

from publisher.console import security

HERE = "https://notices.example.edu"


@pytest.mark.parametrize(
    ("headers", "is_ours"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "cross-site", "origin": HERE}, False),
        ({"origin": "http://10.0.0.5:8000", "host": "10.0.0.5:8000"}, True),
        ({"origin": HERE, "host": "127.0.0.1:8000"}, True),
        ({"origin": "https://evil.example", "host": "10.0.0.5:8000"}, False),
        ({"origin": "null", "host": "10.0.0.5:8000"}, False),
        ({"host": "10.0.0.5:8000"}, False),
        ({}, False),
    ],
)
def test_knows_its_own_forms(headers: dict[str, str], is_ours: bool) -> None:
    assert security.is_from_here(headers, console_url=HERE) is is_ours


def test_a_form_is_good_for_one_session_only() -> None:
    token = security.form_token("cookie of Lin")

    assert security.is_form_token("cookie of Lin", token)
    assert not security.is_form_token("cookie of Wang", token)
    assert not security.is_form_token("cookie of Lin", token + "x")
    assert not security.is_form_token("cookie of Lin", "")


def test_a_file_token_opens_in_its_session_only() -> None:
    token = security.seal_file("cookie of Lin", digest="d1", name="表.pdf")

    assert security.open_file("cookie of Lin", token) == ("d1", "表.pdf")
    assert security.open_file("cookie of Wang", token) is None
    assert security.open_file("cookie of Lin", "nonsense") is None


def test_a_form_token_is_no_file_token() -> None:
    token = security.form_token("cookie of Lin")

    assert security.open_file("cookie of Lin", token) is None


@pytest.mark.parametrize("is_https", [True, False])
def test_the_cookie_is_hidden_from_scripts_and_other_sites(is_https: bool) -> None:
    answer = Response()

    security.give_cookie(answer, "secret", lasts_s=3600, is_https=is_https)

    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "max-age=3600" in cookie
    assert ("secure" in cookie.split("; ")) is is_https
