"""At no moment does anything at the copy name what is not there."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from channels.website import Website
from tests.channels.website.copies.test_mirror import Book, same, with_copy
from tests.channels.website.notices import ILLUSTRATED, deliver, numbered

NAMED = re.compile(rb'(?:href|src|"url"|<loc>)[=:]? ?"?(?:http://127\.0\.0\.1:1)?/(info/[^"<>#?]+)')
GONE = "已撤回".encode()


@dataclass
class Watched(Book):
    """A place where a reader comes by after each file."""

    wrong: list[str] = field(default_factory=list)
    looks: int = 0

    def write(self, name: str, content: bytes) -> None:
        super().write(name, content)
        self._look(f"+{name}")

    def remove(self, name: str) -> None:
        super().remove(name)
        self._look(f"-{name}")

    def _look(self, act: str) -> None:
        self.looks += 1
        for name, content in self.files.items():
            for each in NAMED.findall(content):
                named = each.decode()
                if named not in self.files:
                    self.wrong.append(f"after {act}: {name} names {named}")
                elif not name.startswith("info/") and GONE in self.files[named]:
                    self.wrong.append(f"after {act}: {name} names {named}, which is withdrawn")


def test_no_page_or_list_names_what_is_not_there_at_any_moment(tmp_path: Path) -> None:
    place = Watched()
    website = with_copy(Website(base_url="http://127.0.0.1:1", folder=tmp_path / "site"), place)

    receipts = [deliver(website, ILLUSTRATED)]
    for serial in range(2, 5):
        receipts.append(deliver(website, numbered(serial), key=f"delivery-{serial}"))
    deliver(website, numbered(3), key="delivery-3b")
    for receipt in (receipts[0], receipts[2]):
        website.withdraw(receipt, reason="数据有误")

    assert place.looks > 60
    assert place.wrong == []
    assert same(website, place)


def test_no_list_names_what_is_not_there_while_an_older_site_is_copied_first(
    tmp_path: Path,
) -> None:
    website = Website(base_url="http://127.0.0.1:1", folder=tmp_path / "site")
    deliver(website, ILLUSTRATED)
    website.withdraw(deliver(website, numbered(2), key="delivery-2"), reason="数据有误")
    deliver(website, numbered(3), key="delivery-3")
    place = Watched()

    with_copy(website, place)._site.copy()

    # pages that are neighbours name each other, and one of them goes first
    assert [each for each in place.wrong if ": info/" not in each] == []
    assert same(website, place)
