"""Scripts of the editor: pinned, listed, squeezed, kept by browsers; and a page without them."""

from __future__ import annotations

import gzip
from hashlib import sha256
from pathlib import Path

import pytest

from publisher.console import assets
from tests.publisher.console.office import Office


@pytest.mark.parametrize("name", assets.ASSETS)
def test_each_file_is_the_one_that_was_chosen(name: str) -> None:
    asset = assets.ASSETS[name]

    installed = (assets.FOLDER / asset.path).read_bytes()

    assert sha256(installed).hexdigest() == asset.sha256
    assert assets.fault() == ""


def test_every_wheel_is_locked_by_its_digest() -> None:
    lock = Path(__file__).parents[3] / ".ci" / "requirements-assets.lock"

    for asset in assets.ASSETS.values():
        assert f"{asset.wheel} \\\n    --hash=sha256:" in lock.read_text(encoding="utf-8")


def test_a_listed_file_is_squeezed_and_kept_for_good(office: Office) -> None:
    client = office.browser()
    address = assets.address("tiptap.js")

    squeezed = client.get(address)
    plain = client.get(address, headers={"Accept-Encoding": "identity"})

    assert squeezed.headers["content-encoding"] == "gzip"
    assert int(squeezed.headers["content-length"]) < 200_000
    assert plain.headers.get("content-encoding") is None
    assert plain.content == squeezed.content
    assert "immutable" in plain.headers["cache-control"]
    assert plain.headers["content-type"].startswith("text/javascript")


def test_nothing_else_is_reachable(office: Office) -> None:
    client, address = office.browser(), assets.address("editor.js")
    folder = address.rpartition("/")[0]

    for path in (
        f"{folder}/default.js", "/assets/000000000000/editor.js", f"{folder}/..%2fassets.py"
    ):  # fmt: skip
        assert client.get(path).status_code == 404


def test_a_missing_or_changed_file_is_said_and_nothing_is_served(tmp_path: Path) -> None:
    missing = assets.stock(tmp_path)
    path = tmp_path / assets.ASSETS["tiptap.js"].path
    path.parent.mkdir(parents=True)
    path.write_bytes(b"alert(1)")

    changed = assets.stock(tmp_path)

    assert "没有安装 django-prose-editor==0.28.0" in missing.fault
    assert "--target" in missing.fault
    assert "不同" in changed.fault
    assert not missing.files
    assert not changed.files


def test_squeezed_files_say_the_same() -> None:
    shelf = assets.stocked()

    assert {name: gzip.decompress(file) for name, file in shelf.squeezed.items()} == shelf.files
