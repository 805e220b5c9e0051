"""Every refusal: status, code, field, a Chinese sentence, and nothing changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from httpx2 import Response

from publisher import clock
from publisher.api import gate
from publisher.model.people import Person, Token
from publisher.workflow import people
from tests.publisher.api.office import MAX_TITLE, NOTICE, Office

PAST = "2020-11-24 08:30"
CHINESE = re.compile("[\u4e00-\u9fff]")


@contextmanager
def unchanged(office: Office, *, but: str = "") -> Iterator[None]:
    """Make sure that no table gains or loses a row, but the one named."""
    before = office.counts()
    yield
    after = office.counts()
    assert {name for name in after if after[name] != before[name]} <= {but}


def assert_problem(answer: Response, status: int, code: str, field: str | None = None) -> str:
    """Return the sentence of a problem after looking at the rest of it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert (told["status"], told["code"], told.get("field")) == (status, code, field)
    assert told["type"].endswith(code)
    assert CHINESE.search(told["title"])
    assert CHINESE.search(told["detail"])
    return str(told["detail"])


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "no_token"),
        ({"Authorization": "Bearer"}, "no_token"),
        ({"Authorization": "Basic abc"}, "no_token"),
        ({"Authorization": "Bearer yg_wrong"}, "bad_token"),
    ],
)
def test_a_stranger_is_told_how_to_sign_in(
    office: Office, headers: dict[str, str], code: str
) -> None:
    with unchanged(office):
        answer = office.client.post("/api/v1/items", json=NOTICE, headers=headers)

    assert_problem(answer, 401, code)
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_stranger_learns_nothing_of_what_is_wrong_with_the_body(office: Office) -> None:
    answer = office.client.post("/api/v1/items", content=b"{")

    assert_problem(answer, 401, "no_token")


def test_a_revoked_token_and_one_of_somebody_who_left_are_refused(office: Office) -> None:
    with office.app.database.sessions.begin() as session:
        for row in session.query(Token).join(Token.person).filter(Person.name == "林晓"):
            row.revoked_at = clock.now()
        people.named(session, "陈敏").is_active = False

    for name in ("林晓", "陈敏"):
        assert_problem(office.ask("GET", "/items", by=name), 401, "bad_token")


def test_a_reader_may_read_and_is_told_whom_to_ask_for_more(office: Office) -> None:
    with unchanged(office):
        answer = office.ask("POST", "/items", by="赵琳", json=NOTICE)

    assert "赵琳" in assert_problem(answer, 403, "not_allowed")
    assert office.get("/items", by="赵琳") == {"items": [], "next": None}


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"title": " "}, "title", "empty"),
        ({"title": "长" * 201}, "title", "too_long"),
        ({"title": "停水\x00通知"}, "title", "unprintable"),
        ({"title": None}, "title", "invalid"),
        ({"body_html": "<p> </p>"}, "body_html", "empty"),
        ({"body_html": None}, "body_html", "missing"),
        ({"body_markdown": "周六"}, "body_markdown", "two_bodies"),
        ({"kind": ""}, "kind", "invalid"),
        ({"category": "9999"}, "category", "invalid"),
        ({"audience": "everybody"}, "audience", "invalid"),
        ({"issued_on": "2026-13-01"}, "issued_on", "bad_date"),
        ({"targets": ["gate"]}, "targets", "unknown_target"),
        ({"targets": ["site", "site"]}, "targets", "twice"),
        ({"targets": "site"}, "targets", "invalid"),
        ({"targets": [1]}, "targets[0]", "invalid"),
        ({"overrides": {"gate": {"title": "停水"}}}, "overrides", "unknown_target"),
        ({"overrides": {"site": {"titel": "停水"}}}, "overrides.site.titel", "unknown_field"),
        (
            {"overrides": {"site": {"publish_at": "2026-11-24"}}},
            "overrides.site.publish_at",
            "bad_time",
        ),
        ({"publish_at": PAST}, "publish_at", "past"),
        ({"publish_at": "2099-11-24"}, "publish_at", "bad_time"),
        ({"publish_at": "2099-02-30 08:30"}, "publish_at", "bad_time"),
        ({"publish_at": "9999-12-31 23:59"}, "publish_at", "bad_time"),
        ({"publish_at": 4086750600}, "publish_at", "bad_time"),
        ({"expires_at": PAST}, "expires_at", "past"),
        (
            {"publish_at": "2099-11-24 08:30", "expires_at": "2099-11-24 08:30"},
            "expires_at",
            "ends_before_it_begins",
        ),
        (
            {"publish_at": "2099-11-24 08:30", "not_after": "2099-11-24 08:29"},
            "not_after",
            "ends_before_it_begins",
        ),
        ({"attachments": [{"digest": "0" * 64, "name": "表.pdf"}]}, "attachments", "unknown_file"),
        (
            {"attachments": [{"digest": "0" * 64, "name": "../表.pdf"}]},
            "attachments[0].name",
            "bad_name",
        ),
        ({"attachments": [{"name": "表.pdf"}]}, "attachments[0].digest", "missing"),
        ({"body_html": '<p><img src="media:a.png" alt="图"></p>'}, "images", "unknown_file"),
        ({"titel": "停水"}, "titel", "unknown_field"),
    ],
)
def test_a_draft_that_cannot_be_right_is_refused_by_its_field(
    office: Office, changes: dict[str, Any], field: str, code: str
) -> None:
    with unchanged(office):
        answer = office.ask("POST", "/items", json=NOTICE | changes)

    assert_problem(answer, 422, code, field)


def test_a_missing_title_is_named_in_chinese(office: Office) -> None:
    answer = office.ask("POST", "/items", json={"body_html": "<p>停水</p>"})

    assert "标题（title）" in assert_problem(answer, 422, "missing", "title")


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b'{"title": ', 400, "bad_json"),
        (b"\x80", 400, "unreadable"),
        (b"[" * 100_000, 400, "unreadable"),
        (b"", 422, "missing"),
        (b"[]", 422, "invalid"),
        (b'"title"', 422, "invalid"),
    ],
)
def test_a_body_that_is_no_object_is_refused(
    office: Office, content: bytes, status: int, code: str
) -> None:
    with unchanged(office):
        answer = office.ask(
            "POST", "/items", content=content, headers={"Content-Type": "application/json"}
        )

    assert_problem(answer, status, code)


def test_json_must_say_that_it_is_json(office: Office) -> None:
    with unchanged(office):
        answer = office.ask(
            "POST", "/items", content=b'{"title": "x"}', headers={"Content-Type": "text/plain"}
        )

    assert "application/json" in assert_problem(answer, 422, "invalid")


def test_a_body_may_be_as_large_as_the_limit_and_no_larger(office: Office) -> None:
    largest = b" " * (gate.MAX_JSON_BYTES - 2) + b"{}"
    headers = {"Content-Type": "application/json"}

    fits = office.ask("POST", "/items", content=largest, headers=headers)
    with unchanged(office):
        over = office.ask("POST", "/items", content=b" " + largest, headers=headers)

    assert_problem(fits, 422, "missing", "title")
    assert "4 MB" in assert_problem(over, 413, "too_large")


def test_a_body_that_does_not_declare_its_size_is_counted(office: Office) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(gate.MAX_JSON_BYTES // 2**20 + 1):
            yield b" " * 2**20

    answer = office.ask(
        "POST", "/items", content=endless(), headers={"Content-Type": "application/json"}
    )

    assert_problem(answer, 413, "too_large")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/items/99"),
        ("GET", "/items/0"),
        ("GET", "/items/eins"),
        ("GET", "/items/99999999999999999999"),
        ("POST", "/items/99/submission"),
        ("GET", "/items/99/renditions/site"),
        ("GET", "/deliveries/99"),
        ("POST", "/deliveries/99/retry"),
        ("GET", "/nothing"),
    ],
)
def test_what_is_not_there_is_not_found(office: Office, method: str, path: str) -> None:
    with unchanged(office):
        answer = office.ask(method, path)

    assert_problem(answer, 404, "not_found")


def test_a_method_that_an_address_does_not_know_is_refused(office: Office) -> None:
    answer = office.ask("DELETE", "/items")

    assert_problem(answer, 405, "wrong_method")
    assert "POST" in answer.headers["allow"]


def test_a_title_over_the_limit_of_an_outlet_is_named_and_stops_the_submission(
    office: Office,
) -> None:
    drafted = office.post("/items", **NOTICE | {"title": "长" * (MAX_TITLE + 1)})
    path = f"/items/{drafted['id']}"

    with unchanged(office, but="serial"):  # the number it got stays its own
        answer = office.ask("POST", f"{path}/submission")

    site, board = drafted["renditions"]
    assert site["problems"] == []
    assert board["problems"] == [{"field": "title", "message": "标题超过 12 个字，请缩短"}]
    assert board["preview_url"] == board["media_type"] == ""
    assert "公告屏" in assert_problem(answer, 422, "unfit", "title")
    assert office.draft(title="长" * MAX_TITLE) == drafted["id"] + 1


def test_a_leak_blocks_the_submission_and_is_not_repeated(office: Office) -> None:
    number = "11010519491231002X"
    drafted = office.post("/items", **NOTICE | {"body_html": f"<p>身份证号 {number}</p>"})

    answer = office.ask("POST", f"/items/{drafted['id']}/submission")

    assert [finding["action"] for finding in drafted["findings"]] == ["block"]
    assert number not in str(drafted["findings"])
    assert number not in assert_problem(answer, 409, "blocked_by_screening")


def test_an_approval_of_an_old_digest_is_refused(office: Office) -> None:
    number, old = office.submitted()
    office.ask("PATCH", f"/items/{number}", json={"title": "停水停电通知"})
    office.post(f"/items/{number}/submission")

    with unchanged(office):
        answer = office.review(number, by="王建国", stage="department", digest=old)

    assert_problem(answer, 409, "old_digest")


def test_an_author_cannot_approve_their_own_item(office: Office) -> None:
    number, digest = office.submitted(by="周全")

    with unchanged(office):
        answer = office.review(number, by="周全", stage="department", digest=digest)

    assert "作者" in assert_problem(answer, 403, "may_not_review")


def test_the_same_person_cannot_review_twice(office: Office) -> None:
    number, digest = office.submitted()
    assert office.review(number, by="钱进", stage="department", digest=digest).status_code == 201

    with unchanged(office):
        answer = office.review(number, by="钱进", stage="office", digest=digest)

    assert_problem(answer, 403, "may_not_review")


@pytest.mark.parametrize(
    ("changes", "status", "code", "field"),
    [
        ({"stage": "office"}, 409, "not_this_stage", None),
        ({"stage": "sports"}, 422, "invalid", "stage"),
        ({"verdict": "maybe"}, 422, "invalid", "verdict"),
        ({"verdict": "send_back"}, 422, "empty", "opinion"),
        ({"opinion": "字" * 2001}, 422, "too_long", "opinion"),
        ({"digest": None}, 422, "invalid", "digest"),
    ],
)
def test_a_review_that_cannot_be_right_is_refused(
    office: Office, changes: dict[str, Any], status: int, code: str, field: str | None
) -> None:
    number, digest = office.submitted()

    with unchanged(office):
        answer = office.review(
            number, by="王建国", **({"stage": "department", "digest": digest} | changes)
        )

    assert_problem(answer, status, code, field)


def test_what_is_out_cannot_be_edited(office: Office) -> None:
    number = office.approved()

    with unchanged(office):
        answer = office.ask("PATCH", f"/items/{number}", json={"title": "改了"})

    assert_problem(answer, 409, "already_out")


def test_a_withdrawal_needs_a_reason_and_something_to_withdraw(office: Office) -> None:
    number = office.draft()

    with unchanged(office):
        without = office.ask("POST", f"/items/{number}/withdrawal", json={})
        empty = office.ask("POST", f"/items/{number}/withdrawal", json={"reason": " "})
        draft = office.ask("POST", f"/items/{number}/withdrawal", json={"reason": "有误"})

    assert_problem(without, 422, "missing", "reason")
    assert_problem(empty, 422, "empty", "reason")
    assert_problem(draft, 409, "wrong_state")
