"""What a mirror does where journal, place and site do not agree."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from channels.website import Website
from channels.website.copies.journal import opened
from channels.website.copies.mirror import MANIFEST, Mirror
from publisher.errors import PermanentError, RetryableError
from tests.channels.website.copies.test_mirror import Book, Killed, same, with_copy
from tests.channels.website.notices import ILLUSTRATED, deliver, numbered

FILES = {
    "info/2026/a/1.png": b"picture",
    "info/2026/a.html": b"page",
    "column/03/1.html": b"list",
    "index.html": b"front",
    "feed.xml": b"feed",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        path = tmp_path / "public" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "public"


def mirror_of(book: Book, folder: Path, *, site: str = "https://xxgk.example.edu.cn") -> Mirror:
    return Mirror(opened=lambda: book, journal=folder / "copy.db", site=site)


def there(book: Book) -> dict[str, bytes]:
    return {name: content for name, content in book.files.items() if name != MANIFEST}


def test_a_file_that_changes_while_it_is_sent_goes_again(root: Path, tmp_path: Path) -> None:
    class Slow(Book):
        def write(self, name: str, content: bytes) -> None:
            super().write(name, content)
            if content == b"front":
                (root / name).write_bytes(b"newer front")
                mirror.note([name], [])

    book = Slow()
    mirror = mirror_of(book, tmp_path)

    mirror.push(root)

    assert book.files["index.html"] == b"newer front"
    assert mirror.pending() == 0


def test_a_copy_of_a_site_that_is_older_gets_all_of_it(tmp_path: Path) -> None:
    website = Website(base_url="http://127.0.0.1:1", folder=tmp_path / "site")
    deliver(website, ILLUSTRATED)
    book = Book()

    copied = with_copy(replace(website), book)
    deliver(copied, numbered(2), key="delivery-2")

    assert same(copied, book)


def test_a_copy_that_cannot_begin_says_how_much_it_lacks(root: Path, tmp_path: Path) -> None:
    def away() -> Book:
        raise RetryableError("no connection")

    mirror = Mirror(opened=away, journal=tmp_path / "copy.db", site="https://xxgk.example.edu.cn")
    with pytest.raises(RetryableError):
        mirror.push(root)

    assert mirror.pending() == len(FILES)


def test_web_pages_of_somebody_else_are_not_overwritten(root: Path, tmp_path: Path) -> None:
    book = Book(files={"index.html": b"the main site of the college"})

    with pytest.raises(PermanentError) as caught:
        mirror_of(book, tmp_path).push(root)

    assert book.files == {"index.html": b"the main site of the college"}
    assert "覆盖" in caught.value.advice


def test_a_place_filled_by_hand_with_this_very_site_is_taken_over(
    root: Path, tmp_path: Path
) -> None:
    book = Book(files=dict(FILES))

    mirror_of(book, tmp_path).push(root)

    assert MANIFEST in book.files


@pytest.mark.parametrize("manifest", [b"", b"[]", b"null", b"{}", b"\xff", b'{"site": 1}'])
def test_a_manifest_that_cannot_be_read_is_a_strangers(
    root: Path, tmp_path: Path, manifest: bytes
) -> None:
    book = Book(files={MANIFEST: manifest})

    with pytest.raises(PermanentError):
        mirror_of(book, tmp_path).push(root)

    assert book.acts == []


def test_the_place_is_claimed_before_the_first_file(root: Path, tmp_path: Path) -> None:
    book = Book()

    mirror_of(book, tmp_path).push(root)

    assert book.acts[0] == f"+{MANIFEST}"


def test_a_site_with_a_new_address_keeps_its_copies(root: Path, tmp_path: Path) -> None:
    book = Book()
    mirror_of(book, tmp_path).push(root)
    moved = mirror_of(book, tmp_path, site="https://open.example.edu.cn")

    moved.copy(root, ["index.html"], [])

    assert json.loads(book.files[MANIFEST])["site"] == "https://open.example.edu.cn"


def test_repair_sends_what_differs_and_nothing_else(root: Path, tmp_path: Path) -> None:
    book = Book()
    mirror = mirror_of(book, tmp_path)
    mirror.push(root)
    book.files["index.html"] = b"defaced"
    del book.files["info/2026/a/1.png"]
    book.acts.clear()

    count = mirror.repair(root)

    assert book.acts == ["+info/2026/a/1.png", "+index.html", f"+{MANIFEST}"]
    assert count == 2
    assert there(book) == FILES


def test_repair_of_a_sound_copy_sends_nothing(root: Path, tmp_path: Path) -> None:
    book = Book()
    mirror = mirror_of(book, tmp_path)
    mirror.push(root)
    book.acts.clear()

    assert mirror.repair(root) == 0
    assert book.acts == []


def test_a_lost_journal_is_learnt_anew_from_the_place(root: Path, tmp_path: Path) -> None:
    book = Book()
    mirror_of(book, tmp_path / "first").push(root)
    (root / "feed.xml").write_bytes(b"newer feed")
    book.acts.clear()

    mirror_of(book, tmp_path / "second").push(root)

    assert [act for act in book.acts if MANIFEST not in act] == ["+feed.xml"]


def test_what_was_withdrawn_while_the_journal_was_lost_goes_and_what_others_keep_there_stays(
    root: Path, tmp_path: Path
) -> None:
    book = Book()
    mirror_of(book, tmp_path / "first").push(root)
    (root / "info/2026/a/1.png").unlink()
    book.files |= {"favicon.ico": b"theirs", "info/2026/.b.html.part": b"half"}

    mirror_of(book, tmp_path / "second").push(root)

    expected = {name: FILES[name] for name in FILES if name != "info/2026/a/1.png"}
    assert there(book) == expected | {"favicon.ico": b"theirs"}


def test_a_journal_from_a_backup_is_not_believed(root: Path, tmp_path: Path) -> None:
    book = Book()
    mirror = mirror_of(book, tmp_path)
    mirror.push(root)
    shutil.copy(tmp_path / "copy.db", tmp_path / "backup.db")
    (root / "index.html").write_bytes(b"second front")
    mirror.copy(root, ["index.html"], [])
    (root / "index.html").write_bytes(b"front")  # site and journal as they were before
    for name in ("copy.db", "copy.db-wal", "copy.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    shutil.copy(tmp_path / "backup.db", tmp_path / "copy.db")

    mirror.copy(root, ["feed.xml"], [])

    assert there(book) == FILES


def test_a_lost_answer_to_the_manifest_makes_no_stranger(root: Path, tmp_path: Path) -> None:
    class Lossy(Book):
        loses: bool = False

        def write(self, name: str, content: bytes) -> None:
            super().write(name, content)
            if self.loses and name == MANIFEST:
                self.loses = False
                raise RetryableError("no answer")

    book = Lossy()
    mirror = mirror_of(book, tmp_path)
    mirror.push(root)
    book.loses = True
    with pytest.raises(RetryableError):
        mirror.copy(root, ["index.html"], [])
    book.acts.clear()

    (root / "index.html").write_bytes(b"newer")
    mirror.copy(root, ["index.html"], [])

    assert book.acts == ["+index.html", f"+{MANIFEST}"]


def test_an_unmounted_disk_is_no_site_without_pages(root: Path, tmp_path: Path) -> None:
    book = Book()
    mirror = mirror_of(book, tmp_path)
    mirror.push(root)
    mirror.note(FILES, [])
    root.rename(tmp_path / "elsewhere")

    for act in (mirror.push, mirror.repair, mirror.note_all):
        with pytest.raises(RetryableError):
            act(root)

    assert there(book) == FILES


def test_what_stands_on_the_site_decides_not_what_was_said_of_it(
    root: Path, tmp_path: Path
) -> None:
    book = Book()
    mirror = mirror_of(book, tmp_path)
    mirror.push(root)
    (root / "feed.xml").unlink()

    mirror.copy(root, ["feed.xml"], ["index.html"])

    assert there(book) == {name: FILES[name] for name in FILES if name != "feed.xml"}


def test_the_copy_of_one_notice_does_not_grow_with_what_is_there(tmp_path: Path) -> None:
    root = tmp_path / "public"
    (root / "info" / "2026").mkdir(parents=True)
    for serial in range(3000):
        (root / "info" / "2026" / f"{serial}.html").write_bytes(b"page")
    book = Book()
    mirror = mirror_of(book, tmp_path)
    mirror.push(root)
    book.acts.clear()

    (root / "info" / "2026" / "3000.html").write_bytes(b"page")
    mirror.copy(root, ["info/2026/3000.html"], [])

    assert book.acts == ["+info/2026/3000.html", f"+{MANIFEST}"]
    assert len(book.files[MANIFEST]) < 300


@pytest.mark.parametrize("step", range(9))
def test_repair_goes_on_after_a_death_at_any_file(root: Path, tmp_path: Path, step: int) -> None:
    book = Book()
    mirror = mirror_of(book, tmp_path)
    mirror.push(root)
    book.files = {MANIFEST: book.files[MANIFEST]}
    book.dies_at = len(book.acts) + step
    try:
        mirror.repair(root)
    except Killed:
        mirror.push(root)

    assert there(book) == FILES
    with opened(tmp_path / "copy.db") as journal:
        assert journal.files() == len(FILES)
