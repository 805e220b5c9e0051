"""What goes to a copy, in which order, and what a death in the middle leaves."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from channels.website import Website
from channels.website.copies.mirror import MANIFEST, Mirror
from channels.website.copies.place import Place
from publisher.errors import PermanentError, RetryableError, UnknownOutcomeError
from tests.channels.website.notices import ILLUSTRATED, contents, deliver, numbered, public
from tests.channels.website.served import free_port, running

PAGE = "info/2026/13771-0307-2026-0001.html"
PICTURE = "info/2026/13771-0307-2026-0001/1a2b.png"


class Killed(BaseException):
    """The process dies here."""


@dataclass
class Book(Place):
    """A place that writes down what is asked of it, and can die or fail at a step."""

    files: dict[str, bytes] = field(default_factory=dict)
    acts: list[str] = field(default_factory=list)
    dies_at: int = -1
    fails_at: int = -1

    def write(self, name: str, content: bytes) -> None:
        self._step(f"+{name}")
        self.files[name] = content

    def remove(self, name: str) -> None:
        self._step(f"-{name}")
        self.files.pop(name, None)

    def read(self, name: str) -> bytes | None:
        return self.files.get(name)

    def names(self, folder: str) -> list[str]:
        return [name for name in self.files if name.startswith(f"{folder}/")]

    def _step(self, act: str) -> None:
        if len(self.acts) == self.dies_at:
            self.dies_at = -1
            raise Killed
        if len(self.acts) == self.fails_at:
            self.fails_at = -1
            raise RetryableError("the line is down")
        self.acts.append(act)


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
def website(tmp_path: Path, book: Book) -> Website:
    """A website with one copy, which nobody serves."""
    made = Website(base_url="http://127.0.0.1:1", folder=tmp_path / "site")
    return with_copy(made, book)


def with_copy(website: Website, book: Book) -> Website:
    mirror = Mirror(opened=lambda: book, journal=website.folder / "copy.db", site=website.base_url)
    site = replace(website._site, mirrors=(mirror,))
    website.__dict__["_site"] = site  # in place of one that is made from an address
    return website


def same(website: Website, book: Book) -> bool:
    there = {name: content for name, content in book.files.items() if name != MANIFEST}
    return there == contents(public(website))


def place_in(book: Book, act: str) -> int:
    return max(at for at, each in enumerate(book.acts) if each == act)


def test_files_go_before_the_page_and_the_page_before_its_lists(
    website: Website, book: Book
) -> None:
    deliver(website, ILLUSTRATED)

    steps = [f"+{PICTURE}", f"+{PAGE}", "+column/03/1.html", "+index.html", f"+{MANIFEST}"]
    order = [place_in(book, step) for step in steps]
    assert order == sorted(order)
    assert same(website, book)


def test_lists_forget_a_withdrawn_page_before_it_says_so_and_its_files_go_last(
    website: Website, book: Book
) -> None:
    receipt = deliver(website, ILLUSTRATED)
    book.acts.clear()

    website.withdraw(receipt, reason="数据有误")

    steps = ["+column/03/1.html", "+index.html", f"+{PAGE}", f"-{PICTURE}"]
    order = [place_in(book, step) for step in steps]
    assert order == sorted(order)
    assert same(website, book)


def test_one_more_notice_sends_a_handful_of_files(website: Website, book: Book) -> None:
    for serial in range(1, 30):
        deliver(website, numbered(serial), key=f"delivery-{serial}")
    book.acts.clear()

    deliver(website, numbered(30), key="delivery-30")

    assert len(book.acts) <= 14


@pytest.mark.parametrize("step", range(36))
def test_a_process_that_dies_between_any_two_files_is_gone_on_after(
    website: Website, book: Book, step: int
) -> None:
    book.dies_at = step
    try:
        deliver(website, ILLUSTRATED)
        website.withdraw(deliver(website, numbered(2), key="delivery-2"), reason="有误")
    except Killed:
        deliver(website, ILLUSTRATED)
        website.withdraw(deliver(website, numbered(2), key="delivery-2"), reason="有误")

    assert same(website, book)


def test_a_line_that_is_down_leaves_the_rest_for_the_next_time(
    website: Website, book: Book
) -> None:
    book.fails_at = 3
    deliver(website, ILLUSTRATED)
    assert website._site.behind() > 0

    website._site.copy()

    assert website._site.behind() == 0
    assert same(website, book)


def test_while_a_copy_is_behind_nothing_is_confirmed(tmp_path: Path, book: Book) -> None:
    with free_port() as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        website = with_copy(Website(base_url=url, folder=tmp_path / "site"), book)
        with running(website.pages(), listening):
            receipt = deliver(website)
            deliver(website, numbered(2), key="delivery-2")
            website._site.mirrors[0].note([PAGE], [])
            (public(website) / PAGE).write_bytes((public(website) / PAGE).read_bytes() + b"\n")
            book.fails_at = len(book.acts)

            with pytest.raises(UnknownOutcomeError, match="behind"):
                website.confirm(key="delivery-1", receipt=receipt)

            assert website.confirm(key="delivery-1", receipt=receipt) is not None


def test_the_place_of_another_site_is_left_alone(website: Website, book: Book) -> None:
    book.files[MANIFEST] = json.dumps({"site": "https://other.edu.cn"}).encode()
    deliver(website)

    with pytest.raises(PermanentError) as caught:
        website._site.copy()

    assert "other.edu.cn" in caught.value.advice
    assert book.acts == []


def test_a_place_that_was_emptied_is_filled_again(website: Website, book: Book) -> None:
    deliver(website, ILLUSTRATED)
    book.files.clear()

    deliver(website, numbered(2), key="delivery-2")

    assert same(website, book)


def test_a_new_look_is_sent_and_what_is_the_same_is_not(website: Website, book: Book) -> None:
    deliver(website, ILLUSTRATED)
    book.acts.clear()
    new = with_copy(replace(website, site_name="新的网站名"), book)

    new._site.refresh()
    new._site.copy()

    assert f"+{PICTURE}" not in book.acts
    assert same(new, book)


def test_the_manifest_says_whose_copy_it_is_and_how_much_of_it(
    website: Website, book: Book
) -> None:
    deliver(website)
    deliver(website, numbered(2), key="delivery-2")

    manifest = json.loads(book.files[MANIFEST])
    assert manifest["site"] == "http://127.0.0.1:1"
    assert manifest["sequence"] == 2
    assert manifest["files"] == len(book.files) - 1


def test_a_copy_in_a_folder_is_the_same_site(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    website = Website(
        base_url="http://127.0.0.1:1",
        folder=tmp_path / "site",
        copies=({"address": f"file://{copy}"},),
    )
    receipt = deliver(website, ILLUSTRATED)
    website.withdraw(deliver(website, numbered(2), key="delivery-2"), reason="有误")

    there = {name: content for name, content in contents(copy).items() if name != MANIFEST}
    assert receipt.remote_id == "13771-0307-2026-0001"
    assert there == contents(public(website))


def test_a_copy_that_cannot_be_reached_is_told_by_the_check(tmp_path: Path) -> None:
    website = Website(
        base_url="http://127.0.0.1:1",
        folder=tmp_path / "site",
        copies=({"address": f"file://{tmp_path}/not-mounted"},),
    )

    receipt = deliver(website)

    assert website._site.behind() > 0
    with pytest.raises(UnknownOutcomeError) as looked:
        website.confirm(key="delivery-1", receipt=receipt)
    assert "挂载" in looked.value.advice
    with pytest.raises(RetryableError) as withdrawn:
        website.withdraw(receipt, reason="有误")
    assert "挂载" in withdrawn.value.advice


def test_a_copy_that_is_down_keeps_nothing_from_the_others(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    addresses = (f"file://{tmp_path}/not-mounted", f"file://{copy}")
    website = Website(
        base_url="http://127.0.0.1:1",
        folder=tmp_path / "site",
        copies=tuple({"address": address} for address in addresses),
    )

    receipt = deliver(website)
    there = {name: content for name, content in contents(copy).items() if name != MANIFEST}
    with pytest.raises(RetryableError):
        website.withdraw(receipt, reason="有误")

    assert PAGE in there
    assert "有误" in (copy / PAGE).read_text(encoding="utf-8")
