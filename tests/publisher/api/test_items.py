"""Items: what is written, changed, listed and shown."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

import pytest

from tests.publisher.api.office import LATER, NOTICE, Office
from tests.publisher.api.test_problems import unchanged


def test_everything_that_was_written_is_told_again(office: Office) -> None:
    drafted = office.post(
        "/items",
        title="关于停水的通知",
        body_html="<p>周六<script>alert(1)</script></p>",
        summary="周六停水",
        kind="公告",
        category="0307",
        department="后勤管理处",
        document_number="泉工程院办〔2026〕38号",
        issued_on="2026-11-20",
        audience="campus",
        targets=["site"],
        publish_at=LATER,
        not_after="2099-11-24T09:30:00+08:00",
        expires_at="2099-12-01T00:30:00Z",
        overrides={"site": {"title": "停水", "publish_at": "2099-11-24 08:31"}},
    )

    told = office.get(f"/items/{drafted['id']}")

    assert told == drafted
    assert told["body_html"] == "<p>周六</p>"
    assert told["publish_at"] == "2099-11-24T08:30:00+08:00"
    assert told["not_after"] == "2099-11-24T09:30:00+08:00"
    assert told["expires_at"] == "2099-12-01T08:30:00+08:00"
    assert told["overrides"]["site"] == {
        "title": "停水",
        "summary": None,
        "publish_at": "2099-11-24T08:31:00+08:00",
    }
    assert told["issued_on"] == "2026-11-20"
    assert (told["kind"], told["category"], told["audience"]) == ("公告", "0307", "campus")
    assert told["created_by"] == "林晓"
    assert datetime.fromisoformat(told["created_at"]).utcoffset() is not None


def test_a_change_keeps_what_it_does_not_name(office: Office) -> None:
    number = office.draft(summary="周六停水", publish_at=LATER)

    answer = office.ask("PATCH", f"/items/{number}", json={"title": "停电通知", "publish_at": None})

    told = answer.json()
    assert answer.status_code == 200
    assert (told["title"], told["summary"], told["publish_at"]) == ("停电通知", "周六停水", None)
    assert told["body_html"] == "<p>周六停水</p>"
    assert told["targets"] == ["site", "board"]
    assert told["edition"] == 1


def test_writing_anew_forgets_what_was_there(office: Office) -> None:
    number = office.draft(summary="周六停水")

    answer = office.ask(
        "PUT", f"/items/{number}", json={"title": "停电通知", "body_markdown": "周日"}
    )

    told = answer.json()
    assert (told["title"], told["summary"], told["targets"]) == ("停电通知", "", [])
    assert told["body_html"] == "<p>周日</p>"


def test_a_change_after_submission_makes_a_new_edition(office: Office) -> None:
    number, digest = office.submitted()

    changed = office.ask("PATCH", f"/items/{number}", json={"title": "停电通知"}).json()

    assert (changed["edition"], changed["status"], changed["digest"]) == (2, "draft", None)
    assert office.post(f"/items/{number}/submission")["digest"] != digest


def test_a_review_sends_back_with_an_opinion(office: Office) -> None:
    number, digest = office.submitted()

    answer = office.review(
        number,
        by="王建国",
        stage="department",
        digest=digest,
        verdict="send_back",
        opinion="请写明楼栋",
    )

    told = answer.json()
    assert answer.status_code == 201
    assert told["status"] == "sent_back"
    assert told["reviews"][0]["opinion"] == "请写明楼栋"
    assert told["reviews"][0]["digest"] == digest


def test_a_list_comes_in_pages_newest_first(office: Office) -> None:
    numbers = [office.draft(title=f"第 {n} 个通知") for n in range(3)]

    first = office.get("/items?limit=2")
    second = office.get(f"/items?limit=2&before={first['next']}")

    assert [line["id"] for line in first["items"]] == numbers[:0:-1]
    assert [line["id"] for line in second["items"]] == numbers[:1]
    assert second["next"] is None
    assert office.get("/items?limit=3")["next"] is None


def test_a_list_tells_where_each_delivery_stands(office: Office) -> None:
    number = office.approved()

    line = office.get("/items")["items"][0]

    assert (line["id"], line["status"]) == (number, "published")
    assert line["deliveries"] == [
        {"target": "site", "part": "", "state": "confirmed"},
        {"target": "board", "part": "", "state": "confirmed"},
    ]


def test_a_preview_gives_the_frozen_bytes_in_a_sandbox(office: Office) -> None:
    number, _ = office.submitted()
    rendition = office.get(f"/items/{number}")["renditions"][0]

    answer = office.ask("GET", rendition["preview_url"].removeprefix("/api/v1"))

    assert rendition["media_type"] == "text/html"
    assert len(rendition["digest"]) == 64
    assert answer.content == "<h1>停水通知</h1><p>周六停水</p>".encode()
    assert answer.headers["content-type"].startswith("text/html")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_draft_can_be_previewed_before_anything_is_frozen(office: Office) -> None:
    number = office.draft()

    answer = office.ask("GET", f"/items/{number}/renditions/site")

    assert answer.content == "<h1>停水通知</h1><p>周六停水</p>".encode()
    assert office.ask("GET", f"/items/{number}/renditions/gate").status_code == 404


def test_a_file_becomes_a_draft_and_the_form_goes_before_it(office: Office) -> None:
    text = "# 关于停水的通知\n\n周六停水。\n\n后勤管理处\n\n2026年11月20日\n"

    answer = office.ask(
        "POST",
        "/items/import",
        files={"file": ("通知.md", text.encode())},
        data={
            "targets": ["site,board"],
            "title": "停水通知",
            "publish_at": LATER,
            "expires_at": "",
            "overrides": json.dumps({"site": {"title": "周六停水"}}),
        },
    )

    told = answer.json()
    assert answer.status_code == 201, answer.text
    assert (told["title"], told["targets"]) == ("停水通知", ["site", "board"])
    assert told["department"] == "后勤管理处"
    assert told["publish_at"] == "2099-11-24T08:30:00+08:00"
    assert told["expires_at"] is None
    assert told["overrides"]["site"]["title"] == "周六停水"
    assert "周六停水" in told["body_html"]


def test_the_digest_of_a_submission_is_that_of_the_item(office: Office) -> None:
    number, digest = office.submitted()

    told = office.get(f"/items/{number}")

    assert told["digest"] == digest
    assert len(digest) == len(hashlib.sha256().hexdigest())


def test_a_withdrawal_stops_what_has_not_gone_out(office: Office) -> None:
    number = office.approved(publish_at=LATER)

    told = office.post(f"/items/{number}/withdrawal", reason="改期", note="处长来电")

    assert told["status"] == "withdrawn"
    assert {delivery["state"] for delivery in told["deliveries"]} == {"cancelled"}
    assert (told["withdrawal_reason"], told["withdrawal_note"]) == ("改期", "处长来电")
    assert office.site.sent == []


def test_the_address_of_an_item_is_that_of_its_leading_target(office: Office) -> None:
    number = office.draft(**NOTICE)

    assert office.get(f"/items/{number}")["url"] == ""


TERMS: dict[str, Any] = {
    "urgency": "urgent",
    "late": "ask",
    "display_days": 5,
    "display_unit": "working",
}


def test_terms_are_told_and_outlast_other_changes(office: Office) -> None:
    number = office.draft(**TERMS)

    answer = office.ask("PATCH", f"/items/{number}", json={"title": "停电通知"})

    for told in (answer.json(), office.get(f"/items/{number}"), office.get("/items")["items"][0]):
        assert {name: told[name] for name in TERMS} == TERMS


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"urgency": "soon"}, "urgency"),
        ({"late": "never"}, "late"),
        ({"late": "send", "not_after": LATER}, "late"),
        ({"display_days": 0}, "display_days"),
        ({"display_days": 10**30}, "display_days"),
        ({"display_days": "five"}, "display_days"),
        ({"display_days": 5, "display_unit": "weeks"}, "display_unit"),
        ({"display_days": 5, "targets": ["board"]}, "targets"),
    ],
)
def test_terms_that_cannot_be_kept_name_their_field(
    office: Office, terms: dict[str, Any], field: str
) -> None:
    with unchanged(office):
        answer = office.ask("POST", "/items", json=NOTICE | terms)

    assert answer.status_code == 422
    assert answer.json()["field"] == field
