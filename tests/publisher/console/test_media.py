from __future__ import annotations

import pytest

from publisher.console.media import file_response
from tests.publisher.console.office import Office, picture


def test_only_pictures_are_shown_by_the_browser() -> None:
    shown = file_response(b"x", media_type="image/png", name="图.png")
    page = file_response(b"<script>", media_type="text/html", name="x.html")
    drawing = file_response(b"<svg/>", media_type="image/svg+xml", name="x.svg")

    assert shown.headers["content-disposition"].startswith("inline")
    assert page.headers["content-disposition"].startswith("attachment")
    assert drawing.headers["content-disposition"].startswith("attachment")


def test_a_name_can_say_nothing_else() -> None:
    answer = file_response(b"x", media_type="application/pdf", name='附件"1\r\nX: y;.pdf')

    said = answer.headers["content-disposition"]
    assert "\r" not in said
    assert '"' not in said
    assert said.endswith("%E9%99%84%E4%BB%B6%221%0D%0AX%3A%20y%3B.pdf")


def test_a_file_can_do_nothing_here() -> None:
    answer = file_response(b"x", media_type="application/pdf", name="")

    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")


def test_a_picture_for_a_text_is_taken_and_can_be_saved_with_it(office: Office) -> None:
    visit = office.of("林晓")

    answer = visit.client.post(
        "/media",
        data={"form_token": visit.token()},
        files={"picture": ("东门.png", picture())},
    )

    given = answer.json()
    assert answer.status_code == 201
    number = office.draft(
        image=[given["token"]],
        image_alt=["东门"],
        body=f'<p><img src="media:{given["name"]}" alt=""></p>',
        body_form="html",
    )
    body = office.item(number).edition.body
    assert body == f'<p><img src="media:{given["name"]}" alt="东门"></p>'


@pytest.mark.parametrize(
    ("by", "token", "files", "status"),
    [
        ("林晓", None, {"picture": ("东门.png", b"no")}, 422),
        ("林晓", None, {}, 422),
        ("赵琳", None, {"picture": ("东门.png", picture())}, 409),
        ("林晓", "x", {"picture": ("东门.png", picture())}, 403),
    ],
)
def test_a_picture_is_refused_in_words(
    office: Office, by: str, token: str | None, files: dict[str, tuple[str, bytes]], status: int
) -> None:
    visit = office.of(by)

    answer = visit.client.post(
        "/media", data={"form_token": token or visit.token()}, files=files or None
    )

    assert answer.status_code == status
    if status != 403:
        assert answer.json()["sentence"]
