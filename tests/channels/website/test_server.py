"""What a browser gets, and what it does not."""

from __future__ import annotations

import http.client
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from fastapi import FastAPI

from channels.website import Website
from publisher.channel import Attachment
from tests.channels.website.notices import ILLUSTRATED, NOTICE, deliver, public
from tests.channels.website.served import free_port, running

MEDIA = "info/2026/13771-0307-2026-0001"


def fetch(website: Website, path: str, **headers: str) -> requests.Response:
    return requests.get(
        f"{website.base_url}/{path}", headers=headers, timeout=5, allow_redirects=False
    )


def raw(website: Website, path: str, *, method: str = "GET") -> tuple[int, bytes]:
    """Ask for a path as it is: an ordinary client would tidy it up first."""
    connection = http.client.HTTPConnection(urlsplit(website.base_url).netloc, timeout=5)
    connection.request(method, path)
    answer = connection.getresponse()
    status, body = answer.status, answer.read()
    connection.close()
    return status, body


def test_an_empty_site_has_a_front_page(website: Website) -> None:
    answer = fetch(website, "")

    assert answer.status_code == 200
    assert "还没有公开的信息" in answer.text
    assert "示范学院信息公开网" in answer.text
    assert 'lang="zh-CN"' in answer.text


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("", "text/html; charset=utf-8"),
        ("column/00/", "text/html; charset=utf-8"),
        ("column/10/index.html", "text/html; charset=utf-8"),
        ("feed.xml", "application/xml; charset=utf-8"),
        ("sitemap.xml", "application/xml; charset=utf-8"),
        ("robots.txt", "text/plain; charset=utf-8"),
        ("assets/site.css", "text/css; charset=utf-8"),
        ("assets/icon.svg", "image/svg+xml"),
    ],
)
def test_every_file_has_its_type_and_the_security_headers(
    website: Website, path: str, media_type: str
) -> None:
    answer = fetch(website, path)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == media_type
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_no_page_needs_more_than_the_policy_allows(website: Website) -> None:
    deliver(website, ILLUSTRATED)

    for path in ("", "column/03/", f"{MEDIA}.html", "nothing", "guide.html", "search/?q=%E6%94%B6"):
        page = fetch(website, path).text
        assert "script-src 'self'" in fetch(website, path).headers["Content-Security-Policy"]
        for tag in re.findall("<script[^>]*>", page):
            assert 'type="application/ld+json"' in tag or 'src="/assets/' in tag
        assert "<style" not in page
        assert " style=" not in page


def test_the_style_sheet_stays_small(website: Website) -> None:
    assert len(fetch(website, "assets/site.css").content) < 20_000


def test_an_attachment_is_a_download_under_its_own_name(website: Website) -> None:
    deliver(website, ILLUSTRATED)
    [path] = (public(website) / MEDIA).glob("*.pdf")

    answer = fetch(website, f"{MEDIA}/{path.name}")

    disposition = answer.headers["Content-Disposition"].lower()
    assert answer.content == b"%PDF-1.7"
    assert answer.headers["Content-Type"] == "application/pdf"
    assert disposition.startswith("attachment")
    assert "filename*=utf-8''%e6%94%b6%e8%b4%b9%20%e6%a0%87%e5%87%86.pdf" in disposition


def test_a_picture_is_shown_in_place(website: Website) -> None:
    deliver(website, ILLUSTRATED)

    answer = fetch(website, f"{MEDIA}/1a2b.png")

    assert answer.content == ILLUSTRATED.images[0].file
    assert answer.headers["Content-Type"] == "image/png"
    assert "Content-Disposition" not in answer.headers


def test_a_page_among_the_attachments_is_never_run(website: Website) -> None:
    attachment = Attachment(name="页.html", file=b"<script>", media_type="text/html")
    deliver(website, replace(NOTICE, attachments=(attachment,)))
    [path] = (public(website) / MEDIA).iterdir()

    answer = fetch(website, f"{MEDIA}/{path.name}")

    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_a_file_that_the_page_does_not_name_is_not_served(website: Website) -> None:
    deliver(website, ILLUSTRATED)
    (public(website) / MEDIA / "draft.pdf").write_bytes(b"%PDF")

    assert fetch(website, f"{MEDIA}/draft.pdf").status_code == 404


def test_what_was_withdrawn_is_gone_and_not_indexed(website: Website) -> None:
    receipt = deliver(website, ILLUSTRATED)
    website.withdraw(receipt, reason="数据有误")

    page = fetch(website, f"{MEDIA}.html")
    picture = fetch(website, f"{MEDIA}/1a2b.png")

    assert page.status_code == 410
    assert "已撤回" in page.text
    assert "数据有误" in page.text
    assert page.headers["X-Robots-Tag"] == "noindex"
    assert 'name="robots" content="noindex"' in page.text
    assert picture.status_code == 404


def test_an_unchanged_file_is_not_sent_twice(website: Website) -> None:
    deliver(website, ILLUSTRATED)
    for path in (f"{MEDIA}.html", f"{MEDIA}/1a2b.png", "assets/site.css"):
        etag = fetch(website, path).headers["ETag"]

        again = fetch(website, path, **{"If-None-Match": f'"other", W/{etag}'})

        assert again.status_code == 304
        assert again.headers["ETag"] == etag
        assert again.content == b""


def test_a_changed_page_is_sent_again(website: Website) -> None:
    deliver(website)
    etag = fetch(website, f"{MEDIA}.html").headers["ETag"]
    deliver(website, replace(NOTICE, title="更正后的公示"), key="delivery-2")

    again = fetch(website, f"{MEDIA}.html", **{"If-None-Match": etag})

    assert again.status_code == 200
    assert "更正后的公示" in again.text


def test_a_part_of_an_attachment_can_be_asked_for(website: Website) -> None:
    deliver(website, ILLUSTRATED)
    [path] = (public(website) / MEDIA).glob("*.pdf")

    answer = fetch(website, f"{MEDIA}/{path.name}", Range="bytes=1-3")

    assert answer.status_code == 206
    assert answer.content == b"PDF"


@pytest.mark.parametrize(
    "path",
    [
        "/../catalogue.db",
        "/..%2fcatalogue.db",
        "/%2e%2e/catalogue.db",
        "/assets/..%2f..%2fcatalogue.db",
        "/assets/%2e%2e/%2e%2e/catalogue.db",
        "//etc/passwd",
        "/%2fetc/passwd",
        "/..%5ccatalogue.db",
        "/index.html%00.css",
        "/.hidden",
        "/info/.hidden/x.html",
        "/outside/catalogue.db",
        "/assets/outside.css",
        "/index.html/",
        "/info/2026/../x/1a2b.png",
        "/" + "a" * 300,
        "/%ff%fe",
        "/info",
        "/assets/",
        "//example.org",
    ],
)
def test_nothing_beside_the_public_files_can_be_read(website: Website, path: str) -> None:
    deliver(website)
    (public(website) / ".hidden").write_text("hidden")
    (public(website) / "info/.hidden").mkdir()
    (public(website) / "info/.hidden/x.html").write_text("hidden")
    (public(website) / "outside").symlink_to(website.folder)
    (public(website) / "assets/outside.css").symlink_to(website.folder / "catalogue.db")

    status, body = raw(website, path)

    assert status == 404
    assert "没有这一页".encode() in body


def test_a_column_without_its_slash_leads_to_the_column(website: Website) -> None:
    answer = fetch(website, "column/03")

    assert answer.status_code == 307
    assert answer.headers["Location"] == "/column/03/"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_nothing_can_be_changed_from_outside(website: Website, method: str) -> None:
    status, _ = raw(website, "/", method=method)

    assert status == 405


def test_the_head_of_a_page_comes_without_its_body(website: Website) -> None:
    assert raw(website, "/", method="HEAD") == (200, b"")


def test_a_site_whose_folder_was_emptied_answers_plainly(website: Website) -> None:
    (public(website) / "404.html").unlink()

    status, body = raw(website, "/nothing")

    assert (status, body) == (404, "没有这一页".encode())


def test_a_folder_that_cannot_be_written_does_not_keep_the_server_from_starting(
    tmp_path: Path,
) -> None:
    (tmp_path / "taken").write_text("a file stands where the folder should be")
    website = Website(base_url="http://127.0.0.1:1", folder=tmp_path / "taken")

    with free_port() as listening:
        port = listening.getsockname()[1]
        with running(website.pages(), listening):
            answer = requests.get(f"http://127.0.0.1:{port}/", timeout=5)

    assert answer.status_code == 404


@pytest.mark.parametrize("mount", ["/", "/xxgk"])
def test_it_can_stand_below_another_application(tmp_path: Path, mount: str) -> None:
    with free_port() as listening:
        root = f"http://127.0.0.1:{listening.getsockname()[1]}"
        website = Website(base_url=root + mount, folder=tmp_path)
        above = FastAPI()
        above.mount(mount, website.pages())
        with running(above, listening):
            receipt = deliver(website, ILLUSTRATED)
            confirmed = website.confirm(key="delivery-1", receipt=receipt)
            home = requests.get(f"{root}{mount}".rstrip("/") + "/", timeout=5).text

    assert confirmed is not None
    assert f'href="{mount.rstrip("/")}/{MEDIA}.html"' in home
