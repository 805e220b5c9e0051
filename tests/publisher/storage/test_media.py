from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from publisher.errors import NotFoundError
from publisher.storage.media import DamagedError, MediaStore


def test_a_file_is_kept_once_under_its_digest(tmp_path: Path) -> None:
    store = MediaStore(tmp_path)

    digest = store.put("周六停水".encode())
    again = store.put("周六停水".encode())

    assert digest == again == hashlib.sha256("周六停水".encode()).hexdigest()
    assert store.read(digest) == "周六停水".encode()
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_damaged_bytes_are_never_given_out(tmp_path: Path) -> None:
    store = MediaStore(tmp_path)
    digest = store.put(b"approved")

    store.path(digest).write_bytes(b"else")

    with pytest.raises(DamagedError, match="已损坏"):
        store.read(digest)


def test_putting_the_right_bytes_heals_a_damaged_file(tmp_path: Path) -> None:
    store = MediaStore(tmp_path)
    digest = store.put(b"approved")
    store.path(digest).write_bytes(b"app")

    store.put(b"approved")

    assert store.read(digest) == b"approved"


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="没有这个文件"):
        MediaStore(tmp_path).read("0" * 64)
