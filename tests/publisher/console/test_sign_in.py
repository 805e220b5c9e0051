from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from publisher.console.sign_in import ADDRESS_FACTOR, Locks
from publisher.settings import Server, SignIn
from publisher.workflow import people
from tests.publisher.console import office as offices
from tests.publisher.console.office import PASSWORD, Office


def enter(browser: TestClient, name: str = "林晓", password: str = PASSWORD, **more: str) -> int:
    form = {"name": name, "password": password} | more
    answer = browser.post("/sign-in", data=form, follow_redirects=False)
    return int(answer.status_code)


def test_lets_in_whoever_knows_the_password(office: Office) -> None:
    browser = office.browser()

    answer = browser.post("/sign-in", data={"name": "林晓", "password": PASSWORD})

    assert answer.url.path == "/agenda"
    assert "林晓" in answer.text


@pytest.mark.parametrize(("name", "password"), [("林晓", "wrong"), ("无名", PASSWORD), ("", "")])
def test_says_the_same_of_a_wrong_name_and_a_wrong_password(
    office: Office, name: str, password: str
) -> None:
    answer = office.browser().post("/sign-in", data={"name": name, "password": password})

    assert answer.status_code == 401
    assert "姓名或密码不对" in answer.text
    assert "set-cookie" not in answer.headers


def test_leads_to_the_page_that_was_asked_for(office: Office) -> None:
    browser = office.browser()

    asked = browser.get("/deliveries?state=failed")
    answer = browser.post(
        "/sign-in",
        data={"name": "林晓", "password": PASSWORD, "next": "/deliveries?state=failed"},
    )

    assert asked.url.path == "/sign-in"
    assert 'value="/deliveries?state=failed"' in asked.text
    assert str(answer.url).endswith("/deliveries?state=failed")


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "/\tx"],
)
def test_never_leads_elsewhere(office: Office, elsewhere: str) -> None:
    form = {"name": "林晓", "password": PASSWORD, "next": elsewhere}

    answer = office.browser().post("/sign-in", data=form, follow_redirects=False)

    assert answer.headers["location"] == "/agenda"


def test_an_account_is_locked_after_too_many_attempts_even_for_its_owner(tmp_path: Path) -> None:
    office = offices.found(tmp_path, sign_in=SignIn(attempts_per_15_min=2))
    browser = office.browser()

    tries = [enter(browser, password="wrong"), enter(browser, password="wrong"), enter(browser)]
    other = enter(browser, "王建国")

    assert tries == [401, 401, 429]
    assert other == 303


def test_the_right_password_opens_the_account_again() -> None:
    locks = Locks(2)

    assert locks.enter("林晓", "10.0.0.1") == 0
    locks.forget("林晓")
    assert locks.enter("林晓", "10.0.0.1") == 0
    assert locks.enter("林晓", "10.0.0.1") == 0
    assert 1 <= locks.enter(" 林晓 ", "10.0.0.2") <= 15


def test_an_address_is_locked_after_many_failures_whatever_the_names() -> None:
    locks = Locks(2)

    for number in range(2 * ADDRESS_FACTOR):
        assert locks.enter(f"name {number}", "10.0.0.1") == 0
        locks.blame("10.0.0.1")

    assert locks.enter("林晓", "10.0.0.1") > 0
    assert locks.enter("林晓", "10.0.0.2") == 0


def test_signing_in_does_not_wear_out_an_address() -> None:
    locks = Locks(1)

    for number in range(3 * ADDRESS_FACTOR):
        assert locks.enter(f"name {number}", "10.0.0.1") == 0


def test_the_cookie_of_a_session_that_was_ended_opens_nothing(office: Office) -> None:
    visit = office.of("林晓")
    cookie = visit.client.cookies["yigao_session"]

    visit.post("/sign-out")
    visit.client.cookies.set("yigao_session", cookie)

    assert visit.client.get("/items").url.path == "/sign-in"


def test_the_cookie_is_secure_where_the_console_has_tls(tmp_path: Path) -> None:
    office = offices.found(tmp_path, server=Server(console_url="https://notices.example.edu"))

    answer = office.browser().post(
        "/sign-in", data={"name": "林晓", "password": PASSWORD}, follow_redirects=False
    )

    assert "secure" in answer.headers["set-cookie"].lower().split("; ")


def test_somebody_without_a_password_cannot_sign_in(office: Office) -> None:
    with office.app.database.sessions.begin() as session:
        people.named(session, "林晓").password_hash = None

    assert enter(office.browser(), password="") == 401
