"""The door as a whole: its description, what it hides, and that nothing makes it fall over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, text

from tests.publisher.api import office as offices
from tests.publisher.api.office import LATER, NOTICE, Office
from tests.publisher.api.test_problems import assert_problem

PATHS = {
    "/items",
    "/items/import",
    "/items/{item_id}",
    "/items/{item_id}/submission",
    "/items/{item_id}/reviews",
    "/items/{item_id}/expedition",
    "/items/{item_id}/record.pdf",
    "/items/{item_id}/withdrawal",
    "/items/{item_id}/renditions/{target}",
    "/items/{item_id}/renditions/{target}/parts/{name}",
    "/media",
    "/deliveries",
    "/deliveries/{delivery_id}",
    "/deliveries/{delivery_id}/settlement",
    "/deliveries/{delivery_id}/retry",
    "/targets",
    "/items/{item_id}/plan",
    "/targets/{name}/pause",
    "/targets/{name}/plan",
    "/targets/{name}/plan/order",
    "/targets/{name}/resume",
    "/targets/{name}/check",
    "/alarms",
    "/deliveries/{delivery_id}/abandonment",
    "/deliveries/{delivery_id}/go-ahead",
    "/pauses",
    "/pauses/{scope}",
}


@pytest.fixture(scope="module")
def long_open(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An office that stays open for many requests."""
    opened = offices.found(tmp_path_factory.mktemp("office"))
    yield opened
    opened.app.lanes.close()
    opened.app.database.engine.dispose()


def test_the_description_is_open_to_all_and_names_every_call(office: Office) -> None:
    answer = office.client.get("/api/v1/openapi.json")

    described = answer.json()
    assert answer.status_code == 200
    assert set(described["paths"]) == PATHS
    assert described["servers"] == [{"url": "/api/v1"}]
    create = described["paths"]["/items"]["post"]
    assert create["security"]
    assert "application/problem+json" in create["responses"]["4XX"]["content"]
    upload = described["paths"]["/media"]["post"]["requestBody"]["content"]
    assert set(upload) == {"multipart/form-data"}


def test_there_are_no_pages_that_load_foreign_scripts(office: Office) -> None:
    for path in ("/docs", "/redoc"):
        assert_problem(office.ask("GET", path), 404, "not_found")


def test_no_cache_keeps_an_answer(office: Office) -> None:
    answer = office.ask("GET", "/items")

    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_an_error_without_a_name_is_answered_without_details(office: Office) -> None:
    number = office.draft()
    with office.app.database.sessions.begin() as session:
        session.execute(text("ALTER TABLE delivery RENAME TO secret"))

    answer = office.ask("GET", f"/items/{number}")

    assert_problem(answer, 500, "internal")
    assert "secret" not in answer.text


def test_tokens_are_in_no_answer(office: Office) -> None:
    number = office.draft()

    told = office.ask("GET", f"/items/{number}").text + office.ask("GET", "/nothing").text

    assert not [token for token in office.tokens.values() if token in told]


ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=20)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    [
        *("title", "body_html", "body_markdown", "summary", "kind", "category", "department"),
        *("document_number", "issued_on", "audience", "targets", "publish_at", "not_after"),
        *("expires_at", "overrides", "images", "attachments"),
    ]
)
PLAUSIBLE = st.sampled_from(
    [
        *(
            "site",
            "public",
            "0307",
            "2099-11-24 08:30",
            "9999-12-31 23:59 -12:00",
            "0001-01-01 0:0",
        ),
        *(["site"], [{"digest": "0", "name": "a"}], {"site": {"publish_at": "0000-00-00 00:00"}}),
        *("<p><img src=media:x>", "<" * 300, "&#xd800;", "![](media:x)", "\ud800"),
    ]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    body=ANYTHING
    | st.dictionaries(NAMES, ANYTHING | PLAUSIBLE, max_size=6).map(lambda some: NOTICE | some)
)
def test_no_json_whatsoever_makes_the_server_fail(long_open: Office, body: Any) -> None:
    content = json.dumps(body).encode()

    answer = long_open.ask(
        "POST", "/items", content=content, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code in (201, 400, 422), answer.text
    assert answer.status_code == 201 or answer.json()["code"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(content=st.binary(max_size=40))
def test_no_bytes_whatsoever_make_the_server_fail(long_open: Office, content: bytes) -> None:
    answer = long_open.ask(
        "POST", "/items", content=content, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code in (400, 422)


@pytest.mark.parametrize("path", ["/items", "/deliveries", "/targets", "/items/1"])
def test_a_longer_list_asks_the_database_no_more_often(office: Office, path: str) -> None:
    office.approved(publish_at=LATER)
    asked: list[str] = []
    event.listen(
        office.app.database.engine,
        "before_cursor_execute",
        lambda connection, cursor, statement, *rest: asked.append(statement),
    )
    office.get(path)
    with_one = len(asked)
    for _ in range(4):
        office.approved(publish_at=LATER)

    asked.clear()
    office.get(path)

    assert len(asked) == with_one
