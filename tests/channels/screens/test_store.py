"""What stands on which screen."""

from __future__ import annotations

import multiprocessing
import threading
from datetime import UTC, datetime, timedelta
from multiprocessing.context import SpawnProcess
from pathlib import Path

import pytest

from channels.screens.store import Slide, Store

NOW = datetime(2026, 11, 24, 0, 30, tzinfo=UTC)
SLIDE = Slide(title="停水", begins_at=None, ends_at=NOW + timedelta(hours=1), duration_s=12.0)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(folder=tmp_path / "screens")


def put(store: Store, key: str, *, screen: str = "library", file: bytes = b"png") -> None:
    store.put({screen: [file]}, key, slide=SLIDE, at=NOW)


def keys(store: Store, *, at: datetime = NOW) -> list[str]:
    return [entry.key for entry in store.listed("library", at=at)[1]]


def test_a_list_holds_what_is_neither_withdrawn_nor_over(store: Store) -> None:
    for key in ("a", "b", "c"):
        put(store, key)

    store.withdraw(["library"], "b", at=NOW)

    assert keys(store) == ["a", "c"]
    assert keys(store, at=NOW + timedelta(minutes=59)) == ["a", "c"]
    assert keys(store, at=NOW + timedelta(hours=1)) == []


def test_a_version_counts_changes_of_its_own_screen_only(store: Store) -> None:
    put(store, "a")
    put(store, "a")
    put(store, "a", screen="canteen")
    store.withdraw(["library"], "a", at=NOW)
    store.withdraw(["library"], "a", at=NOW)

    assert store.listed("library", at=NOW)[0] == 2
    assert store.listed("canteen", at=NOW)[0] == 1


def test_a_file_is_given_out_only_while_it_stands_somewhere(store: Store) -> None:
    put(store, "a")
    put(store, "a", screen="canteen")
    digest = store.listed("library", at=NOW)[1][0].file

    store.withdraw(["library"], "a", at=NOW)
    assert store.file(digest, at=NOW) == b"png"
    assert store.file(digest, at=NOW + timedelta(hours=1)) is None
    store.withdraw(["canteen"], "a", at=NOW)

    assert store.file(digest, at=NOW) is None
    assert store.file("../screens", at=NOW) is None


def test_what_is_put_again_after_its_withdrawal_begins_anew(store: Store) -> None:
    put(store, "a")
    store.withdraw(["library"], "a", at=NOW)

    put(store, "a", file=b"other")

    entry = store.entry("library", "a")
    assert entry is not None
    assert entry.withdrawn_at is None
    assert store.file(entry.file, at=NOW) == b"other"


def test_a_failed_write_changes_nothing(store: Store, tmp_path: Path) -> None:
    put(store, "a")
    (tmp_path / "screens" / "slides").rename(tmp_path / "elsewhere")
    (tmp_path / "screens" / "slides").write_text("")

    with pytest.raises(OSError, match="slides"):
        put(store, "b", file=b"another")

    assert keys(store) == ["a"]
    assert store.listed("library", at=NOW)[0] == 1


def _fill(folder: Path, name: str) -> None:
    for number in range(10):
        put(Store(folder=folder), f"{name}-{number}")


def test_threads_and_processes_write_at_once_from_the_first_moment(tmp_path: Path) -> None:
    folder = tmp_path / "screens"
    context = multiprocessing.get_context("spawn")
    others = [context.Process(target=_fill, args=(folder, f"process{n}")) for n in range(2)]
    threads = [threading.Thread(target=_fill, args=(folder, f"thread{n}")) for n in range(4)]

    all_of_them: list[threading.Thread | SpawnProcess] = [*others, *threads]
    for each in all_of_them:
        each.start()
    for each in all_of_them:
        each.join()

    version, entries = Store(folder=folder).listed("library", at=NOW)
    assert version == len(entries) == 60
