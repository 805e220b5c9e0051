"""Files: what is taken, what is refused, and how an item uses it."""

from __future__ import annotations

import hashlib
import json
from io import BytesIO

import pytest
from PIL import Image

from publisher.api import gate
from tests.publisher.api.office import NOTICE, Office
from tests.publisher.api.test_problems import assert_problem, unchanged
from tests.publisher.documents.make import pdf

PDF = pdf("Self-check")


def picture(kind: str = "PNG") -> bytes:
    out = BytesIO()
    Image.new("RGB", (4, 3), "red").save(out, format=kind)
    return out.getvalue()


def test_an_attachment_is_kept_as_it_is_and_used_by_its_digest(office: Office) -> None:
    answer = office.ask("POST", "/media", files={"file": ("自查表.pdf", PDF)})
    stored = answer.json()

    drafted = office.post(
        "/items", **NOTICE, attachments=[{"digest": stored["digest"], "name": stored["name"]}]
    )

    assert answer.status_code == 201
    assert stored == {
        "digest": hashlib.sha256(PDF).hexdigest(),
        "name": "自查表.pdf",
        "alt": "",
        "media_type": "application/pdf",
        "size_bytes": len(PDF),
    }
    assert [file["name"] for file in drafted["attachments"]] == ["自查表.pdf"]


def test_a_picture_is_shown_in_the_body_and_travels_beside_the_rendition(office: Office) -> None:
    stored = office.ask(
        "POST", "/media", files={"file": ("图.png", picture())}, data={"alt": "停水范围"}
    ).json()
    body = f'<p><img src="media:{stored["name"]}" alt="停水范围"></p>'
    image = {"digest": stored["digest"], "name": stored["name"], "alt": stored["alt"]}

    number = office.draft(body_html=body, images=[image])

    part = office.ask("GET", f"/items/{number}/renditions/site/parts/{stored['name']}")
    assert part.status_code == 200
    assert part.headers["content-type"] == "image/png"
    assert hashlib.sha256(part.content).hexdigest() == stored["digest"]
    lost = office.ask("GET", f"/items/{number}/renditions/site/parts/b.png")
    assert_problem(lost, 404, "not_found")


def test_a_picture_can_be_an_attachment(office: Office) -> None:
    answer = office.ask(
        "POST", "/media", files={"file": ("海报.png", picture())}, data={"role": "attachment"}
    )

    assert answer.json()["name"] == "海报.png"


@pytest.mark.parametrize(
    ("name", "file", "role"),
    [
        ("图.png", b"GIF89a not a picture", "image"),
        ("图.jpg", picture("PNG"), "image"),
        ("表.pdf", b"MZ a program", "attachment"),
        ("程序.exe", b"MZ a program", "attachment"),
        ("空.pdf", b"", "attachment"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_refused(
    office: Office, name: str, file: bytes, role: str
) -> None:
    with unchanged(office):
        answer = office.ask("POST", "/media", files={"file": (name, file)}, data={"role": role})

    assert answer.status_code == 422
    assert_problem(answer, 422, answer.json()["code"], "file")


def test_a_word_file_that_is_none_is_refused(office: Office) -> None:
    with unchanged(office):
        answer = office.ask("POST", "/items/import", files={"file": ("通知.docx", b"PK no Word")})

    assert_problem(answer, 422, answer.json()["code"], "file")


def test_an_upload_without_a_file_is_refused(office: Office) -> None:
    with unchanged(office):
        nothing = office.ask("POST", "/media", data={"role": "image"})
        text = office.ask("POST", "/media", data={"file": "图.png"})
        no_form = office.ask("POST", "/media", content=b"abc")

    assert_problem(nothing, 422, "missing", "file")
    assert "multipart/form-data" in assert_problem(text, 422, "invalid", "file")
    assert_problem(no_form, 422, "missing", "file")


def test_a_file_over_the_limit_of_its_kind_is_too_large(office: Office) -> None:
    limit = int(office.app.settings.documents.max_word_mb * 2**20)

    with unchanged(office):
        answer = office.ask(
            "POST", "/items/import", files={"file": ("通知.txt", b"a" * (limit + 1))}
        )

    assert_problem(answer, 413, "too_large", "file")


def test_an_upload_over_every_limit_is_stopped_at_the_gate(office: Office) -> None:
    limit = int(office.app.settings.documents.max_attachment_mb * 2**20) + gate.FORM_BYTES
    headers = {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": str(limit + 1)}

    answer = office.ask("POST", "/media", content=b"--x", headers=headers)

    assert_problem(answer, 413, "too_large")


def test_only_authors_upload(office: Office) -> None:
    with unchanged(office):
        answer = office.ask("POST", "/media", by="赵琳", files={"file": ("表.pdf", PDF)})

    assert_problem(answer, 403, "not_allowed")


def test_a_broken_form_is_refused(office: Office) -> None:
    headers = {"Content-Type": "multipart/form-data"}  # without its boundary

    with unchanged(office):
        answer = office.ask("POST", "/media", content=b"--x\r\n", headers=headers)

    assert_problem(answer, 400, "unreadable")


def test_an_imported_file_takes_attachments_that_were_uploaded_before(office: Office) -> None:
    stored = office.ask("POST", "/media", files={"file": ("自查表.pdf", PDF)}).json()
    attachments = [{"digest": stored["digest"], "name": "附件一.pdf"}]
    file = ("通知.txt", "停水通知\n周六停水\n".encode())

    taken = office.ask(
        "POST",
        "/items/import",
        files={"file": file},
        data={"attachments": json.dumps(attachments)},
    )
    refused = office.ask(
        "POST", "/items/import", files={"file": file}, data={"attachments": "附件一.pdf"}
    )

    assert taken.status_code == 201, taken.text
    assert [attached["name"] for attached in taken.json()["attachments"]] == ["附件一.pdf"]
    assert_problem(refused, 422, "bad_json", "attachments")
