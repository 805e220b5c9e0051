from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from publisher.console import guard
from publisher.settings import Documents
from tests.publisher.console import office as offices
from tests.publisher.console.office import Office, words


@pytest.mark.parametrize(
    "path", ["/sign-in", "/items", "/nowhere", "/static/console.css", "/static/nothing"]
)
def test_every_answer_has_the_headers(office: Office, path: str) -> None:
    answer = office.of("林晓").client.get(path)

    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cache-control"] == (
        guard.FOR_STATIC if path == "/static/console.css" else "no-store"
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://testserver", "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_form_from_elsewhere_does_nothing(office: Office, headers: dict[str, str]) -> None:
    number = office.draft()
    visit = office.of("林晓")
    token = visit.token()

    answer = visit.client.post(
        f"/items/{number}/submission", data={"form_token": token}, headers=headers
    )

    assert answer.status_code == 403
    assert "不是从一稿的页面发出的" in answer.text
    assert office.item(number).edition.state == "draft"


def test_a_form_with_the_token_of_another_session_does_nothing(office: Office) -> None:
    number = office.draft()
    strange = office.of("王建国").token()

    page = office.of("林晓").post(f"/items/{number}/submission", status=403, form_token=strange)

    assert "上一次登录时打开的" in words(page)
    assert office.item(number).edition.state == "draft"


def test_a_form_without_a_session_is_told_to_sign_in_and_lose_nothing(office: Office) -> None:
    answer = office.browser().post("/items", data={"title": "x"})

    assert answer.status_code == 401
    assert "登录已到期" in answer.text


def test_too_much_is_refused_with_a_sentence(tmp_path: Path) -> None:
    sizes = Documents(max_word_mb=0.01, max_attachment_mb=0.01, max_picture_mb=0.01)
    office = offices.found(tmp_path, documents=sizes)
    visit = office.of("林晓")
    token = visit.token()

    fits = visit.client.post(
        "/items/import",
        data={"form_token": token},
        files={"file": ("a.txt", b"x" * (guard.FORM_BYTES // 2))},
    )
    too_much = visit.client.post(
        "/items/import",
        data={"form_token": token},
        files={"file": ("a.txt", b"x" * (guard.FORM_BYTES + 100_000))},
    )

    assert fits.status_code == 422  # the limit of the file itself
    assert too_much.status_code == 413
    assert "请压缩文件或分几次上传" in too_much.text


def test_too_much_is_noticed_even_where_nothing_was_declared(office: Office) -> None:
    def endless() -> object:
        yield b"form_token=x&title="
        for _ in range(guard.FORM_BYTES // 2**20 + 1):
            yield b"x" * 2**20

    answer = office.of("林晓").client.post(
        "/items",
        content=endless(),  # type: ignore[arg-type]
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )

    assert answer.status_code == 413


def test_what_is_unforeseen_is_a_page_without_details(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    office.door.add_api_route("/broken", broken)

    answer = office.of("林晓").client.get("/broken")

    assert answer.status_code == 500
    assert "出了问题" in answer.text
    assert "sesame" not in answer.text
    assert "ValueError: sesame" in capsys.readouterr().out


def broken() -> None:
    raise ValueError("sesame")


def test_what_is_logged_holds_no_cookie(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    office.door.add_api_route("/broken", broken)
    client = office.of("林晓").client

    client.get("/broken")

    assert client.cookies["yigao_session"] not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("method", "path", "status", "sentence"),
    [
        ("GET", "/nowhere", 404, "没有这个页面"),
        ("GET", "/items/abc", 404, "没有这个页面"),
        ("GET", "/items/0", 404, "没有这个页面"),
        ("GET", "/items/99999", 404, "没有编号为 99999 的稿件"),
        ("GET", f"/items/{2**63}", 404, "没有这个页面"),
        ("GET", "/items?before=x", 422, "不合要求"),
        ("GET", "/items/1/submission", 405, "只接受表单提交"),
        ("GET", "/deliveries?state=nonsense", 422, "没有状态 nonsense"),
        ("GET", "/media/nothing", 404, "没有这个文件"),
        ("POST", "/targets", 405, "只接受表单提交"),
    ],
)
def test_a_wrong_address_is_answered_in_chinese(
    office: Office, method: str, path: str, status: int, sentence: str
) -> None:
    client: TestClient = office.of("林晓").client

    answer = client.request(method, path)

    assert answer.status_code == status
    assert sentence in answer.text
    assert 'lang="zh-CN"' in answer.text


@pytest.mark.parametrize("path", ["/items", "/items/live", "/targets/live", "/media/x", "/reviews"])
def test_strangers_see_only_the_sign_in(office: Office, path: str) -> None:
    answer = office.browser().get(path)

    assert answer.url.path == "/sign-in"
